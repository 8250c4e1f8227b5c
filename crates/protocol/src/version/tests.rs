//! Ranges of versions.

use super::*;

#[test]
fn ranges_that_overlap_intersect_in_what_both_have() {
    let range = VersionRange::new;
    assert_eq!(range(0, 5).intersect(range(3, 9)), Some(range(3, 5)));
    assert_eq!(range(3, 9).intersect(range(0, 3)), Some(range(3, 3)));
    assert_eq!(range(0, 2).intersect(range(3, 9)), None);
}
