//! The table of error codes.

use super::*;

#[test]
fn all_codes_are_listed_once_in_order_without_a_gap() {
    let numbers: Vec<i16> = ErrorCode::ALL.iter().map(|code| code.0).collect();
    assert_eq!(numbers, (-1..=133).collect::<Vec<_>>());
    assert!(ErrorCode::ALL.iter().all(|code| code.name().is_some()));
}

#[test]
fn a_code_prints_its_name_and_number() {
    assert_eq!(ErrorCode::NOT_LEADER_OR_FOLLOWER.to_string(), "NOT_LEADER_OR_FOLLOWER (6)");
    assert_eq!(ErrorCode::UNKNOWN_SERVER_ERROR.to_string(), "UNKNOWN_SERVER_ERROR (-1)");
    assert_eq!(format!("{:?}", ErrorCode(1234)), "UNKNOWN (1234)");
}

#[test]
fn only_none_is_no_error() {
    assert!(ErrorCode::default().is_ok());
    assert_eq!(ErrorCode::ALL.iter().filter(|code| code.is_ok()).count(), 1);
}
