//! Guides: what to build with this crate, and how. They are documentation alone, and their examples are tests.

/// Between a client and its brokers: read every frame, change what must be changed, pass on the rest.
#[doc = include_str!("guide/proxy.md")]
pub mod write_a_proxy {}

/// The other side of the connection, for tests of clients: a broker that answers with what you make up.
#[doc = include_str!("guide/broker.md")]
pub mod write_a_broker_stub {}

/// From packets back to requests, responses and records.
#[doc = include_str!("guide/capture.md")]
pub mod decode_a_capture {}
