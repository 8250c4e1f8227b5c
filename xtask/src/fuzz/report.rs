//! What libFuzzer says at the end of a run.

use std::fmt;

/// The numbers of one run.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Report {
    /// Inputs that were tried.
    pub(super) executions: u64,
    /// Edges of the program's control flow that some input took.
    edges: u64,
    /// Inputs that took new ones.
    corpus: u64,
    /// The most memory there was, in MiB.
    peak: u64,
}

impl Report {
    /// Reads what was printed with `-print_final_stats=1`.
    pub(super) fn read(said: &str) -> Self {
        let stat = |name: &str| {
            let line = said.lines().find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name)?.strip_prefix(':'));
            line.and_then(|number| number.trim().parse().ok()).unwrap_or_default()
        };
        // `#1234 DONE cov: 5678 ft: 91011 corp: 12/34Kb …`
        let last = said.lines().rev().find(|line| line.starts_with('#') && line.contains(" cov: ")).unwrap_or_default();
        let after = |word: &str| {
            let number = last.split_whitespace().skip_while(|found| *found != word).nth(1);
            number.and_then(|number| number.split('/').next()?.parse().ok()).unwrap_or_default()
        };
        Self {
            executions: stat("number_of_executed_units"),
            edges: after("cov:"),
            corpus: after("corp:"),
            peak: stat("peak_rss_mb"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { executions, edges, corpus, peak } = self;
        write!(f, "{executions} executions, {edges} edges, {corpus} inputs kept, {peak} MiB at most, nothing found")
    }
}

#[cfg(test)]
mod tests;
