//! Any request of Kafka's protocol, typed: for what ottla has no call for.
//!
//! A request goes to [any broker](Target::Any), to [one](Target::Broker), to the [controller](Target::Controller), to a
//! partition's [leader](Target::Leader) or to a [coordinator](Target::Coordinator), in the newest version that both sides
//! speak. Its answer is given as it is: error codes are the caller's to read.
//!
//! This module follows Kafka's protocol: a new version of Kafka may add fields to messages, so make them with
//! `..Default::default()`.
//!
//! ```
//! use ottla::raw::{self, Target, Utf8Bytes};
//! use ottla::raw::messages::describe_configs::{DescribeConfigsRequest, DescribeConfigsResource};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let cluster = ottla_mock::MockCluster::start(1).await?;
//! # cluster.create_topic("orders", 1)?;
//! # let client = ottla::Client::new(&cluster.bootstrap_servers(), ottla::ClientConfig::default())?;
//!
//! const TOPIC: i8 = 2;
//! let resource = DescribeConfigsResource {
//!     resource_type: TOPIC,
//!     resource_name: Utf8Bytes::from("orders"),
//!     ..Default::default()
//! };
//! let request = DescribeConfigsRequest { resources: vec![resource], ..Default::default() };
//! let response = raw::send(&client, Target::Any, request).await?;
//! for config in &response.results[0].configs {
//!     println!("{} = {:?}", config.name, config.value);
//! }
//! # assert!(response.results[0].error_code.is_ok());
//! # Ok(())
//! # }
//! ```

pub use ottla_client::raw::{CoordinatorKind, Target, send, send_within};
pub use ottla_protocol::{ApiKey, Message, Request, Response, TaggedFields, Utf8Bytes, VersionRange, messages};
