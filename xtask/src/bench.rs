//! `cargo xtask bench`: measurements. The method is in benches/README.md.

mod build;
mod clients;
mod compare;
mod instructions;
mod protocol;
mod table;

use crate::util::{self, Result};

const USAGE: &str = "\
usage: cargo xtask bench micro [-- ARGUMENTS OF criterion]
       cargo xtask bench compare [flags]   (`bench compare --help` says which)
       cargo xtask bench protocol [--rounds N] [--only TEXT]
       cargo xtask bench instructions [--write]
       cargo xtask bench build [flags]

  micro     the benchmarks of benches/, with criterion
  compare   ottla and other clients, by turns, on one real broker
  protocol  ottla-protocol and other protocol crates, by turns; TEXT chooses rows
  instructions  those of the hottest operations, beside what was committed
  build     how long ottla-protocol takes to be built from nothing, by features
";

/// Runs one kind of benchmark.
pub fn run(mut args: Vec<String>) -> Result<()> {
    let kind = if args.is_empty() { String::new() } else { args.remove(0) };
    match kind.as_str() {
        "micro" => util::run(util::cargo().args(["bench", "--package", "ottla-benches"]).args(args)),
        "compare" => compare::run(args),
        "instructions" => instructions::run(args),
        "protocol" => protocol::run(args),
        "build" => build::run(args),
        "" | "help" | "--help" => {
            print!("{USAGE}");
            Ok(())
        }
        other => Err(format!("no kind of benchmark named {other:?}\n\n{USAGE}").into()),
    }
}
