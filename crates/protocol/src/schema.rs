//! The definitions of all messages, as data: what fields there are, of which type, in which versions.
//!
//! These tables hold the facts that the structs in `messages` were generated from. With them a program
//! can take any message apart without knowing its type; [`walk`](crate::walk) does so.

use crate::{ApiKey, VersionRange};

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// Sent by a client.
    Request,
    /// Sent back by a broker.
    Response,
    /// Goes before a request or a response.
    Header,
    /// Travels or is stored inside of something else.
    Data,
}

/// One message.
#[derive(Debug)]
#[non_exhaustive]
pub struct MessageSchema {
    /// Kafka's name: `FetchRequest`.
    pub name: &'static str,
    /// What it is for.
    pub kind: MessageKind,
    /// Its API, for requests and responses.
    pub key: Option<ApiKey>,
    /// Its versions.
    pub versions: VersionRange,
    /// The first version with compact lengths and tagged fields, if there is one.
    pub flexible_from: Option<i16>,
    /// Its fields, in wire order; tagged fields come last on the wire wherever they stand here.
    pub fields: &'static [FieldSchema],
}

/// The type of a field, or of the elements of an array.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum FieldKind {
    /// One byte, not zero for true.
    Bool,
    /// A signed number of one byte.
    Int8,
    /// A signed number of two bytes.
    Int16,
    /// An unsigned number of two bytes.
    Uint16,
    /// A signed number of four bytes.
    Int32,
    /// An unsigned number of four bytes.
    Uint32,
    /// A signed number of eight bytes.
    Int64,
    /// A floating point number of eight bytes.
    Float64,
    /// 16 bytes.
    Uuid,
    /// UTF-8, 32,767 bytes at most.
    String,
    /// Bytes.
    Bytes,
    /// Record batches, or message sets in old versions.
    Records,
    /// Fields of its own.
    Struct(&'static [FieldSchema]),
}

/// One field.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FieldSchema {
    /// Kafka's name: `TopicId`.
    pub name: &'static str,
    /// Its type, or that of its elements.
    pub kind: FieldKind,
    /// Whether it is an array.
    pub array: bool,
    /// The least bytes that one element of the array takes, in any version: no count of elements can be greater than the
    /// bytes that are left over this. 0 for what is no array.
    pub least: usize,
    /// The versions that have it, among those in which its struct occurs.
    pub versions: VersionRange,
    /// The versions in which it may be null.
    pub nullable: Option<VersionRange>,
    /// Its tag, if it is a tagged field.
    pub tag: Option<u32>,
    /// Its default where that is not zero, empty or false: a number, `true` or `null`.
    pub default: Option<&'static str>,
    /// What it identifies, where the definition says so: `topicName`, `brokerId`, `groupId`, `producerId`,
    /// `transactionalId`.
    pub entity: Option<&'static str>,
    /// Whether it is dropped, and not refused, in versions that lack it.
    pub ignorable: bool,
    /// Whether the elements of the array that it is in are known by it.
    pub map_key: bool,
    /// Whether it may be a secret.
    pub secret: bool,
    /// Whether its length has the old form even in flexible versions.
    pub(crate) inflexible: bool,
}

impl MessageSchema {
    /// All messages, in the order of their names.
    pub const ALL: &'static [Self] = crate::schema_tables::MESSAGES;

    /// The message of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::composed(name, "")
    }

    /// The message whose name is these two in a row, found without making one of them.
    fn composed(name: &str, end: &str) -> Option<&'static Self> {
        let wanted = || name.bytes().chain(end.bytes());
        let place = Self::ALL.binary_search_by(|message| message.name.bytes().cmp(wanted()));
        place.ok().and_then(|place| Self::ALL.get(place))
    }

    /// The request of this API.
    pub fn request(key: ApiKey) -> Option<&'static Self> {
        Self::composed(key.name()?, "Request")
    }

    /// The response of this API.
    pub fn response(key: ApiKey) -> Option<&'static Self> {
        Self::composed(key.name()?, "Response")
    }

    /// Whether this version has compact lengths and tagged fields.
    pub fn is_flexible(&self, version: i16) -> bool {
        self.flexible_from.is_some_and(|from| version >= from)
    }
}

impl FieldSchema {
    /// Whether it may be null in this version.
    pub fn is_nullable(&self, version: i16) -> bool {
        self.nullable.is_some_and(|nullable| nullable.contains(version))
    }
}

/// What the generated tables are written with.
pub(crate) mod build {
    pub(crate) use super::FieldKind::*;
    pub(crate) use super::MessageKind::*;
    use super::{FieldKind, MessageKind};
    pub(crate) use super::{FieldSchema, MessageSchema};
    use crate::{ApiKey, VersionRange};

    pub(crate) const fn message(
        name: &'static str,
        kind: MessageKind,
        key: Option<i16>,
        low: i16,
        high: i16,
        flexible_from: Option<i16>,
        fields: &'static [FieldSchema],
    ) -> MessageSchema {
        let key = match key {
            Some(key) => Some(ApiKey(key)),
            None => None,
        };
        MessageSchema { name, kind, key, versions: VersionRange::new(low, high), flexible_from, fields }
    }

    pub(crate) const fn field(name: &'static str, kind: FieldKind, low: i16, high: i16) -> FieldSchema {
        FieldSchema {
            name,
            kind,
            array: false,
            least: 0,
            versions: VersionRange::new(low, high),
            nullable: None,
            tag: None,
            default: None,
            entity: None,
            ignorable: false,
            map_key: false,
            secret: false,
            inflexible: false,
        }
    }

    impl FieldSchema {
        pub(crate) const fn array(self, least: usize) -> Self {
            Self { array: true, least, ..self }
        }

        pub(crate) const fn null(self, low: i16, high: i16) -> Self {
            Self { nullable: Some(VersionRange::new(low, high)), ..self }
        }

        pub(crate) const fn tag(self, tag: u32) -> Self {
            Self { tag: Some(tag), ..self }
        }

        pub(crate) const fn default(self, default: &'static str) -> Self {
            Self { default: Some(default), ..self }
        }

        pub(crate) const fn entity(self, entity: &'static str) -> Self {
            Self { entity: Some(entity), ..self }
        }

        pub(crate) const fn ignorable(self) -> Self {
            Self { ignorable: true, ..self }
        }

        pub(crate) const fn map_key(self) -> Self {
            Self { map_key: true, ..self }
        }

        pub(crate) const fn secret(self) -> Self {
            Self { secret: true, ..self }
        }

        pub(crate) const fn inflexible(self) -> Self {
            Self { inflexible: true, ..self }
        }
    }
}

#[cfg(test)]
mod tests;
