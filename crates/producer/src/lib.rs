//! Kafka producer: batching, partitioning, idempotence.
//!
//! * [`Producer`]: `send` (acknowledged), `enqueue` (pipelined, with a [`Receipt`]), `try_enqueue`, and `send_all` and
//!   `enqueue_all` over iterators; `flush`, `purge` and `close`.
//! * [`TaggedProducer`] and [`Deliveries`]: every outcome by a stream, with the record and a tag of yours.
//! * [`RecordSink`]: records by [`futures_sink::Sink`].
//! * [`NewRecord`]: a record that borrows or shares its key and value.
//! * [`ProducerConfig`]: the settings, under Kafka's names.
//!
//! What the producer decides is in `machine` and the modules that it lists; this crate does no I/O.

mod config;
mod producer;
mod enqueue;
mod enqueue_all;
mod tagged;
mod deliveries;
mod sink;
mod record;
mod receipt;
mod partitioner;

mod machine;
mod admission;
mod accumulator;
mod batch;
mod buffers;
mod topics;
mod partition;
mod leaders;
mod sender;
mod answers;
mod outcome;
mod idempotence;
mod lifecycle;

#[cfg(test)]
mod handmade;
#[cfg(test)]
mod testing;

pub use config::{Acks, CompressionType, ProducerConfig};
pub use deliveries::{Deliveries, Delivery, RecvDelivery};
pub use enqueue::{Enqueue, SendRecord};
pub use enqueue_all::{EnqueueAll, SendAll};
pub use lifecycle::{Purge, Purged, Unacknowledged};
pub use partitioner::{
    CustomPartitioner, EmptyKeys, HashArithmetic, InvalidPartition, KeyHash, Keyless, Needs, NewBatch, Partitioner,
    RecordToPartition,
};
pub use producer::Producer;
pub use receipt::{Receipt, Receipts};
pub use record::{HeaderKey, NewRecord, Payload, RecordMetadata, RecordParts, TopicName};
pub use sink::RecordSink;
pub use tagged::{EnqueueTagged, TaggedProducer};

/// For ottla's other crates only.
pub mod internal {
    use std::sync::Arc;

    use ottla_core::error::Result;
    use ottla_core::io::Io;

    use crate::{Producer, ProducerConfig};

    /// A producer on an `Io` of the caller's, in place of a client.
    ///
    /// # Errors
    /// `Config`, naming every setting that is not allowed.
    pub fn with_io(io: Arc<dyn Io>, config: &ProducerConfig) -> Result<Producer> {
        Producer::with_io(io, config)
    }
}
