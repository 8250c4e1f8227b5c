//! Kafka's own record classes reading what is written here. `cargo xtask test` finds Java and Kafka's jars and says in
//! the environment where they are; docs/testing.md tells more.

mod java;
mod kafka;
