//! Clients that nobody here wrote come through the faults of the cluster: franz-go and sarama, and Kafka's own tools.
//! `cargo xtask test` says in the environment where they are; docs/testing.md tells more.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

mod fixture;
mod go;
mod java;
