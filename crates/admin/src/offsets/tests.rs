//! Tests of finding offsets.

use ottla_protocol::ApiKey;
use ottla_protocol::messages::list_offsets::ListOffsetsTopicResponse;
use ottla_types::ErrorCode;

use super::*;
use crate::testing::{body, broker, sent};

fn question(spec: OffsetSpec) -> ListOffsets {
    ListOffsets::new(TopicPartition::new("t", 3), spec, 30_000)
}

fn answer(part: ListOffsetsPartitionResponse) -> ListOffsetsResponse {
    let part = ListOffsetsPartitionResponse { partition_index: 3, ..part };
    let topic = ListOffsetsTopicResponse { name: "t".into(), partitions: vec![part], ..Default::default() };
    ListOffsetsResponse { topics: vec![topic], ..Default::default() }
}

#[test]
fn every_version_can_be_asked_and_read() {
    for max in 0..=<ListOffsetsRequest as ottla_protocol::Message>::MAX {
        let mut question = question(OffsetSpec::Earliest);
        let versions = broker(&[(ApiKey::LIST_OFFSETS, max)]);
        let (version, request) = sent::<ListOffsetsRequest>(question.encode(&versions, None).unwrap());
        assert_eq!(request.topics[0].partitions[0].timestamp, -2);
        let part = if version == 0 {
            ListOffsetsPartitionResponse { old_style_offsets: vec![7], ..Default::default() }
        } else {
            ListOffsetsPartitionResponse { offset: 7, ..Default::default() }
        };
        question.read(version, &body(&answer(part), version)).unwrap();
        let found = question.conclude(Ok(())).unwrap().unwrap();
        assert_eq!((found.offset, found.timestamp), (7, None), "version {version}");
    }
}

#[test]
fn what_old_brokers_cannot_tell_is_incompatible() {
    for (spec, max) in [(OffsetSpec::Timestamp(5), 0), (OffsetSpec::LastStable, 1), (OffsetSpec::MaxTimestamp, 6)] {
        let error = question(spec).encode(&broker(&[(ApiKey::LIST_OFFSETS, max)]), None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Incompatible, "{spec:?}");
    }
}

#[test]
fn a_timestamp_that_no_record_has_reached_finds_nothing() {
    let mut question = question(OffsetSpec::Timestamp(5));
    let part = ListOffsetsPartitionResponse { offset: -1, timestamp: -1, ..Default::default() };
    question.read(8, &body(&answer(part), 8)).unwrap();
    assert_eq!(question.conclude(Ok(())).unwrap(), None);
}

#[test]
fn a_leader_that_moved_is_asked_again_and_a_refusal_is_not() {
    let with = |error_code| ListOffsetsPartitionResponse { error_code, ..Default::default() };
    let moved = body(&answer(with(ErrorCode::NOT_LEADER_OR_FOLLOWER)), 8);
    assert!(matches!(question(OffsetSpec::Latest).read(8, &moved), Ok(Progress::Again(_))));
    let refused = body(&answer(with(ErrorCode::TOPIC_AUTHORIZATION_FAILED)), 8);
    let error = question(OffsetSpec::Latest).read(8, &refused).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authorization);
}
