//! The limit's edges.

use super::Bounded;
use crate::CompressionError;

const OVER: Result<(), CompressionError> = Err(CompressionError::OutputLimit { limit: 10 });

#[test]
fn the_limit_counts_only_what_is_appended() {
    let mut out = vec![1; 5];
    let mut bounded = Bounded::new(&mut out, 10);
    bounded.extend(&[2; 9]).unwrap();
    assert_eq!(bounded.extend(&[3; 2]), OVER);
    bounded.extend(&[3]).unwrap();
    assert_eq!(bounded.written(), 10);
    assert!(bounded.check().is_ok() && bounded.is_short_of(1) && bounded.allow(0).is_ok());
}

#[test]
fn room_reserves_one_byte_past_the_limit_and_no_more() {
    let mut out = Vec::new();
    let mut bounded = Bounded::new(&mut out, 10);
    let buffer = bounded.room(1 << 30).unwrap();
    assert_eq!(buffer.capacity(), 11);
    buffer.extend_from_slice(&[0; 11]);
    assert_eq!(bounded.check(), OVER);
    assert!(bounded.room(1).is_err());
}

#[test]
fn fill_keeps_what_was_written_and_shows_what_came_before() {
    let mut out = vec![9];
    let mut bounded = Bounded::new(&mut out, 10);
    bounded.extend(&[1, 2]).unwrap();
    let added = bounded.fill(100, |done, free| {
        assert_eq!((done, free.len()), (&[1, 2][..], 8));
        free[0] = 3;
        Ok::<_, ()>(1)
    });
    assert_eq!(added, Ok(1));
    assert_eq!(bounded.fill(4, |_, _| Err(())), Err(()));
    assert_eq!(bounded.written_from(1), [2, 3]);
    assert_eq!(out, [9, 1, 2, 3]);
}
