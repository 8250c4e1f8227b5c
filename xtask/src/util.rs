//! What every command needs: where the repository is, and running other programs with errors that name them.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The result of a command; the error is printed as it stands.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Cargo's target directory, where everything that is brought or built goes.
pub fn target_dir() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// Runs a command whose output goes where ours goes; fails unless it ends with status 0.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|error| cannot_start(command, &error))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` ended with {status}", display(command)).into()) }
}

/// Runs a command and hands back what it printed; fails, with what it said on standard error, unless it ends with 0.
pub fn output(command: &mut Command) -> Result<String> {
    let Output { status, stdout, stderr } = raw_output(command)?;
    if status.success() {
        Ok(String::from_utf8_lossy(&stdout).into_owned())
    } else {
        let said = String::from_utf8_lossy(&stderr);
        Err(format!("`{}` ended with {status}\n{}", display(command), said.trim_end()).into())
    }
}

/// Runs a command and hands back status and output, whatever the status.
pub fn raw_output(command: &mut Command) -> Result<Output> {
    Ok(command.stdin(Stdio::null()).output().map_err(|error| cannot_start(command, &error))?)
}

/// Reads a file; the error names it.
pub fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()).into())
}

/// Writes a file and the folders above it; the error names it.
pub fn write(path: &Path, text: &str) -> Result<()> {
    let write = || -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, text)
    };
    write().map_err(|error| format!("cannot write {}: {error}", path.display()).into())
}

/// A command as one would type it.
pub fn display(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

fn cannot_start(command: &Command, error: &std::io::Error) -> String {
    format!("cannot start `{}`: {error}", command.get_program().to_string_lossy())
}
