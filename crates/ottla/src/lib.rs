//! A Kafka client in pure Rust, asynchronous on tokio.
//!
//! * [`Client`]: connections to one cluster. Everything else is made from it, and shares its connections and its view of
//!   the cluster.
//! * [`Producer`]: idempotent and batching. [`send`](Producer::send) waits for the acknowledgement,
//!   [`enqueue`](Producer::enqueue) gives a receipt for it, [`with_deliveries`](Producer::with_deliveries) a stream of all
//!   outcomes with their records.
//! * [`blocking`]: the producer for callers without a runtime.
//! * [`Consumer`]: reads assigned partitions from where you say; [`Control`] seeks, pauses and resumes from any task.
//! * [`Admin`]: topics, cluster, offsets.
//! * [`raw`]: any request of Kafka's protocol, typed, to the broker that it is for.
//!
//! # From a record to a record
//!
//! This runs on the embedded cluster of the `ottla-mock` crate; put the address of a real one in its place.
//!
//! ```
//! use ottla::{Client, ClientConfig, Consumer, ConsumerConfig, NewRecord, Producer, ProducerConfig, Start};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = ottla_mock::MockCluster::start(3).await?;
//! let client = Client::new(&cluster.bootstrap_servers(), ClientConfig::default())?;
//!
//! let producer = Producer::new(&client, ProducerConfig::default())?;
//! let written = producer.send(NewRecord::to("orders").key("customer-7").value("12.50 EUR")).await?;
//!
//! let from = [(("orders", written.partition), Start::Beginning)];
//! let mut consumer = Consumer::assign(&client, from, ConsumerConfig::default())?;
//! if let Some(record) = consumer.recv().await? {
//!     assert_eq!(record.value(), Some(&b"12.50 EUR"[..]));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Names
//!
//! Every setting has Kafka's name beside it, and can be read under that name by [`Properties`]. Errors are of one type,
//! [`Error`]: its [`kind`](Error::kind) says who is to blame, its [`outcome`](Error::outcome) whether what was asked for may
//! have happened all the same.
//!
//! # Waiting and giving up
//!
//! Every wait is bounded by a setting, and every future may be dropped; each says what that means under *Cancel safety*.
//! Dropping a handle never blocks.

pub use ottla_admin::{
    Admin, AdminConfig, BrokerDescription, ClusterDescription, CreatedTopic, ListedOffset, NewTopic, OffsetSpec,
    PartitionDescription, TopicDescription, TopicListing,
};
pub use ottla_client::{Client, ClientConfig, Connecting, Connector, DnsLookup, MetadataRecovery};
pub use ottla_consumer::{
    Batch, BatchIter, Consumer, ConsumerConfig, Control, Header, Headers, IsolationLevel, OffsetReset, PartitionState,
    PartitionStatus, Record, RecordView, Recv, RecvBatch, Start, TimestampType,
};
pub use ottla_producer::{
    Acks, CompressionType, CustomPartitioner, Deliveries, Delivery, EmptyKeys, Enqueue, EnqueueAll, EnqueueTagged,
    HashArithmetic, HeaderKey, InvalidPartition, KeyHash, Keyless, Needs, NewBatch, NewRecord, Partitioner, Payload,
    Producer, ProducerConfig, Purge, Purged, Receipt, Receipts, RecordMetadata, RecordParts, RecordSink,
    RecordToPartition, RecvDelivery, SendAll, SendRecord, TaggedProducer, TopicName, Unacknowledged,
};
pub use ottla_types::{BrokerId, ErrorCode, ProducerId, Topic, TopicPartition, Uuid};

pub use ottla_admin::{Error, ErrorKind, Outcome, Properties, Rejected, Result, SettingKey};

pub mod blocking;
pub mod raw;

/// The program in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// The programs in the guide to partitioning compile.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/partitioning.md")]
struct Partitioning;

/// The programs in the guide to producing compile.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/producing.md")]
struct Producing;
