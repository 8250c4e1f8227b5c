//! `cargo xtask ci`: every check that a change must pass, with the time that each took.

mod crates;

use std::process::Command;
use std::time::{Duration, Instant};

use crate::flags::Flags;
use crate::util::{self, Result};
use crate::{api, bench, codegen, fuzz, golden, tidy};

const USAGE: &str = "\
usage: cargo xtask ci [--only STEP,STEP...] [--skip STEP,STEP...]

Steps, in order: format clippy docs codegen api tidy features package msrv quickstart test golden instructions fuzz. All
are run, also after one has failed.
";

/// A step: its name and its work.
type Step = (&'static str, fn() -> Result<()>);

const STEPS: [Step; 14] = [
    ("format", format),
    ("clippy", clippy),
    ("docs", docs),
    ("codegen", generated),
    ("api", interfaces),
    ("tidy", tidy::run),
    ("features", crates::features),
    ("package", crates::package),
    ("msrv", msrv),
    ("quickstart", quickstart),
    ("test", test),
    ("golden", golden_vectors),
    ("instructions", instructions),
    ("fuzz", fuzzing),
];

/// Seconds for each fuzz target.
const FUZZ_SECONDS: &str = "30";

/// Runs the steps; fails if one does.
pub fn run(args: Vec<String>) -> Result<()> {
    let flags = Flags::parse(args, &["only", "skip"], &["help"])?;
    if flags.is_set("help") {
        print!("{USAGE}");
        return Ok(());
    }
    let named = |flag: &str| -> Vec<String> {
        flags.all(flag).iter().flat_map(|names| names.split(',')).map(str::to_owned).collect()
    };
    let (only, skip) = (named("only"), named("skip"));
    for name in only.iter().chain(&skip) {
        if !STEPS.iter().any(|(step, _)| step == name) {
            return Err(format!("no step {name:?}\n\n{USAGE}").into());
        }
    }
    let mut report = Vec::new();
    for (name, work) in STEPS {
        if skip.iter().any(|skipped| skipped == name) || (!only.is_empty() && !only.iter().any(|chosen| chosen == name))
        {
            report.push((name, Duration::ZERO, "not asked for".to_owned()));
            continue;
        }
        println!("\n==== {name}");
        let start = Instant::now();
        let outcome = match work() {
            Ok(()) => "ok".to_owned(),
            Err(error) => {
                println!("{error}");
                "FAILED".to_owned()
            }
        };
        println!("==== {name}: {outcome}, {:.1} s", start.elapsed().as_secs_f64());
        report.push((name, start.elapsed(), outcome));
    }
    println!();
    for (name, took, outcome) in &report {
        println!("{name:<12} {:>7.1} s  {outcome}", took.as_secs_f64());
    }
    let total: Duration = report.iter().map(|(_, took, _)| took).sum();
    println!("{:<12} {:>7.1} s", "all", total.as_secs_f64());
    let failed: Vec<_> = report.iter().filter(|(.., outcome)| outcome == "FAILED").map(|(name, ..)| *name).collect();
    if failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", failed.join(", ")).into()) }
}

fn format() -> Result<()> {
    util::run(util::cargo().args(["fmt", "--all", "--check"]))?;
    for workspace in [
        "fuzz/Cargo.toml",
        "crates/mock/tests/peers/Cargo.toml",
        "crates/ottla/tests/outside/Cargo.toml",
        "xtask/public-api/Cargo.toml",
    ] {
        if util::root().join(workspace).exists() {
            util::run(util::cargo().args(["fmt", "--check", "--manifest-path", workspace]))?;
        }
    }
    Ok(())
}

/// Warnings become errors by an argument to clippy alone: by `RUSTFLAGS` every dependency would be built again.
fn clippy() -> Result<()> {
    let workspace = ["clippy", "--workspace", "--all-features", "--locked"];
    util::run(util::cargo().args(workspace).args(["--all-targets", "--", "-D", "warnings"]))?;
    // `--all-targets` leaves out test targets with `test = false`.
    util::run(util::cargo().args(workspace).args(["--test", "*", "--", "-D", "warnings"]))
}

fn docs() -> Result<()> {
    let mut cargo = util::cargo();
    cargo.env("RUSTDOCFLAGS", "-D warnings");
    util::run(cargo.args(["doc", "--workspace", "--no-deps", "--all-features", "--locked"]))
}

fn generated() -> Result<()> {
    codegen::run(&["--check".to_owned()])?;
    Ok(())
}

fn interfaces() -> Result<()> {
    api::run(&["--check".to_owned()])
}

/// Builds the crates with the oldest compiler that they promise to build with, where rustup can bring it.
fn msrv() -> Result<()> {
    let version = rust_version()?;
    let there = util::succeeds("rustup", &["run", &version, "cargo", "--version"])
        || util::succeeds("rustup", &["toolchain", "install", &version, "--profile", "minimal"]);
    if !there {
        println!("Rust {version} cannot be had here: only clippy's incompatible_msrv has looked at it");
        return Ok(());
    }
    let mut cargo = Command::new("rustup");
    cargo.current_dir(util::root()).args(["run", &version, "cargo", "check", "--all-features", "--locked"]);
    util::run(&mut cargo)?;
    println!("checked with Rust {version}, and by clippy's incompatible_msrv");
    Ok(())
}

fn rust_version() -> Result<String> {
    let manifest = util::read(&util::root().join("Cargo.toml"))?;
    let line = manifest.lines().find_map(|line| line.strip_prefix("rust-version = "));
    Ok(line.ok_or("no rust-version in Cargo.toml")?.trim_matches('"').to_owned())
}

/// The first command of the README.
fn quickstart() -> Result<()> {
    util::run(util::cargo().args(["run", "--locked", "--release", "--bin", "ottla", "--", "quickstart"]))
}

/// The second command of the README, with real Kafka required.
fn test() -> Result<()> {
    util::run(util::cargo().args(["xtask", "test", "--require-kafka"]))
}

/// Vectors by a seed that nothing has been checked with before.
fn golden_vectors() -> Result<()> {
    golden::run(Vec::new())
}

/// Whether the hottest operations take about the instructions that they took.
fn instructions() -> Result<()> {
    bench::run(vec!["instructions".to_owned()])
}

fn fuzzing() -> Result<()> {
    fuzz::run(vec!["--seconds".to_owned(), FUZZ_SECONDS.to_owned()])
}
