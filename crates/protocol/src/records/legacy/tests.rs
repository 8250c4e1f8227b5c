//! Old messages by hand.

use ottla_compression::{Codec, CompressionError, compress};
use proptest::prelude::*;

use super::{is_legacy, upgrade};
use crate::records::{BatchBuilder, NO_HEADERS, NewerFeature, RecordError, RecordFault, batches};
use crc_fast::crc32_iso_hdlc;

/// A message with attributes; the timestamp makes it v1.
fn message(offset: i64, attributes: u8, timestamp: Option<i64>, value: Option<&[u8]>) -> Vec<u8> {
    let mut covered = vec![u8::from(timestamp.is_some()), attributes];
    covered.extend(timestamp.into_iter().flat_map(i64::to_be_bytes));
    covered.extend((-1_i32).to_be_bytes());
    match value {
        Some(value) => {
            covered.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
            covered.extend_from_slice(value);
        }
        None => covered.extend((-1_i32).to_be_bytes()),
    }
    let mut bytes = offset.to_be_bytes().to_vec();
    bytes.extend(u32::try_from(covered.len() + 4).unwrap().to_be_bytes());
    bytes.extend(crc32_iso_hdlc(&covered).to_be_bytes());
    bytes.extend(covered);
    bytes
}

fn packed(codec: Codec, inner: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    compress(&codec.into(), inner, &mut out).unwrap();
    out
}

/// Offset, timestamp and value.
type Record = (i64, i64, Option<Vec<u8>>);

/// What comes out.
fn read(bytes: &[u8]) -> Result<Vec<Record>, RecordError> {
    let mut out = Vec::new();
    upgrade(bytes, &mut Default::default(), &mut out, 100_000)?;
    let mut records = Vec::new();
    for batch in batches(&out) {
        let mut scratch = Vec::new();
        let opened = batch.unwrap().open(&mut Default::default(), &mut scratch, 0).unwrap();
        records.extend(opened.map(|record| (record.offset, record.timestamp, record.value.map(<[u8]>::to_vec))));
    }
    Ok(records)
}

fn record(offset: i64, timestamp: i64, value: &[u8]) -> Record {
    (offset, timestamp, Some(value.to_vec()))
}

#[test]
fn the_crc_is_the_one_of_gzip() {
    assert_eq!(crc32_iso_hdlc(b"123456789"), 0xcbf4_3926);
    assert_eq!(crc32_iso_hdlc(b""), 0);
}

#[test]
fn messages_that_are_not_compressed_keep_offset_and_timestamp() {
    let mut set = message(3, 0, None, Some(b"old"));
    set.extend(message(4, 0, Some(50), None));
    set.extend(message(9, 8, Some(60), Some(b"stamped")));
    assert!(is_legacy(&set));
    assert_eq!(read(&set).unwrap(), [record(3, -1, b"old"), (4, 50, None), record(9, 60, b"stamped")]);
}

#[test]
fn inner_offsets_are_absolute_in_v0_and_relative_to_the_last_in_v1() {
    for (codec, id) in [(Codec::Gzip, 1), (Codec::Snappy, 2), (Codec::Lz4, 3)] {
        let inner = [message(7, 0, None, Some(b"a")), message(9, 0, None, Some(b"b"))].concat();
        let set = message(9, id, None, Some(&packed(codec, &inner)));
        assert_eq!(read(&set).unwrap(), [record(7, -1, b"a"), record(9, -1, b"b")]);
        let inner = [message(0, 0, Some(5), Some(b"a")), message(2, 0, Some(4), Some(b"b"))].concat();
        let set = message(109, id, Some(5), Some(&packed(codec, &inner)));
        assert_eq!(read(&set).unwrap(), [record(107, 5, b"a"), record(109, 4, b"b")]);
        let set = message(109, id | 8, Some(99), Some(&packed(codec, &inner)));
        assert_eq!(read(&set).unwrap(), [record(107, 99, b"a"), record(109, 99, b"b")]);
    }
}

#[test]
fn what_kafkas_reader_puts_up_with_is_read() {
    let inner = [message(0, 0, Some(5), Some(b"a")), message(1, 0, Some(6), Some(b"b"))].concat();
    let set = message(0, 1, Some(6), Some(&packed(Codec::Gzip, &inner)));
    assert_eq!(read(&set).unwrap(), [record(0, 5, b"a"), record(1, 6, b"b")], "a wrapper that nobody numbered");
    let inner = [message(7, 0, None, Some(b"a")), message(9, 0, Some(6), Some(b"b"))].concat();
    let set = message(9, 1, None, Some(&packed(Codec::Gzip, &inner)));
    assert_eq!(read(&set).unwrap(), [record(7, -1, b"a"), record(9, 6, b"b")], "another format inside");
}

#[test]
fn offsets_that_no_batch_can_hold_begin_another() {
    let offsets = [0, 5, 5, 3, i64::from(i32::MAX) + 10, 1 << 50];
    let inner: Vec<u8> = offsets.iter().flat_map(|offset| message(*offset, 0, None, Some(b"x"))).collect();
    let set = message(9, 1, None, Some(&packed(Codec::Gzip, &inner)));
    let found: Vec<_> = read(&set).unwrap().into_iter().map(|(offset, ..)| offset).collect();
    assert_eq!(found, offsets);
}

#[test]
fn new_batches_between_old_messages_stay_as_they_are() {
    let mut builder = BatchBuilder::new(Vec::new());
    builder.append(1, None, Some(b"new"), NO_HEADERS).unwrap();
    let mut batch = builder.build();
    batch.set_base_offset(4);
    batch.seal();
    let mut set = message(3, 0, None, Some(b"old"));
    set.extend_from_slice(batch.as_bytes());
    let whole = set.len();
    set.extend_from_slice(&message(5, 0, None, Some(b"cut"))[..20]);
    let mut out = Vec::new();
    assert_eq!(upgrade(&set, &mut Default::default(), &mut out, 1000), Ok(whole));
    assert!(out.ends_with(batch.as_bytes()));
    assert_eq!(read(&set).unwrap().len(), 2);
}

#[test]
fn damage_is_an_error_behind_what_was_sound() {
    let sound = message(1, 0, Some(1), Some(b"sound"));
    let mut flipped = message(2, 0, Some(1), Some(b"flipped"));
    *flipped.last_mut().unwrap() ^= 1;
    let mut out = Vec::new();
    let result = upgrade(&[sound.clone(), flipped.clone()].concat(), &mut Default::default(), &mut out, 1000);
    assert!(matches!(result, Err(RecordError::Crc { base_offset: 2, .. })));
    assert_eq!(batches(&out).count(), 1);
    let bad = |offset| Err(RecordError::Malformed { base_offset: offset, position: 0, fault: RecordFault::Message });
    let wrap = |inner: &[u8]| message(9, 1, Some(1), Some(&packed(Codec::Gzip, inner)));
    assert!(matches!(read(&wrap(&flipped)), Err(RecordError::Crc { base_offset: 2, .. })));
    assert_eq!(read(&wrap(&[])), bad(9), "no inner message");
    assert_eq!(read(&wrap(&sound[..20])), bad(9), "an inner message cut short");
    let twice = Err(RecordError::Malformed { base_offset: 9, position: 0, fault: RecordFault::Nested });
    assert_eq!(read(&wrap(&wrap(&sound))), twice);
    let later = RecordError::NotInFormat { magic: 1, what: NewerFeature::Zstd };
    assert_eq!(read(&message(9, 4, Some(1), Some(&packed(Codec::Zstd, &sound)))), Err(later));
    let before = [sound.clone(), wrap(&[sound.clone(), wrap(&sound)].concat())].concat();
    assert_eq!(
        read(&before),
        Err(RecordError::Malformed { base_offset: 9, position: sound.len(), fault: RecordFault::Nested }),
        "where it stands in what was decompressed"
    );
    assert_eq!(read(&wrap(&message(10, 0, Some(1), None))), bad(9), "offsets inside beyond the wrapper's");
    assert_eq!(read(&message(9, 1, Some(1), None)), bad(9), "nothing inside");
}

#[test]
fn the_limit_holds_for_what_is_inside() {
    let inner = message(0, 0, Some(1), Some(&[0; 5000]));
    let set = message(9, 1, Some(1), Some(&packed(Codec::Gzip, &inner)));
    for limit in [10, 5000, 5050] {
        let result = upgrade(&set, &mut Default::default(), &mut Vec::new(), limit);
        assert_eq!(result, Err(RecordError::Compression(CompressionError::OutputLimit { limit })));
    }
}

proptest! {
    #[test]
    fn any_bytes_behind_a_right_crc_do_not_panic(
        mut covered in proptest::collection::vec(prop_oneof![0_u8..4, any::<u8>()], 10..60),
        wrapped: bool,
    ) {
        let mut bytes = 5_i64.to_be_bytes().to_vec();
        covered[0] &= 1;
        bytes.extend(u32::try_from(covered.len() + 4).unwrap().to_be_bytes());
        bytes.extend(crc32_iso_hdlc(&covered).to_be_bytes());
        bytes.extend(covered);
        if wrapped {
            bytes = message(5, 2, Some(1), Some(&packed(Codec::Snappy, &bytes)));
        }
        let _ = read(&bytes);
    }
}
