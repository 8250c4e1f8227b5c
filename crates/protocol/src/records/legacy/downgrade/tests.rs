//! Offsets and records stay; what the older format lacks is dropped or refused.

use ottla_compression::{Codec, CompressionError, Compressor, Decompressor};
use ottla_types::ProducerId;
use proptest::prelude::*;

use super::{Downgrade, Downgraded, downgrade};
use crate::records::legacy::{MessageFormat, MessageSetBuilder, upgrade};
use crate::records::{
    Attributes, BatchBuilder, EncodedBatch, NO_HEADERS, NewerFeature, Producer, RecordError, TimestampType, batches,
    end_transaction_batch,
};

const FORMATS: [MessageFormat; 2] = [MessageFormat::V0, MessageFormat::V1];

fn down(bytes: &[u8], how: &Downgrade) -> Result<(Vec<u8>, Downgraded), RecordError> {
    let mut out = Vec::new();
    let done = downgrade(bytes, how, &mut Decompressor::new(), &mut Compressor::new(), &mut out, 1 << 20)?;
    Ok((out, done))
}

/// Offset, timestamp and value.
fn read(set: &[u8]) -> Vec<(i64, i64, Option<Vec<u8>>)> {
    let mut out = Vec::new();
    upgrade(set, &mut Decompressor::new(), &mut out, 1 << 20).unwrap();
    let mut records = Vec::new();
    for batch in batches(&out) {
        let mut scratch = Vec::new();
        let opened = batch.unwrap().open(&mut Decompressor::new(), &mut scratch, 0).unwrap();
        records.extend(opened.map(|record| (record.offset, record.timestamp, record.value.map(<[u8]>::to_vec))));
    }
    records
}

fn sealed(builder: BatchBuilder, attributes: Attributes, codec: Codec) -> EncodedBatch {
    let mut batch = builder.build_with(attributes);
    batch.compress(&codec.into(), &mut Compressor::new(), &mut Vec::new()).unwrap();
    batch.set_base_offset(500);
    batch.seal();
    batch
}

/// Offsets 500, 502 and 509; the second has a header.
fn three(attributes: Attributes, codec: Codec) -> EncodedBatch {
    let mut builder = BatchBuilder::new(Vec::new());
    builder.append(10, Some(b"k"), Some(&[b'a'; 100]), NO_HEADERS).unwrap();
    builder.append_at(2, 30, None, Some(&[b'b'; 100]), [(&b"h"[..], None)]).unwrap();
    builder.append_at(9, 20, None, None, NO_HEADERS).unwrap();
    sealed(builder, attributes, codec)
}

#[test]
fn offsets_timestamps_and_codec_stay_and_headers_go() {
    for format in FORMATS {
        for codec in [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4] {
            let batch = three(Attributes::default(), codec);
            let (set, done) = down(batch.as_bytes(), &Downgrade::to(format)).unwrap();
            assert_eq!((done.records, done.stripped, done.next_offset), (3, 1, 510));
            assert_eq!(done.read, batch.len());
            assert_eq!((set[16] as i8, set[17]), (format.magic(), codec.id()));
            let timestamps = if format == MessageFormat::V0 { [-1; 3] } else { [10, 30, 20] };
            let values = [Some(vec![b'a'; 100]), Some(vec![b'b'; 100]), None];
            let expected = [500, 502, 509].into_iter().zip(timestamps).zip(values);
            assert!(read(&set).into_iter().eq(expected.map(|((offset, timestamp), value)| (offset, timestamp, value))));
        }
    }
}

#[test]
fn the_brokers_timestamp_stays_the_brokers() {
    let attributes = Attributes::default().with_timestamp_type(TimestampType::LogAppendTime);
    let (set, _) = down(three(attributes, Codec::Gzip).as_bytes(), &Downgrade::to(MessageFormat::V1)).unwrap();
    assert_eq!(set[17], 8 | Codec::Gzip.id());
    assert!(read(&set).iter().all(|(_, timestamp, _)| *timestamp == 30));
}

#[test]
fn control_batches_go_and_batches_without_records_give_nothing() {
    let producer = Producer { id: ProducerId(1), epoch: 0, base_sequence: 7 };
    let mut marker = end_transaction_batch(true, producer, 1, 5, Vec::new()).unwrap();
    marker.set_base_offset(510);
    let mut empty = BatchBuilder::new(Vec::new()).build();
    empty.seal();
    let mut data = three(Attributes::default().with_transactional(true), Codec::None);
    data.assign(producer);
    data.seal();
    let set = [data.as_bytes(), marker.as_bytes(), empty.as_bytes()].concat();
    let (old, done) = down(&set, &Downgrade::to(MessageFormat::V1)).unwrap();
    assert_eq!((done.records, done.control_batches, read(&old).len()), (3, 1, 3));
    let (old, done) = down(marker.as_bytes(), &Downgrade::to(MessageFormat::V0)).unwrap();
    assert_eq!((old.len(), done.next_offset, done.read), (0, 511, marker.len()));
    assert_eq!(down(&[], &Downgrade::to(MessageFormat::V0)).unwrap().1.next_offset, -1);
}

#[test]
fn what_would_be_lost_is_refused_when_asked() {
    let lossless = Downgrade::to(MessageFormat::V1).lossless();
    let producer = Producer { id: ProducerId(1), epoch: 0, base_sequence: 7 };
    let refused = |batch: &EncodedBatch, what| {
        assert_eq!(down(batch.as_bytes(), &lossless), Err(RecordError::NotInFormat { magic: 1, what }));
    };
    refused(&three(Attributes::default(), Codec::None), NewerFeature::Headers);
    refused(&end_transaction_batch(true, producer, 1, 5, Vec::new()).unwrap(), NewerFeature::ControlRecords);
    refused(&three(Attributes::default().with_transactional(true), Codec::None), NewerFeature::Transactions);
    let mut idempotent = three(Attributes::default(), Codec::None);
    idempotent.assign(producer);
    refused(&idempotent, NewerFeature::Idempotence);
}

#[test]
fn zstd_is_refused_unless_another_codec_is_named() {
    let batch = three(Attributes::default(), Codec::Zstd);
    let how = Downgrade::to(MessageFormat::V0);
    assert_eq!(down(batch.as_bytes(), &how), Err(RecordError::NotInFormat { magic: 0, what: NewerFeature::Zstd }));
    let (set, _) = down(batch.as_bytes(), &how.compress(Codec::Snappy.into())).unwrap();
    assert_eq!((set[17], read(&set).len()), (Codec::Snappy.id(), 3));
}

#[test]
fn records_before_the_offset_asked_for_are_left_out_of_what_is_not_compressed() {
    let how = Downgrade::to(MessageFormat::V1).from_offset(502);
    let (set, done) = down(three(Attributes::default(), Codec::None).as_bytes(), &how).unwrap();
    assert_eq!((done.records, read(&set)[0].0), (2, 502));
    let v1 = set;
    let (set, _) = down(three(Attributes::default(), Codec::Lz4).as_bytes(), &how).unwrap();
    assert_eq!(read(&set).len(), 3);
    let (set, _) = down(&v1, &Downgrade::to(MessageFormat::V0).from_offset(503)).unwrap();
    assert_eq!((read(&set).len(), read(&set)[0].0), (1, 509), "messages that are converted");
    assert_eq!(down(&v1, &Downgrade::to(MessageFormat::V1).from_offset(503)).unwrap().0, v1, "and that are not");
}

#[test]
fn older_messages_stay_and_newer_ones_are_converted() {
    let old = |format, codec: Codec| {
        let mut builder = MessageSetBuilder::new(format, Vec::new());
        builder.set_base_offset(7);
        for value in [&b"x"[..], b"y"] {
            builder.append(70, None, Some(value), NO_HEADERS).unwrap();
        }
        let mut set = Vec::new();
        builder.finish(&codec.into(), &mut Compressor::new(), &mut set).unwrap();
        set
    };
    for codec in [Codec::None, Codec::Lz4] {
        let (v0, v1) = (old(MessageFormat::V0, codec), old(MessageFormat::V1, codec));
        for format in FORMATS {
            assert_eq!(down(&v0, &Downgrade::to(format)).unwrap().0, v0);
        }
        assert_eq!(down(&v1, &Downgrade::to(MessageFormat::V1)).unwrap().0, v1);
        assert_eq!(down(&v1, &Downgrade::to(MessageFormat::V0)).unwrap().0, v0);
        // cut short at the end
        let (set, done) = down(&[&v1[..], &v1[..v1.len() - 1]].concat(), &Downgrade::to(MessageFormat::V0)).unwrap();
        assert!(set.starts_with(&v0) && done.read >= v1.len() && done.read < 2 * v1.len());
    }
}

#[test]
fn damage_and_limits_are_errors() {
    let batch = three(Attributes::default(), Codec::Gzip);
    let mut damaged = batch.as_bytes().to_vec();
    damaged[100] ^= 1;
    assert!(matches!(down(&damaged, &Downgrade::to(MessageFormat::V1)), Err(RecordError::Crc { .. })));
    let how = Downgrade::to(MessageFormat::V1);
    for (batch, limit) in [(batch, 100), (three(Attributes::default(), Codec::None), 200)] {
        let (d, c) = (&mut Decompressor::new(), &mut Compressor::new());
        let result = downgrade(batch.as_bytes(), &how, d, c, &mut Vec::new(), limit);
        assert_eq!(result, Err(RecordError::Compression(CompressionError::OutputLimit { limit })));
    }
}

proptest! {
    #[test]
    fn damaged_sets_do_not_panic(hits in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..4)) {
        let mut set = three(Attributes::default(), Codec::None).into_inner();
        set.extend(three(Attributes::default(), Codec::Lz4).into_inner());
        for (at, byte) in hits {
            let at = at % set.len();
            set[at] = byte;
        }
        for mut batch in [set.clone(), { crate::records::edit::seal(&mut set); set }] {
            batch.extend_from_slice(&[0; 20]);
            let _ = down(&batch, &Downgrade::to(MessageFormat::V0));
        }
    }
}
