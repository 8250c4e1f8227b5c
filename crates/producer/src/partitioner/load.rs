//! What waits for the partitions of a topic, and which of their brokers take nothing: what the sticky choice adapts to.
//!
//! A broker takes nothing from the moment that a batch is ready for it and cannot be handed to its connection, because
//! there is none, because it asked for quiet, or because too many requests are unanswered. A request that leaves, or a
//! batch that is given up, ends that.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ottla_types::BrokerId;

use super::sticky::Loads;
use crate::machine::Outstanding;
use crate::partition::Partition;
use crate::sender::Broker;

/// The queues of one topic's partitions at one moment.
pub(crate) struct Queues<'a> {
    /// All of the producer's partitions.
    pub(crate) partitions: &'a [Partition],
    /// The topic's among them.
    pub(crate) of_topic: &'a [usize],
    pub(crate) outstanding: &'a BTreeMap<u64, Outstanding>,
    pub(crate) brokers: &'a BTreeMap<BrokerId, Broker>,
    pub(crate) now: Instant,
    /// Partitions whose broker takes nothing for longer are left out; zero leaves none out.
    pub(crate) availability_timeout: Duration,
}

impl Queues<'_> {
    fn queue(&self, partition: &Partition) -> Option<usize> {
        let leader = partition.leader.and_then(|leader| self.brokers.get(&leader));
        let since = leader.and_then(|leader| leader.blocked_since);
        let too_long = |since: Instant| self.now.saturating_duration_since(since) > self.availability_timeout;
        if !self.availability_timeout.is_zero() && since.is_some_and(too_long) {
            return None;
        }
        Some(partition.waiting())
    }
}

impl Loads for Queues<'_> {
    fn longest(&self) -> usize {
        let topic = self.of_topic.first().and_then(|index| self.partitions.get(*index)).map(|first| first.topic);
        let queue = |index: &usize| {
            let partition = self.partitions.get(*index).filter(|partition| Some(partition.topic) == topic)?;
            self.queue(partition)
        };
        // A topic may have thousands of partitions, of which a few have batches.
        let longest = if self.outstanding.len() < self.of_topic.len() {
            self.outstanding.values().filter_map(|batch| queue(&batch.partition)).max()
        } else {
            self.of_topic.iter().filter_map(queue).max()
        };
        longest.unwrap_or(0)
    }

    fn waiting(&self, partition: i32) -> Option<usize> {
        let index = self.of_topic.get(usize::try_from(partition).ok()?)?;
        self.queue(self.partitions.get(*index)?)
    }
}
