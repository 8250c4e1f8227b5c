//! Counts of passed, failed and skipped tests, taken from what the test programs print while they run.

use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crate::util::{self, Result};

/// The counts so far.
#[derive(Debug, Default)]
pub struct Tally {
    pub passed: usize,
    pub failed: usize,
    skipped: usize,
    skips: Vec<String>,
    failures: Vec<String>,
}

impl Tally {
    /// Runs a `cargo test`, prints what it prints, and adds what its programs count.
    pub fn run(&mut self, what: &str, command: &mut Command) -> Result<()> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start `{}`: {error}", util::display(command)))?;
        let failed_before = self.failed;
        if let Some(stdout) = child.stdout.take() {
            let mut out = std::io::stdout().lock();
            for line in BufReader::new(stdout).split(b'\n') {
                let line = line?;
                out.write_all(&line)?;
                out.write_all(b"\n")?;
                self.read(what, &String::from_utf8_lossy(&line));
            }
        }
        let status = child.wait()?;
        if !status.success() && self.failed == failed_before {
            // It did not compile, or a test program was ended by a signal.
            self.fail(1, &format!("{what}: `{}` ended with {status}", util::display(command)));
        }
        Ok(())
    }

    /// Adds tests that could not be run.
    pub fn skip(&mut self, count: usize, what: &str) {
        self.skipped += count;
        self.skips.push(format!("skipped: {what}: {count} {}", if count == 1 { "test" } else { "tests" }));
    }

    /// Adds failures that no test program counted.
    pub fn fail(&mut self, count: usize, what: &str) {
        self.failed += count.max(1);
        self.failures.push(format!("failed: {what}"));
    }

    /// Names what failed and what was skipped.
    pub fn print_skips(&self) {
        println!();
        for line in self.failures.iter().chain(&self.skips) {
            println!("{line}");
        }
    }

    /// Reads one line: `test NAME ... FAILED`, or `test result: ok. 5 passed; 0 failed; 1 ignored; ...`.
    fn read(&mut self, what: &str, line: &str) {
        if let Some(counts) = line.strip_prefix("test result: ") {
            let count = |name: &str| -> usize {
                let before = counts.split(name).next().unwrap_or_default().trim_end();
                let digits = before.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
                digits.parse().unwrap_or(0)
            };
            self.passed += count("passed");
            self.failed += count("failed");
            match count("ignored") {
                0 => {}
                ignored => self.skip(ignored, &format!("{what}: ignored")),
            }
        } else if let Some(name) = line.strip_prefix("test ").and_then(|line| line.strip_suffix(" ... FAILED")) {
            self.failures.push(format!("failed: {what}: {name}"));
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests;
