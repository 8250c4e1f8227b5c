//! Tests of a partition's log.

use ottla_protocol::records::{BatchBuilder, BatchHeader, NO_HEADERS, batches};

use super::Log;

fn batch(records: i32) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Vec::new());
    for n in 0..records {
        builder.append(i64::from(n), None, Some(b"value"), NO_HEADERS).unwrap();
    }
    let mut batch = builder.build();
    batch.seal();
    batch.into_inner()
}

fn append(log: &mut Log, records: i32, epoch: i32) -> i64 {
    let batch = batch(records);
    let header = BatchHeader::read(&batch).unwrap();
    log.append(&batch, &header, epoch, None)
}

#[test]
fn batches_get_offsets_and_epochs_and_keep_their_checksum() {
    let mut log = Log::default();
    assert_eq!(append(&mut log, 3, 0), 0);
    assert_eq!(append(&mut log, 2, 4), 3);
    assert_eq!(log.end(), 5);
    let bytes = log.read(0, log.end(), usize::MAX, true);
    let read: Vec<_> = batches(&bytes).map(Result::unwrap).collect();
    assert_eq!(read.len(), 2);
    assert_eq!((read[1].header().base_offset, read[1].header().leader_epoch), (3, 4));
    read[1].verify_crc().unwrap();
}

#[test]
fn reading_starts_with_the_batch_that_holds_the_offset() {
    let mut log = Log::default();
    append(&mut log, 3, 0);
    append(&mut log, 3, 0);
    let bytes = log.read(4, log.end(), usize::MAX, true);
    assert_eq!(batches(&bytes).next().unwrap().unwrap().header().base_offset, 3);
    assert_eq!(log.available(4, 6), bytes.len() as u64);
    assert!(log.read(6, log.end(), usize::MAX, true).is_empty());
}

#[test]
fn a_read_is_cut_at_its_limit_but_the_first_batch_is_whole_where_asked() {
    let mut log = Log::default();
    append(&mut log, 1, 0);
    append(&mut log, 1, 0);
    let one = batch(1).len();
    assert_eq!(log.read(0, 2, one + 10, true).len(), one + 10, "part of the second batch");
    assert_eq!(log.read(0, 2, one - 1, true).len(), one);
    assert!(log.read(0, 2, one - 1, false).is_empty());
}

#[test]
fn an_epoch_ends_where_the_next_one_began() {
    let mut log = Log::default();
    append(&mut log, 3, 1);
    append(&mut log, 2, 3);
    log.began(5);
    assert_eq!(log.epoch_end(0), Some((0, 0)));
    assert_eq!(log.epoch_end(1), Some((1, 3)));
    assert_eq!(log.epoch_end(2), Some((1, 3)));
    assert_eq!(log.epoch_end(3), Some((3, 5)));
    assert_eq!(log.epoch_end(5), Some((5, 5)));
    assert_eq!(log.epoch_end(6), None);
    assert_eq!((log.epoch_at(2), log.epoch_at(3)), (1, 3));
}

#[test]
fn truncation_loses_whole_batches_and_their_producers_sequence() {
    let mut log = Log::default();
    append(&mut log, 3, 0);
    append(&mut log, 3, 1);
    log.truncate(5);
    assert_eq!(log.end(), 3);
    assert_eq!(log.epoch_end(1), None);
    assert_eq!(append(&mut log, 1, 2), 3);
    assert_eq!(log.available(0, 4), (batch(3).len() + batch(1).len()) as u64);
}

#[test]
fn deleted_records_move_the_start_of_the_log() {
    let mut log = Log::default();
    append(&mut log, 3, 0);
    append(&mut log, 3, 0);
    log.delete_before(4);
    assert_eq!(log.start(), 4);
    assert_eq!(log.batches().count(), 1);
    assert_eq!(log.available(4, 6), batch(3).len() as u64);
    log.delete_before(100);
    assert_eq!((log.start(), log.end()), (6, 6));
}
