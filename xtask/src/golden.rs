//! `cargo xtask golden`: the protocol crate against vectors that Kafka's own classes write, by a seed that may be new each time.
//!
//! The vectors are made by the Java programs in `xtask/golden` (its README has the format of a corpus) with the jars of two
//! Kafka versions. What is done with a corpus is in the test target `golden` of `crates/protocol`, which this command runs.

pub mod committed;
pub mod corpus;
mod generator;

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::flags::Flags;
use crate::util::{self, Result};

const USAGE: &str = "\
usage: cargo xtask golden [--seed N] [--per 6]   vectors by Kafka 4.3.1 and 3.9.2, checked
       cargo xtask golden --corpus DIR           the same checks on any corpus of the form in xtask/golden/README.md
       cargo xtask golden --commit [--seed N]    writes a choice of them to crates/protocol/tests/golden

Without --seed a new one is taken, and printed. Fails if a vector failed, and if one was skipped because nothing here knows
its message. Needs a JDK and Maven, unless --corpus is given or the vectors of this seed were made before.
";

/// The vectors per message and version below which not every kind occurs.
const EVERY_KIND: u32 = 6;

/// What the test target prints for the vectors of one sort: `golden messages: 1 passed, 0 failed, 0 skipped`.
const TALLY: &str = "golden ";

/// Makes the corpora and checks them.
pub fn run(args: Vec<String>) -> Result<()> {
    let flags = Flags::parse(args, &["seed", "per", "corpus"], &["commit", "help"])?;
    if flags.is_set("help") {
        print!("{USAGE}");
        return Ok(());
    }
    if let Some(corpus) = flags.value("corpus") {
        return check(&std::env::current_dir()?.join(corpus));
    }
    let per = flags.parsed("per", EVERY_KIND)?;
    let seed = match flags.value("seed") {
        Some(_) => flags.parsed("seed", 0)?,
        None => unseen(),
    };
    println!("golden: seed {seed}; again: cargo xtask golden --seed {seed} --per {per}");
    let corpus = generator::corpus(seed, per)?;
    if flags.is_set("commit") {
        return committed::write(&corpus);
    }
    check(&corpus)
}

/// A seed that nothing has been written for: the time, in milliseconds.
fn unseen() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or_default()
}

/// Runs the test target on a corpus, shows what it says, and counts.
fn check(corpus: &Path) -> Result<()> {
    let started = std::time::Instant::now();
    let mut test = util::cargo();
    test.args(["test", "--quiet", "-p", "ottla-protocol", "--all-features", "--test", "golden", "--", "--nocapture"]);
    test.env("OTTLA_GOLDEN", corpus);
    let output = util::raw_output(&mut test)?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut total = [0_u64; 3];
    for line in said.lines() {
        if let Some(counts) =
            line.strip_prefix(TALLY).and_then(|line| line.split_once(": ")).and_then(|(_, c)| tally(c))
        {
            for (total, count) in total.iter_mut().zip(counts) {
                *total += count;
            }
        }
    }
    let [passed, failed, skipped] = total;
    if !output.status.success() || failed + skipped > 0 {
        print!("{said}");
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
    } else {
        said.lines().filter(|line| line.starts_with(TALLY)).for_each(|line| println!("{line}"));
    }
    println!("checked in {:.1} s", started.elapsed().as_secs_f64());
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    if failed + skipped > 0 || !output.status.success() {
        return Err(format!("{} is not read as Kafka reads it", corpus.display()).into());
    }
    if passed == 0 {
        return Err(format!("{}: no vectors", corpus.display()).into());
    }
    Ok(())
}

/// The counts in `1 passed, 2 failed, 3 skipped`.
fn tally(text: &str) -> Option<[u64; 3]> {
    let mut counts = text.split(", ").zip(["passed", "failed", "skipped"]).map(|(part, word)| {
        let (count, found) = part.split_once(' ')?;
        if found == word { count.parse().ok() } else { None }
    });
    Some([counts.next()??, counts.next()??, counts.next()??])
}

/// Where the corpora are.
fn folder() -> PathBuf {
    util::target_dir().join("golden")
}

#[cfg(test)]
mod tests;
