//! Everything against what Kafka's own classes wrote.
//!
//! The corpus is the committed one in `golden/`, or the folder that the environment names as `OTTLA_GOLDEN`; `cargo xtask
//! golden` makes one anew and runs this target on it. The form is described in `xtask/golden/README.md`.
#![allow(clippy::print_stdout, reason = "the xtask reads the counts")]

#[path = "golden/corpus.rs"]
mod corpus;
#[path = "golden/json.rs"]
mod json;
#[path = "golden/legacy_sets.rs"]
mod legacy_sets;
#[path = "shared/typed.rs"]
mod message;
#[path = "golden/record_sets.rs"]
mod record_sets;
#[path = "../src/generated/registry.rs"]
mod registry;
#[path = "golden/vectors.rs"]
mod vectors;

// What the registry of the unit tests finds in the crate's root.
use ottla_protocol::{Absent, Decode, DecodeError, Encode, EncodeError, messages};

#[test]
fn every_message_that_kafka_wrote_is_read_whole_printed_alike_and_written_back_byte_for_byte() {
    let mut tally = corpus::Tally::default();
    for file in corpus::files("golden-") {
        let notes = corpus::notes(&file);
        assert_eq!(file.lines.len(), notes.len(), "{}: a line of notes for each vector", file.name);
        for (line, note) in file.lines.iter().zip(&notes) {
            tally.count(&file, line, vectors::check(&line.text, &note.text));
        }
    }
    tally.finish("messages");
}

#[test]
fn every_record_set_is_read_as_kafka_reads_it_and_written_back() {
    let mut tally = corpus::Tally::default();
    for file in corpus::files("records-") {
        for line in &file.lines {
            tally.count(&file, line, record_sets::check(&line.text));
        }
    }
    tally.finish("record sets");
}

#[test]
fn a_corpus_has_every_message_in_every_version_and_record_sets_of_every_magic_and_codec() {
    let missing = corpus::missing();
    assert!(missing.is_empty(), "{} missing: {missing:?}", missing.len());
}
