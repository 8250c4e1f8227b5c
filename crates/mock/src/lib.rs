//! An in-process Kafka cluster with scripted faults, for tests.
//!
//! * [`MockCluster`] (feature `server`): the cluster on loopback sockets or, without any, behind an in-memory transport that
//!   runs under tokio's paused clock. What any client can talk to.
//! * [`ClusterState`]: the same cluster as pure state, for simulations: requests and time in, responses and deadlines out.
//! * [`Fault`]: what goes wrong, for whom and how often.
//! * [`MockConfig`]: brokers, topics made on demand, limits, versions; and modes that measure a client.
//!
//! The cluster knows nothing of any client: it does what brokers of Kafka 4.3 do, and says at the head of each handler what
//! it leaves out. It keeps real logs of record batches, leader epochs, the sequences of idempotent producers and fetch
//! sessions. Groups, transactions, security and replicas that lag are not there yet.
//!
//! | API | versions |
//! |---|---|
//! | Produce | 3–13 |
//! | Fetch | 4–17 |
//! | ListOffsets | 1–10 |
//! | Metadata | 0–13 |
//! | FindCoordinator | 0–5, none is ever available |
//! | ApiVersions | 0–4 |
//! | CreateTopics | 2–7 |
//! | DeleteTopics | 1–6 |
//! | InitProducerId | 0–5 |
//! | OffsetForLeaderEpoch | 2–4 |
//! | DescribeConfigs | 1–4 |
//! | CreatePartitions | 0–3 |
//! | DescribeCluster | 0–2 |

mod config;
mod cluster;
mod connection;
mod control;
mod fault;
mod seen;
mod records;

mod broker;
mod topics;
mod topic_configs;
mod placement;
mod log;
mod synthetic;
mod producer_state;
mod fetch_sessions;
mod handlers;
mod random;
#[cfg(feature = "server")]
mod server;

pub use cluster::ClusterState;
pub use config::{MockConfig, Storage, SyntheticRecords};
pub use connection::{ConnectionId, Output};
pub use control::{MockError, PartitionInfo};
pub use fault::{Fault, FaultId};
pub use records::{MockRecord, StoredRecord};
pub use seen::RequestsSeen;
#[cfg(feature = "server")]
pub use server::{MockCluster, StateGuard};

pub use ottla_protocol::{ApiKey, VersionRange};
pub use ottla_types::{BrokerId, ErrorCode, ProducerId, Uuid};
