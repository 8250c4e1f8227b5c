//! Tests of what an error tells.

use std::error::Error as _;

use ottla_types::ErrorCode;

use super::{Error, ErrorKind, Outcome};

#[test]
fn an_error_says_what_where_and_whether_it_may_have_happened() {
    let error = Error::broker(ErrorCode::NOT_ENOUGH_REPLICAS, "orders/3 was not written")
        .with_outcome(Outcome::MayHaveHappened)
        .within("flush");
    let text = error.to_string();
    assert!(text.starts_with("flush: orders/3 was not written: "), "{text}");
    assert!(text.contains("NOT_ENOUGH_REPLICAS"), "{text}");
    assert!(text.contains("may have happened"), "{text}");
    assert_eq!(error.code(), Some(ErrorCode::NOT_ENOUGH_REPLICAS));
    assert!(error.is_retriable());
}

#[test]
fn a_fenced_producer_is_fatal_and_not_retriable() {
    let error = Error::broker(ErrorCode::PRODUCER_FENCED, "producer 7");
    assert_eq!(error.kind(), ErrorKind::Fenced);
    assert!(error.is_fatal());
    assert!(!error.is_retriable());
}

#[test]
fn the_source_is_kept_and_not_repeated_in_the_text() {
    let source = std::io::Error::other("broken pipe");
    let error = Error::new(ErrorKind::Transport, "connection to broker 1 ended")
        .with_source(std::sync::Arc::new(source) as std::sync::Arc<dyn std::error::Error + Send + Sync>);
    assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("broken pipe"));
    assert!(!error.to_string().contains("broken pipe"));
}

#[test]
fn an_error_is_one_pointer_wide() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}
