//! Tests of records and their headers.

use std::sync::Arc;

use bytes::Bytes;
use ottla_protocol::records::{BatchBuilder, BatchHeader, RecordCursor, TimestampType};
use ottla_types::Topic;

use super::{Chunk, Segment};
use crate::batch::Batch;
use crate::position::Delivered;

const HEADERS: [(&[u8], Option<&[u8]>); 3] = [(b"a", Some(b"1")), (b"b", None), (b"a", Some(b""))];

/// Two record batches of three records each, from offsets 10 and 20 on.
fn chunk() -> Arc<Chunk> {
    let segments = [10, 20].map(|base| {
        let mut builder = BatchBuilder::new(Vec::new());
        builder.append(1_000, Some(b"key"), Some(b"value"), HEADERS).unwrap();
        builder.append(1_001, None, Some(b""), HEADERS).unwrap();
        builder.append(1_002, Some(b""), None, []).unwrap();
        let batch = builder.build();
        let mut header = *batch.header();
        header.base_offset = base;
        let bytes = Bytes::from(batch.into_inner());
        Segment {
            payload: bytes.slice(BatchHeader::LEN..),
            cursor: RecordCursor::new(&header),
            leader_epoch: 4,
            timestamp_type: TimestampType::CreateTime,
        }
    });
    Arc::new(Chunk { topic: Topic::from("t"), partition: 3, segments: segments.into(), next_offset: 23 })
}

fn batch(until: i64) -> Option<Batch> {
    Batch::new(chunk(), Arc::new(Delivered::new(0)), until)
}

#[test]
fn views_and_records_tell_the_same() {
    let batch = batch(i64::MAX).unwrap();
    assert_eq!((batch.len(), batch.next_offset(), batch.partition()), (6, 23, 3));
    assert_eq!(batch.iter().map(|view| view.offset).collect::<Vec<_>>(), [10, 11, 12, 20, 21, 22]);
    for view in &batch {
        let owned = view.to_owned();
        for record in [owned.clone(), owned.clone().detach()] {
            assert_eq!(record.topic(), view.topic());
            assert_eq!((record.partition, record.offset), (view.partition, view.offset));
            assert_eq!((record.key(), record.value()), (view.key(), view.value()));
            assert_eq!(record.key_bytes().as_deref(), view.key());
            assert_eq!(record.value_bytes().as_deref(), view.value());
            assert_eq!(record.timestamp(), view.timestamp());
            assert_eq!(record.timestamp_type(), view.timestamp_type());
            assert_eq!(record.leader_epoch(), Some(4));
            assert!(record.headers().eq(view.headers()));
        }
    }
}

#[test]
fn null_and_empty_are_not_the_same_and_headers_keep_order_and_duplicates() {
    let batch = batch(i64::MAX).unwrap();
    let records: Vec<_> = batch.iter().collect();
    assert_eq!((records[0].key(), records[0].value()), (Some(&b"key"[..]), Some(&b"value"[..])));
    assert_eq!((records[1].key(), records[1].value()), (None, Some(&b""[..])));
    assert_eq!((records[2].key(), records[2].value()), (Some(&b""[..]), None));
    let headers: Vec<_> = records[0].headers().map(|header| (header.key, header.value)).collect();
    assert_eq!(headers, HEADERS);
    assert_eq!(records[0].headers().last_value("a"), Some(Some(&b""[..])));
    assert_eq!(records[0].headers().last_value("b"), Some(None));
    assert_eq!(records[0].headers().last_value("c"), None);
    assert_eq!(records[2].headers().count(), 0);
}

#[test]
fn records_one_by_one_are_those_of_the_views() {
    let mut batch = batch(i64::MAX).unwrap();
    for left in (0..6).rev() {
        let expected = batch.iter().next().unwrap().offset;
        assert_eq!(batch.next_record().unwrap().offset, expected);
        assert_eq!((batch.len(), batch.iter().count()), (left, left));
    }
    assert!(batch.next_record().is_none() && batch.is_empty());
}

#[test]
fn a_stop_cuts_a_batch_short() {
    let mut batch = batch(21).unwrap();
    assert_eq!((batch.len(), batch.next_offset()), (4, 21));
    for _ in 0..4 {
        batch.next_record().unwrap();
    }
    assert!(batch.next_record().is_none());
    assert!(self::batch(10).is_none(), "nothing before it");
}

#[test]
fn debug_shows_no_payload() {
    let batch = batch(i64::MAX).unwrap();
    let view = batch.iter().next().unwrap();
    for text in [format!("{view:?}"), format!("{:?}", view.to_owned()), format!("{batch:?}")] {
        assert!(!text.contains("value\"") && !text.contains("118, 97, 108"), "{text}");
    }
}
