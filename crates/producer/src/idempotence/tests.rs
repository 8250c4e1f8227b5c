//! How an identity is got and moves on.

use std::time::Duration;

use ottla_core::error::{Error, ErrorKind};
use ottla_types::ProducerId;

use super::{Idempotence, Identity};
use crate::testing::start;

fn known(epoch: i16) -> (Idempotence, Identity) {
    let mut idempotence = Idempotence::new(true);
    let identity = Identity { id: ProducerId(5), epoch };
    idempotence.on_identity(identity);
    (idempotence, identity)
}

#[test]
fn a_bump_moves_the_epoch_on_once_however_many_partitions_ask() {
    let (mut idempotence, identity) = known(3);
    idempotence.bump(identity);
    idempotence.bump(identity);
    assert_eq!(idempotence.identity(), Some(Identity { epoch: 4, ..identity }));
}

#[test]
fn after_the_last_epoch_a_new_producer_id_is_asked_for() {
    let (mut idempotence, identity) = known(i16::MAX);
    idempotence.bump(identity);
    assert!(idempotence.should_ask());
}

#[test]
fn a_failure_is_waited_out_and_then_asked_again() {
    let mut idempotence = Idempotence::new(true);
    assert!(idempotence.should_ask());
    idempotence.on_asked();
    assert!(!idempotence.should_ask());
    let start = start();
    assert_eq!(idempotence.on_failure(Error::new(ErrorKind::Transport, "gone")), 1);
    idempotence.wait_until(start + Duration::from_millis(5));
    assert!(!idempotence.on_time(start));
    assert!(idempotence.on_time(start + Duration::from_millis(5)));
    assert!(idempotence.should_ask());
    assert_eq!(idempotence.on_failure(Error::new(ErrorKind::Transport, "gone")), 2);
}

#[test]
fn without_idempotence_nothing_is_asked() {
    let idempotence = Idempotence::new(false);
    assert!(!idempotence.should_ask() && !idempotence.enabled());
}
