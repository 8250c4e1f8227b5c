//! Whole requests and responses as they travel: length, header, body.
//!
//! A frame goes out as one buffer of our own and, after it, chunks: records of 4 KiB and more are shared with the message
//! and never copied. A frame comes in as one buffer without its length, which whoever reads the socket has taken off:
//! [`length`] and [`split`] do that.

#[cfg(feature = "messages")]
mod encode;

#[cfg(feature = "messages")]
pub use encode::{RequestFrame, encode_request, encode_request_with, encode_response, encode_response_with};

use bytes::Bytes;

use crate::reader::Reader;
use crate::walk::locate;
use crate::{ApiKey, DecodeError, TaggedFields, Utf8Bytes, WireError};

/// The length of a frame, out of the four bytes before it: what a socket must give next. Brokers take requests of 100 MiB
/// at `most` (`socket.request.max.bytes`); what a client asks for in a fetch bounds what it gets.
///
/// # Errors
///
/// [`WireError::FrameLength`] when it is negative, or more than `most`: nothing behind it can be read then.
pub fn length(prefix: [u8; 4], most: usize) -> Result<usize, DecodeError> {
    let length = usize::try_from(i32::from_be_bytes(prefix)).ok().filter(|length| *length <= most);
    length.ok_or_else(|| DecodeError::new("Frame", 0, 0, WireError::FrameLength))
}

/// A frame without its length, and what follows it.
type FrameAndRest<'a> = (&'a [u8], &'a [u8]);

/// Cuts the first frame off bytes of a stream: gives it without its length, and what follows it. Nothing if not all of it is
/// there yet.
///
/// ```
/// use ottla_protocol::frame::split;
///
/// let stream = b"\x00\x00\x00\x02ab\x00\x00\x00\x03cd";
/// let (frame, rest) = split(stream, 1 << 20)?.ok_or("the first is whole")?;
/// assert_eq!((frame, split(rest, 1 << 20)?), (&b"ab"[..], None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Those of [`length`].
pub fn split(bytes: &[u8], most: usize) -> Result<Option<FrameAndRest<'_>>, DecodeError> {
    let Some((prefix, rest)) = bytes.split_first_chunk() else {
        return Ok(None);
    };
    Ok(rest.split_at_checked(length(*prefix, most)?))
}

/// The header of a request, as a broker reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestHeader {
    /// The API.
    pub key: ApiKey,
    /// The version of the request, not of the header.
    pub version: i16,
    /// What the response must carry.
    pub correlation_id: i32,
    /// The name that the client gave itself.
    pub client_id: Option<Utf8Bytes>,
    /// Tagged fields of the header.
    pub unknown_tagged_fields: TaggedFields,
}

/// Reads the header of a request and gives the body after it. `frame` is without its length.
///
/// The version is not checked: a broker must be able to answer an ApiVersions request of a version it does not know.
///
/// # Errors
///
/// When the bytes are no header, or the API is not known, so that neither is the version of its header.
pub fn decode_request_header(frame: &Bytes) -> Result<(RequestHeader, Bytes), DecodeError> {
    let mut reader = Reader::new(frame, 0, false);
    let read = |reader: &mut Reader<'_>| {
        let key = ApiKey(reader.int16()?);
        let version = reader.int16()?;
        key.name().ok_or(WireError::UnknownApiKey)?;
        let correlation_id = reader.int32()?;
        let header_version = key.request_header_version(version);
        let client_id = if header_version >= 1 { reader.classic_nullable_string()? } else { None };
        let mut unknown_tagged_fields = TaggedFields::new();
        if header_version >= 2 {
            reader.unknown_tags(&mut unknown_tagged_fields)?;
        }
        Ok(RequestHeader { key, version, correlation_id, client_id, unknown_tagged_fields })
    };
    match read(&mut reader) {
        Ok(header) => Ok((header, frame.slice(reader.offset().min(frame.len())..))),
        Err(kind) => Err(request_header_failure(frame, reader.offset(), kind)),
    }
}

/// The failure to read the header of a request, whose version is known once its first two fields are.
#[cold]
pub(crate) fn request_header_failure(frame: &[u8], offset: usize, kind: WireError) -> DecodeError {
    let int16 = |place| frame.get(place..)?.first_chunk().copied().map(i16::from_be_bytes);
    let version = match (int16(0), int16(2)) {
        (Some(key), Some(version)) => ApiKey(key).request_header_version(version),
        _ => 0,
    };
    match kind {
        WireError::UnknownApiKey => {
            // Which is the first in the frame.
            DecodeError::new("RequestHeader", version, 0, kind).with_path("RequestApiKey".to_owned())
        }
        kind => locate("RequestHeader", version, frame, offset, kind),
    }
}

/// Reads the header of a response to a request of this API and version: its correlation id, and the body after it.
/// `frame` is without its length. Tagged fields of the header, of which Kafka has none, are read over and not kept.
///
/// An ApiVersions request of a version that the broker does not know is answered in version 0: a body that cannot be read
/// in the version that was asked is to be read in that one, as [`walk::Frame`](crate::walk::Frame) does.
///
/// # Errors
///
/// When the bytes are no header.
pub fn decode_response_header(frame: &Bytes, key: ApiKey, version: i16) -> Result<(i32, Bytes), DecodeError> {
    let header_version = key.response_header_version(version);
    let mut reader = Reader::new(frame, header_version, header_version >= 1);
    let read = |reader: &mut Reader<'_>| {
        let correlation_id = reader.int32()?;
        if header_version >= 1 {
            reader.unknown_tags(&mut TaggedFields::new())?;
        }
        Ok(correlation_id)
    };
    match read(&mut reader) {
        Ok(correlation_id) => Ok((correlation_id, frame.slice(reader.offset().min(frame.len())..))),
        Err(kind) => Err(locate("ResponseHeader", header_version, frame, reader.offset(), kind)),
    }
}

#[cfg(all(test, feature = "client", feature = "broker"))]
mod tests;
