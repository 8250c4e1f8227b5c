//! Kafka's own compression against ours, both ways. `cargo xtask test` finds Java and Kafka's jars and says in the
//! environment where they are; docs/testing.md tells more.

mod java;
