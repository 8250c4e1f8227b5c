//! The line of JSON that a benchmark prints.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::failure::Outcome;
use crate::output;
use crate::usage;

/// Time and CPU since the timed part began.
pub(super) struct Watch {
    began: Instant,
    cpu: Option<Duration>,
}

impl Watch {
    pub(super) fn start() -> Self {
        Self { cpu: usage::now().0, began: Instant::now() }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Ends the timed part.
    pub(super) fn stop(self) -> Measured {
        let elapsed = self.began.elapsed();
        let (cpu, resident) = usage::now();
        Measured { elapsed, cpu: cpu.zip(self.cpu).map(|(after, before)| after.saturating_sub(before)), resident }
    }
}

/// What the timed part took.
pub(super) struct Measured {
    elapsed: Duration,
    cpu: Option<Duration>,
    resident: Option<u64>,
}

/// What was done in that time.
pub(super) struct Done {
    pub(super) mode: &'static str,
    pub(super) records: u64,
    pub(super) bytes: u64,
    pub(super) size: u64,
    pub(super) errors: u64,
    pub(super) first: Option<Duration>,
}

/// Prints it.
pub(super) fn print(done: &Done, measured: &Measured) -> Outcome {
    output::print(&format!("{}\n", line(done, measured)))
}

fn line(done: &Done, measured: &Measured) -> Value {
    let seconds = measured.elapsed.as_secs_f64().max(1e-9);
    let millions = (done.records as f64 / 1e6).max(1e-9);
    let mut line = Map::new();
    let mut set = |key: &str, value: Value| drop(line.insert(key.to_owned(), value));
    set("client", json!("ottla"));
    set("version", json!(env!("CARGO_PKG_VERSION")));
    set("mode", json!(done.mode));
    set("records", json!(done.records));
    set("size", json!(done.size));
    set("seconds", rounded(seconds, 1e6));
    set("records_per_s", rounded(done.records as f64 / seconds, 1.0));
    set("mb_per_s", rounded(done.bytes as f64 / 1e6 / seconds, 1e3));
    set("cpu_s_per_million", measured.cpu.map_or(Value::Null, |cpu| rounded(cpu.as_secs_f64() / millions, 1e6)));
    set("max_rss_mb", measured.resident.map_or(Value::Null, |bytes| rounded(bytes as f64 / 1e6, 10.0)));
    set("errors", json!(done.errors));
    if let Some(first) = done.first {
        set("first_ms", rounded(first.as_secs_f64() * 1e3, 1e3));
    }
    Value::Object(line)
}

fn rounded(number: f64, places: f64) -> Value {
    json!((number * places).round() / places)
}
