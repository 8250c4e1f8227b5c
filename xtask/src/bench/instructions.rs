//! `cargo xtask bench instructions`: how many instructions the hottest operations take, counted by callgrind, beside what was
//! committed. Unlike time, that is the same on a busy machine, so a check can rest on it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use crate::flags::Flags;
use crate::util::{self, Result};

const USAGE: &str = "\
usage: cargo xtask bench instructions [--write]

Counts the instructions of each workload in benches/src/workloads.rs with valgrind, and fails if one takes over 5 % more
than benches/instructions.tsv says. --write makes that file anew.
";

/// The growth that is let pass, in percent.
const TOLERATED: f64 = 5.0;

/// How often a workload is done in the two runs; their difference has nothing of starting and preparing in it.
const FEW: u64 = 2;
const MORE: u64 = 6;

/// Counts, then compares or writes.
pub fn run(args: Vec<String>) -> Result<()> {
    let flags = Flags::parse(args, &[], &["write", "help"])?;
    if flags.is_set("help") {
        print!("{USAGE}");
        return Ok(());
    }
    if !util::succeeds("valgrind", &["--version"]) {
        return Err("valgrind is not there (Debian: apt-get install valgrind)".into());
    }
    let build = ["build", "--release", "--locked", "--package", "ottla-benches", "--bin", "instructions"];
    util::run(util::cargo().args(build))?;
    let program = util::target_dir().join("release/instructions");
    let mut counts = Vec::new();
    for line in util::output(&mut Command::new(&program))?.lines() {
        let (name, elements) = line.split_once('\t').ok_or("the program names no workloads")?;
        let elements: f64 = elements.parse()?;
        let count = |times: u64| count(&program, name, times);
        let instructions = (count(MORE)?.saturating_sub(count(FEW)?)) as f64 / (MORE - FEW) as f64;
        counts.push((name.to_owned(), instructions / elements));
    }
    if flags.is_set("write") {
        let compiler = util::output(Command::new("rustc").arg("--version"))?;
        let mut text =
            format!("# instructions per record or partition, by `cargo xtask bench instructions --write`, {compiler}");
        for (name, instructions) in &counts {
            let _ = writeln!(text, "{name}\t{instructions:.1}");
        }
        return util::write(&file(), &text);
    }
    compare(&counts, &committed(&util::read(&file())?)?)
}

fn file() -> PathBuf {
    util::root().join("benches/instructions.tsv")
}

/// The instructions of a whole run.
fn count(program: &PathBuf, name: &str, times: u64) -> Result<u64> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program).args([name, &times.to_string()]);
    let output = util::raw_output(&mut valgrind)?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected : ")).filter(|_| output.status.success());
    let (_, number) = collected.ok_or_else(|| format!("{name}: {said}"))?;
    Ok(number.trim().parse()?)
}

fn committed(text: &str) -> Result<BTreeMap<String, f64>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, number) = line.split_once('\t').ok_or("a line of benches/instructions.tsv without a tab")?;
            Ok((name.to_owned(), number.parse()?))
        })
        .collect()
}

/// Prints all, and fails if one has grown too much or is in only one of the two lists.
fn compare(counts: &[(String, f64)], committed: &BTreeMap<String, f64>) -> Result<()> {
    let mut wrong = Vec::new();
    for (name, now) in counts {
        let Some(before) = committed.get(name) else {
            wrong.push(format!("{name} is not in benches/instructions.tsv"));
            continue;
        };
        let growth = (now / before - 1.0) * 100.0;
        println!("{name:<40} {now:>9.1} {before:>9.1} {growth:>+6.1} %");
        if growth > TOLERATED {
            wrong.push(format!("{name} takes {growth:.1} % more instructions"));
        }
    }
    let counted = |name: &String| counts.iter().any(|(counted, _)| counted == name);
    wrong.extend(committed.keys().filter(|name| !counted(name)).map(|name| format!("{name} is no workload any more")));
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

#[cfg(test)]
mod tests;
