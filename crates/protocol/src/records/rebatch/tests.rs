//! What is merged, what is split, and what is left alone.

use ottla_compression::{Codec, CompressionError, Compressor, Decompressor};
use ottla_types::ProducerId;
use proptest::prelude::*;

use super::{Rebatch, Rebatched, rebatch};
use crate::records::{
    Attributes, BatchBuilder, BatchHeader, EncodedBatch, NO_HEADERS, Producer, RecordError, RecordFault, TimestampType,
    batches, edit, end_transaction_batch,
};

const LARGE: Rebatch = Rebatch::into_at_most(1 << 20, 10_000);

fn run(bytes: &[u8], how: &Rebatch) -> Result<(Vec<u8>, Rebatched), RecordError> {
    let mut out = Vec::new();
    let done = rebatch(bytes, how, &mut Decompressor::new(), &mut Compressor::new(), &mut out, 1 << 20)?;
    Ok((out, done))
}

fn headers(bytes: &[u8]) -> Vec<BatchHeader> {
    let found = batches(bytes).map(|batch| {
        let batch = batch.unwrap();
        assert_eq!(batch.verify_crc(), Ok(()));
        *batch.header()
    });
    found.collect()
}

/// Offset, timestamp, value and headers.
type Record = (i64, i64, Option<Vec<u8>>, usize);

fn records(bytes: &[u8]) -> Vec<Record> {
    let mut records = Vec::new();
    for batch in batches(bytes) {
        let mut scratch = Vec::new();
        let opened = batch.unwrap().open(&mut Decompressor::new(), &mut scratch, 1 << 20).unwrap();
        records.extend(opened.map(|record| {
            (record.offset, record.timestamp, record.value.map(<[u8]>::to_vec), record.headers().count())
        }));
    }
    records
}

/// Three records of 100 bytes, at offset deltas 0, 1 and 4, the last with a header.
fn three(base_offset: i64, attributes: Attributes, codec: Codec) -> EncodedBatch {
    let mut builder = BatchBuilder::new(Vec::new());
    builder.append(base_offset + 50, None, Some(&[b'a'; 100]), NO_HEADERS).unwrap();
    builder.append(base_offset + 20, None, Some(&[b'b'; 100]), NO_HEADERS).unwrap();
    builder.append_at(4, base_offset + 30, None, Some(&[b'c'; 100]), [(&b"h"[..], None)]).unwrap();
    let mut batch = builder.build_with(attributes);
    batch.compress(&codec.into(), &mut Compressor::new(), &mut Vec::new()).unwrap();
    batch.set_base_offset(base_offset);
    batch.set_leader_epoch(9);
    batch.seal();
    batch
}

fn idempotent(base_offset: i64, base_sequence: i32) -> EncodedBatch {
    let mut batch = three(base_offset, Attributes::default(), Codec::None);
    batch.assign(Producer { id: ProducerId(4), epoch: 1, base_sequence });
    batch.seal();
    batch
}

#[test]
fn small_batches_become_one_with_all_that_they_said() {
    for codec in Codec::ALL {
        let set = [100, 105, 200].map(|base| three(base, Attributes::default(), codec).into_inner()).concat();
        let (merged, done) = run(&set, &LARGE).unwrap();
        let header = headers(&merged)[0];
        assert_eq!((done.batches_read, done.batches_written, done.next_offset), (3, 1, 205));
        assert_eq!((header.base_offset, header.last_offset(), header.count), (100, 204, 9));
        assert_eq!((header.base_timestamp, header.max_timestamp, header.leader_epoch), (150, 250, 9));
        assert_eq!(header.attributes.codec(), Ok(codec));
        assert_eq!(records(&merged), records(&set));
    }
}

#[test]
fn a_large_batch_becomes_several_without_a_hole_between_them() {
    let set = three(100, Attributes::default(), Codec::Lz4).into_inner();
    let (split, done) = run(&set, &Rebatch::into_at_most(1 << 20, 1)).unwrap();
    let ranges = headers(&split).into_iter().map(|header| (header.base_offset, header.last_offset()));
    assert_eq!(ranges.collect::<Vec<_>>(), [(100, 100), (101, 103), (104, 104)]);
    assert_eq!((done.batches_written, records(&split)), (3, records(&set)));
    // by size: the header and two records of a little more than 100 bytes each
    let (split, _) = run(&set, &Rebatch::into_at_most(61 + 220, 100)).unwrap();
    assert_eq!(headers(&split).iter().map(|header| header.count).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(records(&split), records(&set));
    let (split, _) = run(&set, &Rebatch::into_at_most(1, 0)).unwrap();
    assert_eq!(headers(&split).len(), 3, "a record is never split");
}

#[test]
fn idempotent_batches_keep_their_sequences() {
    let set = [idempotent(0, i32::MAX - 2).into_inner(), idempotent(5, 2).into_inner()].concat();
    assert_eq!(run(&set, &LARGE).unwrap().0, set, "not merged, not touched");
    let (split, _) = run(&set, &Rebatch::into_at_most(1 << 20, 2)).unwrap();
    let sequences = headers(&split).into_iter().map(|header| (header.producer.base_sequence, header.last_sequence()));
    // the gap at the deltas 2 and 3 belongs to the part before it, and sequences go from the largest to 0
    assert_eq!(sequences.collect::<Vec<_>>(), [(i32::MAX - 2, 0), (1, 1), (2, 5), (6, 6)]);
    assert_eq!(records(&split), records(&set));
    let (compressed, done) = run(&set, &LARGE.compress(Codec::Gzip.into())).unwrap();
    assert_eq!((done.batches_written, headers(&compressed)[1].producer.base_sequence), (2, 2));
    assert_eq!(headers(&compressed)[0].attributes.codec(), Ok(Codec::Gzip));
}

#[test]
fn what_differs_is_not_merged() {
    let plain = Attributes::default();
    let stamped = plain.with_timestamp_type(TimestampType::LogAppendTime);
    let horizon = Attributes(1 << 6);
    let pairs = [
        (three(0, plain, Codec::None), three(10, stamped, Codec::None)),
        (three(0, stamped, Codec::None), three(10, stamped, Codec::None)),
        (three(0, horizon, Codec::None), three(10, horizon, Codec::None)),
        (three(10, plain, Codec::None), three(10, plain, Codec::None)),
        (three(10, plain, Codec::None), three(0, plain, Codec::None)),
        (three(0, plain, Codec::None), three(1 << 40, plain, Codec::None)),
        (three(0, plain, Codec::None), {
            let mut batch = three(10, plain, Codec::None);
            batch.set_leader_epoch(10);
            batch
        }),
    ];
    for (i, (one, two)) in pairs.into_iter().enumerate() {
        let set = [one.into_inner(), two.into_inner()].concat();
        let (out, done) = run(&set, &LARGE).unwrap();
        assert_eq!((done.batches_written, records(&out)), (2, records(&set)), "pair {i}");
        let same = |header: &BatchHeader| (header.attributes, header.base_timestamp, header.max_timestamp);
        assert!(headers(&out).iter().map(same).eq(headers(&set).iter().map(same)), "pair {i}");
    }
}

#[test]
fn the_delete_horizon_and_the_brokers_time_stay_on_each_part() {
    let stamped = Attributes(1 << 6).with_timestamp_type(TimestampType::LogAppendTime);
    let mut set = three(0, stamped, Codec::Zstd).into_inner();
    edit::set_log_append_time(&mut set, 999);
    edit::seal(&mut set);
    let (split, _) = run(&set, &Rebatch::into_at_most(1 << 20, 1)).unwrap();
    for header in headers(&split) {
        assert_eq!((header.delete_horizon(), header.log_append_time()), (Some(50), Some(999)));
    }
    assert_eq!(records(&split), records(&set));
}

#[test]
fn markers_and_batches_without_records_stay_between_the_others() {
    let mut marker = end_transaction_batch(true, Producer::NONE, 1, 5, Vec::new()).unwrap();
    marker.set_base_offset(5);
    let mut empty = BatchBuilder::new(Vec::new()).build();
    empty.set_base_offset(6);
    empty.seal();
    let data = |base| three(base, Attributes::default(), Codec::None).into_inner();
    let fixed = [marker.into_inner(), empty.into_inner()].concat();
    let set = [data(0), fixed.clone(), data(7), data(12)].concat();
    let (out, done) = run(&set, &LARGE).unwrap();
    assert_eq!(done.batches_written, 4);
    assert!(out.windows(fixed.len()).any(|window| window == fixed));
    assert_eq!(records(&out), records(&set));
}

#[test]
fn what_producers_sent_is_renumbered_and_merged() {
    let set = three(0, Attributes::default(), Codec::Snappy).into_inner().repeat(3);
    assert_eq!(run(&set, &LARGE).unwrap().1.batches_written, 3, "their offsets do not ascend");
    let (merged, done) = run(&set, &LARGE.renumber(1000)).unwrap();
    assert_eq!((done.batches_written, done.next_offset), (1, 1015));
    let offsets = records(&merged).into_iter().map(|(offset, ..)| offset).collect::<Vec<_>>();
    assert_eq!(offsets, [1000, 1001, 1004, 1005, 1006, 1009, 1010, 1011, 1014]);
    let set = [idempotent(0, 3).into_inner(), idempotent(0, 8).into_inner()].concat();
    let (moved, _) = run(&set, &LARGE.renumber(7)).unwrap();
    assert_eq!(headers(&moved).iter().map(|header| header.base_offset).collect::<Vec<_>>(), [7, 12]);
}

#[test]
fn damage_limits_and_cut_ends_are_told() {
    let set = three(0, Attributes::default(), Codec::None).into_inner();
    let (out, done) = run(&[&set[..], &set[..90]].concat(), &LARGE).unwrap();
    assert_eq!((done.read, done.batches_read, records(&out)), (set.len(), 1, records(&set)));
    let mut damaged = set.clone();
    damaged[80] ^= 1;
    assert!(matches!(run(&damaged, &LARGE), Err(RecordError::Crc { .. })));
    // the last record's offset delta becomes that of the one before
    let mut disordered = three(0, Attributes::default(), Codec::None).into_inner();
    let at = disordered.windows(2).rposition(|window| window[1] == 8 && window[0] != b'c').unwrap() + 1;
    disordered[at] = 2;
    edit::seal(&mut disordered);
    let fault =
        |error| matches!(error, RecordError::Malformed { fault: RecordFault::Offset, position, .. } if position > 200);
    assert!(run(&disordered, &LARGE).is_err_and(fault));
    edit::set_base_offset(&mut disordered, 40);
    let moved = run(&disordered, &LARGE.renumber(7));
    assert!(matches!(moved, Err(RecordError::Malformed { base_offset: 40, .. })), "the offset that it came with");
    for codec in [Codec::None, Codec::Gzip] {
        let set = three(0, Attributes::default(), codec);
        let (d, c) = (&mut Decompressor::new(), &mut Compressor::new());
        let result = rebatch(set.as_bytes(), &LARGE, d, c, &mut Vec::new(), 90);
        assert_eq!(result, Err(RecordError::Compression(CompressionError::OutputLimit { limit: 90 })));
    }
    assert_eq!(run(&[], &LARGE).unwrap().1.next_offset, -1);
}

proptest! {
    #[test]
    fn no_record_is_lost_or_changed_whatever_the_sizes(
        sets in proptest::collection::vec(
            (proptest::collection::vec((1_i32..4, -5_i64..50, 0_usize..60), 1..8), 0_i64..5, any::<bool>(), 0_usize..5),
            1..8,
        ),
        max_bytes in 61_usize..600,
        max_records in 1_usize..12,
    ) {
        let mut set = Vec::new();
        let mut next = 0;
        for (values, gap, is_idempotent, codec) in &sets {
            let mut builder = BatchBuilder::new(Vec::new());
            let mut delta = -1;
            for (step, timestamp, len) in values {
                delta += step;
                builder.append_at(delta, *timestamp, None, Some(&vec![b'x'; *len]), NO_HEADERS).unwrap();
            }
            let mut batch = builder.build();
            batch.compress(&Codec::ALL[*codec].into(), &mut Compressor::new(), &mut Vec::new()).unwrap();
            if *is_idempotent {
                batch.assign(Producer { id: ProducerId(1), epoch: 0, base_sequence: i32::try_from(next).unwrap() });
            }
            batch.set_base_offset(next + gap);
            batch.seal();
            next = batch.header().next_offset();
            set.extend(batch.into_inner());
        }
        let (out, done) = run(&set, &Rebatch::into_at_most(max_bytes, max_records)).unwrap();
        prop_assert_eq!(records(&out), records(&set));
        prop_assert_eq!(done.next_offset, next);
        let mut last = -1;
        for header in headers(&out) {
            prop_assert!(header.base_offset > last, "ascending, not overlapping");
            prop_assert!(header.count as usize <= max_records);
            last = header.last_offset();
        }
    }
}
