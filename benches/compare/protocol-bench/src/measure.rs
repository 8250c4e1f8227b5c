//! Rows of a table: one operation, done by each crate in turn, many rounds; medians.

use std::time::{Duration, Instant};

/// One crate's way to do it.
pub type Work = Box<dyn FnMut()>;

/// How long one crate works before it is the next one's turn.
const TURN: Duration = Duration::from_millis(15);

/// The table.
pub struct Rows {
    rounds: usize,
    filter: String,
    done: Vec<(String, Vec<(&'static str, f64)>)>,
}

impl Rows {
    /// A table of medians over so many rounds, of rows whose names contain the filter.
    pub fn new(rounds: usize, filter: String) -> Self {
        Self { rounds, filter, done: Vec::new() }
    }

    /// Measures one row; `count` is what the time is divided by.
    pub fn run(&mut self, name: &str, count: usize, crates: Vec<(&'static str, Work)>) {
        if !name.contains(&self.filter) {
            return;
        }
        let mut crates: Vec<_> = crates.into_iter().map(|(name, work)| (name, times(work), Vec::new())).collect();
        for _ in 0..self.rounds {
            for (_, (work, times), samples) in &mut crates {
                let start = Instant::now();
                for _ in 0..*times {
                    work();
                }
                samples.push(start.elapsed().as_nanos() as f64 / (*times * count) as f64);
            }
        }
        let medians: Vec<_> = crates.into_iter().map(|(name, _, samples)| (name, median(samples))).collect();
        eprintln!("{name}: {medians:.1?}");
        self.done.push((name.to_owned(), medians));
    }

    /// Prints the table: nanoseconds of the first crate, and the others as multiples of that.
    pub fn print(&self) {
        let columns = ["kafka-protocol", "krabka-protocol", "kacrab-protocol"];
        println!("| | ottla, ns | {} |", columns.join(" | "));
        println!("|---|---:|{}", "---:|".repeat(columns.len()));
        for (name, medians) in &self.done {
            let ours = medians[0].1;
            let others = columns.map(|column| {
                let found = medians.iter().find(|(name, _)| *name == column);
                found.map_or("–".to_owned(), |(_, median)| format!("{:.1} ×", median / ours))
            });
            println!("| {name} | {ours:.1} | {} |", others.join(" | "));
        }
    }
}

/// Finds out how often the work fits into a turn.
fn times(mut work: Work) -> (Work, usize) {
    work();
    let start = Instant::now();
    let mut times = 0;
    while start.elapsed() < TURN {
        work();
        times += 1;
    }
    (work, times)
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}
