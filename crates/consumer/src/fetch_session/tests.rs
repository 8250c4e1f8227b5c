//! Tests of fetch sessions.

use super::{FetchSession, Sent};

fn sent(offset: i64) -> Sent {
    Sent { incarnation: 1, offset, leader_epoch: 0, max_bytes: 10 }
}

#[test]
fn after_the_first_fetch_only_changes_are_sent() {
    let mut session = FetchSession::default();
    assert!(session.is_full() && !session.is_there());
    assert_eq!(session.next(), (0, 0));
    assert!(session.send(1, sent(5)));
    session.on_response(77);
    assert!(!session.is_full() && session.is_there());
    assert_eq!(session.next(), (77, 1));
    assert!(!session.send(1, sent(5)), "known already");
    assert!(session.send(1, sent(6)));
    assert!(session.forget(1));
    assert!(!session.forget(1));
    assert_eq!(session.sent(1), None);
}

#[test]
fn epochs_go_round_without_zero() {
    let mut session = FetchSession { id: 5, epoch: i32::MAX, ..FetchSession::default() };
    session.on_response(5);
    assert_eq!(session.next(), (5, 1));
}

#[test]
fn a_restart_ends_the_old_session_and_a_lost_one_has_no_id() {
    let mut session = FetchSession::default();
    session.send(1, sent(5));
    session.on_response(77);
    session.restart();
    assert_eq!(session.next(), (77, 0));
    assert!(session.send(1, sent(5)), "nothing is known any more");
    session.on_response(78);
    session.lost();
    assert_eq!(session.next(), (0, 0));
}

#[test]
fn a_broker_without_sessions_is_asked_in_full_each_time() {
    let mut session = FetchSession::default();
    session.on_response(0);
    assert!(session.is_full() && !session.is_there());
}

#[test]
fn naming_topics_otherwise_begins_anew() {
    let mut session = FetchSession::default();
    session.name_topics(true);
    session.on_response(3);
    session.name_topics(true);
    assert_eq!(session.next(), (3, 1));
    session.name_topics(false);
    assert_eq!(session.next(), (3, 0));
}
