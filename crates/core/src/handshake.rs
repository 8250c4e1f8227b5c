//! What is said on a new connection before it is ready: which versions the broker speaks.
//!
//! ApiVersions is sent in the newest version that we know. A broker that does not know it answers in version 0 with
//! UNSUPPORTED_VERSION, since Kafka 2.4 together with the range that it knows, and the question is put again.
//! Authentication follows here where it is configured.

use std::sync::Arc;

use bytes::Bytes;
use ottla_protocol::frame::{RequestFrame, encode_request};
use ottla_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};
use ottla_protocol::{ApiKey, Message, Utf8Bytes, VersionRange};
use ottla_types::ErrorCode;

use crate::connection::InFlight;
use crate::error::{Error, ErrorKind};
use crate::machine::Response;
use crate::versions::Versions;

/// What to do next on the new connection.
#[derive(Debug)]
pub enum Progress {
    /// Write this and hand in the frame that comes back.
    Send(RequestFrame),
    /// The connection is ready.
    Ready(Versions),
}

/// The first words on a connection.
#[derive(Debug)]
pub struct Handshake {
    client_id: Arc<str>,
    in_flight: InFlight<()>,
    /// The version asked in, and whether it is the second attempt.
    version: i16,
    again: bool,
}

impl Handshake {
    /// For a client of this name.
    pub fn new(client_id: Arc<str>) -> Self {
        Self { client_id, in_flight: InFlight::default(), version: ApiVersionsRequest::MAX, again: false }
    }

    /// The first request.
    ///
    /// # Errors
    /// When the client's name cannot be written.
    pub fn start(&mut self) -> Result<RequestFrame, Error> {
        self.ask()
    }

    /// Takes the answer to what was sent last.
    ///
    /// # Errors
    /// Why the connection cannot be used.
    pub fn on_frame(&mut self, frame: &Bytes) -> Result<Progress, Error> {
        let ((), response) = self.in_flight.answer(frame)?;
        let answer = decode(&response)?;
        if answer.error_code == ErrorCode::UNSUPPORTED_VERSION && !self.again {
            let own = answer.api_keys.iter().find(|range| ApiKey(range.api_key) == ApiKey::API_VERSIONS);
            let offered = own.map_or(0, |range| range.max_version);
            self.version = offered.clamp(0, self.version.saturating_sub(1).max(0));
            self.again = true;
            return Ok(Progress::Send(self.ask()?));
        }
        if !answer.error_code.is_ok() {
            return Err(Error::broker(answer.error_code, "the broker refused ApiVersions"));
        }
        let ranges = answer
            .api_keys
            .iter()
            .map(|range| (ApiKey(range.api_key), VersionRange { min: range.min_version, max: range.max_version }));
        let features = answer.finalized_features.iter();
        let features = features.map(|feature| (feature.name.to_string(), feature.max_version_level));
        Ok(Progress::Ready(Versions::new(ranges, features)))
    }

    /// What it means that the other side ended the connection now.
    pub fn ended(&self) -> Error {
        Error::new(
            ErrorKind::Transport,
            "the connection was closed in answer to ApiVersions: the listener may expect TLS or authentication, or the \
             broker may be older than 0.10.0, which is not supported",
        )
    }

    fn ask(&mut self) -> Result<RequestFrame, Error> {
        let mut request = ApiVersionsRequest::default();
        if self.version >= 3 {
            request.client_software_name = Utf8Bytes::from("ottla");
            request.client_software_version = Utf8Bytes::from(env!("CARGO_PKG_VERSION"));
        }
        let mut frame = encode_request(&request, self.version, Some(&self.client_id))?;
        let correlation_id = self.in_flight.number(&mut frame);
        self.in_flight.expect(correlation_id, ApiKey::API_VERSIONS, self.version, ());
        Ok(frame)
    }
}

/// Reads the answer in the version of the question, or in version 0 where its first field says that this was not known.
fn decode(response: &Response) -> Result<ApiVersionsResponse, Error> {
    let code = response.body.first_chunk::<2>().map(|code| ErrorCode(i16::from_be_bytes(*code)));
    let version = if code == Some(ErrorCode::UNSUPPORTED_VERSION) { 0 } else { response.version };
    Ok(ApiVersionsResponse::decode(&response.body, version)?)
}

#[cfg(test)]
mod tests;
