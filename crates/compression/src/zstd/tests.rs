//! The frame header, and frames in a row.

use crate::zstd_frame::tests::runs;
use crate::{Codec, Compression, CompressionError, compress, decompress};

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

#[test]
fn a_window_larger_than_what_may_come_out_costs_nothing() {
    let unpacked = |input: &[u8], limit: usize| {
        let mut out = Vec::new();
        decompress(Codec::Zstd, input, &mut out, limit).map(|()| out)
    };
    for window in [0x38, 17 << 3, 20 << 3] {
        let limit = 3 << 17;
        assert_eq!(unpacked(&runs(window, 3), limit).unwrap().len(), limit);
        assert_eq!(unpacked(&runs(window, 4), limit), Err(CompressionError::OutputLimit { limit }));
        let mut second = packed(Codec::Zstd.into(), b"first");
        second.extend(runs(window, 3));
        assert_eq!(unpacked(&second, limit + 5).unwrap().len(), limit + 5);
        let cut = &second[..second.len() - 1];
        assert_eq!(unpacked(cut, limit + 5), Err(CompressionError::Truncated { codec: Codec::Zstd }));
    }
    let refused = |limit: usize| matches!(unpacked(&runs(0xff, 3), limit), Err(CompressionError::Corrupt { .. }));
    assert!(refused(3 << 17) && refused(usize::MAX), "a window of 3.75 TiB");
}

#[test]
fn a_large_window_of_a_small_frame_reserves_little() {
    let mut out = Vec::new();
    decompress(Codec::Zstd, &runs(17 << 3, 3), &mut out, 100 << 20).unwrap();
    assert!(out.len() == 3 << 17 && out.capacity() <= 1 << 20, "{}", out.capacity());
}

#[test]
fn contents_of_another_size_than_declared_are_refused_whatever_the_buffer() {
    // 88 bytes, it says; three in a block, then an empty last one
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 88, 24, 0, 0, b'a', b'b', b'c', 1, 0, 0];
    for capacity in [0, 10, 100] {
        let mut out = Vec::with_capacity(capacity);
        let result = decompress(Codec::Zstd, &frame, &mut out, 1000);
        assert!(matches!(result, Err(CompressionError::Corrupt { .. })), "{capacity}: {result:?}");
    }
    let mut sound = frame;
    sound[5] = 3;
    for capacity in [0, 1, 100] {
        let mut out = Vec::with_capacity(capacity);
        decompress(Codec::Zstd, &sound.repeat(2), &mut out, 1000).unwrap();
        assert_eq!(out, b"abcabc");
    }
}
