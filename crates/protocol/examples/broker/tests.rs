//! A client that is made by hand, against the broker.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

use std::io::Write;
use std::net::TcpStream;

use bytes::Bytes;
use ottla_protocol::messages::fetch::{FetchPartition, FetchTopic};
use ottla_protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use ottla_protocol::messages::metadata::MetadataRequestTopic;
use ottla_protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use ottla_protocol::messages::{
    ApiVersionsRequest, ApiVersionsResponse, FetchRequest, ListOffsetsRequest, MetadataRequest, ProduceRequest,
};
use ottla_protocol::records::{BatchBuilder, NO_HEADERS, batches};
use ottla_protocol::{ApiKey, ErrorCode, Message as _, Request, frame};

use crate::answers::TOPIC;
use crate::{read_frame, start};

fn client() -> TcpStream {
    TcpStream::connect(start("127.0.0.1:0").unwrap().0).unwrap()
}

fn ask<R: Request>(client: &mut TcpStream, request: &R, version: i16) -> R::Response {
    let mut frame = frame::encode_request(request, version, None).unwrap();
    frame.set_correlation_id(9);
    client.write_all(&[&frame.head[..], &frame.tail.concat()].concat()).unwrap();
    let answer = read_frame(client).unwrap().unwrap();
    let (correlation_id, body) = frame::decode_response_header(&answer, R::KEY, version).unwrap();
    assert_eq!(correlation_id, 9);
    R::Response::decode(&body, version).unwrap()
}

fn produce(client: &mut TcpStream, version: i16, values: &[&str]) -> (ErrorCode, i64) {
    let mut builder = BatchBuilder::new(Vec::new());
    for value in values {
        builder.append(1, None, Some(value.as_bytes()), NO_HEADERS).unwrap();
    }
    let mut batch = builder.build();
    batch.seal();
    send_records(client, version, 0, batch.into_inner().into())
}

fn send_records(client: &mut TcpStream, version: i16, index: i32, records: Bytes) -> (ErrorCode, i64) {
    let partition = PartitionProduceData { index, records: Some(records), ..Default::default() };
    let topic = TopicProduceData { name: TOPIC.into(), partition_data: vec![partition], ..Default::default() };
    let request = ProduceRequest { acks: -1, topic_data: vec![topic], ..Default::default() };
    let response = ask(client, &request, version);
    let partition = &response.responses[0].partition_responses[0];
    (partition.error_code, partition.base_offset)
}

fn fetch(client: &mut TcpStream, version: i16, fetch_offset: i64, max_wait_ms: i32) -> (ErrorCode, Vec<(i64, String)>) {
    let partition = FetchPartition { fetch_offset, partition_max_bytes: 1, ..Default::default() };
    let topic = FetchTopic { topic: TOPIC.into(), partitions: vec![partition], ..Default::default() };
    let request = FetchRequest { max_wait_ms, topics: vec![topic], ..Default::default() };
    let response = ask(client, &request, version);
    let partition = &response.responses[0].partitions[0];
    let mut values = Vec::new();
    for batch in batches(partition.records.as_deref().unwrap_or_default()) {
        for record in batch.unwrap().open(&mut Default::default(), &mut Vec::new(), 1 << 20).unwrap() {
            values.push((record.offset, String::from_utf8(record.value.unwrap().to_vec()).unwrap()));
        }
    }
    (partition.error_code, values)
}

#[test]
fn what_is_produced_is_fetched_in_every_version_offered() {
    let mut client = client();
    let mut next = 0;
    for version in 3..=12 {
        assert_eq!(produce(&mut client, version, &["a", "b"]), (ErrorCode::NONE, next));
        next += 2;
    }
    for version in 4..=12 {
        // The batch that has the offset, and none besides for a byte.
        let expected = vec![(2, "a".to_owned()), (3, "b".to_owned())];
        assert_eq!(fetch(&mut client, version, 3, 0), (ErrorCode::NONE, expected));
        assert_eq!(fetch(&mut client, version, next, 0), (ErrorCode::NONE, Vec::new()));
        assert_eq!(fetch(&mut client, version, next + 1, 0).0, ErrorCode::OFFSET_OUT_OF_RANGE);
    }
}

#[test]
fn a_fetch_waits_for_records() {
    let mut client = client();
    let mut other = TcpStream::connect(client.peer_addr().unwrap()).unwrap();
    let waiting = std::thread::spawn(move || fetch(&mut other, 12, 0, 60_000));
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert!(!waiting.is_finished());
    produce(&mut client, 9, &["late"]);
    assert_eq!(waiting.join().unwrap(), (ErrorCode::NONE, vec![(0, "late".to_owned())]));
}

#[test]
fn damaged_batches_and_unknown_partitions_are_refused() {
    let mut client = client();
    produce(&mut client, 9, &["a"]);
    let mut builder = BatchBuilder::new(Vec::new());
    builder.append(1, None, Some(b"x"), NO_HEADERS).unwrap();
    let mut batch = builder.build();
    batch.seal();
    let whole = batch.into_inner();
    let mut damaged = whole.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(send_records(&mut client, 9, 0, damaged.into()).0, ErrorCode::CORRUPT_MESSAGE);
    assert_eq!(send_records(&mut client, 9, 0, Bytes::new()).0, ErrorCode::INVALID_RECORD);
    assert_eq!(send_records(&mut client, 9, 0, whole.repeat(2).into()).0, ErrorCode::INVALID_RECORD);
    assert_eq!(send_records(&mut client, 9, 1, whole.into()).0, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
}

#[test]
fn clients_learn_where_and_what_there_is() {
    let mut client = client();
    for version in 0..=12 {
        let named = |name: &'static str| MetadataRequestTopic { name: Some(name.into()), ..Default::default() };
        let request = MetadataRequest { topics: Some(vec![named(TOPIC), named("other")]), ..Default::default() };
        let metadata = ask(&mut client, &request, version);
        assert_eq!(metadata.brokers[0].port, i32::from(client.peer_addr().unwrap().port()));
        let codes: Vec<_> = metadata.topics.iter().map(|topic| topic.error_code).collect();
        assert_eq!(codes, [ErrorCode::NONE, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION]);
    }
    let all = [(0, Some(Vec::new())), (12, None)];
    for (version, topics) in all {
        assert_eq!(ask(&mut client, &MetadataRequest { topics, ..Default::default() }, version).topics.len(), 1);
    }
    produce(&mut client, 9, &["a", "b"]);
    for (timestamp, offset) in [(-2, 0), (-1, 2)] {
        let partition = ListOffsetsPartition { timestamp, ..Default::default() };
        let topic = ListOffsetsTopic { name: TOPIC.into(), partitions: vec![partition], ..Default::default() };
        let response = ask(&mut client, &ListOffsetsRequest { topics: vec![topic], ..Default::default() }, 7);
        assert_eq!(response.topics[0].partitions[0].offset, offset);
    }
}

#[test]
fn a_client_that_is_newer_learns_the_versions_and_goes_on() {
    let mut client = client();
    client.write_all(b"\x00\x00\x00\x0b\x00\x12\x7f\xff\x00\x00\x00\x09\xff\xff\x00").unwrap();
    let answer = read_frame(&mut client).unwrap().unwrap();
    let (_, body) = frame::decode_response_header(&answer, ApiKey::API_VERSIONS, 0).unwrap();
    let response = ApiVersionsResponse::decode(&body, 0).unwrap();
    assert_eq!(response.error_code, ErrorCode::UNSUPPORTED_VERSION);
    let highest = response.api_keys.iter().find(|api| api.api_key == ApiKey::API_VERSIONS.0).unwrap().max_version;
    let again = ask(&mut client, &ApiVersionsRequest::default(), highest);
    assert_eq!(again.api_keys.len(), response.api_keys.len());
}

#[test]
fn what_is_no_request_closes_the_connection() {
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"\x00\x00\x00\x04\x7f\xff\x00\x00", b"\xff\xff\xff\xff"] {
        let mut client = client();
        client.write_all(bytes).unwrap();
        assert!(read_frame(&mut client).map_or(true, |frame| frame.is_none()));
    }
}
