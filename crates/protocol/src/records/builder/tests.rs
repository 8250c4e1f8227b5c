//! The bytes of a record, exact sizes, and what does not fit.

use proptest::prelude::*;

use super::{BatchBuilder, NO_HEADERS, largest_record_len};
use crate::records::{Attributes, BatchHeader, RecordError, TimestampType, check_records};

#[test]
fn records_have_the_bytes_of_the_format() {
    let mut builder = BatchBuilder::new(vec![9; 1000]);
    builder.append(1000, Some(b"k"), Some(b"vv"), NO_HEADERS).unwrap();
    builder.append(936, None, None, [(&b"h"[..], Some(&b""[..])), (b"h", None)]).unwrap();
    builder.append_at(100, 1064, Some(b""), Some(b""), NO_HEADERS).unwrap();
    let batch = builder.build();
    #[rustfmt::skip]
    let expected = [
        // length 9, attributes, timestamp +0, offset +0, key of 1, value of 2, no header
        18, 0, 0, 0, 2, b'k', 4, b'v', b'v', 0,
        // length 12, attributes, timestamp -64, offset +1, null, null, 2 headers: "h" empty, "h" null
        24, 0, 127, 2, 1, 1, 4, 2, b'h', 0, 2, b'h', 1,
        // length 8, attributes, timestamp +64 (two bytes), offset +100 (two bytes), empty, empty, no header
        16, 0, 0x80, 1, 0xc8, 1, 0, 0, 0,
    ];
    assert_eq!(batch.payload(), expected);
    let header = batch.header();
    assert_eq!((header.base_timestamp, header.max_timestamp), (1000, 1064));
    assert_eq!((header.count, header.last_offset_delta), (3, 100));
    assert_eq!(header.len(), batch.len());
    assert_eq!(check_records(header, batch.payload()), Ok(()));
}

#[test]
fn the_whole_of_a_batch_by_hand() {
    let mut builder = BatchBuilder::new(Vec::new());
    builder.append(0x18b_cfe5_6800, None, Some(b"hi"), NO_HEADERS).unwrap();
    let mut batch = builder.build_with(Attributes(0).with_timestamp_type(TimestampType::CreateTime));
    batch.seal();
    let mut hex: String = batch.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let crc: String = hex.drain(34..42).collect();
    assert_eq!(
        hex,
        concat!(
            "0000000000000000", // base offset
            "0000003a",         // length: 49 of the header, 9 of the record
            "ffffffff",         // leader epoch
            "02",               // magic; the CRC was cut out here
            "0000",             // attributes
            "00000000",         // last offset delta
            "0000018bcfe56800", // base timestamp
            "0000018bcfe56800", // max timestamp
            "ffffffffffffffff", // producer id
            "ffff",             // producer epoch
            "ffffffff",         // base sequence
            "00000001",         // one record
            "10",               // length 8
            "00",               // attributes
            "00",               // timestamp delta
            "00",               // offset delta
            "01",               // null key
            "046869",           // value
            "00"                // no headers
        )
    );
    assert_eq!(crc, CRC_BY_JAVA);
}

/// The JDK's `java.util.zip.CRC32C` over the bytes from the attributes on.
const CRC_BY_JAVA: &str = "bbcc4115";

#[test]
fn what_does_not_fit_leaves_the_batch_as_it_was() {
    let mut builder = BatchBuilder::new(Vec::new());
    builder.append_at(7, 5, None, None, NO_HEADERS).unwrap();
    let before = builder.clone().build();
    for delta in [-1, 6, 7, i32::MIN] {
        assert_eq!(builder.append_at(delta, 5, None, None, NO_HEADERS), Err(RecordError::TooLarge));
    }
    // three GiB that are never looked at: the sizes alone decide
    let large = vec![0; 1 << 30];
    let headers = [(&b""[..], Some(&large[..])); 3];
    assert_eq!(builder.append(5, None, None, headers), Err(RecordError::TooLarge));
    assert_eq!(BatchBuilder::encode_fields(None, None, headers, &mut Vec::new()), Err(RecordError::TooLarge));
    assert_eq!(builder.count(), 1);
    assert_eq!(builder.append(6, None, None, NO_HEADERS), Ok(8));
    assert!(builder.build().as_bytes().starts_with(&before.as_bytes()[61..][..0]));
}

#[test]
fn a_buffer_of_a_pool_grows_by_a_few_bytes_at_most_if_the_records_fit() {
    let record = |value: &[u8]| {
        let mut builder = BatchBuilder::new(Vec::new());
        builder.append(0, None, Some(value), NO_HEADERS).unwrap();
        builder.build()
    };
    for len in 0..40 {
        let value = vec![b'x'; len];
        let expected = record(&value);
        for spare in 0..12 {
            let capacity = expected.len() + spare;
            let mut builder = BatchBuilder::new(Vec::with_capacity(capacity));
            builder.append(0, None, Some(&value), NO_HEADERS).unwrap();
            let batch = builder.build();
            assert_eq!(batch, expected);
            assert!(batch.into_inner().capacity() <= expected.len() + 12);
        }
        let mut builder = BatchBuilder::new(Vec::with_capacity(expected.len() - 1));
        builder.append(0, None, Some(&value), NO_HEADERS).unwrap();
        assert_eq!(builder.build(), expected);
    }
}

#[test]
fn a_builder_tells_its_state_and_gives_its_buffer_back() {
    let mut builder = BatchBuilder::new(Vec::with_capacity(500));
    assert!(builder.is_empty());
    assert_eq!((builder.len(), builder.base_timestamp(), builder.max_timestamp()), (61, -1, -1));
    builder.append(50, None, Some(&[0; 100]), NO_HEADERS).unwrap();
    builder.append(40, None, None, NO_HEADERS).unwrap();
    assert_eq!((builder.count(), builder.base_timestamp(), builder.max_timestamp()), (2, 50, 50));
    assert_eq!(builder.estimated_len(1.0), builder.len());
    assert_eq!(builder.estimated_len(0.5), 61 + (builder.len() - 61).div_ceil(2));
    let buffer = builder.into_buffer();
    assert!(buffer.is_empty() && buffer.capacity() == 500);
    let empty = BatchBuilder::new(buffer).build();
    assert_eq!((empty.len(), empty.count(), empty.header().last_offset_delta), (BatchHeader::LEN, 0, 0));
}

#[test]
fn the_greatest_offset_delta_can_be_written_and_nothing_after_it() {
    let mut builder = BatchBuilder::new(Vec::new());
    assert!(builder.append_at(-1, 0, None, None, NO_HEADERS).is_err());
    assert_eq!(builder.append_at(i32::MAX, 0, None, None, NO_HEADERS), Ok(i32::MAX));
    assert!(builder.append(0, None, None, NO_HEADERS).is_err());
    assert!(builder.append_at(i32::MAX, 0, None, None, NO_HEADERS).is_err());
    assert!(builder.append_at(i32::MIN, 0, None, None, NO_HEADERS).is_err());
    assert_eq!((builder.count(), builder.build().header().last_offset_delta), (1, i32::MAX));
}

type Field = Option<Vec<u8>>;

fn field() -> impl Strategy<Value = Field> {
    proptest::option::of(prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..5),
        proptest::collection::vec(any::<u8>(), 60..70),
        (8180_usize..8200).prop_map(|len| vec![1; len]),
    ])
}

proptest! {
    #[test]
    fn sizes_are_exact_and_encoding_in_two_steps_gives_the_same(
        records in proptest::collection::vec(
            (any::<i64>(), 0_u32..63, field(), field(), proptest::collection::vec((field(), field()), 0..4)),
            1..8,
        ),
        first_delta in prop_oneof![0..3_i32, 50..80, 8100..8300],
    ) {
        let mut builder = BatchBuilder::new(Vec::new());
        builder.append_at(first_delta, 0, None, None, NO_HEADERS).unwrap();
        let mut twin = builder.clone();
        for (timestamp, shift, key, value, headers) in &records {
            let timestamp = timestamp >> shift;
            let (key, value) = (key.as_deref(), value.as_deref());
            let headers = headers.iter().map(|(key, value)| (key.as_deref().unwrap_or_default(), value.as_deref()));
            let (before, len) = (builder.len(), builder.record_len(timestamp, key, value, headers.clone()));
            builder.append(timestamp, key, value, headers.clone()).unwrap();
            prop_assert_eq!(builder.len() - before, len);
            prop_assert!(len + BatchHeader::LEN <= largest_record_len(key, value, headers.clone()));

            let mut fields = Vec::new();
            BatchBuilder::encode_fields(key, value, headers, &mut fields).unwrap();
            prop_assert_eq!(twin.encoded_len(timestamp, &fields), len);
            twin.append_encoded(timestamp, &fields).unwrap();
        }
        prop_assert_eq!(builder.build(), twin.build());
    }
}
