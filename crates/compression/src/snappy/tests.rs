//! The two framings of snappy.

use super::{BLOCK, HEADER};
use crate::{Codec, CompressionError, compress, decompress};

fn unpacked(input: &[u8]) -> Result<Vec<u8>, CompressionError> {
    let mut out = Vec::new();
    decompress(Codec::Snappy, input, &mut out, 1 << 20).map(|()| out)
}

/// Raw snappy by hand: length 11, a literal of 1 byte, a copy of 10 bytes from one byte back.
const RAW: [u8; 5] = [0x0b, 0x00, b'a', 0x19, 0x01];

fn xerial(blocks: &[&[u8]]) -> Vec<u8> {
    let mut out = HEADER.to_vec();
    for block in blocks {
        out.extend(u32::try_from(block.len()).unwrap().to_be_bytes());
        out.extend_from_slice(block);
    }
    out
}

#[test]
fn blocks_of_32_kib_stand_behind_the_header() {
    let mut out = Vec::new();
    compress(&Codec::Snappy.into(), &vec![b'x'; BLOCK + 1], &mut out).unwrap();
    assert_eq!(out[..16], HEADER);
    let length = u32::from_be_bytes(out[16..20].try_into().unwrap()) as usize;
    assert_eq!(snap::raw::decompress_len(&out[20..]).unwrap(), BLOCK);
    assert_eq!(out[20 + length..], [0, 0, 0, 3, 1, 0, b'x']);
}

#[test]
fn raw_snappy_is_read() {
    assert_eq!(unpacked(&RAW).unwrap(), b"aaaaaaaaaaa");
}

#[test]
fn xerial_streams_in_a_row_are_one_stream() {
    let mut both = xerial(&[&RAW, &RAW]);
    both.extend(xerial(&[&RAW]));
    assert_eq!(unpacked(&both).unwrap(), [b'a'; 33]);
}

#[test]
fn a_block_cut_short_is_noticed() {
    let whole = xerial(&[&RAW, &RAW]);
    for len in 0..whole.len() {
        let result = unpacked(&whole[..len]);
        // an end between two blocks looks like an end
        if len == 16 || len == 25 {
            assert!(result.is_ok());
        } else {
            assert!(result.is_err(), "{len}");
        }
    }
}

#[test]
fn a_declared_length_is_not_believed() {
    // 4 GiB less one, in six bytes
    let lie = [0xff, 0xff, 0xff, 0xff, 0x0f, 0x00];
    assert!(matches!(unpacked(&lie), Err(CompressionError::Corrupt { .. })));
    assert!(matches!(unpacked(&xerial(&[&lie])), Err(CompressionError::Corrupt { .. })));
}
