//! What is written keeps the format's rules and gets shorter.

use lz4_flex::block::{compress, decompress};
use proptest::prelude::*;

use super::*;

fn packed(block: &[u8], level: i32) -> Vec<u8> {
    let mut out = Vec::new();
    High::new().compress(block, level, &mut out);
    out
}

/// Walks over the sequences; gives the lengths of the last literals and of what stood before the last match.
fn sequences(block: &[u8]) -> (usize, usize) {
    let (mut at, mut written, mut last_start) = (0, 0, 0);
    let length = |nibble: u8, at: &mut usize| {
        let mut len = usize::from(nibble);
        if nibble == 15 {
            loop {
                let more = block[*at];
                *at += 1;
                len += usize::from(more);
                if more < 255 {
                    break;
                }
            }
        }
        len
    };
    loop {
        let token = block[at];
        at += 1;
        let literals = length(token >> 4, &mut at);
        at += literals;
        written += literals;
        if at == block.len() {
            return (literals, last_start);
        }
        last_start = written;
        at += 2;
        written += length(token & 15, &mut at) + 4;
    }
}

fn words(len: usize) -> Vec<u8> {
    let words = (0_u32..).flat_map(|n| format!("{{\"user\":{},\"at\":{}}}", n % 97, n * 31 % 1009).into_bytes());
    words.take(len).collect()
}

#[test]
fn a_block_by_hand() {
    // three literals, a match of 12 bytes three back, five literals
    assert_eq!(packed(b"abcabcabcabcabcvwxyz", 9), [0x38, b'a', b'b', b'c', 3, 0, 0x50, b'v', b'w', b'x', b'y', b'z']);
    assert_eq!(packed(b"", 9), [0]);
    assert_eq!(packed(b"aaaaaaaaaaaa", 9)[0], 12 << 4, "too short for a match");
}

#[test]
fn each_level_reads_back_and_higher_ones_are_shorter_than_the_fast_encoder() {
    for block in [words(BLOCK), words(1000), vec![0; BLOCK], b"ab".repeat(20_000)] {
        let fast = compress(&block).len();
        let mut before = usize::MAX;
        for level in 1..=17 {
            let out = packed(&block, level);
            assert!(decompress(&out, block.len()).unwrap() == block, "level {level}");
            assert!(out.len() <= before && (level < 3 || out.len() <= fast), "level {level}: {} of {fast}", out.len());
            before = out.len() + out.len() / 100;
        }
    }
}

#[test]
fn tables_of_one_block_do_not_matter_to_the_next() {
    let mut high = High::new();
    for block in [words(BLOCK), b"abcabcabcabcabcvwxyz".to_vec(), words(500)] {
        let mut out = Vec::new();
        high.compress(&block, 5, &mut out);
        assert_eq!(out, packed(&block, 5));
    }
}

proptest! {
    #[test]
    fn any_block_reads_back_and_ends_as_the_format_wants(
        parts in proptest::collection::vec((proptest::collection::vec(0_u8..4, 1..20), 1_usize..40), 0..30),
        level in 1..13,
    ) {
        let block = parts.into_iter().flat_map(|(bytes, times)| bytes.repeat(times)).collect::<Vec<_>>();
        let out = packed(&block, level);
        prop_assert_eq!(decompress(&out, block.len()).unwrap(), block.clone());
        let (literals, last_start) = sequences(&out);
        prop_assert!(literals == block.len() || literals >= 5);
        prop_assert!(last_start == 0 || last_start + 12 <= block.len());
    }
}
