//! Tests of the counting.

use super::Tally;

#[test]
fn counts_of_several_programs_add_up() {
    let mut tally = Tally::default();
    tally.read("w", "test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 2 filtered out; finished in 0.00s");
    tally.read("w", "test result: FAILED. 10 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out");
    assert_eq!(tally.to_string(), "15 passed, 2 failed, 0 skipped");
}

#[test]
fn a_failed_test_is_named() {
    let mut tally = Tally::default();
    tally.read("workspace", "test a::b ... FAILED");
    assert_eq!(tally.failures, ["failed: workspace: a::b"]);
}

#[test]
fn ignored_tests_count_as_skipped_and_are_named() {
    let mut tally = Tally::default();
    tally.read("w", "test result: ok. 1 passed; 0 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.00s");
    assert_eq!(tally.to_string(), "1 passed, 0 failed, 3 skipped");
    assert_eq!(tally.skips, ["skipped: w: ignored: 3 tests"]);
}

#[test]
fn what_tests_print_is_not_counted() {
    let mut tally = Tally::default();
    tally.read("w", "7 passed; 8 failed");
    assert_eq!(tally.to_string(), "0 passed, 0 failed, 0 skipped");
}
