//! Tests of finding links.

use super::targets;

#[test]
fn relative_links_are_found_without_their_fragments() {
    let text = "See [a](docs/a.md#part) and\n[b](../b.md).\n";
    assert_eq!(targets(text), [("docs/a.md".to_owned(), 1), ("../b.md".to_owned(), 2)]);
}

#[test]
fn addresses_fragments_and_code_are_no_relative_links() {
    let text = "[a](https://example.org) [b](#part) [c](mailto:x@example.org) [d](crate::Message)\n```\nlet a = b[0](c);\n```\n";
    assert!(targets(text).is_empty());
}
