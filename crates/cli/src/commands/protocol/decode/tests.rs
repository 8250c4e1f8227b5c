//! Tests of reading hex.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

use super::{Encoding, hex, unwritten};

#[test]
fn hex_is_read_however_tools_write_it() {
    for text in ["00fe10", "00 FE 10\n", "0x00fe10", "0x00, 0xfe, 0x10", "00:fe:10", "00fe\t10\r\n"] {
        assert_eq!(hex(text.as_bytes()).unwrap(), [0, 0xfe, 0x10], "{text}");
    }
    assert!(hex(b"").unwrap().is_empty());
}

#[test]
fn what_is_not_hex_is_told_by_its_place() {
    assert_eq!(hex(b"00 0g").unwrap_err(), "'g' at character 4");
    assert_eq!(hex(b"00 0").unwrap_err(), "half a byte at the end");
    assert_eq!(hex(b"0 00").unwrap_err(), "half a byte before character 1");
}

#[test]
fn anything_else_is_binary_unless_it_has_to_be_hex() {
    assert_eq!(unwritten(b"0a".to_vec(), Encoding::Auto).unwrap(), [10]);
    assert_eq!(unwritten(b"0a".to_vec(), Encoding::Binary).unwrap(), b"0a");
    assert_eq!(unwritten(b"\0\x01".to_vec(), Encoding::Auto).unwrap(), b"\0\x01");
    assert!(unwritten(b"\0\x01".to_vec(), Encoding::Hex).is_err());
}
