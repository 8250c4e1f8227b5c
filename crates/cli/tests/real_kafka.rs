//! The `ottla` command on real Kafka, beside Kafka's own tools. See docs/testing.md for how it is run.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

#[path = "real_kafka/brokers.rs"]
mod brokers;
#[path = "real_kafka/clusters.rs"]
mod clusters;
#[path = "real_kafka/java.rs"]
mod java;
#[path = "command/run.rs"]
mod run;
