//! The version before subscriptions and assignments.

use super::*;
use crate::messages::consumer_protocol_subscription::TopicPartition;

fn subscription() -> ConsumerProtocolSubscription {
    let owned = TopicPartition { topic: "orders".into(), partitions: vec![0, 2], ..Default::default() };
    ConsumerProtocolSubscription {
        topics: vec!["orders".into(), "payments".into()],
        owned_partitions: vec![owned],
        generation_id: 7,
        rack_id: Some("a".into()),
        ..Default::default()
    }
}

#[test]
fn a_subscription_carries_its_version_before_it() {
    let bytes = encode_subscription(&subscription(), 3).expect("writable");
    assert_eq!(&bytes[..2], [0, 3]);
    assert_eq!(decode_subscription(&bytes), Ok((subscription(), 3)));
}

#[test]
fn an_older_version_leaves_out_what_it_lacks() {
    let bytes = encode_subscription(&subscription(), 0).expect("writable");
    let (back, version) = decode_subscription(&bytes).expect("readable");
    assert_eq!((back.topics, version, back.generation_id), (subscription().topics, 0, -1));
}

#[test]
fn a_later_version_is_read_as_far_as_it_is_known() {
    let mut bytes =
        BytesMut::from(&encode_assignment(&ConsumerProtocolAssignment::default(), 3).expect("writable")[..]);
    bytes[1] = 9;
    bytes.extend_from_slice(b"what version 9 adds");
    assert_eq!(decode_assignment(&bytes.freeze()), Ok((ConsumerProtocolAssignment::default(), 9)));
}

#[test]
fn bytes_that_are_no_metadata_are_refused() {
    assert_eq!(decode_assignment(&Bytes::from_static(&[0])).expect_err("cut short").kind, WireError::Truncated);
    let negative = decode_assignment(&Bytes::from_static(&[0xff, 0xff])).expect_err("version -1");
    assert_eq!((negative.kind, negative.version), (WireError::UnsupportedVersion, -1));
    let error = decode_subscription(&Bytes::from_static(&[0, 0, 0, 0, 0, 1])).expect_err("cut short");
    assert_eq!(error.offset, 6);
}
