//! `cargo xtask fuzz`: every fuzz target for a while, as many at a time as there are processors, beginning with golden
//! vectors.

mod report;
mod seeds;

use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use report::Report;

use crate::flags::Flags;
use crate::util::{self, Result, list, metadata};

const USAGE: &str = "\
usage: cargo xtask fuzz [--seconds 30] [--sanitizer none|address] [TARGET]...

Runs the targets of fuzz/ (all, unless some are named), each for so many seconds, as many at a time as there are
processors, beginning with the golden vectors of crates/protocol/tests/golden and with fuzz/seeds/TARGET. Prints what each
has executed and covered; fails if one finds something, or has executed nothing. What it finds is kept in
fuzz/artifacts/TARGET/, and `cargo +nightly fuzz run TARGET FILE` runs it again.
";

/// Memory above which an input counts as a finding: no bound of ours comes near it.
const RSS_LIMIT_MIB: u32 = 1024;
/// What is used unless told. Sanitizers find misuse of memory, which our own code cannot commit since it has no `unsafe`, and
/// they halve the speed; but the codecs under it have some.
const UNSANITIZED: &str = "none";
/// Seconds after which one input counts as a hang.
const HANG_SECONDS: u32 = 10;

/// Runs the targets; fails if one finds something.
pub fn run(args: Vec<String>) -> Result<()> {
    let flags = Flags::parse(args, &["seconds", "sanitizer"], &["help"])?;
    if flags.is_set("help") {
        print!("{USAGE}");
        return Ok(());
    }
    let seconds: u32 = flags.parsed("seconds", 30)?;
    let sanitizer = flags.value("sanitizer").unwrap_or(UNSANITIZED);
    let all = targets()?;
    let chosen = if flags.words.is_empty() { all.clone() } else { flags.words.clone() };
    if let Some(unknown) = chosen.iter().find(|name| !all.contains(name)) {
        return Err(format!("no fuzz target {unknown:?}; there are: {}", all.join(" ")).into());
    }
    bring_tools()?;
    if flags.words.is_empty() {
        util::run(&mut cargo_fuzz("build", sanitizer))?;
    }
    for target in &flags.words {
        util::run(cargo_fuzz("build", sanitizer).arg(target))?;
    }
    let seeded = seeds::write()?;
    for target in &chosen {
        println!("fuzz {target}: {} golden seeds", seeded.get(target.as_str()).unwrap_or(&0));
    }
    let mut failures = run_all(&chosen, seconds, sanitizer);
    failures.sort();
    if failures.is_empty() {
        println!("fuzz: {} targets, {seconds} s each, nothing found", chosen.len());
        return Ok(());
    }
    Err(failures.join("\n").into())
}

fn run_all(targets: &[String], seconds: u32, sanitizer: &str) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let at_a_time = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..at_a_time {
            scope.spawn(|| {
                while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match run_one(target, seconds, sanitizer) {
                        Ok(report) => println!("fuzz {target}: {report}"),
                        Err(error) => failures.lock().unwrap_or_else(|e| e.into_inner()).push(error.to_string()),
                    }
                }
            });
        }
    });
    failures.into_inner().unwrap_or_else(|e| e.into_inner())
}

/// Runs one target; what it found is an error, and so is to have run nothing.
fn run_one(target: &str, seconds: u32, sanitizer: &str) -> Result<Report> {
    let corpus = util::root().join("fuzz/corpus").join(target);
    std::fs::create_dir_all(&corpus)?;
    let mut fuzz = cargo_fuzz("run", sanitizer);
    fuzz.arg(target).arg(&corpus);
    let seeds = util::root().join("fuzz/seeds").join(target);
    if seeds.is_dir() {
        fuzz.arg(&seeds);
    }
    fuzz.arg("--");
    fuzz.arg(format!("-max_total_time={seconds}"));
    fuzz.arg("-print_final_stats=1");
    fuzz.arg(format!("-timeout={HANG_SECONDS}"));
    fuzz.arg(format!("-rss_limit_mb={RSS_LIMIT_MIB}"));
    let output = util::raw_output(&mut fuzz)?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        let report = Report::read(&said);
        // libFuzzer reads the corpus first; more than that must have been tried.
        if report.executions == 0 {
            return Err(format!("fuzz {target} has executed nothing:\n{said}").into());
        }
        return Ok(report);
    }
    let lines: Vec<&str> = said.lines().collect();
    // Where it panicked, if it did, and how to run that again; the rest is backtraces of libFuzzer's own.
    let panicked = lines.iter().position(|line| line.contains("panicked at")).unwrap_or(lines.len());
    let told = lines.iter().skip(panicked).take(4).chain(
        lines
            .iter()
            .filter(|line| ["ERROR: ", "SUMMARY: ", "cargo fuzz run"].iter().any(|wanted| line.contains(wanted))),
    );
    let told: Vec<&str> = told.copied().collect();
    let told = if told.is_empty() { lines.join("\n") } else { told.join("\n") };
    Err(format!("fuzz {target} found something:\n{told}").into())
}

/// A `cargo fuzz` command; each sanitizer has builds of its own.
fn cargo_fuzz(action: &str, sanitizer: &str) -> Command {
    let mut command = Command::new("rustup");
    command.current_dir(util::root());
    command.args(["run", "nightly", "cargo", "fuzz", action, "--fuzz-dir", "fuzz", "--sanitizer", sanitizer]);
    let folder = if sanitizer == UNSANITIZED { "fuzz".to_owned() } else { format!("fuzz-{sanitizer}") };
    command.arg("--target-dir").arg(util::target_dir().join(folder));
    command
}

/// The names of all targets.
fn targets() -> Result<Vec<String>> {
    let arguments = ["metadata", "--format-version=1", "--no-deps", "--manifest-path", "fuzz/Cargo.toml"];
    let metadata = metadata(util::cargo().args(arguments))?;
    let targets = list(&metadata["packages"]).iter().flat_map(|package| list(&package["targets"]));
    let programs = targets.filter(|target| target["kind"][0] == "bin");
    Ok(programs.filter_map(|target| target["name"].as_str().map(str::to_owned)).collect())
}

/// Brings the nightly compiler, which libFuzzer's instrumentation needs, and cargo-fuzz, where they are missing.
fn bring_tools() -> Result<()> {
    if !util::succeeds("rustup", &["run", "nightly", "cargo", "--version"]) {
        util::run(Command::new("rustup").args(["toolchain", "install", "nightly", "--profile", "minimal"]))?;
    }
    if !util::succeeds("cargo", &["fuzz", "--version"]) {
        util::run(util::cargo().args(["install", "--locked", "cargo-fuzz"]))?;
    }
    Ok(())
}
