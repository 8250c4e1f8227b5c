//! Any records, written as a message set of either old format with any codec: they come out as they went in, less what the
//! format cannot say.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use ottla_fuzz::records::codec;
use ottla_protocol::records::legacy::{MessageFormat, MessageSetBuilder, upgrade};
use ottla_protocol::records::{Codec, Compressor, Decompressor, NO_HEADERS, TimestampType, batches};

#[derive(Debug, Arbitrary)]
struct Input {
    codec: u8,
    v1: bool,
    base_offset: u32,
    log_append_time: Option<u32>,
    records: Vec<Record>,
}

#[derive(Debug, Arbitrary)]
struct Record {
    gap: u16,
    timestamp: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
}

fuzz_target!(|input: Input| {
    let format = if input.v1 { MessageFormat::V1 } else { MessageFormat::V0 };
    let mut builder = MessageSetBuilder::new(format, Vec::new());
    builder.set_base_offset(input.base_offset.into());
    builder.set_log_append_time(input.log_append_time.map(i64::from));
    let (mut offset, mut offsets) = (0, Vec::new());
    for record in &input.records {
        offset += i32::from(record.gap);
        let before = builder.len();
        let announced = builder.message_len(record.key.as_deref(), record.value.as_deref());
        builder
            .append_at(offset, record.timestamp, record.key.as_deref(), record.value.as_deref(), NO_HEADERS)
            .expect("a small record fits");
        assert_eq!(builder.len(), before + announced);
        offsets.push(i64::from(input.base_offset) + i64::from(offset));
        offset += 1;
    }
    let codec = codec(input.codec);
    let mut set = Vec::new();
    let done = builder.finish(&codec.into(), &mut Compressor::new(), &mut set);
    if codec == Codec::Zstd {
        assert!(done.is_err() && set.is_empty());
        return;
    }
    done.expect("anything can be compressed");

    let mut out = Vec::new();
    let read = upgrade(&set, &mut Decompressor::new(), &mut out, 64 << 20).expect("what we wrote");
    assert_eq!(read, set.len());
    let mut found = Vec::new();
    for batch in batches(&out) {
        let batch = batch.expect("what we wrote");
        batch.verify_crc().expect("what we wrote");
        let mut scratch = Vec::new();
        let stamped = batch.header().attributes.timestamp_type() == TimestampType::LogAppendTime;
        assert_eq!(stamped, input.v1 && input.log_append_time.is_some());
        let records = batch.open(&mut Decompressor::new(), &mut scratch, usize::MAX).expect("what we wrote");
        found.extend(records.map(|record| {
            (record.offset, record.timestamp, record.key.map(<[u8]>::to_vec), record.value.map(<[u8]>::to_vec))
        }));
    }
    let sent = input.records.into_iter().zip(offsets).map(|(record, offset)| {
        let timestamp = match (input.v1, input.log_append_time) {
            (false, _) => -1,
            (true, Some(stamp)) => stamp.into(),
            (true, None) => record.timestamp,
        };
        (offset, timestamp, record.key, record.value)
    });
    assert_eq!(found, sent.collect::<Vec<_>>());
});
