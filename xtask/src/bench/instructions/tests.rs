//! How counts of instructions are compared with those that are committed.

use super::{committed, compare};

fn counts(list: &[(&str, f64)]) -> Vec<(String, f64)> {
    list.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[test]
fn what_grew_by_more_than_five_percent_is_named() {
    let before = committed("# a comment\nread\t100.0\nwrite\t50.0\n").unwrap();
    assert!(compare(&counts(&[("read", 104.9), ("write", 20.0)]), &before).is_ok());
    let error = compare(&counts(&[("read", 105.1), ("write", 50.0)]), &before).unwrap_err().to_string();
    assert!(error.contains("read takes 5.1 % more"), "{error}");
    assert!(!error.contains("write"), "{error}");
}

#[test]
fn a_workload_in_one_of_the_lists_only_is_named() {
    let before = committed("read\t100.0\n").unwrap();
    let error = compare(&counts(&[("write", 1.0)]), &before).unwrap_err().to_string();
    assert!(error.contains("write is not in") && error.contains("read is no workload"), "{error}");
}
