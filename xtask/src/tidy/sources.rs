//! Rules on source files: their first line, their names, their words, their length.

use std::path::{Path, PathBuf};

use super::Findings;
use super::words::{WORDS, is_test};
use crate::util::{self, Result};

/// Files longer than this are asked about.
const LONG: usize = 500;

/// Folders of sources of ours.
const FOLDERS: [&str; 4] = ["crates", "xtask", "benches", "fuzz"];

/// Checks every Rust file.
pub fn check(findings: &mut Findings) -> Result<()> {
    for folder in FOLDERS {
        for path in util::files(&util::root().join(folder), "rs")? {
            let relative = PathBuf::from(util::relative(&path));
            check_file(&relative, &util::read(&path)?, findings);
        }
    }
    Ok(())
}

fn check_file(path: &Path, text: &str, findings: &mut Findings) {
    let shown = path.display();
    if !text.starts_with("//!") {
        findings.errors.push(format!("{shown}: does not open with `//!`, which says the file's concept"));
    }
    if path.ends_with("mod.rs") {
        findings.errors.push(format!("{shown}: name it after its module"));
    }
    let generated = path.components().any(|part| part.as_os_str() == "generated");
    let lines = text.lines().count();
    if lines > LONG && !generated {
        findings.questions.push(format!("{shown}: {lines} lines; is that one concept?"));
    }
    // The list of words is itself made of them.
    if path.starts_with("xtask/src/tidy") {
        return;
    }
    // Generated files import their few helpers all at once; so do the texts that they are made from.
    let generates = generated || path.starts_with("xtask/src/codegen");
    for (line, number) in text.lines().zip(1..) {
        let comment = line.trim_start().starts_with("//");
        for word in WORDS.iter().filter(|word| word.in_comments || !comment) {
            if word.is_in(line) && !(word.allowed)(path) {
                findings.errors.push(format!("{shown}:{number}: {:?}: {}", word.text, word.reason));
            }
        }
        if !is_test(path) && !generates && is_glob_import(line) {
            findings.errors.push(format!("{shown}:{number}: a glob import hides where a name comes from"));
        }
    }
}

/// Whether a line imports everything of a module that is no prelude.
fn is_glob_import(line: &str) -> bool {
    let line = line.trim_start();
    let import = line.strip_prefix("pub ").unwrap_or(line);
    import.starts_with("use ") && import.contains("::*") && !import.contains("prelude::*")
}

#[cfg(test)]
mod tests;
