//! Tests of cutting lines.

use super::*;

/// The lines of `input` when it comes in blocks of `size`.
fn cut(input: &[u8], size: usize) -> Vec<Vec<u8>> {
    let mut lines = Lines::default();
    let mut all = Vec::new();
    for block in input.chunks(size) {
        let (joined, block) = lines.join(Bytes::copy_from_slice(block)).unwrap();
        all.extend(joined.map(|line| line.to_vec()));
        let (whole, rest) = block.split_at(memchr::memrchr(b'\n', &block).map_or(0, |last| last + 1));
        all.extend(each_line(whole).map(<[u8]>::to_vec));
        lines.keep(rest).unwrap();
    }
    all.extend(lines.finish().map(|line| line.to_vec()));
    all
}

#[test]
fn lines_are_the_same_whatever_the_size_of_the_blocks() {
    let input = b"one\n\ntwo\r\n\x00\xff\n\n\nlast without an end";
    let expected: Vec<Vec<u8>> = [&b"one"[..], b"", b"two\r", b"\x00\xff", b"", b"", b"last without an end"]
        .iter()
        .map(|line| line.to_vec())
        .collect();
    for size in 1..=input.len() {
        assert_eq!(cut(input, size), expected, "blocks of {size}");
    }
}

#[test]
fn a_final_line_end_begins_no_line() {
    for size in 1..5 {
        assert_eq!(cut(b"a\nb\n", size), [b"a", b"b"]);
        assert_eq!(cut(b"\n", size), [b""]);
        assert!(cut(b"", size).is_empty());
    }
}

#[test]
fn a_line_without_an_end_cannot_fill_the_memory() {
    let mut lines = Lines::default();
    let block = Bytes::from(vec![b'x'; LONGEST / 2]);
    lines.keep(&block).unwrap();
    assert!(lines.join(block.clone()).unwrap().0.is_none());
    assert_eq!(lines.join(block), Err(TooLong));
}
