//! Tests of the index of partitions.

use std::sync::Arc;

use bytes::Bytes;
use ottla_core::machine::Work;
use ottla_protocol::records::{BatchBuilder, Codec, Compressor, NO_HEADERS, RecordError};
use ottla_types::Topic;
use proptest::prelude::*;

use super::{IndexJob, PartId, Pools, heads};

/// A batch of so many records from an offset on.
fn batch(base: i64, count: i32, codec: Codec) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Vec::new());
    for number in 0..count {
        builder.append(5, None, Some(format!("value {number} value value").as_bytes()), NO_HEADERS).unwrap();
    }
    let mut batch = builder.build();
    batch.compress(&codec.into(), &mut Compressor::new(), &mut Vec::new()).unwrap();
    batch.set_base_offset(base);
    batch.set_leader_epoch(3);
    batch.seal();
    batch.into_inner()
}

fn job(records: Vec<u8>, from: i64) -> IndexJob {
    let next = heads(&records).next;
    IndexJob {
        id: PartId { index: 0, incarnation: 0, number: 0 },
        topic: Topic::from("t"),
        partition: 0,
        records: Bytes::from(records),
        from,
        next_offset: next.map_or(from, |(next, _)| next),
        aborted: None,
        check_crcs: true,
        compressed: false,
        limit: 1 << 20,
        pools: Arc::new(Pools::default()),
        outcome: None,
    }
}

fn offsets(job: &IndexJob) -> Vec<i64> {
    let chunk = &job.outcome.as_ref().unwrap().chunk;
    let mut found = Vec::new();
    for segment in &chunk.segments {
        let mut cursor = segment.cursor;
        while let Some(ranges) = cursor.next_ranges(&segment.payload) {
            assert!(ranges.value(&segment.payload).unwrap().starts_with(b"value"));
            found.push(ranges.offset);
        }
    }
    found
}

#[test]
fn records_before_the_position_are_passed_over() {
    let records = [batch(0, 5, Codec::None), batch(5, 5, Codec::Lz4), batch(20, 5, Codec::Zstd)].concat();
    assert_eq!(heads(&records).next, Some((25, 3)));
    assert!(heads(&records).compressed);
    for from in 0..25 {
        let mut job = job(records.clone(), from);
        job.run();
        let expected: Vec<_> = (0..10).chain(20..25).filter(|offset| *offset >= from).collect();
        assert_eq!(offsets(&job), expected, "{from}");
        let outcome = job.outcome.unwrap();
        assert!(outcome.damage.is_none());
        assert_eq!(outcome.chunk.next_offset, 25);
    }
}

#[test]
fn a_batch_cut_short_at_the_end_is_left_for_the_next_fetch() {
    let mut records = [batch(0, 5, Codec::None), batch(5, 5, Codec::None)].concat();
    records.truncate(records.len() - 1);
    assert_eq!(heads(&records).next, Some((5, 3)));
    let mut job = job(records, 0);
    job.run();
    assert_eq!(offsets(&job), [0, 1, 2, 3, 4]);
    assert!(job.outcome.unwrap().damage.is_none());
}

#[test]
fn damage_ends_a_part_before_the_batch_that_has_it() {
    for codec in [Codec::None, Codec::Snappy] {
        let mut bad = batch(5, 5, codec);
        let last = bad.len() - 3;
        bad[last] ^= 1;
        let mut job = job([batch(0, 5, Codec::None), bad, batch(10, 5, Codec::None)].concat(), 2);
        job.run();
        assert_eq!(offsets(&job), [2, 3, 4]);
        let outcome = job.outcome.unwrap();
        let damage = outcome.damage.unwrap();
        assert!(matches!(damage.error, RecordError::Crc { base_offset: 5, .. }), "{:?}", damage.error);
        assert_eq!((damage.offset, damage.next_offset), (5, Some(10)));
        assert_eq!(outcome.chunk.next_offset, 5);
    }
}

#[test]
fn what_decompresses_to_more_than_allowed_is_damage() {
    let mut job = job(batch(0, 2_000, Codec::Gzip), 0);
    job.limit = 1_000;
    job.run();
    let damage = job.outcome.unwrap().damage.unwrap();
    assert!(matches!(damage.error, RecordError::Compression(_)), "{:?}", damage.error);
}

#[test]
fn buffers_come_back_to_the_pool_with_the_last_record() {
    let mut first = job(batch(0, 100, Codec::Lz4), 0);
    let pools = Arc::clone(&first.pools);
    first.run();
    assert_eq!(pools.buffers.lock().unwrap().len(), 0);
    let chunk = first.outcome.take().unwrap().chunk;
    drop(first);
    assert_eq!(pools.buffers.lock().unwrap().len(), 0);
    drop(chunk);
    assert_eq!(pools.buffers.lock().unwrap().len(), 1);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0_usize..200, from in 0_i64..20) {
        let mut records = [batch(0, 3, Codec::None), batch(3, 3, Codec::Snappy), batch(6, 3, Codec::Gzip)].concat();
        let at = at.min(records.len());
        let end = (at + bytes.len()).min(records.len());
        records.splice(at..end, bytes);
        for check_crcs in [true, false] {
            let mut job = job(records.clone(), from);
            job.check_crcs = check_crcs;
            job.run();
            let outcome = job.outcome.unwrap();
            let records: usize = outcome.chunk.segments.iter().map(|segment| {
                let mut cursor = segment.cursor;
                std::iter::from_fn(|| cursor.next_ranges(&segment.payload)).count()
            }).sum();
            prop_assert_eq!(records, outcome.chunk.record_count());
        }
    }
}
