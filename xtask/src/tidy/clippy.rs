//! Clippy reads the nearest `clippy.toml` only, so that a crate's own must repeat the lines of the root's.

use super::Findings;
use crate::util::{self, Result};

/// Checks every crate that has a `clippy.toml`.
pub fn check(findings: &mut Findings) -> Result<()> {
    let root = util::read(&util::root().join("clippy.toml"))?;
    let wanted: Vec<&str> = root.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    for folder in std::fs::read_dir(util::root().join("crates"))? {
        let path = folder?.path().join("clippy.toml");
        if !path.exists() {
            continue;
        }
        let own = util::read(&path)?;
        for line in wanted.iter().filter(|line| !own.lines().any(|own| own == **line)) {
            findings.errors.push(format!("{}: lacks `{line}` of the root's", util::relative(&path)));
        }
    }
    Ok(())
}
