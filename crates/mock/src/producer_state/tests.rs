//! Tests of the checks of producers' sequences.

use ottla_protocol::records::{BatchBuilder, BatchHeader, NO_HEADERS, Producer};
use ottla_types::{ErrorCode, ProducerId};

use super::{ProducerStates, Sequence};

fn batch(epoch: i16, base_sequence: i32, records: i32) -> BatchHeader {
    let mut builder = BatchBuilder::new(Vec::new());
    for _ in 0..records {
        builder.append(0, None, None, NO_HEADERS).unwrap();
    }
    let mut batch = builder.build();
    batch.assign(Producer { id: ProducerId(7), epoch, base_sequence });
    *batch.header()
}

fn with(batches: &[BatchHeader]) -> ProducerStates {
    let mut states = ProducerStates::default();
    let mut offset = 0;
    for batch in batches {
        states.appended(batch, offset, -1);
        offset += i64::from(batch.count);
    }
    states
}

#[test]
fn sequences_must_follow_each_other() {
    let states = with(&[batch(0, 0, 10)]);
    assert_eq!(states.check(&batch(0, 10, 1), false), Sequence::Next);
    let refused = Sequence::Refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    assert_eq!(states.check(&batch(0, 11, 1), false), refused);
    assert_eq!(states.check(&batch(0, 9, 1), false), refused);
    assert_eq!(states.check(&batch(0, 0, 9), false), refused, "not the batch that was appended");
}

#[test]
fn sequences_wrap_to_zero() {
    let states = with(&[batch(0, i32::MAX - 1, 2)]);
    assert_eq!(states.check(&batch(0, 0, 1), false), Sequence::Next);
    let states = with(&[batch(0, i32::MAX, 3)]);
    assert_eq!(states.check(&batch(0, 2, 1), false), Sequence::Next);
}

#[test]
fn one_of_the_last_five_batches_is_a_duplicate_and_keeps_its_offset() {
    let batches: Vec<_> = (0..6).map(|i| batch(0, i * 2, 2)).collect();
    let states = with(&batches);
    for (place, batch) in batches.iter().enumerate() {
        let expected = match place {
            0 => Sequence::Refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER),
            place => Sequence::Duplicate { base_offset: place as i64 * 2, log_append_time: -1 },
        };
        assert_eq!(states.check(batch, false), expected, "batch {place}");
    }
}

#[test]
fn an_old_epoch_is_refused_and_a_new_one_starts_at_zero() {
    let states = with(&[batch(3, 0, 1)]);
    assert_eq!(states.check(&batch(2, 1, 1), false), Sequence::Refused(ErrorCode::INVALID_PRODUCER_EPOCH));
    assert_eq!(states.check(&batch(4, 0, 1), false), Sequence::Next);
    assert_eq!(states.check(&batch(4, 1, 1), false), Sequence::Refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
}

#[test]
fn an_unknown_producer_may_start_anywhere_unless_the_cluster_is_strict() {
    let states = ProducerStates::default();
    assert_eq!(states.check(&batch(0, 42, 1), false), Sequence::Next);
    assert_eq!(states.check(&batch(0, 42, 1), true), Sequence::Refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    assert_eq!(states.check(&batch(0, 0, 1), true), Sequence::Next);
}
