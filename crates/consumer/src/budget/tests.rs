//! Tests of the budget of fetched bytes.

use super::Budget;

#[test]
fn what_is_reserved_or_held_is_not_given_twice() {
    let mut budget = Budget::new(100);
    assert_eq!(budget.reserve(60, 20), Some(60));
    assert_eq!(budget.reserve(60, 20), Some(40), "what is left, if it is enough");
    assert_eq!(budget.reserve(60, 20), None);
    budget.settle(60);
    budget.hold(55);
    assert_eq!(budget.reserve(60, 20), None);
    budget.release(55);
    assert_eq!(budget.reserve(60, 20), Some(60));
    assert_eq!(budget.held(), 0);
}

#[test]
fn alone_even_what_is_over_the_limit_is_given() {
    let mut budget = Budget::new(100);
    assert_eq!(budget.reserve(500, 300), Some(300));
    assert_eq!(budget.reserve(1, 1), None);
    budget.settle(300);
    budget.hold(300);
    assert!(!budget.has_room());
    budget.release(300);
    assert!(budget.has_room());
    assert_eq!(budget.reserve(10, 300), Some(10));
}
