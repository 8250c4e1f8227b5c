//! The counting allocator, and the worst that it has seen.

use std::collections::BTreeMap;

use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What is allowed whatever the input is: the first steps of growing, and errors that carry text.
pub(crate) const CONSTANT: usize = 2048;

/// How many of the worst are printed.
const SHOWN: usize = 4;

/// Bytes that were allocated at most, at one time, while this ran; what it gives counts, what it was given does not.
pub(crate) fn peak<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let result = work();
    (MEMORY.peak_usage().saturating_sub(before), result)
}

/// The worst of each sort of reading.
#[derive(Default)]
pub(crate) struct Worst {
    sorts: BTreeMap<&'static str, Sort>,
}

struct Sort {
    bound: f64,
    measured: usize,
    /// Multiples of the input, and of what.
    worst: Vec<(f64, String)>,
}

impl Worst {
    /// Notes a measurement; `bound` is the multiple that this sort may reach.
    pub(crate) fn note(
        &mut self,
        sort: &'static str,
        bound: f64,
        input: usize,
        peak: usize,
        what: impl FnOnce() -> String,
    ) {
        let multiple = peak.saturating_sub(CONSTANT) as f64 / input.max(1) as f64;
        let sort = self.sorts.entry(sort).or_insert_with(|| Sort { bound, measured: 0, worst: Vec::new() });
        sort.measured += 1;
        let least = sort.worst.last().map_or(-1.0, |(multiple, _)| *multiple);
        if sort.worst.len() < SHOWN || multiple > least {
            sort.worst.push((multiple, what()));
            sort.worst.sort_by(|one, two| two.0.total_cmp(&one.0));
            sort.worst.truncate(SHOWN);
        }
    }

    /// Prints the worst; panics if one is above its bound.
    pub(crate) fn finish(self) {
        let mut above = Vec::new();
        for (name, sort) in &self.sorts {
            println!("{name}: {} measured, bound {} times the input", sort.measured, sort.bound);
            for (multiple, what) in &sort.worst {
                println!("  {multiple:7.1}  {what}");
            }
            above.extend(sort.worst.iter().filter(|worst| worst.0 > sort.bound).map(|worst| (name, worst)));
        }
        assert!(above.is_empty(), "above the bound: {above:#?}");
    }
}
