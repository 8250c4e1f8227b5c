//! Whole requests and responses, headers included, read without knowing their types.

use std::fmt;

use bytes::BytesMut;

use super::{Input, Json, Payloads, RewriteError, Slot, Step, Text, Value, Walker, json, redact, rewrite};
use crate::frame::request_header_failure;
use crate::schema::MessageSchema;
use crate::{ApiKey, DecodeError, WireError};

/// A request or a response as it travels, without its length of four bytes: header and body.
///
/// Making one reads the header only; the body is read by whoever asks, but for [ApiVersions](Frame::response). Offsets are
/// counted from the start of the frame.
///
/// ```
/// use ottla_protocol::ApiKey;
/// use ottla_protocol::walk::{Frame, Payloads};
///
/// let frame = b"\x00\x16\x00\x01\x00\x00\x00\x07\x00\x02me\x00\x03txn\x00\x00\xea\x60";
/// let frame = Frame::request(frame)?;
/// assert_eq!((frame.key(), frame.version(), frame.correlation_id()), (ApiKey::INIT_PRODUCER_ID, 1, 7));
/// assert_eq!(
///     frame.json(Payloads::Hidden)?.to_string(),
///     r#"{"header":{"requestApiKey":22,"requestApiVersion":1,"correlationId":7,"clientId":"me"},"body":{"transactionalId":"txn","transactionTimeoutMs":60000}}"#,
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    frame: &'a [u8],
    key: ApiKey,
    version: i16,
    correlation_id: i32,
    client_id: Option<Text<'a>>,
    header: Walker<'a>,
    schema: &'static MessageSchema,
    /// Where the body begins.
    body: usize,
}

impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { correlation_id, schema, version, .. } = self;
        write!(f, "{} version {version}, correlation id {correlation_id}, {} bytes", schema.name, self.frame.len())
    }
}

impl<'a> Frame<'a> {
    /// A request. The version of its body is not checked before the body is read, since a broker must be able to answer
    /// an ApiVersions request of a version that it does not know.
    ///
    /// # Errors
    ///
    /// When the bytes are no header, or the API is not known, so that neither is the version of its header.
    pub fn request(frame: &'a [u8]) -> Result<Self, DecodeError> {
        let mut input = Input::new(frame, 0, 0, false);
        let mut start = || Ok((ApiKey(input.int16()?), input.int16()?));
        let start: Result<_, WireError> = start();
        let failed = |kind| request_header_failure(frame, input.offset(), kind);
        let (key, version) = start.map_err(failed)?;
        let schema = MessageSchema::request(key).ok_or_else(|| failed(WireError::UnknownApiKey))?;
        Self::new(frame, "RequestHeader", key.request_header_version(version), schema, version)
    }

    /// A response to a request of this API and version.
    ///
    /// The response to an ApiVersions request whose version the broker does not know has version 0 whatever the request
    /// had; it is recognized, for which the body is read.
    ///
    /// # Errors
    ///
    /// When the bytes are no header, or the API is not known.
    pub fn response(frame: &'a [u8], key: ApiKey, version: i16) -> Result<Self, DecodeError> {
        let failed = |kind| DecodeError::new("ResponseHeader", 0, 0, kind);
        let schema = MessageSchema::response(key).ok_or_else(|| failed(WireError::UnknownApiKey))?;
        let header_version = key.response_header_version(version);
        let response = Self::new(frame, "ResponseHeader", header_version, schema, version)?;
        if key == ApiKey::API_VERSIONS && version != 0 && response.check().is_err() {
            let fallback = Self { version: 0, ..response };
            if fallback.check().is_ok() {
                return Ok(fallback);
            }
        }
        Ok(response)
    }

    fn new(
        frame: &'a [u8],
        header: &'static str,
        header_version: i16,
        schema: &'static MessageSchema,
        version: i16,
    ) -> Result<Self, DecodeError> {
        let unknown = || DecodeError::new(header, header_version, 0, WireError::UnsupportedVersion);
        let header_schema = MessageSchema::named(header).ok_or_else(unknown)?;
        let header = Walker::new(header_schema, frame, header_version)?;
        let (mut correlation_id, mut client_id) = (0, None);
        let mut walker = header;
        while let Some(step) = walker.step()? {
            match step {
                Step::Value(field, Value::Int(number)) if field.name == "CorrelationId" => {
                    // 32 bits on the wire, so nothing is lost.
                    correlation_id = number.try_into().unwrap_or_default();
                }
                Step::Value(field, Value::String(text)) if field.name == "ClientId" => client_id = Some(text),
                _ => {}
            }
        }
        let key = schema.key.unwrap_or(ApiKey(-1));
        Ok(Self { frame, key, version, correlation_id, client_id, header, schema, body: walker.offset() })
    }

    /// The API.
    pub fn key(&self) -> ApiKey {
        self.key
    }

    /// The version of the body.
    pub fn version(&self) -> i16 {
        self.version
    }

    /// What tells which response belongs to which request.
    pub fn correlation_id(&self) -> i32 {
        self.correlation_id
    }

    /// The name that the client gave itself, in requests.
    pub fn client_id(&self) -> Option<Text<'a>> {
        self.client_id
    }

    /// The message in the body.
    pub fn schema(&self) -> &'static MessageSchema {
        self.schema
    }

    /// The bytes of the body.
    pub fn body_bytes(&self) -> &'a [u8] {
        self.frame.get(self.body..).unwrap_or_default()
    }

    /// At the beginning of the header.
    pub fn header(&self) -> Walker<'a> {
        self.header
    }

    /// At the beginning of the body.
    ///
    /// # Errors
    ///
    /// When this crate knows no such version of the message.
    pub fn body(&self) -> Result<Walker<'a>, DecodeError> {
        Walker::within(self.schema, self.frame, self.body, self.version)
    }

    /// Reads the whole body and forgets it.
    ///
    /// # Errors
    ///
    /// When it is no such message in this version.
    pub fn check(&self) -> Result<(), DecodeError> {
        self.body()?.finish()
    }

    /// Header and body as JSON: `{"header":{…},"body":{…}}`, each as [`json`] prints it.
    ///
    /// # Errors
    ///
    /// When the body is no such message in this version.
    pub fn json(&self, payloads: Payloads) -> Result<FrameJson<'a>, DecodeError> {
        Ok(FrameJson { header: json(self.header, payloads)?, body: json(self.body()?, payloads)? })
    }

    /// Copies header and body to `out`, without a length before them, as [`rewrite`] does it. `edit` sees the values of
    /// the header first; [`Slot::message`] tells them apart.
    ///
    /// # Errors
    ///
    /// As [`rewrite`].
    pub fn rewrite(&self, out: &mut BytesMut, mut edit: impl FnMut(&mut Slot<'_, 'a>)) -> Result<(), RewriteError> {
        self.copy(out, |walker, out| rewrite(walker, out, &mut edit))
    }

    /// Copies header and body to `out`, without a length before them and without payloads and secrets, as [`redact`] does
    /// it.
    ///
    /// # Errors
    ///
    /// As [`redact`].
    pub fn redact(&self, out: &mut BytesMut) -> Result<(), RewriteError> {
        self.copy(out, redact)
    }

    fn copy(
        &self,
        out: &mut BytesMut,
        mut each: impl FnMut(Walker<'a>, &mut BytesMut) -> Result<(), RewriteError>,
    ) -> Result<(), RewriteError> {
        let before = out.len();
        let mut both = || {
            // By itself, so that the bytes after its end are not taken for its own.
            let header = self.frame.get(..self.body).unwrap_or_default();
            each(Walker::new(self.header.schema, header, self.header.version())?, out)?;
            each(self.body()?, out)
        };
        let result = both();
        if result.is_err() {
            out.truncate(before);
        }
        result
    }
}

/// A frame as JSON text.
#[derive(Clone, Copy, Debug)]
pub struct FrameJson<'a> {
    header: Json<'a>,
    body: Json<'a>,
}

impl fmt::Display for FrameJson<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{\"header\":{},\"body\":{}}}", self.header, self.body)
    }
}

#[cfg(test)]
mod tests;
