//! Tails, bad lengths, other formats.

use proptest::prelude::*;

use super::batches;
use crate::records::{BatchBuilder, BatchHeader, NO_HEADERS, RecordError, RecordFault, edit};

fn two() -> (Vec<u8>, usize) {
    let mut bytes = Vec::new();
    let mut first = 0;
    for offset in [10, 20] {
        let mut builder = BatchBuilder::new(Vec::new());
        builder.append(1, None, Some(b"value"), NO_HEADERS).unwrap();
        let mut batch = builder.build();
        batch.set_base_offset(offset);
        batch.seal();
        bytes.extend_from_slice(batch.as_bytes());
        first = bytes.len() / if offset == 10 { 1 } else { 2 };
    }
    (bytes, first)
}

#[test]
fn a_batch_cut_short_at_the_end_is_no_error() {
    let (bytes, first) = two();
    for len in 0..=bytes.len() {
        let mut found = batches(&bytes[..len]);
        let count = found.by_ref().map(Result::unwrap).count();
        assert_eq!(count, len / first, "{len}");
        assert_eq!(found.remainder().len(), len % first);
        assert!(found.next().is_none());
    }
}

#[test]
fn positions_lead_to_the_batches() {
    let (bytes, first) = two();
    let found: Vec<_> = batches(&bytes).map(Result::unwrap).collect();
    assert_eq!((found[0].position(), found[1].position()), (0, first));
    for batch in found {
        assert_eq!(&bytes[batch.payload_range()], batch.payload());
        assert_eq!(batch.bytes().len(), batch.header().len());
    }
}

/// What the second batch gives with some bytes of its header replaced, and whether that is the end.
fn damaged(at: usize, with: &[u8], len: usize) -> (Option<RecordError>, usize) {
    let (mut bytes, first) = two();
    bytes[first + at..][..with.len()].copy_from_slice(with);
    bytes.truncate(first + len);
    let mut found = batches(&bytes);
    assert!(found.next().unwrap().is_ok());
    let error = found.next().map(|result| result.map(drop).unwrap_err());
    (error, found.count())
}

#[test]
fn an_impossible_length_or_format_is_an_error_even_at_a_cut_end() {
    let (_, position) = two();
    for length in [-1, 0, 13] {
        let expected = Some(RecordError::Length { position, length });
        assert_eq!(damaged(8, &length.to_be_bytes(), 12), (expected, 0));
        assert_eq!(damaged(8, &length.to_be_bytes(), 60), (expected, 0));
    }
    for magic in [3, 127, -1_i8] {
        let expected = Some(RecordError::Magic { position, magic });
        assert_eq!(damaged(16, &magic.to_be_bytes(), 17), (expected, 0));
        assert_eq!(damaged(16, &magic.to_be_bytes(), 16), (None, 0), "not there yet");
    }
    assert_eq!(damaged(8, &48_i32.to_be_bytes(), 62).0, Some(RecordError::Length { position, length: 48 }));
    assert_eq!(damaged(8, &i32::MAX.to_be_bytes(), 62), (None, 0), "cut short");
}

#[test]
fn an_impossible_count_or_last_offset_is_an_error() {
    let position = two().1;
    let fault = |fault| Some(RecordError::Malformed { base_offset: 20, position, fault });
    assert_eq!(damaged(57, &(-1_i32).to_be_bytes(), 73), (fault(RecordFault::Count), 0));
    assert_eq!(damaged(23, &(-1_i32).to_be_bytes(), 73), (fault(RecordFault::LastOffset), 0));
}

#[test]
fn messages_of_old_formats_are_told_and_passed_over() {
    let mut bytes = vec![0; 8];
    bytes.extend(14_i32.to_be_bytes());
    bytes.extend([0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let old = bytes.len();
    bytes.extend(two().0);
    let mut found = batches(&bytes);
    assert_eq!(found.next().unwrap().map(drop), Err(RecordError::Legacy { position: 0, magic: 1 }));
    assert_eq!(found.next().unwrap().unwrap().position(), old);
    assert_eq!(found.count(), 1);
}

#[test]
fn a_batch_without_records_moves_the_offset_on() {
    let mut header = *batches(&two().0).next().unwrap().unwrap().header();
    header.count = 0;
    header.last_offset_delta = 99;
    header.batch_length = 49;
    let mut bytes = header.to_bytes().to_vec();
    edit::seal(&mut bytes);
    let batch = batches(&bytes).next().unwrap().unwrap();
    assert!(batch.header().is_empty());
    assert_eq!(batch.header().next_offset(), 110);
    assert_eq!(batch.open(&mut Default::default(), &mut Vec::new(), 0).unwrap().count(), 0);
    assert_eq!(bytes.len(), BatchHeader::LEN);
}

proptest! {
    #[test]
    fn any_bytes_are_cut_without_panic_and_in_progress(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..300),
        length in 14_i32..200,
        magic in 0_u8..4,
    ) {
        if let Some(at) = bytes.get_mut(8..17) {
            at[..4].copy_from_slice(&length.to_be_bytes());
            at[8] = magic;
        }
        let mut scratch = Vec::new();
        for batch in batches(&bytes).flatten() {
            let _ = batch.open(&mut Default::default(), &mut scratch, 1000);
            let _ = batch.decompress(&mut Default::default(), &mut scratch, 1000);
        }
    }
}
