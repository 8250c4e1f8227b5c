//! What the format asks of single messages: observed on Kafka's own classes.

use bytes::{Bytes, BytesMut};

use crate::messages::{
    BrokerHeartbeatRequest, ConsumerGroupHeartbeatResponse, FetchRequest, FetchResponse, HeartbeatRequest,
    JoinGroupRequest, MetadataRequest, OffsetForLeaderEpochRequest, ProduceRequest, SaslAuthenticateRequest,
    consumer_group_heartbeat, fetch, metadata, produce,
};
use crate::{Absent, BrokerId, Encode, EncodeErrorKind, Message, TaggedFields, Utf8Bytes, Uuid, WireError};

fn encoded<M: Encode>(message: &M, version: i16) -> Bytes {
    let mut out = BytesMut::new();
    message.encode(version, &mut out).expect("writable");
    out.freeze()
}

#[test]
fn a_field_that_the_version_lacks_is_refused_by_its_name_unless_it_is_ignorable() {
    let heartbeat = HeartbeatRequest { group_instance_id: Some("a".into()), ..Default::default() };
    let error = heartbeat.encoded_len(0).expect_err("version 0 has no group instance id");
    assert_eq!((error.message, error.version, error.field), ("HeartbeatRequest", 0, "GroupInstanceId"));
    assert_eq!(error.kind, EncodeErrorKind::NotInVersion);
    assert!(heartbeat.encoded_len(3).is_ok());

    let join = JoinGroupRequest { reason: Some("left".into()), ..Default::default() };
    assert_eq!(encoded(&join, 7), encoded(&JoinGroupRequest::default(), 7));
    assert_ne!(encoded(&join, 8), encoded(&JoinGroupRequest::default(), 8));
}

#[test]
fn a_field_that_the_version_lacks_is_dropped_where_that_is_asked_for() {
    let tagged = || [(9, Bytes::from_static(b"x"))].into_iter().collect();
    let heartbeat = HeartbeatRequest {
        group_id: "g".into(),
        group_instance_id: Some("a".into()),
        unknown_tagged_fields: tagged(),
        ..Default::default()
    };
    let mut out = BytesMut::new();
    heartbeat.encode_with(0, Absent::Drop, &mut out).expect("writable");
    let plain = HeartbeatRequest { group_id: "g".into(), ..Default::default() };
    assert_eq!(out.freeze(), encoded(&plain, 0));
    // What the version has stays.
    assert_eq!(heartbeat.encoded_len_with(4, Absent::Drop), heartbeat.encoded_len(4));
    // Null has nothing that could stand in its place.
    let all = MetadataRequest { topics: None, ..Default::default() };
    let error = all.encoded_len_with(0, Absent::Drop).expect_err("version 0 knows no null");
    assert_eq!((error.field, error.kind), ("Topics", EncodeErrorKind::NullNotAllowed));
}

#[test]
fn null_is_refused_where_the_version_does_not_know_it() {
    let all = MetadataRequest { topics: None, ..Default::default() };
    let error = all.encoded_len(0).expect_err("version 0 says all by an empty list");
    assert_eq!((error.field, error.kind), ("Topics", EncodeErrorKind::NullNotAllowed));
    assert_eq!(&encoded(&all, 1)[..], [0xff, 0xff, 0xff, 0xff]);
    let unnamed = metadata::MetadataRequestTopic { name: None, topic_id: Uuid([1; 16]), ..Default::default() };
    let unnamed = MetadataRequest { topics: Some(vec![unnamed]), ..Default::default() };
    assert!(unnamed.encoded_len(9).is_err());
    assert!(unnamed.encoded_len(12).is_ok());
    let error = MetadataRequest::decode(&Bytes::from_static(&[0xff; 4]), 0).expect_err("null");
    assert_eq!(error.kind, WireError::UnexpectedNull);
}

#[test]
fn tagged_fields_are_written_only_where_they_differ_from_their_default() {
    let fetch = FetchRequest::default();
    let plain = encoded(&fetch, 16);
    assert_eq!(plain.last(), Some(&0));
    // A struct of defaults with an unknown tag is not the default.
    let unknown_tagged_fields: TaggedFields = [(5, Bytes::from_static(b"x"))].into_iter().collect();
    let state = fetch::ReplicaState { unknown_tagged_fields, ..Default::default() };
    let with_tag = FetchRequest { replica_state: state, ..fetch };
    assert!(encoded(&with_tag, 16).len() > plain.len());
    // Empty is not null.
    let heartbeat = BrokerHeartbeatRequest::default();
    assert_eq!(heartbeat.cordoned_log_dirs, None);
    let cordoned = BrokerHeartbeatRequest { cordoned_log_dirs: Some(Vec::new()), ..heartbeat.clone() };
    assert_eq!(encoded(&heartbeat, 2).last(), Some(&0));
    assert!(encoded(&cordoned, 2).ends_with(&[1, 1, 1, 1]));
}

#[test]
fn a_default_that_was_written_is_dropped_when_it_is_written_again() {
    let partition = fetch::FetchPartition { high_watermark: 7, ..Default::default() };
    let topic = fetch::FetchTopic { partitions: vec![partition], ..Default::default() };
    let message = FetchRequest { topics: vec![topic], ..Default::default() };
    let mut bytes = encoded(&message, 18).to_vec();
    let place = bytes.windows(10).position(|at| at == [1, 8, 0, 0, 0, 0, 0, 0, 0, 7]).expect("tag 1, 8 bytes, 7");
    bytes[place + 2..place + 10].copy_from_slice(&i64::MAX.to_be_bytes());
    let back = FetchRequest::decode(&Bytes::from(bytes.clone()), 18).expect("readable");
    assert_eq!(back.topics[0].partitions[0].high_watermark, i64::MAX);
    assert_eq!(encoded(&back, 18).len(), bytes.len() - 10);
}

#[test]
fn a_known_tag_in_a_version_that_lacks_it_is_refused() {
    let mut bytes = encoded(&FetchRequest::default(), 12).to_vec();
    assert_eq!(bytes.pop(), Some(0));
    bytes.extend([1, 1, 1, 0]);
    let error = FetchRequest::decode(&bytes.into(), 12).expect_err("tag 1 came with version 15");
    assert_eq!(error.kind, WireError::UnexpectedTag);
}

#[test]
fn unknown_tags_are_read_in_any_order_and_written_in_theirs_alone() {
    let tags = |tags: &[u32]| HeartbeatRequest {
        unknown_tagged_fields: tags.iter().map(|tag| (*tag, Bytes::new())).collect(),
        ..Default::default()
    };
    let ordered = tags(&[0, 7, u32::MAX]);
    assert_eq!(HeartbeatRequest::decode(&encoded(&ordered, 4), 4), Ok(ordered));
    for wrong in [&[7, 0][..], &[7, 7], &[u32::MAX, u32::MAX]] {
        assert_eq!(tags(wrong).encoded_len(4).expect_err("out of order").kind, EncodeErrorKind::TagsOutOfOrder);
    }
    let mut bytes = encoded(&HeartbeatRequest::default(), 4).to_vec();
    bytes.pop();
    bytes.extend([2, 7, 0, 0, 0]);
    assert_eq!(HeartbeatRequest::decode(&bytes.into(), 4), Ok(tags(&[7, 0])));
    // One that is known is not unknown.
    let known = FetchRequest {
        cluster_id: Some("a".into()),
        unknown_tagged_fields: [(0, Bytes::new())].into_iter().collect(),
        ..Default::default()
    };
    assert_eq!(known.encoded_len(12).expect_err("tag 0 twice").kind, EncodeErrorKind::TagsOutOfOrder);
    // Nor can versions before the flexible ones carry any.
    assert_eq!(tags(&[9]).encoded_len(3).expect_err("not flexible").kind, EncodeErrorKind::NotInVersion);
}

#[test]
fn a_struct_that_may_be_null_has_a_marker_before_it() {
    let absent = ConsumerGroupHeartbeatResponse::default();
    assert_eq!(absent.assignment, None);
    assert!(encoded(&absent, 0).ends_with(&[0xff, 0]));
    let assignment = Some(consumer_group_heartbeat::Assignment::default());
    let present = ConsumerGroupHeartbeatResponse { assignment, ..absent };
    assert!(encoded(&present, 0).ends_with(&[1, 1, 0, 0]));
    for (marker, expected) in [(0, true), (0x7f, true), (0x80, false)] {
        let mut bytes = encoded(&present, 0).to_vec();
        let place = bytes.len() - 4;
        bytes[place] = marker;
        let back = ConsumerGroupHeartbeatResponse::decode(&bytes.into(), 0);
        assert_eq!(back.is_ok_and(|back| back.assignment.is_some()), expected);
    }
}

#[test]
fn strings_over_the_limit_are_refused_both_ways() {
    let long = |length| HeartbeatRequest { group_id: "x".repeat(length).into(), ..Default::default() };
    for version in [0, 4] {
        assert_eq!(HeartbeatRequest::decode(&encoded(&long(32_767), version), version), Ok(long(32_767)));
        let error = long(32_768).encoded_len(version).expect_err("too long");
        assert_eq!((error.field, error.kind), ("GroupId", EncodeErrorKind::StringTooLong));
    }
    let mut bytes = vec![0x81, 0x80, 0x02];
    bytes.extend([b'x'; 40_000]);
    assert_eq!(HeartbeatRequest::decode(&bytes.into(), 4).expect_err("too long").kind, WireError::StringTooLong);
}

#[test]
fn any_negative_length_is_null_and_any_number_but_zero_is_true() {
    assert_eq!(
        MetadataRequest::decode(&Bytes::from_static(&[0xff, 0xff, 0xff, 0xfe]), 1).map(|it| it.topics),
        Ok(None)
    );
    let request = MetadataRequest::decode(&Bytes::from_static(&[0xff, 0xff, 0xff, 0xff, 0x40]), 4);
    assert_eq!(request.map(|request| request.allow_auto_topic_creation), Ok(true));
}

#[test]
fn a_count_above_the_bytes_that_are_left_is_refused_before_anything_is_allocated() {
    let error = MetadataRequest::decode(&Bytes::from_static(&[0x7f, 0xff, 0xff, 0xff, 0, 0]), 0).expect_err("too many");
    assert_eq!(error.kind, WireError::CountTooLarge);
    let error = MetadataRequest::decode(&Bytes::from_static(&[0xff, 0xff, 0xff, 0xff, 7]), 9).expect_err("too many");
    assert_eq!(error.kind, WireError::CountTooLarge);
    // Each topic of a fetch response takes three bytes at least: two fit into eight, three do not.
    let topics = |count: u8| [&[0; 10][..], &[0, 0, 0, count], &[0; 8]].concat();
    let error = FetchResponse::decode(&topics(3).into(), 7).expect_err("too many");
    assert_eq!(error.kind, WireError::CountTooLarge);
    let error = FetchResponse::decode(&topics(2).into(), 7).expect_err("six bytes each in this version");
    assert_eq!(error.kind, WireError::Truncated);
}

#[test]
fn defaults_are_those_of_kafka() {
    assert_eq!(FetchRequest::default().max_bytes, 0x7fff_ffff);
    assert_eq!(fetch::FetchPartition::default().high_watermark, i64::MAX);
    assert!(MetadataRequest::default().allow_auto_topic_creation);
    assert_eq!(OffsetForLeaderEpochRequest::default().replica_id, BrokerId(-2));
    assert_eq!(fetch::PartitionData::default().diverging_epoch.end_offset, -1);
}

#[test]
fn what_is_not_there_has_its_default_after_decoding() {
    let old = FetchRequest::decode(&encoded(&FetchRequest::default(), 0), 0).expect("readable");
    assert_eq!(old, FetchRequest::default());
    let response = FetchResponse::decode(&encoded(&FetchResponse::default(), 4), 4).expect("readable");
    assert_eq!(response, FetchResponse::default());
}

#[test]
fn strings_and_records_are_slices_of_the_frame() {
    let partition = produce::PartitionProduceData { records: Some(Bytes::from(vec![7; 5000])), ..Default::default() };
    let topic = produce::TopicProduceData {
        name: Utf8Bytes::copy_from("orders"),
        partition_data: vec![partition],
        ..Default::default()
    };
    let bytes = encoded(&ProduceRequest { topic_data: vec![topic], ..Default::default() }, 9);
    let back = ProduceRequest::decode(&bytes, 9).expect("readable");
    let range = bytes.as_ptr_range();
    assert!(range.contains(&back.topic_data[0].name.as_bytes().as_ptr()));
    let records = back.topic_data[0].partition_data[0].records.as_ref().expect("records");
    assert!(range.contains(&records.as_ptr()));
}

#[test]
fn neither_payloads_nor_secrets_are_shown_by_debug() {
    let request = SaslAuthenticateRequest { auth_bytes: Bytes::from_static(b"hunter2"), ..Default::default() };
    let shown = format!("{request:?}");
    assert!(shown.contains("<7 bytes>") && !shown.contains("hunter2"), "{shown}");
}
