//! Fetch, versions 4–17: long polls, sessions, epochs.
//!
//! Served: minimum bytes and maximum wait, limits per partition and over all (the first batch is always whole, the last of
//! a partition may be cut), isolation level with aborted transactions, fetch sessions, fencing by leader epoch, diverging
//! epochs, topics by name up to version 12 and by id from 13 on, hints at the leader from 16 on (KIP-951).
//! Gaps: only leaders serve, so there is no preferred read replica (KIP-392); replicas cannot fetch; a topic id that is
//! not known is told at once, not after the wait.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use ottla_protocol::messages::fetch::{
    AbortedTransaction, EpochEndOffset, FetchRequest, FetchResponse, FetchableTopicResponse, LeaderIdAndEpoch,
    NodeEndpoint, PartitionData,
};
use ottla_protocol::{Utf8Bytes, VersionRange};
use ottla_types::{BrokerId, ErrorCode};

use super::{Handler, Reply, Step, encode};
use crate::cluster::ClusterState;
use crate::connection::{Call, ConnectionId};
use crate::fault::Touched;
use crate::fetch_sessions::{Context, TopicKey, Wanted, topic_key};
use crate::topics::{PartitionState, Topics};

/// A fetch that waits until there is enough, or until its time is over.
#[derive(Debug)]
pub(crate) struct ParkedFetch {
    call: Call,
    until: Duration,
    min_bytes: u64,
    max_bytes: usize,
    read_committed: bool,
    context: Context,
    wanted: Vec<Wanted>,
    /// The names of the topics as they were when the request came.
    names: BTreeMap<TopicKey, Utf8Bytes>,
}

/// What there is for one partition.
enum Found<'a> {
    Error(ErrorCode),
    Diverged(EpochEndOffset, &'a PartitionState),
    Readable(&'a PartitionState),
}

type Answers = BTreeMap<(TopicKey, i32), PartitionData>;

impl Handler for FetchRequest {
    const VERSIONS: VersionRange = VersionRange::new(4, 17);

    fn touched(&self, state: &ClusterState, broker: BrokerId) -> Vec<Touched> {
        let mut touched = Vec::new();
        for topic in &self.topics {
            let name = state.topics.name_of(&topic.topic_id).unwrap_or(&topic.topic);
            touched.extend(topic.partitions.iter().map(|wanted| Touched::partition(name, wanted.partition)));
        }
        if let Some(sessions) = state.sessions.get(&broker) {
            for (topic, partition) in sessions.partitions(self.session_id) {
                if let Some(name) = name_of(&state.topics, topic) {
                    touched.push(Touched::partition(&name, *partition));
                }
            }
        }
        touched
    }

    fn handle(self, state: &mut ClusterState, call: &Call) -> Reply<FetchResponse> {
        let refused = |error_code| {
            Reply::now(FetchResponse {
                error_code,
                throttle_time_ms: call.verdict.throttle_ms(),
                ..FetchResponse::default()
            })
        };
        if let Some(code) = call.verdict.error().filter(|code| is_session_error(*code)) {
            return refused(code);
        }
        let sessions = state.sessions.entry(call.broker).or_default();
        let (context, wanted) = match sessions.begin(&self, call.version) {
            Ok(begun) => begun,
            Err(code) => return refused(code),
        };
        let names = self.topics.iter().map(|topic| topic_key(call.version, &topic.topic, topic.topic_id));
        let names = names.chain(wanted.iter().map(|wanted| wanted.topic.clone()));
        let names = names.filter_map(|key| name_of(&state.topics, &key).map(|name| (key, name))).collect();
        let wait = Duration::from_millis(u64::try_from(self.max_wait_ms).unwrap_or(0));
        let fetch = ParkedFetch {
            call: call.clone(),
            until: state.now.saturating_add(wait),
            min_bytes: u64::try_from(self.min_bytes).unwrap_or(0),
            max_bytes: usize::try_from(self.max_bytes).unwrap_or(0),
            read_committed: self.isolation_level == 1,
            context,
            wanted,
            names,
        };
        if wait.is_zero() || fetch.is_complete(state) {
            Reply::now(fetch.respond(state))
        } else {
            Reply::Park(Box::new(fetch))
        }
    }
}

/// Errors that concern the request as a whole.
fn is_session_error(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::FETCH_SESSION_ID_NOT_FOUND
            | ErrorCode::INVALID_FETCH_SESSION_EPOCH
            | ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR
    )
}

fn name_of(topics: &Topics, key: &TopicKey) -> Option<Utf8Bytes> {
    match key {
        TopicKey::Name(name) => Some(name.clone()),
        TopicKey::Id(id) => topics.name_of(id).cloned(),
    }
}

impl ParkedFetch {
    /// When it is answered at the latest.
    pub(crate) fn until(&self) -> Duration {
        self.until
    }

    /// Answers, if there is enough or its time is over; otherwise it goes on waiting.
    pub(crate) fn resume(self: Box<Self>, state: &mut ClusterState, over: bool) -> Result<(Step, Call), Box<Self>> {
        if over || self.is_complete(state) {
            let response = self.respond(state);
            return Ok((encode(&response, &self.call), self.call));
        }
        Err(self)
    }

    /// Asks to be woken when something happens in one of its partitions.
    pub(crate) fn watch(&self, topics: &mut Topics, id: ConnectionId) {
        self.each_partition(topics, |partition| {
            partition.waiting.insert(id);
        });
    }

    pub(crate) fn unwatch(&self, topics: &mut Topics, id: ConnectionId) {
        self.each_partition(topics, |partition| {
            partition.waiting.remove(&id);
        });
    }

    fn each_partition(&self, topics: &mut Topics, mut act: impl FnMut(&mut PartitionState)) {
        for wanted in &self.wanted {
            if let Some(name) = self.names.get(&wanted.topic)
                && let Some(partition) = topics.partition_mut(name, wanted.partition)
            {
                act(partition);
            }
        }
    }

    /// Whether there is nothing to wait for.
    fn is_complete(&self, state: &ClusterState) -> bool {
        if self.wanted.is_empty() {
            return true;
        }
        let mut bytes = 0_u64;
        for wanted in &self.wanted {
            match self.find(state, wanted) {
                Found::Error(_) | Found::Diverged(..) => return true,
                Found::Readable(partition) => {
                    let end = partition.log.readable_end(self.read_committed);
                    let available = partition.log.available(wanted.offset, end);
                    bytes = bytes.saturating_add(available.min(u64::try_from(wanted.max_bytes).unwrap_or(0)));
                }
            }
        }
        bytes >= self.min_bytes
    }

    fn find<'a>(&self, state: &'a ClusterState, wanted: &Wanted) -> Found<'a> {
        let Some(name) = name_of(&state.topics, &wanted.topic) else {
            return Found::Error(ErrorCode::UNKNOWN_TOPIC_ID);
        };
        if let Some((code, _)) = self.call.verdict.partition_error(&name, wanted.partition) {
            return Found::Error(code);
        }
        let partition = match state.led(self.call.broker, &name, wanted.partition, wanted.current_leader_epoch) {
            Ok(partition) => partition,
            Err(code) => return Found::Error(code),
        };
        let log = &partition.log;
        if wanted.last_fetched_epoch >= 0 {
            match log.epoch_end(wanted.last_fetched_epoch) {
                None => return Found::Error(ErrorCode::OFFSET_OUT_OF_RANGE),
                Some((epoch, end_offset)) if epoch < wanted.last_fetched_epoch || end_offset < wanted.offset => {
                    let diverged = EpochEndOffset { epoch, end_offset, ..Default::default() };
                    return Found::Diverged(diverged, partition);
                }
                Some(_) => {}
            }
        }
        if wanted.offset < log.start() || wanted.offset > log.end() {
            return Found::Error(ErrorCode::OFFSET_OUT_OF_RANGE);
        }
        Found::Readable(partition)
    }

    fn respond(&self, state: &mut ClusterState) -> FetchResponse {
        let mut response =
            FetchResponse { throttle_time_ms: self.call.verdict.throttle_ms(), ..FetchResponse::default() };
        let mut hints = Vec::new();
        let mut answers = self.answers(state, &mut hints);
        let by_id = self.call.version >= 13;
        let sessions = state.sessions.entry(self.call.broker).or_default();
        match self.context {
            Context::Sessionless => {}
            Context::Full => {
                let slots = state.config.fetch_session_slots;
                response.session_id = sessions.open(&self.wanted, &answers, by_id, slots, &mut state.random);
            }
            Context::Incremental(id) => {
                sessions.reduce(id, &mut answers);
                response.session_id = id;
            }
        }
        // In the order of the request, by topic.
        let mut places: BTreeMap<TopicKey, usize> = BTreeMap::new();
        for wanted in &self.wanted {
            let Some(data) = answers.remove(&(wanted.topic.clone(), wanted.partition)) else { continue };
            let place = *places.entry(wanted.topic.clone()).or_insert_with(|| {
                let mut topic = FetchableTopicResponse::default();
                match &wanted.topic {
                    TopicKey::Name(name) => topic.topic = name.clone(),
                    TopicKey::Id(id) => topic.topic_id = *id,
                }
                response.responses.push(topic);
                response.responses.len() - 1
            });
            if let Some(topic) = response.responses.get_mut(place) {
                topic.partitions.push(data);
            }
        }
        hints.sort_unstable();
        hints.dedup();
        response.node_endpoints = hints.into_iter().filter_map(|id| endpoint(state, id)).collect();
        response
    }

    /// What there is for every partition, within the limits.
    fn answers(&self, state: &ClusterState, hints: &mut Vec<BrokerId>) -> Answers {
        let mut room = self.max_bytes;
        let mut whole_first = true;
        let mut answers = Answers::new();
        for wanted in &self.wanted {
            let mut data = PartitionData {
                partition_index: wanted.partition,
                records: Some(Bytes::new()),
                high_watermark: -1,
                ..Default::default()
            };
            match self.find(state, wanted) {
                Found::Error(code) => {
                    data.error_code = code;
                    let moved = matches!(code, ErrorCode::NOT_LEADER_OR_FOLLOWER | ErrorCode::FENCED_LEADER_EPOCH);
                    let hint = |name: Utf8Bytes| state.leader_hint(&name, wanted.partition);
                    if moved
                        && self.call.version >= 16
                        && let Some((leader_id, leader_epoch)) = name_of(&state.topics, &wanted.topic).and_then(hint)
                    {
                        data.current_leader = LeaderIdAndEpoch { leader_id, leader_epoch, ..Default::default() };
                        hints.push(leader_id);
                    }
                }
                Found::Diverged(diverged, partition) => {
                    data.diverging_epoch = diverged;
                    tell(&mut data, partition);
                }
                Found::Readable(partition) => {
                    tell(&mut data, partition);
                    let end = partition.log.readable_end(self.read_committed);
                    let limit = usize::try_from(wanted.max_bytes).unwrap_or(0).min(room);
                    let records = partition.log.read(wanted.offset, end, limit, whole_first);
                    whole_first &= records.is_empty();
                    room = room.saturating_sub(records.len());
                    if self.read_committed {
                        let aborted = partition.log.aborted_in(wanted.offset, end).into_iter();
                        let aborted = aborted.map(|aborted| AbortedTransaction {
                            producer_id: aborted.producer_id,
                            first_offset: aborted.first_offset,
                            ..Default::default()
                        });
                        data.aborted_transactions = Some(aborted.collect());
                    }
                    data.records = Some(records);
                }
            }
            answers.insert((wanted.topic.clone(), wanted.partition), data);
        }
        answers
    }
}

fn tell(data: &mut PartitionData, partition: &PartitionState) {
    data.high_watermark = partition.log.end();
    data.last_stable_offset = partition.log.last_stable_offset();
    data.log_start_offset = partition.log.start();
}

fn endpoint(state: &ClusterState, id: BrokerId) -> Option<NodeEndpoint> {
    let broker = state.brokers.get(&id)?;
    Some(NodeEndpoint {
        node_id: id,
        host: broker.host.clone().into(),
        port: i32::from(broker.port),
        rack: broker.rack.clone().map(Into::into),
        ..Default::default()
    })
}
