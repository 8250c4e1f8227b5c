//! Ids, error codes and small values that every public interface of ottla shares.
//!
//! Nothing here knows the wire format, and nothing here depends on another crate.
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod error_code;
mod ids;
mod topic_partition;
mod uuid;

pub use error_code::ErrorCode;
pub use ids::{BrokerId, ProducerId};
pub use topic_partition::{Topic, TopicPartition};
pub use uuid::{ParseUuidError, Uuid};

// The examples of the page on crates.io are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
