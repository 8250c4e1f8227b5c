//! Kafka consumer: fetching, positions, delivery.
//!
//! [`Consumer`] receives, [`Control`] steers it from any task. Beneath them one machine decides
//! ([`machine`](internal::ConsumerMachine)): it follows leaders, finds offsets, keeps one fetch session with each broker, and
//! hands over what was fetched within one byte budget.

mod config;
mod consumer;
mod control;
mod batch;
mod record;
mod status;
mod machine;
mod verbs;
mod assignment;
mod position;
mod leadership;
mod lookup;
mod offset_reset;
mod fetcher;
mod fetch_session;
mod fetch_response;
mod index;
mod isolation;
mod budget;
mod delivery;

pub use assignment::PartitionState;
pub use batch::{Batch, BatchIter};
pub use config::ConsumerConfig;
pub use consumer::{Consumer, Recv, RecvBatch};
pub use control::Control;
pub use isolation::IsolationLevel;
pub use offset_reset::OffsetReset;
pub use ottla_protocol::records::TimestampType;
pub use position::Start;
pub use record::{Header, Headers, Record, RecordView};
pub use status::PartitionStatus;

/// What only ottla's own crates use.
pub mod internal {
    use std::sync::Arc;

    use ottla_core::error::Result;
    use ottla_core::io::Io;
    use ottla_types::Topic;

    use crate::{Consumer, ConsumerConfig, Start};

    pub use crate::machine::ConsumerMachine;

    /// A consumer on any `Io`: the simulation's, or a test's.
    ///
    /// # Errors
    /// As [`Consumer::assign`].
    pub fn with_io<T: Into<Topic>>(
        io: Arc<dyn Io>,
        partitions: impl IntoIterator<Item = ((T, i32), Start)>,
        config: ConsumerConfig,
    ) -> Result<Consumer> {
        Consumer::on(io, partitions, config)
    }
}
