//! Tests of the words and their exceptions.

use std::path::Path;

use super::{WORDS, is_test};

fn word(text: &str) -> &'static super::Word {
    WORDS.iter().find(|word| word.text == text).expect("a known word")
}

#[test]
fn a_word_inside_another_is_not_found() {
    let xs = "X".repeat(3);
    assert!(word(&xs).is_in(&format!("// {xs}: odd")));
    assert!(!word(&xs).is_in(&format!("let M{xs} = 1;")));
}

#[test]
fn the_clock_is_read_in_one_file_of_the_client_alone() {
    let allowed = word("Instant::now").allowed;
    assert!(allowed(Path::new("crates/client/src/clock.rs")));
    assert!(!allowed(Path::new("crates/client/src/timers.rs")));
    assert!(!allowed(Path::new("crates/core/src/clock.rs")));
}

#[test]
fn tests_are_known_by_their_place() {
    assert!(is_test(Path::new("crates/core/src/slot/tests.rs")));
    assert!(is_test(Path::new("crates/ottla/tests/integration.rs")));
    assert!(!is_test(Path::new("crates/core/src/slot.rs")));
}
