//! Whole requests and responses on their way out.

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use crate::message::{is_flexible, write};
use crate::writer::{Chunks, Writer};
use crate::{Absent, Encode, EncodeError, EncodeErrorKind, Message, Request, Response};

/// A request, ready for the socket but for its correlation id. `Debug` prints its length.
pub struct RequestFrame {
    /// Length, header and the beginning of the body.
    pub head: BytesMut,
    /// The rest of the body, in wire order.
    pub tail: Vec<Bytes>,
}

/// Where the correlation id is: after the length, the API key and the version.
const CORRELATION_ID: std::ops::Range<usize> = 8..12;

impl fmt::Debug for RequestFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestFrame(<{} bytes>)", self.len())
    }
}

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

/// Encodes a request with its header and length; the correlation id is 0.
///
/// # Errors
///
/// When the request cannot be written in this version, or the client id is longer than 32,767 bytes.
pub fn encode_request<R>(request: &R, version: i16, client_id: Option<&str>) -> Result<RequestFrame, EncodeError>
where
    R: Request + Encode,
{
    encode_request_with(request, version, client_id, Absent::Refuse)
}

/// As [`encode_request`], with a choice for fields that the version lacks.
///
/// # Errors
///
/// When the request cannot be written so, or the client id is longer than 32,767 bytes.
pub fn encode_request_with<R>(
    request: &R,
    version: i16,
    client_id: Option<&str>,
    absent: Absent,
) -> Result<RequestFrame, EncodeError>
where
    R: Request + Encode,
{
    let header_version = R::KEY.request_header_version(version);
    let client_id_length = client_id.map_or(Ok(-1), |id| i16::try_from(id.len()));
    let too_long = EncodeErrorKind::StringTooLong;
    let client_id_length = client_id_length.map_err(|_| refused::<R>(version, "ClientId", too_long))?;

    let mut open = BytesMut::with_capacity(FIRST);
    open.put_i32(0);
    open.put_i16(R::KEY.0);
    open.put_i16(version);
    open.put_i32(0);
    if header_version >= 1 {
        open.put_i16(client_id_length);
        open.put_slice(client_id.unwrap_or_default().as_bytes());
    }
    if header_version >= 2 {
        open.put_u8(0);
    }
    let (head, tail) = body(open, request, version, absent)?;
    Ok(RequestFrame { head, tail })
}

/// The room for a head to begin with: most requests fit.
const FIRST: usize = 1024;

fn refused<M: Message>(version: i16, field: &'static str, kind: EncodeErrorKind) -> EncodeError {
    EncodeError { message: M::NAME, version, field, kind }
}

/// Appends the body to a length and a header, and sets the length.
fn body<M: Encode>(
    mut open: BytesMut,
    message: &M,
    version: i16,
    absent: Absent,
) -> Result<(BytesMut, Vec<Bytes>), EncodeError> {
    let header = open.len().saturating_sub(4);
    let mut chunks = Chunks::default();
    let writer = Writer::chunks(&mut open, &mut chunks, version, is_flexible::<M>(version), absent);
    let length = i32::try_from(write(message, writer)?.saturating_add(header));
    let length = length.map_err(|_| refused::<M>(version, "", EncodeErrorKind::TooLarge))?;
    let (mut head, tail) = chunks.finish(open);
    if let Some(place) = head.first_chunk_mut() {
        *place = length.to_be_bytes();
    }
    Ok((head, tail))
}

/// Encodes a response with its header and length, as chunks in wire order.
///
/// # Errors
///
/// When the response cannot be written in this version.
pub fn encode_response<R>(response: &R, version: i16, correlation_id: i32) -> Result<Vec<Bytes>, EncodeError>
where
    R: Response + Encode,
{
    encode_response_with(response, version, correlation_id, Absent::Refuse)
}

/// As [`encode_response`], with a choice for fields that the version lacks.
///
/// # Errors
///
/// When the response cannot be written so.
pub fn encode_response_with<R>(
    response: &R,
    version: i16,
    correlation_id: i32,
    absent: Absent,
) -> Result<Vec<Bytes>, EncodeError>
where
    R: Response + Encode,
{
    let mut open = BytesMut::with_capacity(FIRST);
    open.put_i32(0);
    open.put_i32(correlation_id);
    if R::KEY.response_header_version(version) >= 1 {
        open.put_u8(0);
    }
    let (head, mut tail) = body(open, response, version, absent)?;
    tail.insert(0, head.freeze());
    Ok(tail)
}
