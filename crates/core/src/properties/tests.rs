//! Tests of reading properties.

use std::time::Duration;

use super::{Properties, PropertyValue};

#[test]
fn comments_and_blank_lines_are_passed_over_and_a_later_line_wins() {
    let mut properties = Properties::parse("# one\n! two\n\nlinger.ms = 5\nlinger.ms=7\nclient.id: shop\n").unwrap();
    assert_eq!(properties.take("linger.ms").as_deref(), Some("7"));
    assert_eq!(properties.take("client.id").as_deref(), Some("shop"));
    properties.finish().unwrap();
}

#[test]
fn a_line_without_a_value_is_named() {
    let error = Properties::parse("a=1\nrubbish\n").unwrap_err();
    assert!(error.to_string().contains("line 2"), "{error}");
}

#[test]
fn what_nobody_took_is_named() {
    let error = Properties::parse("b=1\na=2\n").unwrap().finish().unwrap_err();
    assert_eq!(error.to_string(), "unknown here: `a`, `b`");
}

#[test]
fn what_several_configurations_share_can_be_taken_by_each() {
    let mut properties = Properties::parse("retry.backoff.ms=9").unwrap();
    assert_eq!(properties.take("retry.backoff.ms").as_deref(), Some("9"));
    assert_eq!(properties.take("retry.backoff.ms").as_deref(), Some("9"));
    properties.finish().unwrap();
}

#[test]
fn durations_take_the_unit_of_their_key() {
    assert_eq!(Duration::parse("linger.ms", "0.5"), Ok(Duration::from_micros(500)));
    assert_eq!(Duration::parse("x.seconds", "2"), Ok(Duration::from_secs(2)));
    assert!(Duration::parse("linger.ms", "-1").is_err());
    assert!(Duration::parse("linger.ms", "NaN").is_err());
    assert!(Duration::parse("linger.ms", "inf").is_err());
}
