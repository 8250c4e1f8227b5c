//! Tests of cutting segments into batches.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

use super::{Piece, Segment};

/// A batch of v2 of this length, which nobody looks into here.
fn batch(length: usize) -> Vec<u8> {
    let mut bytes = vec![7; length];
    bytes[8..12].copy_from_slice(&i32::try_from(length - 12).unwrap().to_be_bytes());
    bytes[16] = 2;
    bytes
}

fn segment(bytes: &[u8]) -> Segment<&[u8]> {
    Segment::new(bytes, 1000)
}

#[test]
fn batches_come_one_by_one_with_their_places() {
    let (one, two) = (batch(61), batch(100));
    let whole = [one.clone(), two.clone()].concat();
    let mut segment = segment(&whole);
    assert_eq!(segment.next().unwrap(), Piece::Batch { position: 0, bytes: &one });
    assert_eq!(segment.next().unwrap(), Piece::Batch { position: 61, bytes: &two });
    assert_eq!(segment.next().unwrap(), Piece::End);
}

#[test]
fn an_end_in_the_middle_of_a_batch_says_what_is_there() {
    let whole = [batch(61), batch(100)].concat();
    for end in 62..161 {
        let mut segment = segment(&whole[..end]);
        segment.next().unwrap();
        let there = end as u64 - 61;
        let wanted = (there >= 12).then_some(100);
        assert_eq!(segment.next().unwrap(), Piece::CutShort { position: 61, there, wanted });
    }
}

#[test]
fn space_taken_in_advance_is_no_damage() {
    for count in [1, 17, 300_000] {
        let whole = [batch(61), vec![0; count]].concat();
        let mut segment = segment(&whole);
        segment.next().unwrap();
        assert_eq!(segment.next().unwrap(), Piece::Zeros { position: 61, count: count as u64 });
    }
}

#[test]
fn what_is_no_batch_is_told_with_its_place() {
    let mut negative = batch(61);
    negative[8] = 0xff;
    let mut format = batch(61);
    format[16] = 3;
    let mut short = batch(61);
    short[11] = 48;
    let zeros = [vec![0; 300], vec![1]].concat();
    for (second, words) in [(negative, "length of -"), (format, "format v3"), (short, "49 at least"), (zeros, "zeros")]
    {
        let whole = [batch(61), second].concat();
        let mut segment = segment(&whole);
        segment.next().unwrap();
        let piece = segment.next().unwrap();
        assert!(matches!(&piece, Piece::Broken { position: 61, why } if why.contains(words)), "{piece:?}");
    }
}

#[test]
fn a_length_that_lies_takes_no_memory() {
    let whole = [&batch(61)[..8], &0x7fff_ffff_i32.to_be_bytes(), &[0, 0, 0, 0, 2]].concat();
    let mut bounded = segment(&whole);
    assert_eq!(bounded.next().unwrap(), Piece::TooLong { position: 0, length: 0x7fff_ffff + 12 });
    let mut open = Segment::new(&whole[..], u64::MAX);
    let wanted = Some(0x7fff_ffff + 12);
    assert_eq!(open.next().unwrap(), Piece::CutShort { position: 0, there: 17, wanted });
    assert!(open.buffer.capacity() < 4096);
}
