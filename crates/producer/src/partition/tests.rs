//! The order of a partition's batches and sequences.

use std::time::Duration;

use bytes::Bytes;
use ottla_core::machine::RequestId;
use ottla_protocol::records::Producer;
use ottla_types::{BrokerId, ProducerId, Topic};

use super::{IDLE, Partition, Recovery};
use crate::batch::{Batch, Stage};
use crate::idempotence::Identity;
use crate::receipt::BatchSlot;
use crate::testing::{ONE, TWO, start};

const IDENTITY: Identity = Identity { id: ProducerId(3), epoch: 1 };

fn batch(number: u64) -> Batch {
    Batch {
        number,
        slot: BatchSlot::new(Topic::from("t"), 0, 0),
        stage: Stage::Ready,
        closed_at: start(),
        bytes: Bytes::new(),
        count: 10,
        charged: 0,
        kept: 0,
        awaited: false,
        stamped: Producer::NONE,
        sequence: None,
        maybe_written: false,
        failures: 0,
        abandoned: false,
        last_error: None,
    }
}

fn partition(batches: u64) -> Partition {
    let mut partition = Partition::new(0, 0);
    partition.leader = Some(ONE);
    partition.batches.extend((1..=batches).map(batch));
    partition
}

fn take_off(partition: &mut Partition, position: usize, broker: BrokerId) {
    partition.sequence(position, IDENTITY).unwrap();
    partition.batches[position].stage = Stage::InFlight(RequestId(1));
    partition.in_flight += 1;
    partition.in_flight_on = broker;
}

#[test]
fn the_window_is_one_until_the_first_success_and_after_long_idleness() {
    let now = start();
    let mut partition = partition(9);
    take_off(&mut partition, 0, ONE);
    assert_eq!(partition.next_to_send(ONE, now, true, 5), None);
    assert_eq!(partition.next_to_send(ONE, now, false, 5), Some(1), "without sequences there is nothing to prove");
    partition.proven = true;
    partition.last_success = Some(now);
    assert_eq!(partition.next_to_send(ONE, now, true, 5), Some(1));
    (1..5).for_each(|position| take_off(&mut partition, position, ONE));
    assert_eq!(partition.next_to_send(ONE, now, true, 5), None);
    let later = now + IDLE + Duration::from_secs(1);
    partition.in_flight = 1;
    assert_eq!(partition.next_to_send(ONE, later, true, 5), None);
}

#[test]
fn nothing_goes_to_a_new_leader_before_the_old_one_has_answered() {
    let now = start();
    let mut partition = partition(3);
    take_off(&mut partition, 0, ONE);
    partition.leader = Some(TWO);
    partition.proven = true;
    partition.last_success = Some(now);
    assert_eq!(partition.next_to_send(TWO, now, true, 5), None);
    partition.in_flight = 0;
    partition.batches[0].stage = Stage::Ready;
    assert_eq!(partition.next_to_send(TWO, now, true, 5), Some(0));
    assert_eq!(partition.next_to_send(ONE, now, true, 5), None);
}

#[test]
fn a_batch_that_is_still_encoded_holds_up_those_behind_it() {
    let now = start();
    let mut partition = partition(2);
    partition.batches[0].stage = Stage::Encoding;
    assert_eq!(partition.next_to_send(ONE, now, true, 5), None);
}

#[test]
fn the_foreseen_sequence_is_the_one_that_is_given() {
    let mut partition = partition(0);
    for number in 1..5 {
        let foreseen = partition.foreseen(Some(IDENTITY));
        let mut batch = batch(number);
        batch.stamped = foreseen;
        partition.batches.push_back(batch);
        let position = partition.batches.len() - 1;
        assert_eq!(partition.sequence(position, IDENTITY), Some(foreseen));
    }
    partition.batches.clear();
    assert_eq!(partition.foreseen(Some(IDENTITY)).base_sequence, 40);
    assert_eq!(partition.foreseen(None), Producer::NONE);
}

#[test]
fn a_partition_keeps_its_identity_while_a_sequence_under_it_is_open() {
    let mut partition = partition(2);
    take_off(&mut partition, 0, ONE);
    let newer = Identity { epoch: 2, ..IDENTITY };
    assert_eq!(partition.sequence(1, newer), Some(IDENTITY.at(10)));
    partition.batches.clear();
    partition.batches.push_back(batch(3));
    assert_eq!(partition.sequence(0, newer), Some(newer.at(0)));
}

#[test]
fn only_the_last_sequence_that_was_certainly_not_written_is_used_again() {
    let mut last = partition(1);
    last.sequence(0, IDENTITY).unwrap();
    let dropped = last.batches.pop_front().unwrap();
    last.on_dropped(&dropped);
    assert_eq!((last.next_sequence, last.recovery), (0, Recovery::None));

    let mut unsure = partition(1);
    unsure.sequence(0, IDENTITY).unwrap();
    let mut dropped = unsure.batches.pop_front().unwrap();
    dropped.maybe_written = true;
    unsure.on_dropped(&dropped);
    assert_eq!(unsure.recovery, Recovery::Renewing);

    let mut middle = partition(2);
    middle.sequence(0, IDENTITY).unwrap();
    middle.sequence(1, IDENTITY).unwrap();
    let dropped = middle.batches.pop_front().unwrap();
    middle.on_dropped(&dropped);
    assert_eq!(middle.recovery, Recovery::Renewing);
    assert_eq!(middle.recover(), Some(IDENTITY));
    assert_eq!((middle.recovery, middle.batches[0].sequence), (Recovery::None, None));
}

/// Every recovery against everything that decides whether it is over.
#[test]
fn recoveries_end_only_when_nothing_is_in_flight_and_nothing_is_unsure() {
    let table = [
        (Recovery::None, 0, false, Recovery::None, false),
        (Recovery::None, 1, false, Recovery::None, false),
        (Recovery::Draining, 1, false, Recovery::Draining, false),
        (Recovery::Draining, 0, false, Recovery::None, false),
        (Recovery::Draining, 0, true, Recovery::None, false),
        (Recovery::Renewing, 1, false, Recovery::Renewing, false),
        (Recovery::Renewing, 0, true, Recovery::Renewing, false),
        (Recovery::Renewing, 0, false, Recovery::None, true),
    ];
    for (recovery, in_flight, unsure, after, renewed) in table {
        let mut partition = partition(1);
        partition.identity = Some(IDENTITY);
        partition.recovery = recovery;
        partition.in_flight = in_flight;
        partition.batches[0].maybe_written = unsure;
        assert_eq!(partition.recover().is_some(), renewed, "{recovery:?} {in_flight} {unsure}");
        assert_eq!(partition.recovery, after, "{recovery:?} {in_flight} {unsure}");
    }
}
