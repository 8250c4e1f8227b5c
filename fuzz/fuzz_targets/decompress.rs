//! Any bytes, decompressed by any codec, at once and in pieces: the same comes out, never more than the bound.
#![no_main]

use std::ops::ControlFlow;

use libfuzzer_sys::fuzz_target;
use ottla_compression::{Codec, CompressionError, Decompressor, compress};
use ottla_fuzz::records::codec;

fuzz_target!(|data: &[u8]| {
    let [codec_byte, limit, bytes @ ..] = data else { return };
    let codec = match codec(*codec_byte) {
        Codec::None => Codec::Gzip,
        codec => codec,
    };
    // 1 to 512 KiB, in 20 steps.
    let limit = 1_usize << (limit % 20);
    let mut decompressor = Decompressor::new();
    let mut out = b"before".to_vec();
    let done = decompressor.decompress(codec, bytes, &mut out, limit);
    assert!(out.starts_with(b"before"));
    let out = out.split_off(6);
    assert!(out.len() <= limit);
    assert!(done.is_ok() || out.is_empty());

    let mut pieces = Vec::new();
    let flow = decompressor.decompress_pieces(codec, bytes, limit, |piece| {
        pieces.extend_from_slice(piece);
        ControlFlow::Continue(())
    });
    assert!(pieces.len() <= limit);
    match done {
        Ok(()) => {
            assert_eq!(flow, Ok(ControlFlow::Continue(())));
            assert_eq!(pieces, out);
            // What came out can be compressed, and comes out again.
            let (mut packed, mut back) = (Vec::new(), Vec::new());
            compress(&codec.into(), &out, &mut packed).expect("anything can be compressed");
            decompressor.decompress(codec, &packed, &mut back, limit).expect("within its own size");
            assert_eq!(back, out);
        }
        Err(CompressionError::OutputLimit { .. }) => assert!(flow.is_err()),
        Err(_) => assert!(flow.is_err()),
    }
});
