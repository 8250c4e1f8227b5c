//! `cargo xtask bench protocol`: the same messages and batches through ottla-protocol and three other crates.

use std::process::Command;

use crate::flags::Flags;
use crate::util::{self, Result};

/// Builds the program and runs it; it prints a table.
pub fn run(args: Vec<String>) -> Result<()> {
    let flags = Flags::parse(args, &["rounds", "only"], &[])?;
    let rounds: u32 = flags.parsed("rounds", 9)?;
    let folder = util::root().join("benches/compare/protocol-bench");
    let target = util::target_dir().join("compare");
    let mut cargo = Command::new("cargo");
    // rustup takes the toolchain from the folder, unless this process's own is in the environment
    cargo.current_dir(&folder).env_remove("RUSTUP_TOOLCHAIN").env("CARGO_TARGET_DIR", &target);
    // not `--locked`: the dependencies of our own crates may have changed since
    util::run(cargo.args(["build", "--release"]))?;
    let mut program = Command::new(target.join("release/protocol-bench"));
    util::run(program.arg(rounds.to_string()).args(flags.value("only")))
}
