//! Any bytes, compressed and decompressed by any codec: the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_compression::{Codec, Compression, compress, decompress};

fuzz_target!(|input: (u8, &[u8])| {
    let (codec, bytes) = input;
    let codecs = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];
    let codec = codecs[usize::from(codec) % codecs.len()];
    let mut packed = Vec::new();
    compress(&Compression::from(codec), bytes, &mut packed).expect("anything can be compressed");
    let mut back = Vec::new();
    decompress(codec, &packed, &mut back, bytes.len()).expect("what we compressed, within its own size");
    assert_eq!(back, bytes);
});
