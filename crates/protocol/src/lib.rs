//! Kafka's wire format: every message in every version, and record batches; no I/O.
//!
//! * [`messages`]: one module per API, generated from the facts in `schema/`. One struct covers all versions of a message.
//! * [`Message`]: encode and decode one of them in a given version; [`Request`] and [`Response`] pair them up.
//! * [`frame`]: whole requests and responses as they travel, with length and header.
//! * [`schema`] and [`value`]: the definitions as data, and any message as a tree of values by them.
//! * [`member_metadata`]: subscriptions and assignments of classic groups.
//! * [`records`]: record batches, inside Produce requests and Fetch responses.
//!
//! Decoding never panics, never allocates more than a small multiple of the bytes at hand, and copies no payload:
//! strings and bytes are slices of the buffer they came in. Encoding refuses what the version cannot say (see
//! [`EncodeErrorKind::NotInVersion`]).
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

mod api_key;
mod error;
pub mod frame;
pub mod member_metadata;
mod message;
#[path = "generated/messages.rs"]
pub mod messages;
mod primitives;
mod reader;
pub mod records;
pub mod schema;
mod string;
mod tagged_fields;
pub mod value;
mod version;
mod writer;

pub use api_key::ApiKey;
pub use error::{DecodeError, EncodeError, EncodeErrorKind, WireError};
pub use message::{Message, Request, Response};
pub use string::Utf8Bytes;
pub use tagged_fields::TaggedFields;
pub use version::VersionRange;

pub use ottla_types::{BrokerId, ErrorCode, ProducerId, Uuid};
