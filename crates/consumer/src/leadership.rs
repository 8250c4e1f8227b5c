//! Following each partition's leader through the views of the cluster.
//!
//! A topic or partition that brokers do not know is waited for during `topic.metadata.propagation.max.ms`, then it fails; one
//! that may not be read, or whose name is not possible, fails at once. A topic of which nothing at all was heard fails after
//! `default.api.timeout.ms`. A topic that was deleted and made anew under the same name fails: what it holds is not what was
//! being read. A seek adopts it.

use std::collections::BTreeSet;
use std::sync::Arc;

use ottla_core::clock::Now;
use ottla_core::cluster::{Cluster, TopicState};
use ottla_core::error::{Error, ErrorKind};
use ottla_core::io::Demand;
use ottla_core::retry;
use ottla_types::{BrokerId, ErrorCode, Topic};

use crate::assignment::{Partition, PartitionState};
use crate::machine::{ConsumerMachine, Timer};

/// What a view tells of one partition.
enum Told {
    /// No broker answered about the topic yet.
    Nothing,
    /// The topic or the partition is not there.
    Unknown(Error),
    /// It cannot be read.
    Refused(Error),
    /// It is there, led or not.
    Led(Option<(BrokerId, i32)>),
}

impl ConsumerMachine {
    pub(crate) fn on_cluster(&mut self, cluster: Arc<Cluster>, now: Now) {
        if cluster.revision < self.cluster.revision {
            return;
        }
        self.cluster = cluster;
        let mut changed = Vec::new();
        for assigned in self.assignment.topics.values_mut() {
            let view = self.cluster.topic(&assigned.topic);
            let same = match (&assigned.view, view) {
                (Some(old), Some(new)) => Arc::ptr_eq(old, new),
                (None, None) => true,
                _ => false,
            };
            if !same {
                assigned.view = view.cloned();
                changed.extend(assigned.partitions.values().copied());
            }
        }
        for index in changed {
            self.follow(index, now);
        }
    }

    /// Takes what the present view tells of a partition.
    pub(crate) fn follow(&mut self, index: usize, now: Now) {
        let Some(partition) = self.assignment.get(index) else { return };
        if partition.state == PartitionState::Failed {
            return;
        }
        let topic = partition.topic.clone();
        match self.told(partition) {
            Told::Nothing => self.await_topic(index, self.config.default_api_timeout, None, now),
            Told::Unknown(error) => self.await_topic(index, self.config.unknown_topic_timeout, Some(error), now),
            Told::Refused(error) => self.fail(index, error),
            Told::Led(leader) => {
                let id = self.cluster.known(&topic).map(|info| info.id).unwrap_or_default();
                if id.is_nil() {
                    self.nameless.insert(topic.clone());
                } else {
                    self.nameless.remove(&topic);
                    self.assignment.name_id(id, &topic);
                }
                let Some(partition) = self.assignment.get_mut(index) else { return };
                partition.topic_id = id;
                partition.unknown_since = None;
                if partition.leader != leader {
                    partition.leader = leader;
                    partition.replica = None;
                    // What failed, failed at the old leader.
                    partition.retry_at = None;
                    self.lookups.look_again();
                    self.lookups.unblock_all(index);
                    self.reckon(index);
                }
                if leader.is_none() {
                    self.ask_again(index, now);
                }
            }
        }
    }

    fn told(&self, partition: &Partition) -> Told {
        let Some(view) = self.cluster.topic(&partition.topic) else { return Told::Nothing };
        match &view.state {
            TopicState::Failed { code, .. } => {
                let error = Error::broker(*code, format!("topic {} cannot be read", partition.topic));
                if retry::verdict(*code).is_retriable() { Told::Unknown(error) } else { Told::Refused(error) }
            }
            TopicState::Known(info) => {
                if !partition.topic_id.is_nil() && info.id != partition.topic_id {
                    return Told::Refused(Error::broker(
                        ErrorCode::INCONSISTENT_TOPIC_ID,
                        format!(
                            "topic {} was deleted and made anew: its id was {} and is {}; seek to read the new one",
                            partition.topic, partition.topic_id, info.id
                        ),
                    ));
                }
                let found = usize::try_from(partition.partition).ok().and_then(|number| info.partitions.get(number));
                match found {
                    Some(found) => Told::Led(found.leader.map(|leader| (leader, found.leader_epoch))),
                    None => Told::Unknown(Error::broker(
                        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                        format!(
                            "partition {} of topic {} is not there, the topic has {}",
                            partition.partition,
                            partition.topic,
                            info.partitions.len()
                        ),
                    )),
                }
            }
        }
    }

    /// Waits for a topic or partition, but not for ever.
    fn await_topic(&mut self, index: usize, patience: std::time::Duration, error: Option<Error>, now: Now) {
        let Some(partition) = self.assignment.get_mut(index) else { return };
        let since = *partition.unknown_since.get_or_insert(now.mono);
        let waited = now.mono.saturating_duration_since(since);
        partition.last_error.clone_from(&error);
        if waited >= patience {
            let error = error.unwrap_or_else(|| {
                Error::new(
                    ErrorKind::Timeout,
                    format!("no broker answered about topic {} within {} s", partition.topic, waited.as_secs()),
                )
            });
            self.fail(index, error);
            return;
        }
        if error.is_none() {
            self.timers.insert((now.after(patience.saturating_sub(waited)), Timer::Partition(index)));
            return;
        }
        // The leader, if there was one, is not believed any more.
        if let Some(partition) = self.assignment.get_mut(index) {
            partition.leader = None;
            partition.replica = None;
        }
        self.reckon(index);
        self.ask_again(index, now);
    }

    /// Has the topic looked up again after a pause.
    fn ask_again(&mut self, index: usize, now: Now) {
        let Some(partition) = self.assignment.get_mut(index) else { return };
        partition.failures = partition.failures.saturating_add(1);
        let failures = partition.failures;
        let at = self.pause_after(failures, now);
        self.timers.insert((at, Timer::Partition(index)));
    }

    pub(crate) fn on_partition_timer(&mut self, index: usize, now: Now) {
        let Some(partition) = self.assignment.get_mut(index) else { return };
        if partition.retry_at.is_some_and(|at| at <= now.mono) {
            partition.retry_at = None;
        }
        if partition.replica.is_some_and(|(_, until)| until <= now.mono) {
            partition.replica = None;
        }
        let waits = partition.leader.is_none() && partition.state != PartitionState::Failed;
        if waits {
            let unknown = partition.unknown_since.is_some();
            let topic = partition.topic.clone();
            self.report_stale(&topic);
            if unknown {
                self.follow(index, now);
            }
        }
        self.reckon(index);
    }

    /// Says that what the view tells of a topic is wrong; once for each view.
    pub(crate) fn report_stale(&mut self, topic: &Topic) {
        let Some(assigned) = self.assignment.topics.get_mut(topic) else { return };
        let Some(revision) = assigned.view.as_ref().map(|view| view.revision) else { return };
        if assigned.stale != Some(revision) {
            assigned.stale = Some(revision);
            self.demands.push_back(Demand::Stale { topic: topic.clone(), revision });
        }
    }

    /// A broker cannot be reached: its partitions may have another leader by now. What no retry can mend fails them.
    pub(crate) fn on_broker_down(&mut self, broker: BrokerId, error: &Error) {
        let there: Vec<usize> = self
            .assignment
            .iter()
            .filter(|(_, partition)| partition.at_broker == Some(broker))
            .map(|(index, _)| index)
            .collect();
        let mut topics = BTreeSet::new();
        for index in there {
            let Some(partition) = self.assignment.get_mut(index) else { continue };
            partition.last_error = Some(error.clone());
            if partition.replica.take().is_some() {
                self.reckon(index);
            } else if error.is_retriable() || error.kind() == ErrorKind::Closed {
                topics.insert(partition.topic.clone());
            } else {
                let error = error.clone().within(partition.name());
                self.fail(index, error);
            }
        }
        for topic in topics {
            self.report_stale(&topic);
        }
    }
}
