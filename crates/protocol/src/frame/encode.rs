//! Whole requests and responses on their way out.

use bytes::{BufMut, Bytes, BytesMut};

use crate::message::{counted, is_flexible};
use crate::writer::{Chunks, Writer};
use crate::{Absent, Encode, EncodeError, EncodeErrorKind, Request, Response};

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
    let counted = counted(request, version, absent)?;
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
    request.write(&mut Writer::chunks(&mut chunks, version, is_flexible::<R>(version), absent));
    let (head, tail) = chunks.finish();
    Ok(RequestFrame { head, tail })
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
    let counted = counted(response, version, absent)?;
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
    response.write(&mut Writer::chunks(&mut chunks, version, is_flexible::<R>(version), absent));
    let (head, mut tail) = chunks.finish();
    tail.insert(0, head.freeze());
    Ok(tail)
}
