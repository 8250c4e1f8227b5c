//! Frames of other writers, and frames that lie.

use std::io::Write;

use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};

use super::{BLOCK, header_checksum};
use crate::{Codec, CompressionError, compress, decompress};

fn unpacked(input: &[u8]) -> Result<Vec<u8>, CompressionError> {
    let mut out = Vec::new();
    decompress(Codec::Lz4, input, &mut out, 1 << 24).map(|()| out)
}

fn packed(input: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    compress(&Codec::Lz4.into(), input, &mut out).unwrap();
    out
}

fn corrupt(input: &[u8]) -> &'static str {
    match unpacked(input) {
        Err(CompressionError::Corrupt { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

/// A frame with "hello" stored as it is, header checksum 82.
const HELLO: [u8; 20] =
    [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, 5, 0, 0, 0x80, b'h', b'e', b'l', b'l', b'o', 0, 0, 0, 0];

#[test]
fn the_header_is_the_one_that_kafka_writes() {
    assert_eq!(packed(b"hello"), HELLO);
    assert_eq!(unpacked(&HELLO).unwrap(), b"hello");
}

#[test]
fn blocks_hold_64_kib_and_do_not_depend_on_each_other() {
    let out = packed(&vec![b'x'; BLOCK + 1]);
    let length = u32::from_le_bytes(out[7..11].try_into().unwrap()) as usize;
    let mut block = vec![0; BLOCK];
    assert_eq!(lz4_flex::block::decompress_into(&out[11..11 + length], &mut block).unwrap(), BLOCK);
    assert_eq!(out[11 + length..], [1, 0, 0, 0x80, b'x', 0, 0, 0, 0]);
}

#[test]
fn the_header_checksum_of_old_kafka_is_accepted() {
    let mut old = HELLO;
    assert_eq!(header_checksum(&HELLO[..6]), 0x1a);
    old[6] = 0x1a;
    assert_eq!(unpacked(&old).unwrap(), b"hello");
    old[6] = 0x1b;
    assert_eq!(corrupt(&old), "wrong checksum of the frame's header");
}

#[test]
fn frames_of_another_encoder_are_read() {
    let mut input = b"many words that come again and again, ".repeat(10_000);
    input.extend((0..300_000_u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()));
    for mode in [BlockMode::Independent, BlockMode::Linked] {
        for size in [BlockSize::Max64KB, BlockSize::Max256KB, BlockSize::Max1MB, BlockSize::Max4MB] {
            for checksums in [false, true] {
                let info = FrameInfo::new()
                    .block_mode(mode)
                    .block_size(size)
                    .block_checksums(checksums)
                    .content_checksum(checksums)
                    .content_size(checksums.then_some(input.len() as u64));
                let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
                encoder.write_all(&input).unwrap();
                let mut frame = encoder.finish().unwrap();
                assert!(unpacked(&frame).unwrap() == input, "{mode:?} {size:?} {checksums}");
                // and two of them in a row
                frame.extend(packed(b"hello"));
                assert_eq!(unpacked(&frame).unwrap().len(), input.len() + 5);
            }
        }
    }
}

#[test]
fn the_other_encoders_reader_reads_ours() {
    let input = b"many words that come again and again, ".repeat(10_000);
    let mut back = Vec::new();
    let frame = packed(&input);
    std::io::Read::read_to_end(&mut lz4_flex::frame::FrameDecoder::new(&frame[..]), &mut back).unwrap();
    assert!(back == input);
}

#[test]
fn wrong_checksums_and_sizes_are_refused() {
    let info = || FrameInfo::new().block_checksums(true).content_checksum(true).content_size(Some(5));
    let mut encoder = FrameEncoder::with_frame_info(info(), Vec::new());
    encoder.write_all(b"hello").unwrap();
    let frame = encoder.finish().unwrap();
    let damaged = |at: usize| {
        let mut frame = frame.clone();
        frame[at] ^= 1;
        frame
    };
    assert_eq!(corrupt(&damaged(19)), "wrong checksum of a block");
    assert_eq!(corrupt(&damaged(frame.len() - 1)), "wrong checksum of the contents");
    let mut longer = frame.clone();
    longer[6] = 6;
    longer[14] = header_checksum(&longer[4..14]);
    assert_eq!(corrupt(&longer), "the contents are not as long as the frame's header says");
}

#[test]
fn headers_that_nobody_may_write_are_refused() {
    let with = |flags: u8, block: u8| {
        let mut frame = HELLO;
        frame[4] = flags;
        frame[5] = block;
        frame[6] = header_checksum(&frame[4..6]);
        corrupt(&frame)
    };
    assert_eq!(with(0xa0, 0x40), "unknown version of the frame format");
    assert_eq!(with(0x62, 0x40), "reserved bits are set in the frame's header");
    assert_eq!(with(0x60, 0x41), "reserved bits are set in the frame's header");
    assert_eq!(with(0x61, 0x40), "the frame asks for a dictionary");
    assert_eq!(with(0x60, 0x30), "unknown block size");
    let mut large = HELLO;
    large[9] = 0x01;
    large[7] = 0x01;
    assert_eq!(corrupt(&large), "a block is larger than the frame's header allows");
    assert_eq!(corrupt(b"\x04\x22\x4d\x19and more"), "no LZ4 frame's magic number");
}
