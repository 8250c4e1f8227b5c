//! Tests of the values.

use std::collections::BTreeSet;

use super::*;

#[test]
fn values_are_different_printable_and_the_same_in_every_run() {
    let all = values(100);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), DIFFERENT);
    assert!(all.iter().flatten().all(u8::is_ascii_graphic));
    assert!(all.iter().all(|value| value.len() == 100));
    assert_eq!(all, values(100));
    let symbols: BTreeSet<_> = all.iter().flatten().collect();
    assert_eq!(symbols.len(), SYMBOLS.len());
}
