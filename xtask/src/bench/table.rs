//! Medians of several rounds, and how clients compare in them.

use std::fmt::Write as _;

use serde_json::Value;

/// What one run of a client printed, as far as it is compared.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    pub records_per_s: f64,
    pub mb_per_s: f64,
    pub cpu_s_per_million: f64,
    pub max_rss_mb: f64,
    pub errors: f64,
}

impl Run {
    /// Reads a client's JSON line; `None` if a figure is missing.
    pub fn read(line: &Value) -> Option<Self> {
        let figure = |name: &str| line[name].as_f64();
        Some(Self {
            records_per_s: figure("records_per_s")?,
            mb_per_s: figure("mb_per_s")?,
            cpu_s_per_million: figure("cpu_s_per_million")?,
            max_rss_mb: figure("max_rss_mb")?,
            errors: figure("errors")?,
        })
    }
}

/// A Markdown table of one mode: a row a client, with medians, the range of the rate over the rounds, and how the first
/// client stands to each of the others.
pub fn render(mode: &str, clients: &[(String, Vec<Run>)]) -> String {
    let mut table = format!(
        "| {mode} | records/s | lowest to highest | MB/s | CPU s per million | max RSS MB | errors | first's rate / its | first's CPU / its |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|\n"
    );
    let first = clients.first().map_or(&[][..], |(_, runs)| runs);
    for (at, (name, runs)) in clients.iter().enumerate() {
        let rate = of(runs, |run| run.records_per_s);
        let cpu = of(runs, |run| run.cpu_s_per_million);
        let ratio = |mine: f64, its: f64| if at == 0 { String::new() } else { format!("{:.2}", mine / its) };
        // Writing to a string cannot fail.
        let _ = writeln!(
            table,
            "| {name} | {:.0} | {:.0} to {:.0} | {:.1} | {:.3} | {:.0} | {:.0} | {} | {} |",
            median(&rate),
            rate.first().copied().unwrap_or(f64::NAN),
            rate.last().copied().unwrap_or(f64::NAN),
            median(&of(runs, |run| run.mb_per_s)),
            median(&cpu),
            median(&of(runs, |run| run.max_rss_mb)),
            runs.iter().map(|run| run.errors).sum::<f64>(),
            ratio(median(&of(first, |run| run.records_per_s)), median(&rate)),
            ratio(median(&of(first, |run| run.cpu_s_per_million)), median(&cpu)),
        );
    }
    table
}

/// One figure of every run, sorted.
fn of(runs: &[Run], figure: fn(&Run) -> f64) -> Vec<f64> {
    let mut figures: Vec<f64> = runs.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures
}

/// The median of sorted figures; NaN of none.
fn median(sorted: &[f64]) -> f64 {
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[odd / 2],
        even => f64::midpoint(sorted[even / 2 - 1], sorted[even / 2]),
    }
}

#[cfg(test)]
mod tests;
