//! The partition that got the fewest bytes, as kafka-go's `LeastBytes` finds it.

use std::collections::BTreeSet;

/// How many bytes each partition of one topic got; the first has the fewest, and among equals the lowest number.
#[derive(Debug, Default)]
pub(crate) struct LeastBytes {
    order: BTreeSet<(u64, i32)>,
}

impl LeastBytes {
    /// The partition for a record of so many bytes, which are counted. `candidates` are looked at after a reset only.
    pub(crate) fn partition(&mut self, bytes: usize, candidates: impl Iterator<Item = i32>) -> Option<i32> {
        if self.order.is_empty() {
            self.order.extend(candidates.map(|partition| (0, partition)));
        }
        let (before, partition) = self.order.pop_first()?;
        self.order.insert((before.saturating_add(bytes as u64), partition));
        Some(partition)
    }

    /// Begins anew, because there are other partitions to choose from: one that is new would get every record until it
    /// had caught up.
    pub(crate) fn reset(&mut self) {
        self.order.clear();
    }
}
