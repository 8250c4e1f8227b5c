//! Strings: shared, compared, and never other than UTF-8.

use std::collections::{BTreeMap, HashMap};

use super::*;

#[test]
fn maps_keyed_by_message_strings_are_found_by_plain_ones() {
    let name = Utf8Bytes::copy_from("orders");
    assert_eq!(HashMap::from([(name.clone(), 1)]).get("orders"), Some(&1));
    assert_eq!(BTreeMap::from([(name, 1)]).get("orders"), Some(&1));
}

#[test]
fn what_is_not_utf8_is_refused_or_replaced() {
    let bytes = Bytes::from_static(b"a\xffb");
    assert!(Utf8Bytes::from_utf8(bytes.clone()).is_err());
    assert_eq!(Utf8Bytes::from_utf8_lossy(bytes), "a\u{fffd}b");
}

#[test]
fn a_slice_of_a_frame_is_shared() {
    let frame = Bytes::from(b"orders".to_vec());
    let text = Utf8Bytes::from_utf8_lossy(frame.slice(1..3));
    assert_eq!(text, "rd");
    assert_eq!(text.as_bytes().as_ptr(), frame[1..].as_ptr());
}
