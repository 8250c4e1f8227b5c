//! `cargo xtask codegen [--check]`: writes `crates/protocol/src/generated/` from the tables in `crates/protocol/schema/`.
//!
//! It reads nothing else, so the same tables always give the same code. `--check` writes nothing and fails where the code
//! is not what it would write.

mod codec;
mod index;
mod least;
mod module;
pub(crate) mod names;
mod releases;
mod schema_tables;
mod structs;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use module::Module;
use releases::Releases;

/// Runs the command.
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let check = match args {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => return Err("usage: cargo xtask codegen [--check]".into()),
    };
    let modules = modules(&protocol_crate().join("schema"))?;
    let releases = protocol_crate().join("schema/RELEASES");
    let releases = fs::read_to_string(&releases).map_err(|error| format!("{}: {error}", releases.display()))?;
    let releases = Releases::parse(&releases)?;
    let mut files = BTreeMap::new();
    for module in &modules {
        files.insert(format!("{}.rs", module.name), structs::file(module));
    }
    files.insert("messages.rs".to_owned(), index::messages(&modules, &releases));
    files.insert("api_keys.rs".to_owned(), index::api_keys(&modules, &releases));
    files.insert("registry.rs".to_owned(), index::registry(&modules));
    files.insert("schema_tables.rs".to_owned(), schema_tables::tables(&modules));

    let folder = protocol_crate().join("src/generated");
    let formatted = rustfmt(&files)?;
    let stale = stale(&folder, &formatted)?;
    if check {
        return match stale.as_slice() {
            [] => Ok(()),
            stale => Err(format!("not what `cargo xtask codegen` writes: {}", stale.join(", "))),
        };
    }
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for name in &stale {
        let path = folder.join(name);
        // Untouched files keep their time, so that nothing is built again for their sake.
        match formatted.get(name) {
            Some(text) => fs::write(&path, text),
            None => fs::remove_file(&path),
        }
        .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let lines: usize = formatted.values().map(|text| text.lines().count()).sum();
    println!("{} files, {lines} lines, {} of the files changed", formatted.len(), stale.len());
    Ok(())
}

/// The folder of the crate whose tables and code these are.
pub(crate) fn protocol_crate() -> PathBuf {
    workspace().join("crates/protocol")
}

/// Where cargo builds.
pub(crate) fn target_directory() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from)
}

fn workspace() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

fn modules(folder: &Path) -> Result<Vec<Module>, String> {
    let mut modules = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let name = path.file_stem().and_then(|stem| stem.to_str()).ok_or("a table without a name")?;
        let failed = |error: String| format!("{}: {error}", path.display());
        let text = fs::read_to_string(&path).map_err(|error| failed(error.to_string()))?;
        let messages = table::parse(&text).map_err(failed)?;
        modules.push(Module::new(name, messages).map_err(failed)?);
    }
    modules.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(modules)
}

/// The names of the files that differ from these, or should not be there.
fn stale(folder: &Path, files: &BTreeMap<String, String>) -> Result<Vec<String>, String> {
    let mut stale: Vec<String> = files
        .iter()
        .filter(|(name, text)| fs::read_to_string(folder.join(name)).ok().as_ref() != Some(text))
        .map(|(name, _)| name.clone())
        .collect();
    if let Ok(entries) = fs::read_dir(folder) {
        for entry in entries {
            let name = entry.map_err(|error| error.to_string())?.file_name().to_string_lossy().into_owned();
            if !files.contains_key(&name) {
                stale.push(name);
            }
        }
    }
    Ok(stale)
}

/// Formats all files as `cargo fmt` would.
fn rustfmt(files: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, String> {
    let mut formatted = BTreeMap::new();
    for (name, text) in files {
        let mut child = Command::new("rustfmt")
            .args(["--edition", "2024", "--config-path"])
            .arg(workspace().join("rustfmt.toml"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("rustfmt: {error}"))?;
        let mut input = child.stdin.take().ok_or("rustfmt: no input")?;
        // Rustfmt reads everything before it writes anything.
        input.write_all(text.as_bytes()).map_err(|error| format!("rustfmt: {error}"))?;
        drop(input);
        let output = child.wait_with_output().map_err(|error| format!("rustfmt: {error}"))?;
        if !output.status.success() {
            return Err(format!("rustfmt refused {name}"));
        }
        formatted.insert(name.clone(), String::from_utf8(output.stdout).map_err(|error| error.to_string())?);
    }
    Ok(formatted)
}
