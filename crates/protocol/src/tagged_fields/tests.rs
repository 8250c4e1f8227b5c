//! Unknown tagged fields: order and look-up.

use super::*;

#[test]
fn fields_are_found_by_their_tag_and_keep_their_order() {
    let mut fields = TaggedFields::new();
    assert!(fields.is_empty());
    fields.push(9, Bytes::from_static(b"nine"));
    fields.push(4, Bytes::from_static(b"four"));
    assert_eq!(fields.len(), 2);
    assert_eq!(fields.get(4), Some(&Bytes::from_static(b"four")));
    assert_eq!(fields.get(5), None);
    assert_eq!(fields, fields.as_slice().iter().cloned().collect());
    assert_eq!(TaggedFields::from_iter([]), TaggedFields::default());
}

#[test]
fn debug_prints_lengths_only() {
    let fields = TaggedFields::from_iter([(9, Bytes::from_static(b"secret"))]);
    assert_eq!(format!("{fields:?}"), "{9: <6 bytes>}");
}
