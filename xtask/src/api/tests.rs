//! What is told of a list that has changed.

use super::differences;

#[test]
fn a_changed_line_is_told_as_it_was_and_as_it_is() {
    let before = "pub fn a() {}\npub fn b(x: u8) {}\n";
    let after = "pub fn a() {}\npub fn b(x: u16) {}\n";
    assert_eq!(differences(before, after), "- pub fn b(x: u8) {}\n+ pub fn b(x: u16) {}\n");
    assert_eq!(differences(before, before), "");
}
