//! Against the frames that the C library writes.

#[cfg(feature = "zstd")]
use proptest::prelude::*;

use crate::bounded::Bounded;
use crate::zstd_frame::tests::runs;
use crate::{Codec, CompressionError};

use super::Decoder;

fn unpacked(decoder: &mut Option<Decoder>, input: &[u8], limit: usize) -> Result<Vec<u8>, CompressionError> {
    let mut out = Vec::new();
    Decoder::kept(decoder)?.decode(input, &mut Bounded::new(&mut out, limit))?;
    assert!(out.capacity() <= limit);
    Ok(out)
}

#[cfg(feature = "zstd")]
fn text(len: usize) -> Vec<u8> {
    b"{\"user\":42,\"action\":\"click\"}".iter().copied().cycle().take(len).collect()
}

#[test]
#[cfg(feature = "zstd")]
fn what_the_c_library_wrote_at_any_level_is_read_within_an_exact_limit() {
    use crate::{Compression, compress};
    let mut decoder = None;
    for len in [0, 1, 100, 65_535, 65_537, 1 << 20] {
        let input = text(len);
        for level in [-5, 1, 3, 9, 19, 22] {
            let mut packed = Vec::new();
            compress(&Compression::with_level(Codec::Zstd, level).unwrap(), &input, &mut packed).unwrap();
            assert!(unpacked(&mut decoder, &packed, len).unwrap() == input, "level {level}, {len} bytes");
            if len > 0 {
                let over = Err(CompressionError::OutputLimit { limit: len - 1 });
                assert_eq!(unpacked(&mut decoder, &packed, len - 1), over, "level {level}, {len} bytes");
            }
            packed.extend_from_slice(&packed.clone());
            assert_eq!(unpacked(&mut decoder, &packed, 2 * len).unwrap().len(), 2 * len);
            let cut = unpacked(&mut decoder, &packed[..packed.len() - 1], 2 * len);
            assert_eq!(cut, Err(CompressionError::Truncated { codec: Codec::Zstd }));
        }
    }
}

#[test]
fn a_bomb_stops_at_the_limit_whatever_window_it_declares() {
    for window in [0x38, 17 << 3] {
        let frame = runs(window, 2000);
        let mut decoder = None;
        assert_eq!(unpacked(&mut decoder, &frame, 300_000), Err(CompressionError::OutputLimit { limit: 300_000 }));
        assert_eq!(unpacked(&mut decoder, &runs(window, 3), 400_000).unwrap().len(), 3 << 17);
    }
    assert!(matches!(unpacked(&mut None, &runs(0xff, 1), 1 << 20), Err(CompressionError::Corrupt { .. })));
}

#[test]
fn checksums_sizes_and_frames_to_be_skipped_are_heeded() {
    // `printf hello | zstd --single-thread`, with the size of its content in place of the window
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x24, 5, 0x29, 0, 0, b'h', b'e', b'l', b'l', b'o', 0xa3, 0x6d, 0x9f, 0x88];
    assert_eq!(unpacked(&mut None, &frame, 5).unwrap(), b"hello");
    let damaged = |at: usize, with: u8| {
        let mut frame = frame;
        frame[at] = with;
        unpacked(&mut None, &frame, 100)
    };
    assert!(matches!(damaged(17, 0), Err(CompressionError::Corrupt { .. })));
    assert!(matches!(damaged(5, 6), Err(CompressionError::Corrupt { .. })));
    assert!(matches!(damaged(0, 6), Err(CompressionError::Corrupt { .. })));
    let mut skipped = vec![0x51, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9];
    skipped.extend(runs(0x38, 1));
    assert_eq!(unpacked(&mut None, &skipped, 1 << 17).unwrap().len(), 1 << 17);
    assert_eq!(unpacked(&mut None, &skipped[..9], 100), Err(CompressionError::Truncated { codec: Codec::Zstd }));
    assert_eq!(unpacked(&mut None, &[], 100), Err(CompressionError::Truncated { codec: Codec::Zstd }));
}

#[cfg(feature = "zstd")]
proptest! {
    #[test]
    fn damaged_frames_are_errors_or_bounded_output(
        input in proptest::collection::vec(0_u8..20, 0..600),
        repeat in 1_usize..30,
        level in -3_i32..20,
        hits in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..6),
    ) {
        use crate::{Compression, compress};
        let mut packed = Vec::new();
        compress(&Compression::with_level(Codec::Zstd, level).unwrap(), &input.repeat(repeat), &mut packed).unwrap();
        for (at, byte) in hits {
            let at = at % packed.len();
            packed[at] = byte;
        }
        let _ = unpacked(&mut None, &packed, 10_000);
    }
}
