//! What the fuzz targets share: every message by its place among all, and checksums, so that inputs reach what they guard.

pub mod records;

#[path = "../../crates/protocol/tests/shared/typed.rs"]
mod message;
#[path = "../../crates/protocol/src/generated/registry.rs"]
mod registry;

use std::sync::LazyLock;

use bytes::Bytes;
use ottla_protocol::schema::MessageSchema;
use ottla_protocol::{EncodeErrorKind, messages};
// What the registry of the unit tests finds in the crate's root.
use ottla_protocol::{Absent, Decode, DecodeError, Encode, EncodeError};

use message::walk::Walked;

/// A message in a version, and bytes that may be one.
pub struct Picked {
    typed: &'static Walked,
    pub schema: &'static MessageSchema,
    pub version: i16,
    pub body: Bytes,
}

/// Reads an input: the place of the message among all by name (two bytes), the place of the version among its own (one byte),
/// and the body. `cargo xtask fuzz` writes vectors in this form.
pub fn pick(input: &[u8]) -> Option<Picked> {
    let [high, low, version, body @ ..] = input else { return None };
    let place = usize::from(u16::from_be_bytes([*high, *low])) % MessageSchema::ALL.len();
    let schema = &MessageSchema::ALL[place];
    let count = schema.versions.max - schema.versions.min + 1;
    let version = schema.versions.min + i16::from(*version) % count;
    Some(Picked { typed: typed(place), schema, version, body: Bytes::copy_from_slice(body) })
}

/// The message of this API and version.
pub fn of_schema(schema: &'static MessageSchema, version: i16, body: Bytes) -> Option<Picked> {
    let place = MessageSchema::ALL.iter().position(|other| other.name == schema.name)?;
    schema.versions.contains(version).then(|| Picked { typed: typed(place), schema, version, body })
}

/// The type of the message at this place among all.
fn typed(place: usize) -> &'static Walked {
    static TYPED: LazyLock<Vec<&'static Walked>> = LazyLock::new(|| {
        let typed = |schema: &MessageSchema| registry::ALL.iter().find(|message| message.name == schema.name);
        MessageSchema::ALL.iter().map(|schema| typed(schema).expect("every message has a type")).collect()
    });
    TYPED[place]
}

impl Picked {
    /// Reads the typed message; gives how many bytes it took.
    pub fn read(&self) -> Result<usize, DecodeError> {
        (self.typed.holds)(&self.body, self.version)
    }

    /// Reads the typed message and writes it again, which checks that it has the announced length and that it is read as
    /// itself again; what is written a second time must be the same. Gives the bytes and how many were read, nothing if the
    /// bytes are no such message.
    pub fn round_trip(&self) -> Option<(Option<Bytes>, usize)> {
        let (written, read) = match (self.typed.again)(&self.body, self.version).ok()? {
            Ok(again) => again,
            // Unknown tagged fields are read in any order, as Java reads them, but written only in the right one.
            Err(error) if error.kind == EncodeErrorKind::TagsOutOfOrder => return Some((None, self.read().ok()?)),
            Err(error) => panic!("{} {} was read and is not written: {error}", self.schema.name, self.version),
        };
        let again = (self.typed.again)(&written, self.version);
        assert_eq!(again, Ok(Ok((written.clone(), written.len()))), "{} {}", self.schema.name, self.version);
        Some((Some(written), read))
    }
}
