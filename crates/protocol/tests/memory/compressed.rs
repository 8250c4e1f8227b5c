//! What says of itself that much will come out of it, and is next to nothing.

use ottla_protocol::records::{Codec, Decompressor};

use super::meter::{Worst, peak};

/// The most that may come out.
const LIMIT: usize = 1 << 16;
/// Of what may come out: that, while it doubles.
const UNTRUE: f64 = 4.0;

pub(crate) fn measure(worst: &mut Worst) {
    for (name, codec, bytes) in inputs() {
        let mut decompressor = Decompressor::new();
        super::records_under_attack::warm_up(&mut decompressor);
        let (used, _) = peak(|| decompressor.decompress(codec, &bytes, &mut Vec::new(), LIMIT));
        worst.note("sizes that compressed data declares", UNTRUE, LIMIT, used, || name.to_owned());
    }
}

fn inputs() -> Vec<(&'static str, Codec, Vec<u8>)> {
    // The length of all, as raw snappy begins: 2 GiB; then a literal of one byte.
    let mut inputs = vec![("snappy, raw", Codec::Snappy, vec![0xff, 0xff, 0xff, 0xff, 0x07, 0, b'x'])];
    let mut xerial = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01\x7f\xff\xff\xff".to_vec();
    inputs.push(("snappy, a block of 2 GiB", Codec::Snappy, xerial.clone()));
    xerial.truncate(16);
    xerial.extend([0, 0, 0, 7, 0xff, 0xff, 0xff, 0xff, 0x07, 0, b'x']);
    inputs.push(("snappy, a block that says so", Codec::Snappy, xerial));
    // Blocks of up to 4 MiB, whichever byte the checksum of the header is; with the size of the contents, and without.
    for checksum in 0..=u8::MAX {
        let start = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, checksum];
        inputs.push((
            "lz4, a raw block of 1 byte",
            Codec::Lz4,
            [&start[..], &[1, 0, 0, 0x80, b'x', 0, 0, 0, 0]].concat(),
        ));
        inputs.push(("lz4, a block of 4 MiB", Codec::Lz4, [&start[..], &[0, 0, 0x40, 0, 0x10, b'x']].concat()));
        let sized = [0x04, 0x22, 0x4d, 0x18, 0x68, 0x70, 0, 0, 0, 0, 1, 0, 0, 0, checksum];
        inputs.push(("lz4, contents of 4 GiB", Codec::Lz4, [&sized[..], &[1, 0, 0, 0x80, b'x']].concat()));
    }
    // One segment of 4 GiB less one, then a raw block of one byte.
    let zstd = vec![0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0xff, 0xff, 0xff, 0xff, 0x09, 0, 0, b'x'];
    inputs.push(("zstd, contents of 4 GiB", Codec::Zstd, zstd));
    // A run of 128 KiB from four bytes, many times.
    let mut runs = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50];
    for _ in 0..1000 {
        runs.extend([0x02, 0x00, 0x10, b'x']);
    }
    inputs.push(("zstd, runs", Codec::Zstd, runs));
    inputs
}
