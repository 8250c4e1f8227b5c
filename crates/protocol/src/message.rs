//! What every message can do: be counted, written and read, in each of its versions.

use std::fmt::{self, Debug};

use bytes::{Bytes, BytesMut};

use crate::reader::Reader;
use crate::walk::locate;
use crate::writer::Writer;
use crate::{Absent, ApiKey, DecodeError, EncodeError, EncodeErrorKind, WireError};

mod halves;

pub use halves::{BrokerDecodes, BrokerEncodes, ClientDecodes, ClientEncodes, Decode, Encode};

/// A message of Kafka's protocol. One struct covers all versions: a field that a version lacks has its default after
/// decoding, and must have it for encoding unless the definition says that it may be dropped.
///
/// Only this crate implements it.
pub trait Message: Default + Clone + PartialEq + Debug + Send + Sync + 'static {
    /// Kafka's name: `FetchRequest`.
    const NAME: &'static str;
    /// The lowest version.
    const MIN: i16;
    /// The highest version.
    const MAX: i16;
    /// The first version with compact lengths and tagged fields, if there is one.
    const FLEXIBLE_FROM: Option<i16>;

    /// The number of bytes of the body in this version.
    ///
    /// # Errors
    ///
    /// When the message cannot be written in it.
    fn encoded_len(&self, version: i16) -> Result<usize, EncodeError>
    where
        Self: Encode,
    {
        self.encoded_len_with(version, Absent::Refuse)
    }

    /// The number of bytes that [`encode_with`](Self::encode_with) writes.
    ///
    /// # Errors
    ///
    /// When the message cannot be written so.
    fn encoded_len_with(&self, version: i16, absent: Absent) -> Result<usize, EncodeError>
    where
        Self: Encode,
    {
        write(self, Writer::count(version, is_flexible::<Self>(version), absent))
    }

    /// Appends the body, without header or length.
    ///
    /// # Errors
    ///
    /// When the message cannot be written in this version; `out` is then as it was.
    fn encode(&self, version: i16, out: &mut BytesMut) -> Result<(), EncodeError>
    where
        Self: Encode,
    {
        self.encode_with(version, Absent::Refuse, out)
    }

    /// As [`encode`](Self::encode), with a choice for fields that the version lacks.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use ottla_protocol::messages::HeartbeatRequest;
    /// use ottla_protocol::{Absent, Message};
    ///
    /// let heartbeat = HeartbeatRequest { group_instance_id: Some("static-1".into()), ..Default::default() };
    /// let mut out = BytesMut::new();
    /// let error = heartbeat.encode_with(0, Absent::Refuse, &mut out).expect_err("not before version 3");
    /// assert_eq!(error.field, "GroupInstanceId");
    /// heartbeat.encode_with(0, Absent::Drop, &mut out)?;
    /// # Ok::<(), ottla_protocol::EncodeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the message cannot be written in this version; `out` is then as it was.
    fn encode_with(&self, version: i16, absent: Absent, out: &mut BytesMut) -> Result<(), EncodeError>
    where
        Self: Encode,
    {
        let before = out.len();
        let written = write(self, Writer::buffer(out, version, is_flexible::<Self>(version), absent));
        if written.is_err() {
            out.truncate(before);
        }
        written.map(drop)
    }

    /// Reads a body. Strings and bytes are slices of it; bytes after the end of the message are ignored, as Kafka does.
    ///
    /// # Errors
    ///
    /// When the bytes are no such message in this version.
    fn decode(body: &Bytes, version: i16) -> Result<Self, DecodeError>
    where
        Self: Decode,
    {
        Ok(Self::decode_prefix(body, version)?.0)
    }

    /// Reads a body and tells how many bytes it took.
    ///
    /// # Errors
    ///
    /// When the bytes are no such message in this version.
    fn decode_prefix(body: &Bytes, version: i16) -> Result<(Self, usize), DecodeError>
    where
        Self: Decode,
    {
        if version < Self::MIN || version > Self::MAX {
            return Err(DecodeError::new(Self::NAME, version, 0, WireError::UnsupportedVersion));
        }
        let mut reader = Reader::new(body, version, is_flexible::<Self>(version));
        match Self::read(&mut reader) {
            Ok(message) => Ok((message, reader.offset())),
            Err(kind) => Err(locate(Self::NAME, version, body, reader.offset(), kind)),
        }
    }
}

/// A message that a client sends. It can be encoded with the feature `client`, and decoded with `broker`.
pub trait Request: Message + ClientEncodes + BrokerDecodes {
    /// The API it belongs to.
    const KEY: ApiKey;
    /// What answers it, in the same version.
    type Response: Response<Request = Self>;
}

/// A message that a broker answers with. It can be decoded with the feature `client`, and encoded with `broker`.
pub trait Response: Message + ClientDecodes + BrokerEncodes {
    /// The API it belongs to.
    const KEY: ApiKey;
    /// What it answers, in the same version.
    type Request: Request<Response = Self>;
}

/// Walks over a message with a writer, and tells how many bytes it is long.
pub(crate) fn write<M: Encode>(message: &M, mut writer: Writer<'_>) -> Result<usize, EncodeError> {
    let version = writer.version();
    let failed = |kind, field| EncodeError { message: M::NAME, version, field, kind };
    if version < M::MIN || version > M::MAX {
        return Err(failed(EncodeErrorKind::UnsupportedVersion, ""));
    }
    message.write(&mut writer);
    match writer.refusal() {
        Some((kind, field)) => Err(failed(kind, field)),
        None if writer.len() > i32::MAX as usize => Err(failed(EncodeErrorKind::TooLarge, "")),
        None => Ok(writer.len()),
    }
}

/// Whether this version of the message has compact lengths and tagged fields.
pub(crate) fn is_flexible<M: Message>(version: i16) -> bool {
    M::FLEXIBLE_FROM.is_some_and(|from| version >= from)
}

/// Stands in `Debug` for a payload or a secret: its length, if it is there.
pub(crate) struct Hidden(pub(crate) Option<usize>);

impl Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(length) => write!(f, "<{length} bytes>"),
            None => f.write_str("None"),
        }
    }
}

/// What generated modules are written with.
pub(crate) mod generated {
    pub(crate) use std::fmt;

    pub(crate) use bytes::Bytes;
    pub(crate) use ottla_types::{BrokerId, ErrorCode, ProducerId, Uuid};

    pub(crate) use super::{Decode, Encode, Hidden, Message, Request, Response};
    pub(crate) use crate::reader::Reader;
    pub(crate) use crate::writer::Writer;
    pub(crate) use crate::{ApiKey, BrokerIds, TaggedFields, Utf8Bytes, WireError};
}

#[cfg(test)]
pub(crate) mod random;
#[cfg(test)]
pub(crate) mod tree;
#[cfg(test)]
pub(crate) mod walk;

#[cfg(test)]
mod tests;
