//! `cargo xtask`: every step of building, testing and measuring ottla, one file a command.

mod api;
mod bench;
mod ci;
mod cluster;
mod codegen;
mod flags;
mod fuzz;
mod golden;
mod schema;
mod test;
mod tidy;
mod util;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND [flags]

  test [--require-kafka] [--full]
                               every test; what cannot run here is counted and named
  tidy                         the repository's own rules: crate arrows, words, links
  ci [--only STEPS]            everything that a change must pass
  golden [--seed N]            vectors written by Kafka's own classes, made anew and checked
  fuzz [--seconds N]           every fuzz target for N seconds
  bench micro|compare|build    measurements, also beside other clients
  cluster up|down|status|...   real Kafka clusters on loopback (`cluster help` says more)
  api [--check]                writes what crates offer to the outside
  codegen [--check]            writes the messages of crates/protocol from its schema
  schema --kafka V --older V   takes that schema out of Kafka's client jars
  schema --releases            asks the jars of all releases for the versions they brought
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let outcome = match command.as_str() {
        "cluster" => cluster::run(rest),
        "api" => api::run(&rest),
        "codegen" => codegen::run(&rest).map_err(Into::into),
        "schema" => schema::run(&rest).map_err(Into::into),
        "test" => test::run(rest),
        "bench" => bench::run(rest),
        "ci" => ci::run(rest),
        "fuzz" => fuzz::run(rest),
        "golden" => golden::run(rest),
        "tidy" => tidy::run(),
        "" | "help" | "-h" | "--help" => {
            print!("{USAGE}");
            Ok(())
        }
        other => Err(format!("no command named {other:?}\n\n{USAGE}").into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask {command}: {error}");
            ExitCode::FAILURE
        }
    }
}
