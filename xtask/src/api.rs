//! `cargo xtask api [--check]`: writes what the crates that others use offer to the outside, `crates/*/public-api.txt`.
//!
//! So a change of it is seen in every diff. `--check` writes nothing and fails where the lists are not what they would be.

use crate::util::{self, Result};

/// The crates whose interface is a promise.
const CRATES: [&str; 2] = ["crates/compression", "crates/protocol"];

/// Runs the command.
pub fn run(args: &[String]) -> Result<()> {
    let check = match args {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => return Err("usage: cargo xtask api [--check]".into()),
    };
    let mut stale = Vec::new();
    for folder in CRATES {
        let lister = ["run", "--quiet", "--locked", "--manifest-path", "xtask/public-api/Cargo.toml", "--", folder];
        let listed = util::output(
            // Beside the rest of what is built, wherever that is.
            util::cargo().args(lister).env("CARGO_TARGET_DIR", util::target_dir().join("public-api")),
        )?;
        let path = util::root().join(folder).join("public-api.txt");
        let known = if path.exists() { util::read(&path)? } else { String::new() };
        if known == listed {
            continue;
        }
        stale.push(util::relative(&path));
        if check {
            print!("{}", differences(&known, &listed));
        } else {
            util::write(&path, &listed)?;
        }
    }
    match stale.as_slice() {
        [] => Ok(()),
        stale if check => Err(format!("`cargo xtask api` would change {}", stale.join(", ")).into()),
        stale => {
            println!("written: {}", stale.join(", "));
            Ok(())
        }
    }
}

/// The lines that only one of both has, in the order of the files.
fn differences(before: &str, after: &str) -> String {
    let only = |these: &str, others: &str, sign: char| -> String {
        these
            .lines()
            .filter(|line| !others.lines().any(|other| other == *line))
            .map(|line| format!("{sign} {line}\n"))
            .collect()
    };
    only(before, after, '-') + &only(after, before, '+')
}

#[cfg(test)]
mod tests;
