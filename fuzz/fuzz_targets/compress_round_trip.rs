//! Any bytes, compressed by any codec at any level and decompressed: the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_compression::{Codec, Compression, Compressor, decompress};
use ottla_fuzz::records::codec;

fuzz_target!(|data: &[u8]| {
    let [codec_byte, level, old, bytes @ ..] = data else { return };
    let codec = codec(*codec_byte);
    // The strongest levels of zstd take a hundred times as long for the same code.
    let level = codec.levels().map(|levels| {
        let (least, most) = ((*levels.start()).max(-7), (*levels.end()).min(12));
        least + i32::from(*level) % (most - least + 1)
    });
    let compression = match level.map(|level| Compression::with_level(codec, level)) {
        Some(Ok(compression)) => compression,
        _ => codec.into(),
    };
    let mut packed = Vec::new();
    let mut compressor = Compressor::new();
    if old % 2 == 1 && codec != Codec::Zstd {
        compressor.compress_v0(&compression, bytes, &mut packed).expect("anything can be compressed");
    } else {
        compressor.compress(&compression, bytes, &mut packed).expect("anything can be compressed");
    }
    let mut back = Vec::new();
    decompress(codec, &packed, &mut back, bytes.len()).expect("what we compressed, within its own size");
    assert_eq!(back, bytes);
});
