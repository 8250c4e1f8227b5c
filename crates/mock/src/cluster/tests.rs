//! Tests of the whole cluster, asked as a client asks it.

mod faults;

use std::time::Duration;

use bytes::Bytes;
use ottla_protocol::frame::{decode_response_header, encode_request};
use ottla_protocol::messages::fetch::{FetchPartition, FetchTopic, ForgottenTopic};
use ottla_protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use ottla_protocol::messages::metadata::MetadataRequestTopic;
use ottla_protocol::messages::produce::{PartitionProduceData, PartitionProduceResponse, TopicProduceData};
use ottla_protocol::messages::{
    ApiVersionsRequest, CreateTopicsRequest, FetchRequest, FetchResponse, InitProducerIdRequest, ListOffsetsRequest,
    MetadataRequest, OffsetForLeaderEpochRequest, ProduceRequest, create_topics, offset_for_leader_epoch,
};
use ottla_protocol::records::{BatchBuilder, EncodedBatch, NO_HEADERS, Producer};
use ottla_protocol::{ApiKey, Message, Request, VersionRange};
use ottla_types::{BrokerId, ErrorCode, ProducerId};

use super::ClusterState;
use crate::{ConnectionId, Fault, MockConfig, MockRecord, Output, Storage, SyntheticRecords};

/// A client that speaks to one broker and decodes what it is told.
struct Wire {
    cluster: ClusterState,
    connection: ConnectionId,
    now: Duration,
}

const MS: Duration = Duration::from_millis(1);

impl Wire {
    fn new(config: MockConfig) -> Self {
        let mut cluster = ClusterState::new(config);
        let connection = cluster.connect(BrokerId(1)).unwrap();
        Self { cluster, connection, now: Duration::ZERO }
    }

    fn send<R: Request>(&mut self, request: &R, version: i16) {
        let frame = encode_request(request, version, Some("test")).unwrap();
        let mut bytes = frame.head.to_vec();
        frame.tail.iter().for_each(|chunk| bytes.extend_from_slice(chunk));
        self.cluster.handle(self.now, self.connection, Bytes::from(bytes).slice(4..));
    }

    fn receive<R: Request>(&mut self, version: i16) -> Option<R::Response> {
        match self.cluster.poll_output()? {
            Output::Response { connection, frames } => {
                assert_eq!(connection, self.connection);
                let bytes = Bytes::from(frames.concat()).slice(4..);
                let (_, body) = decode_response_header(&bytes, <R as Request>::KEY, version).unwrap();
                Some(R::Response::decode(&body, version).unwrap())
            }
            Output::Close { .. } => None,
        }
    }

    fn ask<R: Request>(&mut self, request: &R, version: i16) -> R::Response {
        self.send(request, version);
        self.receive::<R>(version).expect("an answer")
    }

    fn produce(&mut self, partition: i32, batch: EncodedBatch) -> PartitionProduceResponse {
        let response = self.ask(&produce(partition, batch), 9);
        response.responses[0].partition_responses[0].clone()
    }
}

fn batch(records: i32) -> EncodedBatch {
    let mut builder = BatchBuilder::new(Vec::new());
    for n in 0..records {
        builder.append(1_000 + i64::from(n), None, Some(b"value"), NO_HEADERS).unwrap();
    }
    let mut batch = builder.build();
    batch.seal();
    batch
}

fn sequenced(records: i32, epoch: i16, base_sequence: i32) -> EncodedBatch {
    let mut batch = batch(records);
    batch.assign(Producer { id: ProducerId(1), epoch, base_sequence });
    batch.seal();
    batch
}

fn produce(partition: i32, batch: EncodedBatch) -> ProduceRequest {
    let data =
        PartitionProduceData { index: partition, records: Some(batch.into_inner().into()), ..Default::default() };
    ProduceRequest {
        acks: -1,
        timeout_ms: 1_000,
        topic_data: vec![TopicProduceData { name: "t".into(), partition_data: vec![data], ..Default::default() }],
        ..Default::default()
    }
}

fn fetch(offset: i64, min_bytes: i32, max_wait_ms: i32) -> FetchRequest {
    FetchRequest {
        max_wait_ms,
        min_bytes,
        topics: vec![FetchTopic {
            topic: "t".into(),
            partitions: vec![FetchPartition {
                fetch_offset: offset,
                partition_max_bytes: 1 << 20,
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    }
}

fn records(response: &FetchResponse) -> &Bytes {
    response.responses[0].partitions[0].records.as_ref().unwrap()
}

fn with_topic(config: MockConfig, partitions: i32) -> Wire {
    let mut wire = Wire::new(config);
    wire.cluster.create_topic("t", partitions).unwrap();
    wire
}

#[test]
fn an_unknown_version_of_api_versions_is_answered_in_version_0() {
    let mut wire = Wire::new(MockConfig::new(1));
    let mut frame = encode_request(&ApiVersionsRequest::default(), 3, None).unwrap().head;
    frame[6..8].copy_from_slice(&99_i16.to_be_bytes());
    wire.cluster.handle(Duration::ZERO, wire.connection, frame.freeze().slice(4..));
    let response = wire.receive::<ApiVersionsRequest>(0).unwrap();
    assert_eq!(response.error_code, ErrorCode::UNSUPPORTED_VERSION);
    assert_eq!(response.api_keys.len(), 1);
    assert_eq!((response.api_keys[0].api_key, response.api_keys[0].max_version), (18, 4));
}

#[test]
fn announced_versions_follow_the_settings() {
    let config =
        MockConfig::new(1).api_versions(ApiKey::FETCH, VersionRange::new(0, 11)).without_api(ApiKey::DESCRIBE_CLUSTER);
    let mut wire = Wire::new(config);
    let response = wire.ask(&ApiVersionsRequest::default(), 4);
    let range = |key: ApiKey| {
        let found = response.api_keys.iter().find(|api| api.api_key == key.0);
        found.map(|api| (api.min_version, api.max_version))
    };
    assert_eq!(range(ApiKey::FETCH), Some((4, 11)));
    assert_eq!(range(ApiKey::DESCRIBE_CLUSTER), None);
    wire.send(&FetchRequest::default(), 12);
    assert!(matches!(wire.cluster.poll_output(), Some(Output::Close { .. })), "a version that is not served");
}

#[test]
fn bytes_that_are_no_request_end_the_connection() {
    let mut wire = Wire::new(MockConfig::new(1));
    wire.cluster.handle(Duration::ZERO, wire.connection, Bytes::from_static(b"GET / HTTP/1.1\r\n\r\n"));
    assert!(matches!(wire.cluster.poll_output(), Some(Output::Close { .. })));
    assert_eq!(wire.cluster.poll_output(), None);
}

#[test]
fn a_topic_asked_for_is_made_and_there_the_next_time() {
    let mut wire = Wire::new(MockConfig::new(3).default_partitions(4));
    let ask = |name: &'static str, allow| MetadataRequest {
        topics: Some(vec![MetadataRequestTopic { name: Some(name.into()), ..Default::default() }]),
        allow_auto_topic_creation: allow,
        ..Default::default()
    };
    let first = wire.ask(&ask("made", true), 12);
    assert_eq!(first.topics[0].error_code, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    let second = wire.ask(&ask("made", true), 12);
    assert_eq!((second.topics[0].error_code, second.topics[0].partitions.len()), (ErrorCode::NONE, 4));
    assert_eq!(second.topics[0].partitions[0].replica_nodes.len(), 3);
    let by_id = MetadataRequest {
        topics: Some(vec![MetadataRequestTopic {
            topic_id: second.topics[0].topic_id,
            name: None,
            ..Default::default()
        }]),
        ..Default::default()
    };
    assert_eq!(wire.ask(&by_id, 12).topics[0].name.as_deref(), Some("made"));
    wire.ask(&ask("not-made", false), 12);
    assert_eq!(wire.ask(&ask("bad/name", true), 12).topics[0].error_code, ErrorCode::INVALID_TOPIC_EXCEPTION);
    assert_eq!(wire.cluster.topics().collect::<Vec<_>>(), ["made"]);
}

#[test]
fn what_is_produced_can_be_fetched() {
    let mut wire = with_topic(MockConfig::new(1), 1);
    assert_eq!(wire.produce(0, batch(3)).base_offset, 0);
    assert_eq!(wire.produce(0, batch(2)).base_offset, 3);
    let response = wire.ask(&fetch(0, 1, 500), 12);
    let partition = &response.responses[0].partitions[0];
    assert_eq!((partition.high_watermark, partition.last_stable_offset, partition.log_start_offset), (5, 5, 0));
    let stored = wire.cluster.batches("t", 0).unwrap();
    assert_eq!(*records(&response), Bytes::from(stored.concat()));
    let stored = wire.cluster.records("t", 0).unwrap();
    assert_eq!(stored.iter().map(|record| record.offset).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
}

#[test]
fn batches_that_are_wrong_are_refused() {
    let mut wire = with_topic(MockConfig::new(1).max_message_bytes(500), 1);
    let mut corrupt = batch(1).into_inner();
    *corrupt.last_mut().unwrap() ^= 1;
    let corrupt = EncodedBatch::from_bytes(corrupt).unwrap();
    assert_eq!(wire.produce(0, corrupt).error_code, ErrorCode::CORRUPT_MESSAGE);
    assert_eq!(wire.produce(0, batch(100)).error_code, ErrorCode::MESSAGE_TOO_LARGE);
    assert_eq!(wire.produce(1, batch(1)).error_code, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    let mut offset = batch(1);
    offset.set_base_offset(7);
    assert_eq!(wire.produce(0, offset).error_code, ErrorCode::INVALID_RECORD);
    assert_eq!(wire.cluster.partition("t", 0).unwrap().high_watermark, 0);
}

#[test]
fn a_batch_sent_twice_is_answered_like_the_first_time() {
    let mut wire = with_topic(MockConfig::new(1), 1);
    assert_eq!(wire.produce(0, sequenced(2, 0, 0)).base_offset, 0);
    assert_eq!(wire.produce(0, sequenced(2, 0, 2)).base_offset, 2);
    let again = wire.produce(0, sequenced(2, 0, 0));
    assert_eq!((again.error_code, again.base_offset), (ErrorCode::NONE, 0));
    assert_eq!(wire.produce(0, sequenced(1, 0, 9)).error_code, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    assert_eq!(wire.cluster.partition("t", 0).unwrap().high_watermark, 4);
}

#[test]
fn without_acknowledgement_success_is_silent_and_failure_ends_the_connection() {
    let mut wire = with_topic(MockConfig::new(1), 1);
    wire.send(&ProduceRequest { acks: 0, ..produce(0, batch(1)) }, 9);
    assert_eq!(wire.cluster.poll_output(), None);
    assert_eq!(wire.cluster.partition("t", 0).unwrap().high_watermark, 1);
    wire.send(&ProduceRequest { acks: 0, ..produce(5, batch(1)) }, 9);
    assert!(matches!(wire.cluster.poll_output(), Some(Output::Close { .. })));
}

#[test]
fn a_fetch_waits_for_its_minimum_or_its_time() {
    let mut wire = with_topic(MockConfig::new(1), 1);
    let mut other = wire.cluster.connect(BrokerId(1)).unwrap();
    wire.send(&fetch(0, 1, 500), 12);
    assert_eq!(wire.cluster.poll_output(), None);
    assert_eq!(wire.cluster.poll_timeout(), Some(500 * MS));
    wire.cluster.append("t", 0, &[MockRecord::value("a")]).unwrap();
    assert!(!records(&wire.receive::<FetchRequest>(12).unwrap()).is_empty());
    assert_eq!(wire.cluster.poll_timeout(), None);

    wire.send(&fetch(1, 1, 500), 12);
    wire.cluster.advance(499 * MS);
    assert_eq!(wire.cluster.poll_output(), None);
    wire.cluster.advance(500 * MS);
    assert!(records(&wire.receive::<FetchRequest>(12).unwrap()).is_empty());

    // What is behind a fetch that waits, waits; other connections do not.
    wire.send(&fetch(1, 1_000_000, 500), 12);
    wire.send(&InitProducerIdRequest::default(), 4);
    assert_eq!((wire.cluster.poll_output(), wire.cluster.backlog(wire.connection)), (None, 1));
    std::mem::swap(&mut other, &mut wire.connection);
    wire.ask(&InitProducerIdRequest::default(), 4);
    std::mem::swap(&mut other, &mut wire.connection);
    wire.cluster.advance(2_000 * MS);
    assert!(wire.receive::<FetchRequest>(12).is_some());
    assert!(wire.receive::<InitProducerIdRequest>(4).is_some());
}

#[test]
fn limits_of_a_fetch_let_the_first_batch_through_whole() {
    let mut wire = with_topic(MockConfig::new(1), 2);
    wire.produce(0, batch(10));
    wire.produce(0, batch(10));
    wire.produce(1, batch(10));
    let size = wire.cluster.batches("t", 0).unwrap()[0].len();
    let mut request = fetch(0, 1, 0);
    let second = FetchPartition { partition: 1, ..request.topics[0].partitions[0].clone() };
    request.topics[0].partitions.push(second);
    request.max_bytes = 10;
    let response = wire.ask(&request, 12);
    let lengths: Vec<_> =
        response.responses[0].partitions.iter().map(|data| data.records.as_ref().unwrap().len()).collect();
    assert_eq!(lengths, [size, 0]);
    request.max_bytes = i32::MAX;
    request.topics[0].partitions[0].partition_max_bytes = i32::try_from(size).unwrap() + 20;
    let response = wire.ask(&request, 12);
    assert_eq!(records(&response).len(), size + 20, "the last batch is cut");
}

#[test]
fn a_fetch_session_tells_only_news() {
    let mut wire = with_topic(MockConfig::new(1), 1);
    let mut request = fetch(0, 1, 0);
    request.session_epoch = 0;
    let session_id = wire.ask(&request, 12).session_id;
    assert_ne!(session_id, 0);
    let next = |epoch| FetchRequest { session_id, session_epoch: epoch, max_wait_ms: 0, ..Default::default() };
    assert!(wire.ask(&next(1), 12).responses.is_empty());
    wire.cluster.append("t", 0, &[MockRecord::value("a")]).unwrap();
    assert!(!records(&wire.ask(&next(2), 12)).is_empty());
    assert_eq!(wire.ask(&next(2), 12).error_code, ErrorCode::INVALID_FETCH_SESSION_EPOCH);
    let forgotten = ForgottenTopic { topic: "t".into(), partitions: vec![0], ..Default::default() };
    let last = wire.ask(&FetchRequest { forgotten_topics_data: vec![forgotten], ..next(3) }, 12);
    assert_eq!((last.session_id, wire.cluster.fetch_sessions(BrokerId(1))), (0, 0));
}

#[test]
fn offsets_out_of_range_and_diverging_epochs_are_told() {
    let mut wire = with_topic(MockConfig::new(1), 1);
    wire.produce(0, batch(5));
    let error = |wire: &mut Wire, offset| wire.ask(&fetch(offset, 1, 0), 12).responses[0].partitions[0].error_code;
    assert_eq!(error(&mut wire, 6), ErrorCode::OFFSET_OUT_OF_RANGE);
    assert_eq!(error(&mut wire, 5), ErrorCode::NONE);
    wire.cluster.delete_records("t", 0, 5).unwrap();
    assert_eq!(error(&mut wire, 4), ErrorCode::OFFSET_OUT_OF_RANGE);

    wire.produce(0, batch(5));
    wire.cluster.truncate("t", 0, 5).unwrap();
    wire.produce(0, batch(5));
    let mut request = fetch(10, 1, 0);
    request.topics[0].partitions[0].last_fetched_epoch = 0;
    let response = wire.ask(&request, 12);
    let diverging = &response.responses[0].partitions[0].diverging_epoch;
    assert_eq!((diverging.epoch, diverging.end_offset), (0, 5));
    let asked = offset_for_leader_epoch::OffsetForLeaderPartition {
        current_leader_epoch: 1,
        leader_epoch: 0,
        ..Default::default()
    };
    let topic = offset_for_leader_epoch::OffsetForLeaderTopic {
        topic: "t".into(),
        partitions: vec![asked],
        ..Default::default()
    };
    let response = wire.ask(&OffsetForLeaderEpochRequest { topics: vec![topic], ..Default::default() }, 4);
    let end = &response.topics[0].partitions[0];
    assert_eq!((end.error_code, end.leader_epoch, end.end_offset), (ErrorCode::NONE, 0, 5));
}

#[test]
fn offsets_are_listed_by_time() {
    let mut wire = with_topic(MockConfig::new(1), 1);
    wire.produce(0, batch(5));
    wire.cluster.append("t", 0, &[MockRecord::value("old").at(10)]).unwrap();
    let mut list = |timestamp| {
        let asked = ListOffsetsPartition { timestamp, ..Default::default() };
        let topic = ListOffsetsTopic { name: "t".into(), partitions: vec![asked], ..Default::default() };
        let request = ListOffsetsRequest { replica_id: BrokerId(-1), topics: vec![topic], ..Default::default() };
        let answer = wire.ask(&request, 7).topics[0].partitions[0].clone();
        (answer.offset, answer.timestamp)
    };
    assert_eq!(list(-2), (0, -1));
    assert_eq!(list(-1), (6, -1));
    assert_eq!(list(-3), (4, 1_004));
    assert_eq!(list(1_002), (2, 1_002));
    assert_eq!(list(0), (0, 1_000));
    assert_eq!(list(2_000), (-1, -1));
}

#[test]
fn an_aborted_transaction_is_told_to_those_who_read_committed() {
    let mut wire = with_topic(MockConfig::new(1), 1);
    let mut open = batch(2);
    open.set_transactional(true);
    open.assign(Producer { id: ProducerId(5), epoch: 0, base_sequence: 0 });
    open.seal();
    assert_eq!(wire.produce(0, open).error_code, ErrorCode::NONE);
    wire.produce(0, batch(1));
    let mut request = fetch(0, 1, 0);
    request.isolation_level = 1;
    let response = wire.ask(&request, 12);
    assert_eq!(response.responses[0].partitions[0].last_stable_offset, 0);
    assert!(records(&response).is_empty());
    assert_eq!(wire.cluster.end_transaction("t", 0, (ProducerId(5), 0), false).unwrap(), 3);
    let response = wire.ask(&request, 12);
    let data = &response.responses[0].partitions[0];
    let aborted = &data.aborted_transactions.as_ref().unwrap()[0];
    assert_eq!((aborted.producer_id, aborted.first_offset, data.last_stable_offset), (ProducerId(5), 0, 4));
}

#[test]
fn topics_are_created_with_what_was_asked_and_refused_with_a_reason() {
    let mut wire = Wire::new(MockConfig::new(3));
    let topic = |name: &'static str, num_partitions, replication_factor| create_topics::CreatableTopic {
        name: name.into(),
        num_partitions,
        replication_factor,
        ..Default::default()
    };
    let mut ask = |topic| {
        let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 1_000, ..Default::default() };
        wire.ask(&request, 7).topics[0].clone()
    };
    let made = ask(topic("a", 6, 2));
    assert_eq!((made.error_code, made.num_partitions, made.replication_factor), (ErrorCode::NONE, 6, 2));
    assert!(!made.topic_id.is_nil());
    assert_eq!(ask(topic("a", 6, 2)).error_code, ErrorCode::TOPIC_ALREADY_EXISTS);
    assert_eq!(ask(topic("b", 0, 2)).error_code, ErrorCode::INVALID_PARTITIONS);
    assert_eq!(ask(topic("b", 1, 4)).error_code, ErrorCode::INVALID_REPLICATION_FACTOR);
    assert_eq!(ask(topic("b b", 1, 1)).error_code, ErrorCode::INVALID_TOPIC_EXCEPTION);
    let mut configured = topic("b", -1, -1);
    configured.configs =
        vec![create_topics::CreatableTopicConfig { name: "no.such".into(), value: None, ..Default::default() }];
    assert_eq!(ask(configured).error_code, ErrorCode::INVALID_CONFIG);
    let leaders: Vec<_> = (0..6).map(|p| wire.cluster.partition("a", p).unwrap().leader.unwrap().0).collect();
    assert_eq!(leaders, [1, 2, 3, 1, 2, 3]);
}

#[test]
fn a_compacted_topic_names_the_records_without_a_key() {
    let mut wire = Wire::new(MockConfig::new(1));
    let configs = [("cleanup.policy".to_owned(), "compact".to_owned())].into();
    wire.cluster.create_topic_with("t", 1, 1, configs).unwrap();
    let answer = wire.produce(0, batch(2));
    assert_eq!(answer.error_code, ErrorCode::INVALID_RECORD);
    assert_eq!(answer.record_errors.iter().map(|error| error.batch_index).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn the_broker_stamps_records_where_the_topic_says_so() {
    let mut wire = Wire::new(MockConfig::new(1).start_ms(5_000));
    let configs = [("message.timestamp.type".to_owned(), "LogAppendTime".to_owned())].into();
    wire.cluster.create_topic_with("t", 1, 1, configs).unwrap();
    wire.now = 7 * MS;
    assert_eq!(wire.produce(0, batch(2)).log_append_time_ms, 5_007);
    let stored = wire.cluster.records("t", 0).unwrap();
    assert_eq!(stored.iter().map(|record| record.timestamp).collect::<Vec<_>>(), [5_007, 5_007]);
}

#[test]
fn modes_for_measuring_store_nothing_and_make_up_records() {
    let mut wire = with_topic(MockConfig::new(1).storage(Storage::Discard), 1);
    assert_eq!(wire.produce(0, batch(3)).base_offset, 0);
    assert_eq!(wire.produce(0, batch(3)).base_offset, 3);
    assert!(wire.cluster.batches("t", 0).unwrap().is_empty());

    let synthetic = SyntheticRecords { records: 1_000, value_bytes: 100, batch_records: 10 };
    let mut wire = with_topic(MockConfig::new(1).synthetic(synthetic), 1);
    let response = wire.ask(&fetch(995, 1, 0), 12);
    let mut scratch = Vec::new();
    let batches: Vec<_> = ottla_protocol::records::batches(records(&response)).map(Result::unwrap).collect();
    assert_eq!(batches.len(), 1);
    let read = batches[0].open(&mut Default::default(), &mut scratch, usize::MAX).unwrap();
    assert_eq!(read.map(|record| record.offset).collect::<Vec<_>>(), (990..1_000).collect::<Vec<_>>());
    assert!(records(&wire.ask(&fetch(1_000, 1, 0), 12)).is_empty());
}

#[test]
fn requests_are_counted() {
    let mut wire = with_topic(MockConfig::new(1), 1);
    wire.produce(0, batch(1));
    wire.ask(&MetadataRequest::default(), 12);
    wire.ask(&MetadataRequest::default(), 9);
    let seen = wire.cluster.requests();
    assert_eq!((seen.count(ApiKey::METADATA), seen.count_version(ApiKey::METADATA, 9), seen.connections()), (2, 1, 1));
    assert_eq!(seen.count_broker(ApiKey::PRODUCE, BrokerId(1)), 1);
}
