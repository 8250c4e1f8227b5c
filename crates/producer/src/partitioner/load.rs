//! What waits for the partitions of a topic, and which of their brokers take nothing: what the sticky choice adapts to.
//!
//! A broker takes nothing while a batch of one of its partitions waits and no request leaves: because there is no
//! connection, because it asked for quiet, or because too many requests are unanswered. Once nothing waits for it any more,
//! be it given up, the broker is tried again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use ottla_types::BrokerId;

use super::sticky::Loads;
use crate::machine::Outstanding;
use crate::partition::Partition;
use crate::sender::Broker;

/// The queues of one topic's partitions at one moment.
pub(crate) struct Queues<'a> {
    /// All of the producer's partitions.
    partitions: &'a [Partition],
    /// The topic's among them.
    of_topic: &'a [usize],
    outstanding: &'a BTreeMap<u64, Outstanding>,
    silent: BTreeSet<BrokerId>,
}

impl<'a> Queues<'a> {
    pub(crate) fn new(
        partitions: &'a [Partition],
        of_topic: &'a [usize],
        outstanding: &'a BTreeMap<u64, Outstanding>,
    ) -> Self {
        Self { partitions, of_topic, outstanding, silent: BTreeSet::new() }
    }

    /// Leaves out the partitions of brokers that have been taking nothing for longer than `timeout`; none if that is zero.
    pub(crate) fn without_silent(
        mut self,
        brokers: &BTreeMap<BrokerId, Broker>,
        now: Instant,
        timeout: Duration,
    ) -> Self {
        if timeout.is_zero() {
            return self;
        }
        let waiting = self.outstanding.values().filter_map(|batch| self.partitions.get(batch.partition));
        let silent = waiting.filter_map(|partition| {
            let (leader, waits_since) = (partition.leader?, partition.waits_since()?);
            let sent_at = brokers.get(&leader).and_then(|broker| broker.sent_at);
            let since = sent_at.map_or(waits_since, |sent_at| sent_at.max(waits_since));
            (now.saturating_duration_since(since) > timeout).then_some(leader)
        });
        self.silent = silent.collect();
        self
    }

    fn queue(&self, partition: &Partition) -> Option<usize> {
        let left_out = partition.leader.is_some_and(|leader| self.silent.contains(&leader));
        (!left_out).then(|| partition.waiting())
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
