//! Kafka administration: cluster, topics and offsets.
//!
//! [`Admin`] is made from a client and shares its connections. Every call is bounded by
//! [`AdminConfig::default_api_timeout`] and repeated by itself until then where a repetition can help: when the controller
//! moved, when a broker went away. A call over several topics or partitions gives one result for each.

mod admin;
mod call;
mod cluster;
mod config;
mod offsets;
mod topics;
#[cfg(test)]
mod testing;

pub use admin::Admin;
pub use cluster::{BrokerDescription, ClusterDescription};
pub use config::AdminConfig;
pub use offsets::{ListedOffset, OffsetSpec};
pub use ottla_core::config::SettingKey;
pub use ottla_core::error::{Error, ErrorKind, Outcome, Rejected, Result};
pub use ottla_core::properties::Properties;
pub use topics::{CreatedTopic, NewTopic, PartitionDescription, TopicDescription, TopicListing};

/// For ottla's other crates.
pub mod internal {
    pub use crate::admin::with_io;
}
