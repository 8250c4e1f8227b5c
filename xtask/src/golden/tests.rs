//! The line that counts.

use super::tally;

#[test]
fn a_tally_is_read_in_its_order_or_not_at_all() {
    assert_eq!(tally("12 passed, 3 failed, 0 skipped"), Some([12, 3, 0]));
    assert_eq!(tally("12 failed, 3 passed, 0 skipped"), None);
    assert_eq!(tally("12 passed"), None);
}
