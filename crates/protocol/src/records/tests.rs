//! What was written is read, through every codec, and damage is noticed.

use ottla_compression::{Codec, Compressor, Decompressor};
use ottla_types::ProducerId;
use proptest::prelude::*;

use super::{Attributes, BatchBuilder, BatchHeader, EncodedBatch, NO_HEADERS, Producer, RecordError, batches, edit};

fn batch(codec: Codec, records: usize) -> EncodedBatch {
    let mut builder = BatchBuilder::new(Vec::new());
    for i in 0..records {
        let value = format!("value {i} value {i}");
        builder.append(1000 + i as i64, Some(b"key"), Some(value.as_bytes()), NO_HEADERS).unwrap();
    }
    let mut batch = builder.build();
    batch.compress(&codec.into(), &mut Compressor::new(), &mut Vec::new()).unwrap();
    batch.assign(Producer { id: ProducerId(77), epoch: 3, base_sequence: 40 });
    batch.seal();
    batch
}

#[test]
fn batches_in_a_row_are_read_with_every_codec() {
    let mut bytes = Vec::new();
    for (i, codec) in Codec::ALL.into_iter().enumerate() {
        let mut batch = batch(codec, 50);
        batch.set_base_offset(i as i64 * 50);
        bytes.extend(batch.into_inner());
    }
    let mut found = batches(&bytes);
    for (i, codec) in Codec::ALL.into_iter().enumerate() {
        let batch = found.next().unwrap().unwrap();
        assert_eq!(batch.codec(), Ok(codec));
        assert_eq!(batch.header().next_offset(), (i as i64 + 1) * 50);
        let mut scratch = b"to be dropped".to_vec();
        let records = batch.open(&mut Decompressor::new(), &mut scratch, 10_000).unwrap();
        let mut next = i as i64 * 50;
        for record in records {
            let at = next - i as i64 * 50;
            assert_eq!((record.offset, record.timestamp), (next, 1000 + at));
            assert_eq!(record.key, Some(&b"key"[..]));
            assert_eq!(record.value, Some(format!("value {at} value {at}").as_bytes()));
            next += 1;
        }
        assert_eq!(next, (i as i64 + 1) * 50);
    }
    assert!(found.next().is_none());
    assert_eq!((found.position(), found.remainder().len()), (bytes.len(), 0));
}

#[test]
fn every_flipped_bit_of_the_checked_part_is_noticed() {
    let bytes = batch(Codec::None, 3).into_inner();
    for at in BatchHeader::CRC_FROM..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        let result = batches(&damaged).next().unwrap().and_then(|batch| batch.verify_crc());
        assert!(result.is_err(), "byte {at}");
    }
}

#[test]
fn what_a_broker_edits_needs_no_new_crc_and_a_new_producer_does() {
    let mut bytes = batch(Codec::Zstd, 20).into_inner();
    edit::set_base_offset(&mut bytes, 1 << 40);
    edit::set_leader_epoch(&mut bytes, 12);
    let read =
        |bytes: &[u8]| batches(bytes).next().unwrap().map(|batch| (*batch.header(), batch.verify_crc())).unwrap();
    let (header, crc) = read(&bytes);
    assert_eq!((header.base_offset, header.leader_epoch, crc), (1 << 40, 12, Ok(())));
    assert_eq!((header.last_offset(), header.last_sequence()), ((1 << 40) + 19, 59));
    let producer = Producer { id: ProducerId(78), epoch: 4, base_sequence: i32::MAX };
    edit::set_producer(&mut bytes, producer);
    assert!(matches!(read(&bytes).1, Err(RecordError::Crc { .. })));
    edit::patch_producer(&mut bytes, producer);
    let (header, crc) = read(&bytes);
    assert_eq!((header.producer, header.last_sequence(), crc), (producer, 18, Ok(())));
    edit::set_log_append_time(&mut bytes, 5);
    edit::set_transactional(&mut bytes, true);
    edit::seal(&mut bytes);
    let (header, crc) = read(&bytes);
    assert_eq!((header.log_append_time(), header.is_transactional(), crc), (Some(5), true, Ok(())));
    let mut scratch = Vec::new();
    let batch = batches(&bytes).next().unwrap().unwrap();
    assert!(batch.open(&mut Decompressor::new(), &mut scratch, 1000).unwrap().all(|record| record.timestamp == 5));
    edit::seal(&mut []);
    edit::patch_producer(&mut [0; 60], producer);
}

type Bytes = Option<Vec<u8>>;

fn bytes() -> impl Strategy<Value = Bytes> {
    proptest::option::of(proptest::collection::vec(any::<u8>(), 0..100))
}

proptest! {
    #[test]
    fn any_records_come_back_through_every_codec(
        records in proptest::collection::vec(
            (
                (1_i32..5, any::<i64>(), bytes(), bytes()),
                proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..10), bytes()), 0..4),
            ),
            0..20,
        ),
        attributes: i16,
        base_offset in 0..i64::MAX / 2,
    ) {
        for codec in Codec::ALL {
            let mut builder = BatchBuilder::new(Vec::new());
            let mut delta = -1;
            for ((step, timestamp, key, value), headers) in &records {
                delta += step;
                let headers = headers.iter().map(|(key, value)| (key.as_slice(), value.as_deref()));
                builder.append_at(delta, *timestamp, key.as_deref(), value.as_deref(), headers).unwrap();
            }
            let mut batch = builder.build_with(Attributes(attributes));
            batch.compress(&codec.into(), &mut Compressor::new(), &mut Vec::new()).unwrap();
            batch.set_base_offset(base_offset);
            batch.seal();
            let raw = batches(batch.as_bytes()).next().unwrap().unwrap();
            prop_assert_eq!(raw.header(), batch.header());
            prop_assert_eq!(raw.header().attributes.with_codec(Codec::None).0, attributes & !7);
            let mut scratch = Vec::new();
            let mut found = raw.open(&mut Decompressor::new(), &mut scratch, 1 << 20).unwrap();
            let mut offset = base_offset - 1;
            for ((step, timestamp, key, value), headers) in &records {
                offset += i64::from(*step);
                let record = found.next().unwrap();
                let timestamp = raw.header().log_append_time().unwrap_or(*timestamp);
                prop_assert_eq!((record.offset, record.timestamp), (offset, timestamp));
                prop_assert_eq!((record.key, record.value), (key.as_deref(), value.as_deref()));
                let headers = headers.iter().map(|(key, value)| (key.as_slice(), value.as_deref()));
                prop_assert!(record.headers().map(|header| (header.key, header.value)).eq(headers));
            }
            prop_assert!(found.next().is_none());
        }
    }
}
