//! Headers by hand.

use super::Declared;

/// Window and content.
fn declared(header: &[u8]) -> Option<(u64, Option<u64>)> {
    Declared::read(&[&[0x28, 0xb5, 0x2f, 0xfd], header].concat()).map(|declared| (declared.window, declared.content))
}

#[test]
fn the_window_is_read_from_its_byte_or_is_the_content() {
    assert_eq!(declared(&[0, 0]), Some((1 << 10, None)));
    assert_eq!(declared(&[0, 17 << 3]), Some((1 << 27, None)));
    assert_eq!(declared(&[0, 17 << 3 | 3]), Some(((1 << 27) + 3 * (1 << 24), None)));
    assert_eq!(declared(&[0, 0xff]), Some(((1 << 41) + 7 * (1 << 38), None)));
    assert_eq!(declared(&[0x40, 0, 1, 0]), Some((1 << 10, Some(257))));
    assert_eq!(declared(&[0x20, 9]), Some((9, Some(9))));
    assert_eq!(declared(&[0x60, 1, 0]), Some((257, Some(257))));
    assert_eq!(declared(&[0xa1, 7, 0, 0, 1, 0]), Some((1 << 16, Some(1 << 16))), "behind a dictionary's id");
    assert_eq!(declared(&[0xe0, 0, 0, 0, 0, 0, 0, 0, 1]), Some((1 << 56, Some(1 << 56))));
}

#[test]
fn what_is_cut_short_or_no_frame_declares_nothing() {
    assert_eq!(declared(&[]), None);
    assert_eq!(declared(&[0]), None);
    assert_eq!(declared(&[0xe3, 0, 0, 0, 0, 0, 0, 0, 0]), None);
    assert_eq!(Declared::read(&[0x50, 0x2a, 0x4d, 0x18, 0, 0]), None, "skippable");
    assert_eq!(Declared::read(&[]), None);
}

/// A frame of `blocks` blocks of 128 KiB of one byte each: four bytes of input a block.
pub(crate) fn runs(window: u8, blocks: usize) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0, window];
    for block in 1..=blocks {
        let header = (128_u32 << 10) << 3 | 0b10 | u32::from(block == blocks);
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(b'x');
    }
    frame
}
