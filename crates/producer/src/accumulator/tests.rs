//! Who waits for memory and topics, and in which order they are let in.

use std::time::Duration;

use ottla_core::error::{Error, ErrorKind};

use super::{Accumulator, Answered, Want};
use crate::testing::start;

fn fill(answers: &mut Vec<Answered>) -> usize {
    let count = answers.len();
    for answered in answers.drain(..) {
        answered.filler.fill(answered.answer);
    }
    count
}

#[test]
fn memory_is_granted_in_the_order_of_the_tickets() {
    let start = start();
    let mut answers = Vec::new();
    let mut memory = Accumulator::new(100);
    memory.charge(90);
    assert!(memory.admits(10) && !memory.admits(11));
    let (first, _large) = memory.wait(Want::Memory(50), start);
    let (second, _small) = memory.wait(Want::Memory(5), start);
    assert!(!memory.admits(1), "nobody overtakes those who wait");
    memory.release(10, &mut answers);
    assert_eq!(fill(&mut answers), 0, "the small one waits behind the large one");
    memory.release(30, &mut answers);
    assert_eq!(fill(&mut answers), 1);
    assert_eq!((memory.redeem(first), memory.redeem(second)), (50, 0));
    memory.charge(50);
    memory.release(60, &mut answers);
    assert_eq!(fill(&mut answers), 1);
    assert_eq!(memory.redeem(second), 5);
    assert!(!memory.is_short());
}

#[test]
fn a_granted_ticket_that_is_dropped_passes_on() {
    let start = start();
    let mut answers = Vec::new();
    let mut memory = Accumulator::new(100);
    memory.charge(100);
    let (first, _one) = memory.wait(Want::Memory(60), start);
    let (second, _other) = memory.wait(Want::Memory(60), start);
    memory.release(100, &mut answers);
    assert_eq!(fill(&mut answers), 1);
    memory.abandon(first, &mut answers);
    assert_eq!(fill(&mut answers), 1);
    assert_eq!(memory.redeem(second), 60);
    assert!(memory.admits(100));
}

#[test]
fn a_ticket_is_refused_at_its_deadline_and_lets_the_next_one_through() {
    let start = start();
    let mut answers = Vec::new();
    let mut memory = Accumulator::new(100);
    memory.charge(80);
    let later = start + Duration::from_secs(2);
    let (_, _large) = memory.wait(Want::Memory(50), start + Duration::from_secs(1));
    let (small, _small) = memory.wait(Want::Memory(5), later);
    assert_eq!(memory.deadline(), Some(start + Duration::from_secs(1)));
    memory.on_time(start + Duration::from_secs(1), |_, _| Error::new(ErrorKind::Timeout, "over"), &mut answers);
    let ok: Vec<_> = answers.iter().map(|answered| answered.answer.is_ok()).collect();
    assert_eq!(ok, [false, true]);
    assert_eq!(memory.redeem(small), 5);
    assert_eq!(memory.deadline(), None);
}

#[test]
fn those_who_wait_for_a_topic_do_not_hold_up_memory() {
    let start = start();
    let mut answers = Vec::new();
    let mut memory = Accumulator::new(100);
    let (_, _waiting) = memory.wait(Want::Topic(3), start);
    assert!(memory.admits(100) && memory.is_awaited(3) && !memory.is_awaited(2));
    memory.on_topic(3, &Ok(()), &mut answers);
    assert_eq!(fill(&mut answers), 1);
    assert!(!memory.is_awaited(3));
}
