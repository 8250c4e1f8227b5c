//! Whole requests and responses as they travel: length, header, body.
//!
//! A frame goes out as one buffer of our own and, after it, chunks: records of 1 KiB and more are shared with the message
//! and never copied. A frame comes in as one buffer without its length, which whoever reads the socket has taken off.

use bytes::{BufMut, Bytes, BytesMut};

use crate::message::{counted, is_flexible};
use crate::reader::Reader;
use crate::writer::{Chunks, Writer};
use crate::{ApiKey, DecodeError, EncodeError, EncodeErrorKind, Request, Response, TaggedFields, Utf8Bytes, WireError};

/// A request, ready for the socket but for its correlation id.
#[derive(Debug)]
pub struct RequestFrame {
    /// Length, header and the beginning of the body.
    pub head: BytesMut,
    /// The rest of the body, in wire order.
    pub tail: Vec<Bytes>,
}

/// Where the correlation id is: after the length, the API key and the version.
const CORRELATION_ID: std::ops::Range<usize> = 8..12;

impl RequestFrame {
    /// Sets the correlation id, which is 0 until then.
    pub fn set_correlation_id(&mut self, correlation_id: i32) {
        if let Some(place) = self.head.get_mut(CORRELATION_ID) {
            place.copy_from_slice(&correlation_id.to_be_bytes());
        }
    }

    /// All bytes of the frame, its length of four bytes included.
    pub fn len(&self) -> usize {
        self.tail.iter().fold(self.head.len(), |sum, chunk| sum.saturating_add(chunk.len()))
    }

    /// Whether there is nothing in it, which no encoded request is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
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

/// Encodes a request with its header and length; the correlation id is 0.
///
/// # Errors
///
/// When the request cannot be written in this version, or the client id is longer than 32,767 bytes.
pub fn encode_request<R: Request>(
    request: &R,
    version: i16,
    client_id: Option<&str>,
) -> Result<RequestFrame, EncodeError> {
    let counted = counted(request, version)?;
    let header_version = R::KEY.request_header_version(version);
    let client_id_length = client_id.map_or(Ok(-1), |id| i16::try_from(id.len()));
    let refused = |field, kind| EncodeError { message: R::NAME, version, field, kind };
    let client_id_length = client_id_length.map_err(|_| refused("ClientId", EncodeErrorKind::StringTooLong))?;
    let client_id = client_id.unwrap_or_default();
    let header = match header_version {
        0 => 8,
        1 => client_id.len().saturating_add(10),
        _ => client_id.len().saturating_add(11),
    };
    let length = i32::try_from(header.saturating_add(counted.len));
    let length = length.map_err(|_| refused("", EncodeErrorKind::TooLarge))?;

    let own = header.saturating_add(counted.len).saturating_sub(counted.shared);
    let mut open = BytesMut::with_capacity(own.saturating_add(4));
    open.put_i32(length);
    open.put_i16(R::KEY.0);
    open.put_i16(version);
    open.put_i32(0);
    if header_version >= 1 {
        open.put_i16(client_id_length);
        open.put_slice(client_id.as_bytes());
    }
    if header_version >= 2 {
        open.put_u8(0);
    }
    let mut chunks = Chunks::new(open);
    request.write(&mut Writer::chunks(&mut chunks, version, is_flexible::<R>(version)));
    let (head, tail) = chunks.finish();
    Ok(RequestFrame { head, tail })
}

/// Encodes a response with its header and length, as chunks in wire order.
///
/// # Errors
///
/// When the response cannot be written in this version.
pub fn encode_response<R: Response>(
    response: &R,
    version: i16,
    correlation_id: i32,
) -> Result<Vec<Bytes>, EncodeError> {
    let counted = counted(response, version)?;
    let tagged = R::KEY.response_header_version(version) >= 1;
    let header = if tagged { 5_usize } else { 4 };
    let length = i32::try_from(header.saturating_add(counted.len)).map_err(|_| EncodeError {
        message: R::NAME,
        version,
        field: "",
        kind: EncodeErrorKind::TooLarge,
    })?;
    let own = header.saturating_add(counted.len).saturating_sub(counted.shared);
    let mut open = BytesMut::with_capacity(own.saturating_add(4));
    open.put_i32(length);
    open.put_i32(correlation_id);
    if tagged {
        open.put_u8(0);
    }
    let mut chunks = Chunks::new(open);
    response.write(&mut Writer::chunks(&mut chunks, version, is_flexible::<R>(version)));
    let (head, mut tail) = chunks.finish();
    tail.insert(0, head.freeze());
    Ok(tail)
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
        let correlation_id = reader.int32()?;
        key.name().ok_or(WireError::UnknownApiKey)?;
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
        Err(kind) => Err(DecodeError { message: "RequestHeader", version: 0, offset: reader.offset(), kind }),
    }
}

/// Reads the header of a response to a request of this API and version: its correlation id, and the body after it.
/// `frame` is without its length.
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
        Err(kind) => {
            Err(DecodeError { message: "ResponseHeader", version: header_version, offset: reader.offset(), kind })
        }
    }
}

#[cfg(test)]
mod tests;
