//! Produce, versions 3–13: checks batches as a leader does and appends them.
//!
//! Checked: one batch of format v2 per partition, base offset 0, length, CRC, count against offsets, size, sequence of an
//! idempotent producer, keys in a compacted topic, records in sync for `acks=all`. Compressed batches are stored as they
//! came, records that are not compressed are walked over once.
//! Gaps: records of compressed batches are not looked at unless the topic is compacted; timestamps may be anything;
//! `compression.type` of a topic is ignored; a transactional batch needs no transaction to be open. Partitions are
//! answered last first: clients must not rely on an order.

use ottla_protocol::messages::produce::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceResponse, ProduceRequest,
    ProduceResponse, TopicProduceResponse,
};
use ottla_protocol::records::{BatchHeader, batches, check_records};
use ottla_protocol::{Utf8Bytes, VersionRange};
use ottla_types::{BrokerId, ErrorCode, ProducerId};

use super::{Handler, Reply};
use crate::cluster::ClusterState;
use crate::config::Storage;
use crate::connection::Call;
use crate::fault::Touched;
use crate::producer_state::Sequence;
use crate::topics::TopicState;

impl Handler for ProduceRequest {
    const VERSIONS: VersionRange = VersionRange::new(3, 13);

    fn touched(&self, state: &ClusterState, _: BrokerId) -> Vec<Touched> {
        let mut touched = Vec::new();
        for topic in &self.topic_data {
            let name = state.topics.name_of(&topic.topic_id).unwrap_or(&topic.name);
            touched.extend(topic.partition_data.iter().map(|data| Touched::partition(name, data.index)));
        }
        touched
    }

    fn handle(self, state: &mut ClusterState, call: &Call) -> Reply<ProduceResponse> {
        let mut response =
            ProduceResponse { throttle_time_ms: call.verdict.throttle_ms(), ..ProduceResponse::default() };
        let mut hints = Vec::new();
        for topic in self.topic_data.into_iter().rev() {
            let by_id = call.version >= 13;
            let name = if by_id { state.topics.name_of(&topic.topic_id).cloned() } else { Some(topic.name.clone()) };
            let mut answers = Vec::with_capacity(topic.partition_data.len());
            for data in topic.partition_data.into_iter().rev() {
                let records = data.records.as_deref().unwrap_or_default();
                let result = match &name {
                    Some(name) => append(state, call, name, data.index, records, self.acks),
                    None => Err(Refused::from(ErrorCode::UNKNOWN_TOPIC_ID)),
                };
                let mut answer = PartitionProduceResponse { index: data.index, base_offset: -1, ..Default::default() };
                match result {
                    Ok(appended) => {
                        answer.error_code = appended.error;
                        answer.base_offset = if appended.error.is_ok() { appended.base_offset } else { -1 };
                        answer.log_append_time_ms = appended.log_append_time;
                        answer.log_start_offset = appended.log_start_offset;
                    }
                    Err(refused) => {
                        answer.error_code = refused.code;
                        if call.version >= 8 {
                            answer.record_errors = refused.records;
                            answer.error_message = refused.message.map(Utf8Bytes::from);
                        }
                    }
                }
                if call.version >= 10
                    && answer.error_code == ErrorCode::NOT_LEADER_OR_FOLLOWER
                    && let Some((leader_id, leader_epoch)) =
                        name.as_deref().and_then(|name| state.leader_hint(name, data.index))
                {
                    answer.current_leader = LeaderIdAndEpoch { leader_id, leader_epoch, ..Default::default() };
                    hints.push(leader_id);
                }
                answers.push(answer);
            }
            response.responses.push(TopicProduceResponse {
                name: topic.name,
                topic_id: topic.topic_id,
                partition_responses: answers,
                ..Default::default()
            });
        }
        if self.acks == 0 {
            // There is no other way to tell.
            let mut partitions = response.responses.iter().flat_map(|topic| &topic.partition_responses);
            return if partitions.all(|answer| answer.error_code.is_ok()) { Reply::Nothing } else { Reply::Close };
        }
        hints.sort_unstable();
        hints.dedup();
        response.node_endpoints = hints.into_iter().filter_map(|id| endpoint(state, id)).collect();
        Reply::now(response)
    }
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

/// What was appended, and the error that a fault wants to be told all the same.
#[derive(Debug)]
struct Appended {
    error: ErrorCode,
    base_offset: i64,
    log_append_time: i64,
    log_start_offset: i64,
}

/// Why a batch was not appended.
#[derive(Debug)]
struct Refused {
    code: ErrorCode,
    message: Option<&'static str>,
    records: Vec<BatchIndexAndErrorMessage>,
}

impl From<ErrorCode> for Refused {
    fn from(code: ErrorCode) -> Self {
        Self { code, message: None, records: Vec::new() }
    }
}

fn invalid(message: &'static str) -> Refused {
    Refused { code: ErrorCode::INVALID_RECORD, message: Some(message), records: Vec::new() }
}

fn append(
    state: &mut ClusterState,
    call: &Call,
    name: &Utf8Bytes,
    index: i32,
    records: &[u8],
    acks: i16,
) -> Result<Appended, Refused> {
    let mut error = ErrorCode::NONE;
    match call.verdict.partition_error(name, index) {
        Some((code, false)) => return Err(code.into()),
        Some((code, true)) => error = code,
        None => {}
    }
    if !(-1..=1).contains(&acks) {
        return Err(ErrorCode::INVALID_REQUIRED_ACKS.into());
    }
    let stamp = state.wall_ms();
    let strict = state.config.strict_first_sequence;
    let partition = state.led(call.broker, name, index, -1)?;
    let topic = state.topics.get(name).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    let in_sync = partition.replicas.iter().filter(|replica| state.is_up(**replica)).count();
    let needed = topic.config("min.insync.replicas").unwrap_or(state.config.min_insync_replicas);
    if acks == -1 && i32::try_from(in_sync).is_ok_and(|in_sync| in_sync < needed) {
        return Err(ErrorCode::NOT_ENOUGH_REPLICAS.into());
    }
    let leader_epoch = partition.leader_epoch;
    let stamp = topic.log_append_time().then_some(stamp);

    if state.config.storage == Storage::Discard {
        let header = BatchHeader::read(records).ok_or_else(|| invalid("shorter than the header of a batch"))?;
        let Some(partition) = state.topics.partition_mut(name, index) else {
            return Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.into());
        };
        let base_offset = partition.log.skip(i64::from(header.count.max(0)));
        return Ok(Appended { error, base_offset, log_append_time: -1, log_start_offset: 0 });
    }
    let largest = topic.config("max.message.bytes").unwrap_or(state.config.max_message_bytes);
    let header = check(topic, records, largest)?;
    match partition.log.producers.check(&header, strict) {
        Sequence::Refused(code) => return Err(code.into()),
        Sequence::Duplicate { base_offset, log_append_time } => {
            let log_start_offset = partition.log.start();
            return Ok(Appended { error, base_offset, log_append_time, log_start_offset });
        }
        Sequence::Next => {}
    }
    let Some(partition) = state.topics.partition_mut(name, index) else {
        return Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.into());
    };
    let base_offset = partition.log.append(records, &header, leader_epoch, stamp);
    let log_start_offset = partition.log.start();
    state.wake(name, index);
    Ok(Appended { error, base_offset, log_append_time: stamp.unwrap_or(-1), log_start_offset })
}

/// Checks a batch as a leader does before it is appended.
fn check(topic: &TopicState, records: &[u8], largest: usize) -> Result<BatchHeader, Refused> {
    let mut rest = batches(records);
    let batch = match rest.next() {
        Some(Ok(batch)) => batch,
        Some(Err(_)) => return Err(ErrorCode::CORRUPT_MESSAGE.into()),
        None => return Err(invalid("there must be one batch, whole")),
    };
    if !rest.remainder().is_empty() {
        return Err(invalid("there must be one batch and nothing after it"));
    }
    let header = *batch.header();
    if header.base_offset != 0 {
        return Err(invalid("the base offset must be 0"));
    }
    if batch.bytes().len() > largest {
        return Err(ErrorCode::MESSAGE_TOO_LARGE.into());
    }
    if batch.verify_crc().is_err() {
        return Err(ErrorCode::CORRUPT_MESSAGE.into());
    }
    if header.is_control() {
        return Err(invalid("control records are for brokers to write"));
    }
    if header.count <= 0 || header.last_offset_delta.checked_add(1) != Some(header.count) {
        return Err(invalid("the count of the records does not fit their offsets"));
    }
    if header.producer.id != ProducerId::NONE && header.producer.base_sequence < 0 {
        return Err(invalid("a producer id without a sequence"));
    }
    let codec = batch.codec().map_err(|_| Refused::from(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE))?;
    if codec == Default::default() && check_records(&header, batch.payload()).is_err() {
        return Err(invalid("the records cannot be read"));
    }
    if topic.configs.get("cleanup.policy").is_some_and(|policy| policy.split(',').any(|one| one.trim() == "compact")) {
        let mut scratch = Vec::new();
        let opened = batch.open(&mut Default::default(), &mut scratch, usize::MAX);
        let opened = opened.map_err(|_| Refused::from(ErrorCode::CORRUPT_MESSAGE))?;
        let keyless = opened.zip(0..).filter(|(record, _)| record.key.is_none());
        let refused = |(_, batch_index)| BatchIndexAndErrorMessage {
            batch_index,
            batch_index_error_message: Some("a record of a compacted topic must have a key".into()),
            ..Default::default()
        };
        let records: Vec<_> = keyless.map(refused).collect();
        if !records.is_empty() {
            let message = Some("a record of a compacted topic must have a key");
            return Err(Refused { code: ErrorCode::INVALID_RECORD, message, records });
        }
    }
    Ok(header)
}
