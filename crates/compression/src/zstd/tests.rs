//! The frame header, and frames in a row.

use crate::{Codec, Compression, compress, decompress};

fn packed(compression: Compression, input: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    compress(&compression, input, &mut out).unwrap();
    out
}

#[test]
fn frames_tell_no_size_and_carry_no_checksum() {
    for len in [0, 10, 100_000] {
        let out = packed(Codec::Zstd.into(), &vec![b'x'; len]);
        assert_eq!(out[..4], 0xfd2f_b528_u32.to_le_bytes());
        // frame content size flag 0, not a single segment, no checksum, no dictionary
        assert_eq!(out[4], 0, "{len}");
    }
}

#[test]
fn frames_in_a_row_are_one_stream() {
    let mut both = packed(Codec::Zstd.into(), b"first ");
    both.extend(packed(Compression::with_level(Codec::Zstd, 19).unwrap(), b"second"));
    let mut out = Vec::new();
    decompress(Codec::Zstd, &both, &mut out, 12).unwrap();
    assert_eq!(out, b"first second");
    assert!(decompress(Codec::Zstd, &both, &mut out, 11).is_err());
}
