//! Checking, and iterating over what was checked and what was not.

use proptest::prelude::*;

use super::*;
use crate::records::{Attributes, BatchBuilder, NO_HEADERS, TimestampType};

fn header(count: i32) -> BatchHeader {
    BatchHeader { count, ..*BatchBuilder::new(Vec::new()).build().header() }
}

fn fault(count: i32, payload: &[u8]) -> Option<RecordFault> {
    match check_records(&header(count), payload) {
        Ok(()) => None,
        Err(RecordError::Malformed { fault, .. }) => Some(fault),
        Err(other) => panic!("{other}"),
    }
}

/// length 6, attributes, deltas, null key, null value, no headers
const LEAST: [u8; 7] = [12, 0, 0, 0, 1, 1, 0];

#[test]
fn each_way_to_be_malformed_has_its_fault() {
    assert_eq!(fault(1, &LEAST), None);
    assert_eq!(fault(2, &LEAST.repeat(2)), None);
    assert_eq!(fault(0, &[]), None);
    assert_eq!(fault(-1, &LEAST), Some(RecordFault::Count));
    assert_eq!(fault(2, &LEAST), Some(RecordFault::Count));
    assert_eq!(fault(i32::MAX, &LEAST), Some(RecordFault::Count));
    assert_eq!(fault(1, &LEAST.repeat(2)), Some(RecordFault::TrailingBytes));
    assert_eq!(fault(0, &[0]), Some(RecordFault::TrailingBytes));
    assert_eq!(fault(1, &[14, 0, 0, 0, 1, 1, 0]), Some(RecordFault::RecordLength), "too long");
    assert_eq!(fault(1, &[14, 0, 0, 0, 1, 1, 0, 0]), Some(RecordFault::RecordLength), "longer than its parts");
    assert_eq!(fault(1, &[1, 0, 0, 0, 1, 1, 0]), Some(RecordFault::RecordLength), "negative");
    assert_eq!(fault(1, &[0, 0, 0, 0, 1, 1, 0]), Some(RecordFault::RecordLength), "empty");
    assert_eq!(fault(1, &[10, 0, 0, 0, 1, 1, 0]), Some(RecordFault::HeaderCount), "too short");
    assert_eq!(fault(1, &[0xff; 8]), Some(RecordFault::Varint));
    assert_eq!(fault(1, &[12, 0, 0xff, 0xff, 0xff, 0xff, 0xff]), Some(RecordFault::Varint));
    assert_eq!(fault(1, &[12, 0, 0, 0, 8, 1, 0]), Some(RecordFault::Field), "key");
    assert_eq!(fault(1, &[12, 0, 0, 0, 1, 8, 0]), Some(RecordFault::Field), "value");
    assert_eq!(fault(1, &[12, 0, 0, 0, 1, 1, 1]), Some(RecordFault::HeaderCount), "negative");
    assert_eq!(fault(1, &[12, 0, 0, 0, 1, 1, 2]), Some(RecordFault::HeaderCount), "not there");
    assert_eq!(fault(1, &[16, 0, 0, 0, 1, 1, 2, 0, 1]), None, "a header with an empty key and a null");
    assert_eq!(fault(1, &[16, 0, 0, 0, 1, 1, 2, 1, 1]), Some(RecordFault::Field), "a header without a key");
    assert_eq!(fault(1, &[18, 0, 0, 0, 1, 1, 2, 0, 1, 0]), Some(RecordFault::RecordLength), "more than its headers");
    assert_eq!(fault(1, &[12, 0, 0, 0, 3, 5, 0]), None, "any negative length is null");
}

#[test]
fn a_fault_tells_where_its_record_begins() {
    let mut payload = LEAST.repeat(3);
    payload[18] = 8;
    let error = RecordError::Malformed { base_offset: 0, position: 14, fault: RecordFault::Field };
    assert_eq!(check_records(&header(3), &payload), Err(error));
    assert_eq!(
        error.to_string(),
        "the batch at offset 0 is bad: a key, value or header does not fit its record, at byte 14"
    );
}

fn sample(attributes: Attributes) -> (BatchHeader, Vec<u8>) {
    let mut builder = BatchBuilder::new(Vec::new());
    builder.append(100, Some(b"a"), None, NO_HEADERS).unwrap();
    builder
        .append_at(
            5,
            90,
            None,
            Some(b"value"),
            [(&b"x"[..], Some(&b"1"[..])), (b"y", None), (b"x", Some(b"")), (b"\xff", Some(b"2"))],
        )
        .unwrap();
    let mut batch = builder.build_with(attributes);
    batch.set_base_offset(1000);
    (*batch.header(), batch.payload().to_vec())
}

#[test]
fn records_come_with_gaps_and_headers_in_order_with_duplicates_and_nulls() {
    let (header, payload) = sample(Attributes::default());
    let records: Vec<_> = RecordIter::new(&header, &payload).collect();
    assert_eq!((records[0].offset, records[0].timestamp), (1000, 100));
    assert_eq!((records[0].key, records[0].value), (Some(&b"a"[..]), None));
    assert_eq!(records[0].headers().count(), 0);
    assert_eq!((records[1].offset, records[1].timestamp), (1005, 90));
    let headers: Vec<_> = records[1].headers().map(|header| (header.key_str(), header.value)).collect();
    let expected = [(Some("x"), Some(&b"1"[..])), (Some("y"), None), (Some("x"), Some(b"")), (None, Some(b"2"))];
    assert_eq!(headers, expected);
    assert_eq!(records.len(), 2);
    assert!(!format!("{:?}", records[1]).contains("118"), "sizes only");
}

#[test]
fn the_brokers_timestamp_stands_for_all() {
    let (mut header, payload) = sample(Attributes::default().with_timestamp_type(TimestampType::LogAppendTime));
    header.max_timestamp = 777;
    assert!(RecordIter::new(&header, &payload).all(|record| record.timestamp == 777));
}

#[test]
fn ranges_tell_where_the_parts_stand() {
    let (header, payload) = sample(Attributes::default());
    let mut cursor = RecordCursor::new(&header);
    assert_eq!(cursor.remaining(), 2);
    let first = cursor.next_ranges(&payload).unwrap();
    assert_eq!((&payload[first.key_range().unwrap()], first.value_range()), (&b"a"[..], None));
    let second = cursor.next_ranges(&payload).unwrap();
    assert_eq!((second.key_range(), &payload[second.value_range().unwrap()]), (None, &b"value"[..]));
    assert_eq!((second.header_count(), second.len(), second.is_empty()), (4, 5, false));
    assert_eq!((cursor.next_ranges(&payload), cursor.remaining()), (None, 0));
    assert!(first.view(b"another payload").headers().next().is_none());
    assert_eq!(size_of::<RecordRanges>(), 40);
}

#[test]
fn timestamps_wrap_as_kafkas_do() {
    let mut builder = BatchBuilder::new(Vec::new());
    for timestamp in [i64::MAX, 0, -1, i64::MIN, i64::MAX] {
        builder.append(timestamp, None, None, NO_HEADERS).unwrap();
    }
    let batch = builder.build();
    let found: Vec<_> = RecordIter::new(batch.header(), batch.payload()).map(|record| record.timestamp).collect();
    assert_eq!(found, [i64::MAX, 0, -1, i64::MIN, i64::MAX]);
}

/// Both ways of walking agree, whether the payload is good or not; gives the number of records, and of those whose
/// headers end too early.
fn walk(header: &BatchHeader, payload: &[u8]) -> (usize, usize) {
    let mut cursor = RecordCursor::new(header);
    let checked = check_records(header, payload).is_ok();
    let (mut records, mut headers) = (0, 0);
    for record in RecordIter::new(header, payload) {
        let ranges = cursor.next_ranges(payload).unwrap();
        assert_eq!(ranges.view(payload).key, record.key);
        assert_eq!(ranges.view(payload).value, record.value);
        assert_eq!((ranges.offset, ranges.timestamp), (record.offset, record.timestamp));
        // only a checked record's headers are known to end with it
        assert!(!checked || ranges.headers(payload).eq(record.headers()));
        assert!(ranges.headers(payload).count() <= ranges.header_count() as usize);
        if record.headers().count() < ranges.header_count() as usize {
            headers += 1;
        }
        records += 1;
    }
    assert_eq!(cursor.next_ranges(payload), None);
    (records, headers)
}

proptest! {
    #[test]
    fn what_was_checked_iterates_to_its_count_and_what_was_not_does_not_panic(
        payload in proptest::collection::vec(prop_oneof![0_u8..20, any::<u8>()], 0..80),
        count in 0_i32..6,
    ) {
        let header = header(count);
        let (records, bad_headers) = walk(&header, &payload);
        if check_records(&header, &payload).is_ok() {
            prop_assert_eq!((records, bad_headers), (count as usize, 0));
        }
    }

    #[test]
    fn damaged_records_do_not_panic(hits in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..4)) {
        let (header, mut payload) = sample(Attributes::default());
        for (at, byte) in hits {
            let at = at % payload.len();
            payload[at] = byte;
        }
        let (records, bad_headers) = walk(&header, &payload);
        if check_records(&header, &payload).is_ok() {
            prop_assert_eq!((records, bad_headers), (2, 0));
        }
    }
}
