//! The limit's edges, and the pieces.

use std::ops::ControlFlow;

use super::{Bounded, KEPT, PIECE};
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
fn growing_stops_at_the_limit() {
    let mut out = Vec::new();
    let mut bounded = Bounded::new(&mut out, 100);
    for _ in 0..10 {
        bounded.extend(&[0; 10]).unwrap();
    }
    assert_eq!(out.capacity(), 100);
}

#[test]
fn fill_keeps_what_was_written_and_shows_what_came_before() {
    let mut out = vec![9];
    let mut bounded = Bounded::new(&mut out, 10);
    bounded.extend(&[1, 2]).unwrap();
    let added = bounded.fill(100, |done, free| {
        assert_eq!((done, free.len()), (&[1, 2][..], 8));
        free[0] = 3;
        Ok::<_, CompressionError>(1)
    });
    assert_eq!(added, Ok(1));
    let failed = CompressionError::UnknownName;
    assert_eq!(bounded.fill(4, |_, _| Err(failed)), Err(failed));
    assert_eq!(bounded.written_from(1), [2, 3]);
    assert_eq!(out, [9, 1, 2, 3]);
}

#[test]
fn pieces_come_in_order_and_what_a_codec_looks_back_at_stays() {
    let mut taken = Vec::new();
    let mut sink = |piece: &[u8]| {
        taken.extend_from_slice(piece);
        ControlFlow::Continue(())
    };
    let mut buffer = b"dropped".to_vec();
    let mut bounded = Bounded::in_pieces(&mut buffer, 1 << 20, &mut sink);
    let mut expected = Vec::new();
    for i in 0..20_u8 {
        let at = bounded.written();
        bounded.extend(&[i; 10_000]).unwrap();
        expected.extend([i; 10_000]);
        assert_eq!(bounded.written_from(at), [i; 10_000]);
        let seen = bounded.fill(1, |done, _| {
            assert!(expected.ends_with(done) && done.len() >= expected.len().min(KEPT));
            Ok::<_, CompressionError>(0)
        });
        assert_eq!(seen, Ok(0));
    }
    assert_eq!(bounded.written(), 200_000);
    assert_eq!(bounded.end(Ok(())), Ok(ControlFlow::Continue(())));
    assert!(taken == expected);
    assert!(buffer.capacity() <= 2 * (PIECE + KEPT));
}

#[test]
fn a_sink_that_wants_no_more_ends_it_without_an_error() {
    let mut calls = 0;
    let mut sink = |_: &[u8]| {
        calls += 1;
        ControlFlow::Break(())
    };
    let mut buffer = Vec::new();
    let mut bounded = Bounded::in_pieces(&mut buffer, 1 << 20, &mut sink);
    let result = (0..5).try_for_each(|_| bounded.extend(&[0; PIECE]));
    assert!(result.is_err() && bounded.room(1).is_err(), "and is not asked again");
    assert_eq!(bounded.end(result), Ok(ControlFlow::Break(())));
    assert_eq!(calls, 1);
}
