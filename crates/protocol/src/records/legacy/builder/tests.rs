//! What is written is read by what reads brokers' message sets, and stands where old brokers look for it.

use ottla_compression::{Codec, Compressor, Decompressor, decompress};
use proptest::prelude::*;

use super::MessageSetBuilder;
use crate::records::legacy::{MessageFormat, upgrade};
use crate::records::{NO_HEADERS, NewerFeature, RecordError, TimestampType, batches};

const OLD_CODECS: [Codec; 4] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4];

/// Offset, timestamp, key and value.
type Record = (i64, i64, Option<Vec<u8>>, Option<Vec<u8>>);

fn read(set: &[u8]) -> Vec<Record> {
    let mut out = Vec::new();
    let read = upgrade(set, &mut Decompressor::new(), &mut out, 1 << 20).unwrap();
    assert_eq!(read, set.len());
    let mut records = Vec::new();
    for batch in batches(&out) {
        let mut scratch = Vec::new();
        let owned = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
        let opened = batch.unwrap().open(&mut Decompressor::new(), &mut scratch, 0).unwrap();
        records.extend(opened.map(|record| (record.offset, record.timestamp, owned(record.key), owned(record.value))));
    }
    records
}

fn finish(builder: &mut MessageSetBuilder, codec: Codec) -> Vec<u8> {
    let mut set = Vec::new();
    builder.finish(&codec.into(), &mut Compressor::new(), &mut set).unwrap();
    set
}

fn two(format: MessageFormat) -> MessageSetBuilder {
    let mut builder = MessageSetBuilder::new(format, b"dropped".to_vec());
    assert_eq!(builder.append(50, Some(b"k"), Some(b"value"), NO_HEADERS), Ok(0));
    assert_eq!(builder.append_at(3, 40, None, None, NO_HEADERS), Ok(3));
    builder.set_base_offset(1000);
    builder
}

#[test]
fn the_layout_is_that_of_the_old_formats() {
    let set = finish(&mut two(MessageFormat::V0), Codec::None);
    let mut expected = vec![0, 0, 0, 0, 0, 0, 3, 0xe8, 0, 0, 0, 20];
    expected.extend(crc_fast::crc32_iso_hdlc(&set[16..32]).to_be_bytes());
    expected.extend([0, 0, 0, 0, 0, 1, b'k', 0, 0, 0, 5, b'v', b'a', b'l', b'u', b'e']);
    assert_eq!(set[..32], expected);
    assert_eq!(set[32..44], [0, 0, 0, 0, 0, 0, 3, 0xeb, 0, 0, 0, 14]);
    assert_eq!(set[48..], [0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    let set = finish(&mut two(MessageFormat::V1), Codec::None);
    assert_eq!(set[16..26], [1, 0, 0, 0, 0, 0, 0, 0, 0, 50]);
}

#[test]
fn offsets_inside_are_absolute_in_v0_and_relative_in_v1_and_the_wrapper_has_the_last() {
    for (format, first) in [(MessageFormat::V0, 1000_i64), (MessageFormat::V1, 0)] {
        let set = finish(&mut two(format), Codec::Gzip);
        assert_eq!(set[..8], 1003_i64.to_be_bytes());
        let value_at = if format == MessageFormat::V0 { 26 } else { 34 };
        let mut inner = Vec::new();
        decompress(Codec::Gzip, &set[value_at..], &mut inner, 1000).unwrap();
        assert_eq!(inner[..8], first.to_be_bytes());
        if format == MessageFormat::V1 {
            assert_eq!(set[17..26], [1, 0, 0, 0, 0, 0, 0, 0, 50], "gzip, the largest timestamp");
        }
    }
}

#[test]
fn v0_has_the_lz4_frame_of_old_kafka() {
    let set = finish(&mut two(MessageFormat::V0), Codec::Lz4);
    assert_eq!(set[26..33], [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x1a]);
    let set = finish(&mut two(MessageFormat::V1), Codec::Lz4);
    assert_eq!(set[34..41], [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]);
}

#[test]
fn the_brokers_timestamp_is_on_the_wrapper_and_inside() {
    for codec in OLD_CODECS {
        let mut builder = two(MessageFormat::V1);
        builder.set_log_append_time(Some(777));
        let set = finish(&mut builder, codec);
        assert_eq!(set[17], 8 | codec.id());
        assert!(read(&set).iter().all(|(_, timestamp, ..)| *timestamp == 777));
        let mut out = Vec::new();
        upgrade(&set, &mut Decompressor::new(), &mut out, 1000).unwrap();
        let stamped = |batch: crate::records::RawBatch<'_>| batch.header().attributes.timestamp_type();
        assert!(batches(&out).all(|batch| stamped(batch.unwrap()) == TimestampType::LogAppendTime));
    }
}

#[test]
fn the_builder_is_used_again_with_its_settings() {
    let mut builder = two(MessageFormat::V1);
    let first = finish(&mut builder, Codec::Lz4);
    assert_eq!((builder.is_empty(), builder.len(), finish(&mut builder, Codec::Lz4).len()), (true, 0, 0));
    builder.append(50, Some(b"k"), Some(b"value"), NO_HEADERS).unwrap();
    builder.append_at(3, 40, None, None, NO_HEADERS).unwrap();
    assert_eq!(finish(&mut builder, Codec::Lz4), first);
    assert!(builder.into_buffer().capacity() > 0);
}

#[test]
fn what_the_format_cannot_say_is_refused_and_nothing_changes() {
    for format in [MessageFormat::V0, MessageFormat::V1] {
        let magic = format.magic();
        let mut builder = two(format);
        let headers = [(&b"h"[..], None)];
        let error = RecordError::NotInFormat { magic, what: NewerFeature::Headers };
        assert_eq!(builder.append(1, None, None, headers), Err(error));
        assert_eq!(error.to_string(), format!("message sets of format v{magic} do not know headers of records"));
        let mut out = b"kept".to_vec();
        let result = builder.finish(&Codec::Zstd.into(), &mut Compressor::new(), &mut out);
        assert_eq!(result, Err(RecordError::NotInFormat { magic, what: NewerFeature::Zstd }));
        assert_eq!((out.as_slice(), builder.count()), (&b"kept"[..], 2));
        assert_eq!(builder.append_at(3, 1, None, None, NO_HEADERS), Err(RecordError::TooLarge));
        assert_eq!(builder.append_at(-1, 1, None, None, NO_HEADERS), Err(RecordError::TooLarge));
        assert_eq!(read(&finish(&mut builder, Codec::Snappy)).len(), 2);
    }
}

fn bytes() -> impl Strategy<Value = Option<Vec<u8>>> {
    proptest::option::of(proptest::collection::vec(any::<u8>(), 0..200))
}

proptest! {
    #[test]
    fn any_messages_come_back_through_every_format_and_codec(
        records in proptest::collection::vec((1_i32..5, any::<i64>(), bytes(), bytes()), 1..20),
        base in 0_i64..1 << 40,
    ) {
        for format in [MessageFormat::V0, MessageFormat::V1] {
            for codec in OLD_CODECS {
                let mut builder = MessageSetBuilder::new(format, Vec::new());
                builder.set_base_offset(base);
                let (mut delta, mut expected, mut len) = (-1, Vec::new(), 0);
                for (step, timestamp, key, value) in &records {
                    delta += step;
                    len += builder.message_len(key.as_deref(), value.as_deref());
                    builder.append_at(delta, *timestamp, key.as_deref(), value.as_deref(), NO_HEADERS).unwrap();
                    let timestamp = if format == MessageFormat::V0 { -1 } else { *timestamp };
                    expected.push((base + i64::from(delta), timestamp, key.clone(), value.clone()));
                }
                prop_assert_eq!(builder.len(), len);
                let set = finish(&mut builder, codec);
                prop_assert_eq!(read(&set), expected);
            }
        }
    }
}
