//! The text of ids.

use super::*;

#[test]
fn known_ids_print_as_kafka_prints_them() {
    assert_eq!(Uuid::NIL.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(Uuid([0xff; 16]).to_string(), "_____________________w");
    // Kafka's Uuid(0, 1), the id of the metadata topic.
    let mut one = [0; 16];
    one[15] = 1;
    assert_eq!(Uuid(one).to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
}

#[test]
fn what_was_printed_reads_back() {
    let mut state = 1_u8;
    for _ in 0..200 {
        let mut bytes = [0; 16];
        for byte in &mut bytes {
            state = state.wrapping_mul(73).wrapping_add(11);
            *byte = state;
        }
        assert_eq!(Uuid(bytes).to_string().parse(), Ok(Uuid(bytes)));
        assert_eq!(format!("{}==", Uuid(bytes)).parse(), Ok(Uuid(bytes)));
    }
}

#[test]
fn texts_that_are_no_id_are_refused() {
    for text in [
        "",
        "AAAA",
        "AAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAA+A",
        "AAAAAAAAAAAAAAAAAAAAAB",
        "AAAAAAAAAAAAAAAAAAAAéA",
    ] {
        assert!(text.parse::<Uuid>().is_err(), "{text}");
    }
}
