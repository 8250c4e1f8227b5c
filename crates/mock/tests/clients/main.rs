//! Clients that nobody here wrote come through the faults of the cluster: franz-go and sarama, and Kafka's own tools.
//! `cargo xtask test` says in the environment where they are; docs/testing.md tells more.

mod fixture;
mod go;
mod java;
