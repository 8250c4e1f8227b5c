//! Everything but the codec stays.

use ottla_compression::{Codec, CompressionError, Compressor, Decompressor};
use ottla_types::ProducerId;

use super::recompress;
use crate::records::{
    Attributes, BatchBuilder, BatchHeader, EncodedBatch, NO_HEADERS, Producer, RecordError, TimestampType, batches,
    edit, end_transaction_batch,
};

fn batch(codec: Codec) -> EncodedBatch {
    let mut builder = BatchBuilder::new(Vec::new());
    builder.append(10, Some(b"k"), Some(&[b'a'; 500]), [(&b"h"[..], None), (b"h", Some(&b"2"[..]))]).unwrap();
    builder.append_at(7, 30, None, None, NO_HEADERS).unwrap();
    // the delete horizon's bit
    let attributes = Attributes(1 << 6).with_transactional(true).with_timestamp_type(TimestampType::LogAppendTime);
    let mut batch = builder.build_with(attributes);
    batch.compress(&codec.into(), &mut Compressor::new(), &mut Vec::new()).unwrap();
    batch.assign(Producer { id: ProducerId(5), epoch: 2, base_sequence: 77 });
    batch.set_base_offset(1 << 33);
    batch.set_leader_epoch(4);
    batch.seal();
    batch
}

fn again(batch: &[u8], codec: Codec, limit: usize) -> Result<EncodedBatch, RecordError> {
    let raw = batches(batch).next().unwrap()?;
    recompress(&raw, &codec.into(), &mut Decompressor::new(), &mut Compressor::new(), &mut Vec::new(), limit)
}

#[test]
fn any_codec_becomes_any_other_and_back() {
    for from in Codec::ALL {
        let batch = batch(from);
        for to in Codec::ALL {
            let other = again(batch.as_bytes(), to, 1000).unwrap();
            assert_eq!(other.header().attributes.codec(), Ok(to));
            assert_eq!(batches(other.as_bytes()).next().unwrap().unwrap().verify_crc(), Ok(()));
            let plain = |header: &BatchHeader| BatchHeader {
                crc: 0,
                batch_length: 0,
                attributes: header.attributes.with_codec(Codec::None),
                ..*header
            };
            assert_eq!(plain(other.header()), plain(batch.header()), "{from} to {to}");
            let (one, two) = (again(batch.as_bytes(), Codec::None, 1000), again(other.as_bytes(), Codec::None, 1000));
            assert_eq!(one, two, "the records are the same");
        }
    }
}

#[test]
fn what_does_not_get_shorter_is_left_uncompressed() {
    let mut builder = BatchBuilder::new(Vec::new());
    builder.append(0, None, Some(b"x"), NO_HEADERS).unwrap();
    let mut small = builder.build();
    small.seal();
    assert_eq!(again(small.as_bytes(), Codec::Gzip, 1000).unwrap(), small);
}

#[test]
fn markers_and_batches_without_records_come_back_as_they_are() {
    let mut marker = end_transaction_batch(false, Producer::NONE, 1, 5, Vec::new()).unwrap();
    marker.seal();
    let mut empty = BatchBuilder::new(Vec::new()).build_with(Attributes::default());
    empty.seal();
    for batch in [marker, empty] {
        assert_eq!(again(batch.as_bytes(), Codec::Zstd, 0).unwrap(), batch);
    }
}

#[test]
fn damage_does_not_get_a_right_crc() {
    let mut bytes = batch(Codec::Lz4).into_inner();
    bytes[70] ^= 1;
    assert!(matches!(again(&bytes, Codec::Gzip, 1000), Err(RecordError::Crc { .. })));
    edit::seal(&mut bytes);
    assert!(matches!(again(&bytes, Codec::Gzip, 1000), Err(RecordError::Compression(_))));
    let limit = RecordError::Compression(CompressionError::OutputLimit { limit: 100 });
    assert_eq!(again(batch(Codec::Lz4).as_bytes(), Codec::Gzip, 100), Err(limit));
}
