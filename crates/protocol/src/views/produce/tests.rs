//! The view of Produce requests against the typed message.

use bytes::Bytes;

use super::super::tests::{Tally, bodies, same_topic};
use super::ProduceRequestView;
use crate::Message;
use crate::messages::ProduceRequest;

fn same(view: &ProduceRequestView<'_>, typed: &ProduceRequest, version: i16) {
    let id = view.transactional_id().map(|id| id.to_string());
    assert_eq!(id.as_deref(), typed.transactional_id.as_deref());
    assert_eq!((view.acks(), view.timeout_ms()), (typed.acks, typed.timeout_ms));
    assert_eq!(view.topics().len(), typed.topic_data.len());
    for (topic, expected) in view.topics().zip(&typed.topic_data) {
        same_topic((topic.name(), topic.id()), (&expected.name, expected.topic_id), version);
        assert_eq!(topic.partitions().len(), expected.partition_data.len());
        for (partition, expected) in topic.partitions().zip(&expected.partition_data) {
            assert_eq!((partition.index, partition.records), (expected.index, expected.records.as_deref()));
        }
    }
}

#[test]
fn the_view_has_what_the_typed_message_has_and_refuses_what_it_refuses() {
    let mut tally = Tally::default();
    bodies("ProduceRequest", |bytes: Bytes, version| {
        let (view, typed) = (ProduceRequestView::new(&bytes, version), ProduceRequest::decode_prefix(&bytes, version));
        if let Some((view, (typed, length))) = tally.both(view, typed) {
            same(&view, &typed, version);
            assert_eq!(view.body_len(), length);
        }
    });
    tally.finish();
}

#[test]
fn debug_shows_no_payload() {
    let body =
        b"\xff\xff\x00\x01\x00\x00\x75\x30\x00\x00\x00\x01\x00\x01t\x00\x00\x00\x01\x00\x00\x00\x07\x00\x00\x00\x02ab";
    let view = ProduceRequestView::new(body, 3).expect("readable");
    let partition = view.topics().next().and_then(|topic| topic.partitions().next()).expect("one");
    assert_eq!(format!("{partition:?}"), r#"ProducePartitionView { index: 7, records: Some("<2 bytes>") }"#);
    assert!(!format!("{view:?}").contains("97"));
}
