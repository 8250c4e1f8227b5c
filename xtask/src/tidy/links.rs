//! Relative links of the documents: each must lead to a file that is there.

use std::path::Path;

use super::Findings;
use crate::util::{self, Result};

/// Checks the documents at the root and in the folders that have some.
pub fn check(findings: &mut Findings) -> Result<()> {
    let root = util::root();
    let mut documents = Vec::new();
    for entry in std::fs::read_dir(&root)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            documents.push(path);
        }
    }
    for folder in ["docs", "crates", "benches", "fuzz"] {
        documents.extend(util::files(&root.join(folder), "md")?);
    }
    documents.sort();
    for document in documents {
        for (target, line) in targets(&util::read(&document)?) {
            let folder = document.parent().unwrap_or(Path::new("."));
            if !folder.join(&target).exists() {
                findings.errors.push(format!("{}:{line}: no file {target}", util::relative(&document)));
            }
        }
    }
    Ok(())
}

/// The targets of a text's relative links, without their fragments, and the lines they are on.
fn targets(text: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let mut in_code = false;
    for (line, number) in text.lines().zip(1..) {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for part in line.split("](").skip(1) {
            let Some((target, _)) = part.split_once(')') else { continue };
            let file = target.split('#').next().unwrap_or_default();
            // Paths of Rust, in what becomes documentation of code, are checked by rustdoc.
            let elsewhere = file.contains("://") || file.contains("::") || file.starts_with("mailto:");
            if !file.is_empty() && !elsewhere {
                found.push((file.to_owned(), number));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests;
