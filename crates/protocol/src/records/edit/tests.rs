//! What is edited and what is left alone.

use ottla_types::ProducerId;

use super::*;
use crate::records::{BatchBuilder, NO_HEADERS, batches};

fn batch() -> Vec<u8> {
    let mut builder = BatchBuilder::new(Vec::new());
    builder.append(5, None, Some(b"value"), NO_HEADERS).unwrap();
    let mut batch = builder.build();
    batch.seal();
    batch.into_inner()
}

/// Every change there is.
const CHANGES: [fn(&mut [u8]); 9] = [
    |batch| set_base_offset(batch, 3),
    |batch| set_leader_epoch(batch, 3),
    |batch| set_producer(batch, Producer { id: ProducerId(3), epoch: 3, base_sequence: 3 }),
    |batch| set_producer_id(batch, ProducerId(3)),
    |batch| set_producer_epoch(batch, 3),
    |batch| set_base_sequence(batch, 3),
    |batch| set_transactional(batch, true),
    |batch| set_log_append_time(batch, 3),
    seal,
];

#[test]
fn the_parts_of_a_producer_are_set_one_by_one() {
    let mut bytes = batch();
    set_producer_id(&mut bytes, ProducerId(1 << 40));
    set_producer_epoch(&mut bytes, 7);
    set_base_sequence(&mut bytes, i32::MAX);
    seal(&mut bytes);
    let batch = batches(&bytes).next().unwrap().unwrap();
    assert_eq!(batch.verify_crc(), Ok(()));
    let producer = Producer { id: ProducerId(1 << 40), epoch: 7, base_sequence: i32::MAX };
    assert_eq!((batch.header().producer, batch.header().last_sequence()), (producer, i32::MAX));
}

#[test]
fn only_offset_and_leader_epoch_leave_the_crc_right() {
    for (i, change) in CHANGES.iter().enumerate() {
        let mut bytes = batch();
        change(&mut bytes);
        let crc = batches(&bytes).next().unwrap().unwrap().verify_crc();
        assert_eq!(crc.is_ok(), i < 2 || i == CHANGES.len() - 1, "change {i}");
    }
}

#[test]
fn what_is_no_batch_of_this_format_is_left_alone() {
    let short = batch()[..60].to_vec();
    let mut old = batch();
    old[16] = 1;
    for bytes in [short, old, Vec::new()] {
        for change in CHANGES {
            let mut changed = bytes.clone();
            change(&mut changed);
            assert_eq!(changed, bytes);
        }
    }
}
