//! The `ottla` command on real Kafka, where brokers end and stand still, and beside Kafka's own tools. See docs/testing.md
//! for how it is run.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

#[path = "real_kafka/brokers.rs"]
mod brokers;
#[path = "real_kafka/clusters.rs"]
mod clusters;
#[path = "real_kafka/failures.rs"]
mod failures;
#[path = "real_kafka/java.rs"]
mod java;
#[path = "real_kafka/lines.rs"]
mod lines;
#[path = "real_kafka/older.rs"]
mod older;
#[path = "real_kafka/proxy.rs"]
mod proxy;
#[path = "command/run.rs"]
mod run;
#[path = "real_kafka/segments.rs"]
mod segments;
