//! Steering a consumer from any task: positions, seeks, pauses, what is assigned and where it ends.

use std::sync::Arc;

use ottla_core::error::Result;
use ottla_core::object::Object;
use ottla_types::Topic;

use crate::machine::ConsumerMachine;
use crate::position::Start;
use crate::status::PartitionStatus;

/// Steers a consumer. Cloning it is cheap; every call takes effect before it returns, and none of them waits.
///
/// A `recv` that is polled after a [`seek`](Self::seek), [`pause`](Self::pause) or [`unassign`](Self::unassign) returned yields no
/// record of the partition from before it.
#[derive(Clone, Debug)]
pub struct Control {
    object: Arc<Object<ConsumerMachine>>,
}

impl Control {
    pub(crate) fn new(object: &Arc<Object<ConsumerMachine>>) -> Self {
        Self { object: Arc::clone(object) }
    }

    /// Moves a partition, forwards or back. A partition that stood still after a failure goes on.
    ///
    /// # Errors
    /// `Misuse` if the partition is not assigned or the place is not possible, `Closed` after the end.
    pub fn seek(&self, topic: &str, partition: i32, to: Start) -> Result<()> {
        self.object.with_exact(|machine, now| machine.seek(topic, partition, to, now))?
    }

    /// Stops handing out and fetching partitions. What is fetched already is kept. Pausing twice is the same as once.
    ///
    /// # Errors
    /// `Misuse` if one of them is not assigned (none is paused then), `Closed` after the end.
    pub fn pause(&self, partitions: &[(&str, i32)]) -> Result<()> {
        self.object.with_exact(|machine, now| machine.pause(partitions, now))?
    }

    /// Goes on with partitions where they were paused.
    ///
    /// # Errors
    /// As [`pause`](Self::pause).
    pub fn resume(&self, partitions: &[(&str, i32)]) -> Result<()> {
        self.object.with_exact(|machine, now| machine.resume(partitions, now))?
    }

    /// The offset behind the last record of a partition that was handed out, by `recv` one by one, by `recv_batch` at once. None
    /// while the start is not known yet, and for what is not assigned.
    pub fn position(&self, topic: &str, partition: i32) -> Option<i64> {
        self.object.look(|machine| machine.position(topic, partition)).ok().flatten()
    }

    /// Adds partitions: all, or none if one of them cannot be.
    ///
    /// # Errors
    /// `Misuse` if one is assigned already or its start is not possible, `Closed` after the end.
    pub fn assign_add<T: Into<Topic>>(&self, partitions: impl IntoIterator<Item = ((T, i32), Start)>) -> Result<()> {
        let partitions = own(partitions);
        self.object.with_exact(|machine, now| machine.assign(&partitions, now))?
    }

    /// Takes partitions away.
    ///
    /// # Errors
    /// `Misuse` if one of them is not assigned (none is taken away then), `Closed` after the end.
    pub fn unassign(&self, partitions: &[(&str, i32)]) -> Result<()> {
        self.object.with_exact(|machine, now| machine.unassign(partitions, now))?
    }

    /// Ends partitions before these offsets; a batch that is being handed out already may still come whole. When all that is assigned has ended, `recv` gives `Ok(None)`.
    ///
    /// # Errors
    /// `Misuse` if one of them is not assigned (none gets a stop then), `Closed` after the end.
    pub fn stop_at(&self, stops: &[((&str, i32), i64)]) -> Result<()> {
        self.object.with_exact(|machine, now| machine.stop_at(stops, now))?
    }

    /// Ends every partition where its end is now, as the brokers tell: the high watermark, or the last stable offset where
    /// only what is committed is read. When all have ended, `recv` gives `Ok(None)`.
    ///
    /// # Errors
    /// `Closed` after the end.
    pub fn until_end(&self) -> Result<()> {
        self.object.with_exact(|machine, now| machine.until_end(now))?
    }

    /// Every assigned partition as it is now, by topic and partition.
    pub fn partitions(&self) -> Vec<PartitionStatus> {
        self.object.look(ConsumerMachine::statuses).unwrap_or_default()
    }

    /// Bytes fetched and not yet handed over.
    pub fn buffered_bytes(&self) -> usize {
        self.object.look(|machine| machine.budget.held()).unwrap_or_default()
    }
}

/// Runs the application's iterator, before any lock is taken.
pub(crate) fn own<T: Into<Topic>>(
    partitions: impl IntoIterator<Item = ((T, i32), Start)>,
) -> Vec<((Topic, i32), Start)> {
    partitions.into_iter().map(|((topic, partition), start)| ((topic.into(), partition), start)).collect()
}
