//! Records without a key stay with one partition until enough bytes went to it (KIP-794), so that batches fill.

/// The bytes after which the partition changes at the next batch. Java's default `batch.size`, which is what Java
/// changes after; larger batches must not mean that a quiet topic stays with one partition for long.
const ENOUGH: usize = 16 * 1024;

/// The partition that records of one topic without a key go to.
#[derive(Debug, Default)]
pub(crate) struct Sticky {
    current: Option<i32>,
    bytes: usize,
}

impl Sticky {
    /// The partition for the next record: the current one, or one of `available` at random.
    #[inline]
    pub(crate) fn partition(&mut self, available: &[i32], random: &mut fastrand::Rng) -> Option<i32> {
        match self.current {
            Some(partition) => Some(partition),
            None => self.choose(available, random),
        }
    }

    #[cold]
    fn choose(&mut self, available: &[i32], random: &mut fastrand::Rng) -> Option<i32> {
        self.bytes = 0;
        self.current = available.get(random.usize(..available.len().max(1))).copied();
        self.current
    }

    /// Notes that a record went to the current partition.
    #[inline]
    pub(crate) fn add(&mut self, bytes: usize) {
        self.bytes += bytes;
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

#[cfg(test)]
mod tests;
