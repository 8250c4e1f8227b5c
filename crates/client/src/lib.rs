//! Connections to a Kafka cluster on tokio: sockets, clock, timers and jobs for ottla's machines.
//!
//! [`Client`] is the handle: what producers, consumers and admin clients are made with. It implements
//! [`ottla_core::io::Io`]: it does what the machines of `ottla-core` decide.
//!
//! * Requests go out from the thread that made them: whoever flushes holds the connection's write token.
//! * Responses are handled on the task that reads them.
//! * Background tasks connect, read, and wait for deadlines; they end with the last handle.

mod config;
mod client;
mod tokio_io;
mod owners;
mod publication;
mod clock;
mod timers;
mod jobs;
mod lanes;
mod connection;
mod outbox;
mod writer;
mod read_buffer;
mod transport;
mod resolve;
mod shutdown;
mod blocking;
pub mod raw;

pub use client::Client;
pub use config::{ClientConfig, DnsLookup, MetadataRecovery};
pub use transport::{Connecting, Connector, Stream};

/// For ottla's own crates: not covered by semantic versioning.
pub mod internal {
    pub use crate::blocking::{block_on, close as close_blocking, on_its_own_thread};
    pub use crate::client::internal::{caller, cluster, io, request_timeout};
}
