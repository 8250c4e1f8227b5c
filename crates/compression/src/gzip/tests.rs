//! Members in a row, and what `gzip` itself writes.

use crate::{Codec, CompressionError, compress, decompress};

fn packed(input: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    compress(&Codec::Gzip.into(), input, &mut out).unwrap();
    out
}

fn unpacked(input: &[u8]) -> Result<Vec<u8>, CompressionError> {
    let mut out = Vec::new();
    decompress(Codec::Gzip, input, &mut out, 1000).map(|()| out)
}

/// `printf 'hello hello hello' | gzip -n9`
const BY_GZIP: &[u8] = &[
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0x40, 0x90,
    0x00, 0x80, 0x88, 0xf9, 0xe5, 0x11, 0x00, 0x00, 0x00,
];

#[test]
fn what_gzip_wrote_is_read() {
    assert_eq!(unpacked(BY_GZIP).unwrap(), b"hello hello hello");
}

#[test]
fn members_in_a_row_are_one_stream() {
    let mut both = packed(b"first ");
    both.extend(packed(b"second"));
    assert_eq!(unpacked(&both).unwrap(), b"first second");
    both.extend([0; 20]);
    assert_eq!(unpacked(&both).unwrap(), b"first second", "zeros pad it");
    both.push(1);
    assert!(unpacked(&both).is_err());
}

#[test]
fn a_wrong_checksum_is_refused() {
    let mut out = packed(b"checked");
    let at = out.len() - 8;
    out[at] ^= 1;
    assert!(matches!(unpacked(&out), Err(CompressionError::Corrupt { .. })));
}
