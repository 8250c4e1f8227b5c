//! Tests of the verdict on each error code.

use ottla_types::ErrorCode;

use super::{Verdict, listed, verdict};

#[test]
fn every_error_code_of_kafka_has_a_verdict() {
    let missing: Vec<_> = ErrorCode::ALL.iter().filter(|code| listed(**code).is_none()).collect();
    assert!(missing.is_empty(), "without a verdict: {missing:?}");
}

#[test]
fn an_unknown_code_fails() {
    assert_eq!(verdict(ErrorCode(31_000)), Verdict::Fail);
}

#[test]
fn a_moved_leader_is_looked_up_and_a_full_log_is_retried() {
    assert_eq!(verdict(ErrorCode::NOT_LEADER_OR_FOLLOWER), Verdict::RefreshMetadata);
    assert_eq!(verdict(ErrorCode::NOT_ENOUGH_REPLICAS), Verdict::Retry);
    assert!(!verdict(ErrorCode::MESSAGE_TOO_LARGE).is_retriable());
}
