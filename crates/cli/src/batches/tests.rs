//! Tests of telling batches.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

use ottla_protocol::ProducerId;
use ottla_protocol::records::{
    BatchBuilder, Codec, Compressor, NO_HEADERS, Producer, TimestampType, end_transaction_batch,
};

use super::{Attributes, Reader, Records};

fn batch(codec: Codec) -> Vec<u8> {
    // What does not get smaller stays as it is.
    let second = "zwei ü".repeat(if codec == Codec::None { 1 } else { 100 });
    let mut builder = BatchBuilder::new(Vec::new());
    builder
        .append(1_700_000_000_000, Some(b"k"), Some(b"one"), [(&b"h"[..], None), (b"h", Some(&b"\xff"[..]))])
        .unwrap();
    builder.append(1_700_000_000_005, None, Some(second.as_bytes()), NO_HEADERS).unwrap();
    let mut batch = builder.build();
    batch.set_base_offset(40);
    let mut compressed = Vec::new();
    batch.compress(&codec.into(), &mut Compressor::new(), &mut compressed).unwrap();
    batch.assign(Producer { id: ProducerId(9), epoch: 3, base_sequence: 7 });
    batch.seal();
    batch.into_inner()
}

fn text(bytes: &[u8], records: Records) -> String {
    let mut reader = Reader::new(records, 1 << 20);
    let batch = reader.read(bytes);
    let mut out = Vec::new();
    batch.text(123, &mut out);
    batch.records().for_each(|record| record.text(&mut out));
    String::from_utf8(out).unwrap()
}

#[test]
fn a_batch_is_a_line_and_so_is_each_record() {
    let bytes = batch(Codec::None);
    let told = text(&bytes, Records::Contents);
    let lines: Vec<_> = told.lines().collect();
    let head = format!(
        "123: offsets 40 to 41, 2 records, {} bytes, v2, none, create time 2023-11-14T22:13:20.000Z to \
         2023-11-14T22:13:20.005Z, leader epoch -1, producer 9 epoch 3 sequence 7 to 8, crc ",
        bytes.len()
    );
    assert!(lines[0].starts_with(&head), "{told}");
    let first = "  offset 40, time 2023-11-14T22:13:20.000Z, key 1 byte \"k\", value 3 bytes \"one\", \
                 header 1 byte \"h\" = null, header 1 byte \"h\" = 1 byte \"\\xff\"";
    assert_eq!(lines[1], first);
    assert_eq!(lines[2], "  offset 41, time 2023-11-14T22:13:20.005Z, key null, value 7 bytes \"zwei ü\"");
    assert_eq!(text(&bytes, Records::Skipped).lines().collect::<Vec<_>>(), lines[..1]);
}

#[test]
fn what_is_hidden_is_told_by_its_size() {
    let bytes = batch(Codec::Gzip);
    let told = text(&bytes, Records::Sizes);
    assert!(told.contains("gzip") && told.contains("value 3 bytes, header 1 byte = null"), "{told}");
    let mut reader = Reader::new(Records::Sizes, 1 << 20);
    let batch = reader.read(&bytes);
    let mut record = Vec::new();
    batch.records().nth(1).unwrap().json(&mut record);
    let expected = r#"{"offset":41,"timestamp":1700000000005,"key":null,"value_size":700,"headers":[]}"#;
    assert_eq!(String::from_utf8(record).unwrap(), expected);
}

#[test]
fn damage_is_told_and_nothing_of_what_it_damaged() {
    for records in [Records::Skipped, Records::Contents] {
        let mut bytes = batch(Codec::None);
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        let told = text(&bytes, records);
        assert!(told.contains("DAMAGED: the batch at offset 40 has CRC"), "{told}");
        assert_eq!(told.lines().count(), 1);
    }
}

#[test]
fn records_are_not_decompressed_beyond_the_limit() {
    let bytes = batch(Codec::Gzip);
    let mut reader = Reader::new(Records::Contents, 600);
    assert!(reader.read(&bytes).damage.unwrap().contains("600"));
}

#[test]
fn control_records_are_named() {
    let producer = Producer { id: ProducerId(9), epoch: 3, base_sequence: -1 };
    for (commit, name) in [(true, "COMMIT"), (false, "ABORT")] {
        let bytes = end_transaction_batch(commit, producer, 5, 1_700_000_000_000, Vec::new()).unwrap().into_inner();
        let told = text(&bytes, Records::Contents);
        assert!(told.contains(", producer 9 epoch 3, transactional, control,"), "{told}");
        assert!(told.ends_with(&format!("{name} {{\"coordinatorEpoch\":5}}\n")), "{told}");
    }
}

#[test]
fn the_broker_as_giver_of_timestamps_is_told() {
    let mut builder = BatchBuilder::new(Vec::new());
    builder.append(1_700_000_000_000, None, None, NO_HEADERS).unwrap();
    let attributes = Attributes::default().with_timestamp_type(TimestampType::LogAppendTime);
    let mut batch = builder.build_with(attributes);
    batch.seal();
    let told = text(&batch.into_inner(), Records::Contents);
    assert!(told.contains("append time 2023-11-14T22:13:20.000Z, leader"), "{told}");
    assert!(told.contains("key null, value null"), "{told}");
}

/// A message set that Kafka's own classes would write: two messages of v1, the second compressed with one inside.
#[test]
fn messages_of_old_formats_are_told_like_batches() {
    let mut message = vec![0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 24, 0, 0, 0, 0, 1, 0];
    message.extend_from_slice(&1_700_000_000_000_i64.to_be_bytes());
    message.extend_from_slice(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 2, b'h', b'i']);
    let crc = crc32(&message[16..]);
    message[12..16].copy_from_slice(&crc.to_be_bytes());
    let told = text(&message, Records::Contents);
    let expected = format!(
        "123: offset 5, 1 record, 36 bytes, v1, none, create time 2023-11-14T22:13:20.000Z, crc {crc:08x}\n  \
         offset 5, time 2023-11-14T22:13:20.000Z, key null, value 2 bytes \"hi\"\n"
    );
    assert_eq!(told, expected);
    message[35] = b'o';
    assert!(text(&message, Records::Skipped).contains("DAMAGED"));
}

/// The CRC of gzip and zip.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    })
}
