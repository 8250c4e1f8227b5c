//! A progress line on standard error, where that is a terminal, for work that takes long.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The line, or nothing where nobody would see it.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    records: u64,
    bytes: u64,
}

/// How many records go by between two looks at the line.
const EVERY: u64 = 4096;

impl Progress {
    /// A line for `total` records, or for nobody knows how many. It shows only when standard error is a terminal and
    /// `wanted`: printing records to the same terminal would tear it.
    pub(crate) fn new(wanted: bool, total: Option<u64>) -> Self {
        let bar = (wanted && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(5));
            let template = if total.is_some() {
                "{wide_bar} {human_pos}/{human_len} records {msg} {elapsed} left {eta}"
            } else {
                "{spinner} {human_pos} records {msg} {elapsed}"
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { bar, records: 0, bytes: 0 }
    }

    /// Counts records.
    pub(crate) fn add(&mut self, records: u64, bytes: usize) {
        let before = self.records / EVERY;
        self.records += records;
        self.bytes += bytes as u64;
        if let Some(bar) = &self.bar
            && self.records / EVERY != before
        {
            bar.set_position(self.records);
            bar.set_message(format!("{}", indicatif::HumanBytes(self.bytes)));
        }
    }

    /// Takes the line away.
    pub(crate) fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}
