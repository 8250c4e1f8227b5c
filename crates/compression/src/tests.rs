//! What holds for every codec.

use std::ops::ControlFlow;

use proptest::prelude::*;

use crate::{Codec, Compression, CompressionError, Compressor, Decompressor, compress, decompress};

/// The codecs of this build; some builds only read one of them.
fn codecs() -> impl Iterator<Item = Codec> {
    Codec::ALL.into_iter().filter(|codec| codec.can_compress())
}

/// Inputs around every block size in use, some that compress well and some that do not.
fn inputs() -> Vec<Vec<u8>> {
    let noise = |len: usize| {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        std::iter::repeat_with(move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .take(len)
        .collect::<Vec<_>>()
    };
    let text = |len: usize| b"{\"user\":42,\"action\":\"click\"}".iter().copied().cycle().take(len).collect::<Vec<_>>();
    let mut inputs = vec![vec![], vec![7], noise(300), text(300)];
    for size in [32 << 10, 64 << 10] {
        for len in [size - 1, size, size + 1, 3 * size + 17] {
            inputs.extend([noise(len), text(len)]);
        }
    }
    let mut mixed = text(100_000);
    mixed.extend(noise(100_000));
    mixed.extend(vec![0; 1 << 18]);
    inputs.push(mixed);
    inputs
}

fn packed(codec: Codec, input: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    compress(&codec.into(), input, &mut out).unwrap();
    out
}

#[test]
fn every_codec_gives_back_what_it_was_given_with_contexts_reused() {
    let (mut compressor, mut decompressor) = (Compressor::new(), Decompressor::new());
    let (mut out, mut back) = (Vec::new(), Vec::new());
    for input in inputs() {
        for codec in codecs() {
            out.clear();
            back.clear();
            compressor.compress(&codec.into(), &input, &mut out).unwrap();
            decompressor.decompress(codec, &out, &mut back, input.len()).unwrap();
            assert!(back == input, "{codec}, {} bytes", input.len());
            assert_eq!(out, packed(codec, &input), "a context of its own writes the same");
        }
    }
}

#[test]
fn every_level_can_be_read_back() {
    let input = b"some words, some words and some other words".repeat(100);
    let mut compressor = Compressor::new();
    for codec in codecs() {
        let Some(levels) = codec.levels() else { continue };
        for level in levels.filter(|level| *level >= -7 && !(codec == Codec::Gzip && *level == 0)) {
            let compression = Compression::with_level(codec, level).unwrap();
            let (mut out, mut back) = (Vec::new(), Vec::new());
            compressor.compress(&compression, &input, &mut out).unwrap();
            assert!(out.len() < input.len() / 4, "{compression}");
            decompress(codec, &out, &mut back, usize::MAX).unwrap();
            assert_eq!(back, input, "{compression}");
        }
    }
}

#[test]
fn output_goes_behind_what_was_there() {
    for codec in codecs() {
        let mut out = b"before".to_vec();
        compress(&codec.into(), b"behind", &mut out).unwrap();
        assert_eq!(out[..6], *b"before");
        let mut back = b"start".to_vec();
        decompress(codec, &out[6..], &mut back, 6).unwrap();
        assert_eq!(back, b"startbehind", "{codec}");
    }
}

#[test]
fn the_limit_is_exact_and_a_refusal_leaves_the_output_alone() {
    for input in inputs() {
        for codec in codecs() {
            let out = packed(codec, &input);
            for limit in [0, 1, input.len() / 2, input.len().saturating_sub(1)] {
                if limit >= input.len() {
                    continue;
                }
                let mut back = b"kept".to_vec();
                let result = decompress(codec, &out, &mut back, limit);
                assert_eq!(result, Err(CompressionError::OutputLimit { limit }), "{codec}, {} bytes", input.len());
                assert_eq!(back, b"kept");
            }
        }
    }
}

#[test]
fn a_bomb_takes_no_more_memory_than_the_limit() {
    let zeros = vec![0; 8 << 20];
    for codec in codecs().filter(|codec| *codec != Codec::None) {
        let bomb = packed(codec, &zeros);
        let mut out = Vec::new();
        let limit = 100_000;
        let result = decompress(codec, &bomb, &mut out, limit);
        assert_eq!(result, Err(CompressionError::OutputLimit { limit }), "{codec}");
        assert!(out.capacity() <= 2 * limit, "{codec} reserved {}", out.capacity());
    }
}

#[test]
fn every_cut_is_noticed() {
    let input = b"abcdefgh".repeat(9000);
    for codec in codecs().filter(|codec| !matches!(codec, Codec::None | Codec::Snappy)) {
        let out = packed(codec, &input);
        for len in (0..out.len()).filter(|len| *len < 60 || len % 17 == 0 || *len + 20 > out.len()) {
            let error = decompress(codec, &out[..len], &mut Vec::new(), usize::MAX).unwrap_err();
            assert_eq!(error, CompressionError::Truncated { codec }, "{len} of {}", out.len());
        }
    }
}

#[test]
fn pieces_are_the_whole_within_the_same_limit() {
    let mut decompressor = Decompressor::new();
    for input in inputs().into_iter().filter(|input| input.len() < 1000 || input.len() > 100_000) {
        for codec in codecs() {
            let out = packed(codec, &input);
            let mut pieces = Vec::new();
            let mut take = |piece: &[u8]| {
                assert!(!piece.is_empty());
                pieces.extend_from_slice(piece);
                ControlFlow::Continue(())
            };
            let result = decompressor.decompress_pieces(codec, &out, input.len(), &mut take);
            assert_eq!(result, Ok(ControlFlow::Continue(())), "{codec}, {} bytes", input.len());
            assert!(pieces == input, "{codec}, {} bytes", input.len());
            if let Some(limit) = input.len().checked_sub(1) {
                let mut taken = 0;
                let result = decompressor.decompress_pieces(codec, &out, limit, |piece| {
                    taken += piece.len();
                    ControlFlow::Continue(())
                });
                assert_eq!(result, Err(CompressionError::OutputLimit { limit }), "{codec}");
                assert!(taken <= limit);
            }
        }
    }
}

#[test]
fn pieces_end_where_nobody_wants_more() {
    let input = vec![0; 1 << 20];
    for codec in codecs() {
        let mut calls = 0;
        let result = Decompressor::new().decompress_pieces(codec, &packed(codec, &input), usize::MAX, |piece| {
            calls += 1;
            assert!(codec == Codec::None || piece.len() <= 1 << 18, "{codec}: {}", piece.len());
            ControlFlow::Break(())
        });
        assert_eq!((result, calls), (Ok(ControlFlow::Break(())), 1), "{codec}");
    }
}

#[test]
fn a_codec_that_is_not_compiled_in_is_an_error_that_names_its_feature() {
    for codec in Codec::ALL {
        let mut out = b"kept".to_vec();
        let expected = Err(CompressionError::NotCompiledIn { codec, feature: codec.name() });
        if !codec.can_compress() {
            assert_eq!(compress(&codec.into(), b"input", &mut out), expected);
        }
        if !codec.can_decompress() {
            assert_eq!(decompress(codec, b"input", &mut out, 100), expected);
        }
        assert_eq!(out, b"kept");
    }
    let error = CompressionError::NotCompiledIn { codec: Codec::Lz4, feature: "lz4" };
    assert_eq!(error.to_string(), "lz4 is not compiled in: it needs the feature `lz4`");
}

#[test]
fn message_sets_v0_know_no_zstd() {
    let error = CompressionError::NotInFormat { codec: Codec::Zstd, magic: 0 };
    assert_eq!(Compressor::new().compress_v0(&Codec::Zstd.into(), b"x", &mut Vec::new()), Err(error));
}

proptest! {
    #[test]
    fn any_bytes_come_back(input in proptest::collection::vec(any::<u8>(), 0..3000), repeat in 1_usize..60) {
        let input = input.repeat(repeat);
        for codec in codecs() {
            let mut back = Vec::new();
            decompress(codec, &packed(codec, &input), &mut back, input.len()).unwrap();
            prop_assert_eq!(&back, &input);
        }
    }

    #[test]
    fn damage_gives_an_error_or_a_bounded_output_but_no_panic(
        input in proptest::collection::vec(any::<u8>(), 0..500),
        hits in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..5),
    ) {
        let input = input.repeat(7);
        let mut decompressor = Decompressor::new();
        for codec in codecs() {
            let mut out = packed(codec, &input);
            for (at, byte) in &hits {
                if !out.is_empty() {
                    let at = at % out.len();
                    out[at] = *byte;
                }
            }
            let mut back = Vec::new();
            let _ = decompressor.decompress(codec, &out, &mut back, 10_000);
            prop_assert!(back.len() <= 10_000);
        }
    }

    #[test]
    fn noise_gives_no_panic(input in proptest::collection::vec(any::<u8>(), 0..200)) {
        for codec in codecs() {
            let mut back = Vec::new();
            let _ = decompress(codec, &input, &mut back, 10_000);
            prop_assert!(back.len() <= 10_000);
        }
    }
}
