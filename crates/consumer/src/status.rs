//! What can be seen of a partition at a moment.

use ottla_core::error::Error;
use ottla_types::{BrokerId, Topic};

use crate::assignment::{Partition, PartitionState};
use crate::isolation::IsolationLevel;

/// One assigned partition, as it is at a moment. What brokers tell is as old as their last answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PartitionStatus {
    /// The topic.
    pub topic: Topic,
    /// The partition.
    pub partition: i32,
    /// What it does.
    pub state: PartitionState,
    /// Whether the application paused it.
    pub paused: bool,
    /// Behind the last record handed out; none while the start is not known.
    pub position: Option<i64>,
    /// Where reading ends, if it does.
    pub stop_at: Option<i64>,
    /// The leader, where there is one.
    pub leader: Option<BrokerId>,
    /// The broker that is read: the leader or a follower nearby.
    pub reads_from: Option<BrokerId>,
    /// The end of what all in-sync replicas have.
    pub high_watermark: Option<i64>,
    /// The first offset of an open transaction, or the high watermark where there is none.
    pub last_stable_offset: Option<i64>,
    /// The first offset that the partition still holds.
    pub log_start_offset: Option<i64>,
    /// Offsets between the position and the end that may be read.
    pub lag: Option<i64>,
    /// Bytes fetched and not yet handed over.
    pub buffered_bytes: usize,
    /// What went wrong last, until it goes well again.
    pub last_error: Option<Error>,
}

impl PartitionStatus {
    pub(crate) fn of(partition: &Partition, isolation: IsolationLevel) -> Self {
        let known = |offset: i64| (offset >= 0).then_some(offset);
        let position = partition.delivered.position();
        let end = match isolation {
            IsolationLevel::ReadCommitted => known(partition.last_stable_offset),
            IsolationLevel::ReadUncommitted => known(partition.high_watermark),
        };
        Self {
            topic: partition.topic.clone(),
            partition: partition.partition,
            state: partition.state,
            paused: partition.paused,
            position,
            stop_at: partition.stop,
            leader: partition.leader.map(|(broker, _)| broker),
            reads_from: partition.source(),
            high_watermark: known(partition.high_watermark),
            last_stable_offset: known(partition.last_stable_offset),
            log_start_offset: known(partition.log_start_offset),
            lag: end.zip(position).map(|(end, position)| end.saturating_sub(position).max(0)),
            buffered_bytes: partition.held,
            last_error: partition.last_error.clone(),
        }
    }
}
