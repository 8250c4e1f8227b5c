//! Records without a key stay with one partition until enough bytes went to it (KIP-794), so that batches fill. The next
//! one is the less likely the more batches wait for it, so that slow brokers get less.

use super::chooser::Choices;

/// The bytes after which the partition changes at the next batch. Java's default `batch.size`, which is what Java
/// changes after; larger batches must not mean that a quiet topic stays with one partition for long.
const ENOUGH: usize = 16 * 1024;

/// How often a partition is drawn and put back before all of them are looked at. Most draws succeed at once: few
/// partitions have a queue.
const DRAWS: usize = 8;

/// What waits for the partitions of one topic.
pub(crate) trait Loads {
    /// The longest queue, in batches, of a partition that is not left out.
    fn longest(&self) -> usize;
    /// How many batches wait for a partition; none where the partition is to be left out.
    fn waiting(&self, partition: i32) -> Option<usize>;
}

/// The partition that records of one topic without a key go to.
#[derive(Debug, Default)]
pub(crate) struct Sticky {
    current: Option<i32>,
    bytes: usize,
}

impl Sticky {
    /// The partition to stay with, if there is one.
    #[inline]
    pub(crate) fn current(&self) -> Option<i32> {
        self.current
    }

    /// Chooses the next partition: with a probability that falls with its queue, or, where nobody tells `loads`, each with
    /// the same.
    #[cold]
    pub(crate) fn choose(
        &mut self,
        choices: Choices<'_>,
        loads: Option<&impl Loads>,
        random: &mut fastrand::Rng,
    ) -> i32 {
        self.bytes = 0;
        let weighted = loads.and_then(|loads| weighted(choices.available, loads, random));
        let partition = weighted.unwrap_or_else(|| choices.any(random));
        self.current = Some(partition);
        partition
    }

    /// Notes that a record went to the current partition.
    #[inline]
    pub(crate) fn add(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Notes that a batch of this partition was closed: the moment to move on, if enough went to it.
    pub(crate) fn on_closed(&mut self, partition: i32) {
        if self.current == Some(partition) && self.bytes >= ENOUGH {
            self.current = None;
        }
    }

    /// Forgets the current partition, because leaders or the number of partitions changed.
    pub(crate) fn reset(&mut self) {
        self.current = None;
    }
}

fn any(available: &[i32], random: &mut fastrand::Rng) -> Option<i32> {
    available.get(random.usize(..available.len().max(1))).copied()
}

/// A partition with the weight that Java gives it: one more than the longest queue, less its own.
fn weighted(available: &[i32], loads: &impl Loads, random: &mut fastrand::Rng) -> Option<i32> {
    let most = loads.longest().saturating_add(1);
    let weight = |partition: i32| loads.waiting(partition).map_or(0, |waiting| most.saturating_sub(waiting));
    for _ in 0..DRAWS {
        let partition = any(available, random)?;
        if random.usize(..most) < weight(partition) {
            return Some(partition);
        }
    }
    let total: usize = available.iter().map(|partition| weight(*partition)).sum();
    if total == 0 {
        return None;
    }
    let mut left = random.usize(..total);
    available.iter().copied().find(|partition| {
        let weight = weight(*partition);
        let found = left < weight;
        left = left.saturating_sub(weight);
        found
    })
}

#[cfg(test)]
mod tests;
