//! The partitions that are assigned, and the state of each.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use ottla_core::cluster::TopicView;
use ottla_core::error::Error;
use ottla_protocol::Utf8Bytes;
use ottla_types::{BrokerId, Topic, Uuid};

use crate::position::{Delivered, Position};
use crate::record::Chunk;

/// What a partition does. Whether it is paused stands beside it: a paused partition keeps its state, and is neither
/// fetched nor handed out.
///
/// | | sought | searched | located | misplaced | faulty | at stop | stop moved |
/// |---|---|---|---|---|---|---|---|
/// | finding offset | fetching | finding | fetching | | failed | | |
/// | fetching | fetching | finding | | finding | failed | ended | |
/// | failed | fetching | finding | | | | | |
/// | ended | fetching | finding | | | | | fetching |
///
/// An empty cell leaves the state as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PartitionState {
    /// The offset to read from is being asked for.
    FindingOffset,
    /// Records are fetched from the position on, as far as the byte budget, the leader and the network let them.
    Fetching,
    /// Stands still until the application seeks or takes it away; `recv` told why, once.
    Failed,
    /// Everything before its stop offset was handed over.
    Ended,
}

/// What moves a partition from state to state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The application named an offset.
    Sought,
    /// The application named a place whose offset must be asked for.
    Searched,
    /// The offset asked for is known.
    Located,
    /// The broker does not have the position; the policy says to ask for another.
    Misplaced,
    /// Something that does not pass by itself.
    Faulty,
    /// The position reached the stop offset.
    AtStop,
    /// The stop offset was taken away or moved behind the position.
    StopMoved,
}

impl PartitionState {
    /// The state after a change.
    #[must_use]
    pub(crate) fn after(self, change: Change) -> Self {
        match (self, change) {
            (_, Change::Sought) | (Self::FindingOffset, Change::Located) | (Self::Ended, Change::StopMoved) => {
                Self::Fetching
            }
            (_, Change::Searched) | (Self::Fetching, Change::Misplaced) => Self::FindingOffset,
            (Self::FindingOffset | Self::Fetching, Change::Faulty) => Self::Failed,
            (Self::Fetching, Change::AtStop) => Self::Ended,
            (_, Change::Located | Change::Misplaced | Change::Faulty | Change::AtStop | Change::StopMoved) => self,
        }
    }
}

/// One assigned partition.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) topic: Topic,
    pub(crate) partition: i32,
    /// The topic's id when reading began: another topic of the same name is not read unasked.
    pub(crate) topic_id: Uuid,
    /// Unique over all partitions; a seek takes a new one, so that answers to what was asked before are known as such.
    pub(crate) incarnation: u64,
    pub(crate) state: PartitionState,
    pub(crate) paused: bool,
    pub(crate) leader: Option<(BrokerId, i32)>,
    /// A follower to read from while it lasts (KIP-392).
    pub(crate) replica: Option<(BrokerId, Instant)>,
    /// The broker whose fetcher counts it, as last reckoned.
    pub(crate) at_broker: Option<BrokerId>,
    pub(crate) position: Position,
    pub(crate) delivered: Arc<Delivered>,
    /// What was fetched and not handed over, in order.
    pub(crate) parts: VecDeque<Part>,
    pub(crate) next_part: u64,
    /// Bytes of the parts.
    pub(crate) held: usize,
    pub(crate) high_watermark: i64,
    pub(crate) last_stable_offset: i64,
    pub(crate) log_start_offset: i64,
    /// The most bytes of a fetch, grown where a record batch did not fit.
    pub(crate) max_bytes: usize,
    /// Where reading ends, if it does.
    pub(crate) stop: Option<i64>,
    /// Not fetched before, after a failure.
    pub(crate) retry_at: Option<Instant>,
    pub(crate) failures: u32,
    /// Since when brokers do not know it, or gave no answer at all.
    pub(crate) unknown_since: Option<Instant>,
    pub(crate) last_error: Option<Error>,
    /// Why it failed, until `recv` has told.
    pub(crate) untold: Option<Error>,
    /// Whether it stands in line for delivery.
    pub(crate) in_line: bool,
    /// Whether a fetch outside of the session is under way for it.
    pub(crate) fetched_aside: bool,
}

/// One partition's part of one response.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) number: u64,
    /// The offset that it was fetched from.
    pub(crate) from: i64,
    /// Bytes held for it.
    pub(crate) bytes: usize,
    /// What it holds, once the job is done.
    pub(crate) chunk: Option<Arc<Chunk>>,
}

impl Partition {
    pub(crate) fn new(topic: Topic, partition: i32, incarnation: u64, max_bytes: usize) -> Self {
        Self {
            topic,
            partition,
            topic_id: Uuid::NIL,
            incarnation,
            state: PartitionState::FindingOffset,
            paused: false,
            leader: None,
            replica: None,
            at_broker: None,
            position: Position::at(0),
            delivered: Arc::new(Delivered::new(-1)),
            parts: VecDeque::new(),
            next_part: 0,
            held: 0,
            high_watermark: -1,
            last_stable_offset: -1,
            log_start_offset: -1,
            max_bytes,
            stop: None,
            retry_at: None,
            failures: 0,
            unknown_since: None,
            last_error: None,
            untold: None,
            in_line: false,
            fetched_aside: false,
        }
    }

    /// The broker to fetch from.
    pub(crate) fn source(&self) -> Option<BrokerId> {
        self.replica.map(|(broker, _)| broker).or(self.leader.map(|(broker, _)| broker))
    }

    pub(crate) fn leader_epoch(&self) -> i32 {
        self.leader.map_or(-1, |(_, epoch)| epoch)
    }

    /// Whether its next records should be asked for, holding at most `limit` bytes before.
    pub(crate) fn is_fetchable(&self, limit: usize) -> bool {
        self.state == PartitionState::Fetching
            && !self.paused
            && self.retry_at.is_none()
            && !self.fetched_aside
            && self.held < limit
            && self.stop.is_none_or(|stop| self.position.offset < stop)
    }

    /// Whether nothing more was there when the broker was last asked.
    pub(crate) fn is_caught_up(&self, committed_only: bool) -> bool {
        let end = if committed_only { self.last_stable_offset } else { self.high_watermark };
        end >= 0 && self.position.offset >= end
    }

    /// Whether the front of its line can be handed over, or a failure told.
    pub(crate) fn is_deliverable(&self) -> bool {
        match self.parts.front() {
            Some(part) => part.chunk.is_some(),
            None => self.untold.is_some(),
        }
    }

    pub(crate) fn name(&self) -> String {
        format!("{}-{}", self.topic, self.partition)
    }
}

/// The partitions of one topic.
#[derive(Debug)]
pub(crate) struct AssignedTopic {
    pub(crate) topic: Topic,
    /// The name for requests.
    pub(crate) wire: Utf8Bytes,
    pub(crate) partitions: BTreeMap<i32, usize>,
    /// The view that was followed last.
    pub(crate) view: Option<Arc<TopicView>>,
    /// The revision that was last reported to be wrong.
    pub(crate) stale: Option<u64>,
}

/// All assigned partitions. Each has a place, its index, which later partitions may take after it is gone.
#[derive(Debug, Default)]
pub(crate) struct Assignment {
    places: Vec<Option<Partition>>,
    free: Vec<usize>,
    pub(crate) topics: BTreeMap<Topic, AssignedTopic>,
    ids: BTreeMap<Uuid, Topic>,
}

impl Assignment {
    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Partition> {
        self.places.get(index)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut Partition> {
        self.places.get_mut(index)?.as_mut()
    }

    /// The partition at an index, if it is still the one that was meant.
    pub(crate) fn same(&mut self, index: usize, incarnation: u64) -> Option<&mut Partition> {
        self.get_mut(index).filter(|partition| partition.incarnation == incarnation)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &Partition)> {
        self.places.iter().enumerate().filter_map(|(index, place)| place.as_ref().map(|partition| (index, partition)))
    }

    pub(crate) fn find(&self, topic: &str, partition: i32) -> Option<usize> {
        self.topics.get(topic)?.partitions.get(&partition).copied()
    }

    pub(crate) fn find_by_id(&self, id: Uuid, partition: i32) -> Option<usize> {
        self.find(self.ids.get(&id)?.name(), partition)
    }

    /// Takes in a partition. Says with its index whether the topic is new.
    pub(crate) fn insert(&mut self, partition: Partition) -> (usize, bool) {
        let topic = partition.topic.clone();
        let number = partition.partition;
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                self.places.push(None);
                self.places.len() - 1
            }
        };
        if let Some(place) = self.places.get_mut(index) {
            *place = Some(partition);
        }
        let new = !self.topics.contains_key(&topic);
        let assigned = self.topics.entry(topic.clone()).or_insert_with(|| AssignedTopic {
            wire: Utf8Bytes::copy_from(topic.name()),
            topic,
            partitions: BTreeMap::new(),
            view: None,
            stale: None,
        });
        assigned.partitions.insert(number, index);
        (index, new)
    }

    /// Takes out a partition. Says with it whether its topic went with it.
    pub(crate) fn remove(&mut self, index: usize) -> Option<(Partition, bool)> {
        let partition = self.places.get_mut(index)?.take()?;
        self.free.push(index);
        let mut last = false;
        if let Some(topic) = self.topics.get_mut(&partition.topic) {
            topic.partitions.remove(&partition.partition);
            last = topic.partitions.is_empty();
        }
        if last {
            self.topics.remove(&partition.topic);
            self.ids.retain(|_, topic| *topic != partition.topic);
        }
        Some((partition, last))
    }

    /// Notes a topic's id.
    pub(crate) fn name_id(&mut self, id: Uuid, topic: &Topic) {
        if !id.is_nil() && self.ids.get(&id) != Some(topic) {
            self.ids.insert(id, topic.clone());
        }
    }
}

#[cfg(test)]
mod tests;
