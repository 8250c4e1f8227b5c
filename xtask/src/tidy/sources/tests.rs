//! Tests of the rules on source files.

use std::path::Path;

use super::super::Findings;
use super::check_file;

fn errors(path: &str, text: &str) -> Vec<String> {
    let mut findings = Findings::default();
    check_file(Path::new(path), text, &mut findings);
    findings.errors
}

#[test]
fn a_tidy_file_is_no_finding() {
    assert!(errors("crates/core/src/lane.rs", "//! Lanes.\n\nuse std::fmt;\n").is_empty());
}

#[test]
fn a_file_without_a_header_is_found() {
    assert_eq!(errors("crates/core/src/lane.rs", "use std::fmt;\n").len(), 1);
}

#[test]
fn reading_the_clock_outside_the_clock_is_found() {
    let text = "//! Lanes.\n\n// Instant::now in a comment is fine\nlet now = Instant::now();\n";
    let found = errors("crates/core/src/lane.rs", text);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("crates/core/src/lane.rs:4:"));
}

#[test]
fn glob_imports_are_found_outside_tests_and_preludes() {
    assert_eq!(errors("crates/core/src/lane.rs", "//! Lanes.\nuse crate::lane::*;\n").len(), 1);
    assert!(errors("crates/core/src/lane.rs", "//! Lanes.\nuse proptest::prelude::*;\n").is_empty());
    assert!(errors("crates/core/src/lane/tests.rs", "//! Tests.\nuse super::*;\n").is_empty());
}

#[test]
fn a_long_file_is_a_question_and_not_an_error() {
    let mut findings = Findings::default();
    check_file(Path::new("crates/core/src/lane.rs"), &format!("//! Lanes.\n{}", "\n".repeat(600)), &mut findings);
    assert!(findings.errors.is_empty());
    assert_eq!(findings.questions.len(), 1);
}
