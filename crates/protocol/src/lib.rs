//! Kafka's wire format: every message in every version, and record batches; no I/O.
//!
//! In the order in which one comes across them:
//!
#![cfg_attr(
    feature = "messages",
    doc = "* [`messages`]: one module per API, generated from the facts in `schema/`. One struct covers all versions of a message."
)]
#![cfg_attr(
    feature = "messages",
    doc = "* [`Message`]: encode and decode one of them in a given version; [`Request`] and [`Response`] pair them up."
)]
//! * [`frame`]: whole requests and responses as they travel, with length and header.
//! * [`schema`] and [`walk`]: the definitions as data, and any message or frame read borrowed by them: printed, redacted,
//!   rewritten.
//! * [`views`]: Produce requests and Fetch responses, borrowed.
#![cfg_attr(feature = "messages", doc = "* [`member_metadata`]: subscriptions and assignments of classic groups.")]
#![cfg_attr(feature = "records", doc = "* [`records`]: record batches, inside Produce requests and Fetch responses.")]
#![cfg_attr(
    all(doc, feature = "client", feature = "broker", feature = "records"),
    doc = "* [`guide`]: how to write a proxy, a stub of a broker, and a decoder of captures."
)]
//!
//! # Features
//!
//! `client` encodes requests and decodes responses, `broker` the other way round; both bring `messages`, the structs.
//! `records` has record batches, and a feature for each codec (`gzip`, `snappy`, `lz4`, `zstd`) what compresses them.
//! All are on by default, and each only adds. `zstd-decode` is for builds without C: pure Rust, and only decompresses.
//!
//! # Promises
//!
//! Decoding never panics, never allocates more than a small multiple of the bytes at hand, and copies no payload:
//! strings and bytes are slices of the buffer they came in. Encoding refuses what the version cannot say (see
//! [`EncodeErrorKind::NotInVersion`]), unless told otherwise ([`Absent`]).
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod absent;
mod api_key;
#[path = "generated/api_keys.rs"]
mod api_keys;
mod broker_ids;
mod error;
pub mod frame;
#[cfg(all(any(doc, doctest), feature = "client", feature = "broker", feature = "records"))]
pub mod guide;
#[cfg(feature = "messages")]
pub mod member_metadata;
#[cfg(feature = "messages")]
mod message;
#[cfg(feature = "messages")]
#[path = "generated/messages.rs"]
pub mod messages;
#[cfg_attr(
    not(all(feature = "client", feature = "broker")),
    allow(dead_code, unreachable_pub, reason = "one direction alone does not use all of it")
)]
mod primitives;
#[cfg_attr(
    not(all(feature = "client", feature = "broker")),
    allow(dead_code, unreachable_pub, reason = "one direction alone does not use all of it")
)]
mod reader;
#[cfg(feature = "records")]
pub mod records;
pub mod schema;
#[path = "generated/schema_tables.rs"]
mod schema_tables;
mod string;
mod tagged_fields;
mod version;
pub mod views;
pub mod walk;
#[cfg_attr(
    not(all(feature = "client", feature = "broker")),
    allow(dead_code, unreachable_pub, reason = "one direction alone does not use all of it")
)]
mod writer;

pub use absent::Absent;
pub use api_key::ApiKey;
pub use broker_ids::BrokerIds;
pub use error::{DecodeError, EncodeError, EncodeErrorKind, WireError};
#[cfg(feature = "messages")]
pub use message::{BrokerDecodes, BrokerEncodes, ClientDecodes, ClientEncodes};
#[cfg(feature = "messages")]
pub use message::{Decode, Encode, Message, Request, Response};
pub use string::Utf8Bytes;
pub use tagged_fields::TaggedFields;
pub use version::VersionRange;

pub use ottla_types::{BrokerId, ErrorCode, ProducerId, Uuid};

// The examples of the page on crates.io are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
