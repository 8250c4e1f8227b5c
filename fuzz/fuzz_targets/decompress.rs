//! Any bytes, decompressed by any codec: never more than the bound comes out.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_compression::{Codec, decompress};

fuzz_target!(|input: (u8, u32, &[u8])| {
    let (codec, limit, bytes) = input;
    let codecs = [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];
    let codec = codecs[usize::from(codec) % codecs.len()];
    let limit = limit as usize % (1 << 20);
    let mut out = b"before".to_vec();
    let done = decompress(codec, bytes, &mut out, limit);
    assert!(out.starts_with(b"before"));
    assert!(out.len() <= limit + b"before".len());
    assert!(done.is_ok() || out == b"before");
});
