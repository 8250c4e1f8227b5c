//! Tests of escapes.

use super::*;

#[test]
fn known_escapes_become_their_bytes() {
    assert_eq!(unescape(r"a\nb\tc\r\0\\\x1f\xFF"), b"a\nb\tc\r\0\\\x1f\xff");
}

#[test]
fn a_backslash_before_anything_else_stands_for_itself() {
    assert_eq!(unescape(r"\q\x1\xzz\x+1\"), br"\q\x1\xzz\x+1\");
}
