//! One connection as pure state: frames out of a byte stream, and answers to the requests they belong to.
//!
//! A broker answers the requests of a connection in the order in which it got them, so that correlation ids only confirm
//! what the order says; an answer that does not confirm it ends the connection.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use ottla_protocol::ApiKey;
use ottla_protocol::frame::{RequestFrame, decode_response_header};

use crate::error::{Error, ErrorKind};
use crate::machine::Response;

/// The bytes of a frame's length, which stand before it.
pub const LENGTH: usize = 4;

/// Cuts a byte stream into frames.
#[derive(Debug)]
pub struct Frames {
    max: usize,
}

impl Frames {
    /// Frames of at most `max` bytes (`receive.message.max.bytes`).
    pub fn new(max: usize) -> Self {
        Self { max }
    }

    /// The length that the frame at the start of the buffer announces, without the bytes of the length itself; `None`
    /// until they are all there.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`], saying what the bytes look like, where this is no length of an answer.
    pub fn announced(&self, buffer: &[u8]) -> Result<Option<usize>, Error> {
        let Some(&first) = buffer.first_chunk::<LENGTH>() else { return Ok(None) };
        match usize::try_from(i32::from_be_bytes(first)) {
            Ok(length) if (LENGTH..=self.max).contains(&length) => Ok(Some(length)),
            _ => Err(self.stranger(first)),
        }
    }

    /// Takes a whole frame off the buffer, without its length.
    ///
    /// # Errors
    /// As [`announced`](Self::announced).
    pub fn take(&self, buffer: &mut BytesMut) -> Result<Option<Bytes>, Error> {
        match self.announced(buffer)? {
            Some(length) if buffer.len() >= length.saturating_add(LENGTH) => {
                let mut frame = buffer.split_to(length.saturating_add(LENGTH)).freeze();
                bytes::Buf::advance(&mut frame, LENGTH);
                Ok(Some(frame))
            }
            _ => Ok(None),
        }
    }

    fn stranger(&self, first: [u8; LENGTH]) -> Error {
        let sentence = match first {
            [b'H', b'T', b'T', b'P'] => "an HTTP server answers here, not a Kafka broker".to_owned(),
            [b'S', b'S', b'H', b'-'] => "an SSH server answers here, not a Kafka broker".to_owned(),
            [0x15, 0x03, ..] => {
                "the answer is a TLS alert: this listener expects TLS (`security.protocol` SSL or SASL_SSL)".to_owned()
            }
            [0x16, 0x03, ..] => "the answer is a TLS handshake, not a Kafka response".to_owned(),
            _ => {
                let length = i32::from_be_bytes(first);
                let shown = first.escape_ascii();
                if length > 0 {
                    format!(
                        "an answer announces {length} bytes, more than the {} allowed by `receive.message.max.bytes` \
                         (its first bytes are \"{shown}\"; a Kafka broker may not be what answers here)",
                        self.max
                    )
                } else {
                    format!("an answer announces {length} bytes (its first bytes are \"{shown}\")")
                }
            }
        };
        Error::new(ErrorKind::Malformed, sentence)
    }
}

/// The requests of a connection that wait for their answers, each with what its sender wants to be reminded of.
#[derive(Debug)]
pub struct InFlight<T> {
    next: i32,
    waiting: VecDeque<Waiting<T>>,
}

#[derive(Debug)]
struct Waiting<T> {
    correlation_id: i32,
    key: ApiKey,
    version: i16,
    tag: T,
}

impl<T> Default for InFlight<T> {
    fn default() -> Self {
        Self { next: 0, waiting: VecDeque::new() }
    }
}

impl<T> InFlight<T> {
    /// Numbers a request that is about to be written.
    pub fn number(&mut self, frame: &mut RequestFrame) -> i32 {
        let correlation_id = self.next;
        self.next = self.next.wrapping_add(1) & i32::MAX;
        frame.set_correlation_id(correlation_id);
        correlation_id
    }

    /// Remembers a request that expects a response. To be called in the order of writing.
    pub fn expect(&mut self, correlation_id: i32, key: ApiKey, version: i16, tag: T) {
        self.waiting.push_back(Waiting { correlation_id, key, version, tag });
    }

    /// Takes an answer.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] where it is not the answer to the oldest request; the connection must end then.
    pub fn answer(&mut self, frame: &Bytes) -> Result<(T, Response), Error> {
        let Some(oldest) = self.waiting.front() else {
            return Err(Error::new(ErrorKind::Malformed, "an answer came that nothing was asked for"));
        };
        let (correlation_id, body) = decode_response_header(frame, oldest.key, oldest.version)?;
        if correlation_id != oldest.correlation_id {
            return Err(Error::new(
                ErrorKind::Malformed,
                format!("the answer to request {} came in place of {}", correlation_id, oldest.correlation_id),
            ));
        }
        match self.waiting.pop_front() {
            Some(oldest) => Ok((oldest.tag, Response { version: oldest.version, body })),
            None => Err(Error::new(ErrorKind::Internal, "the oldest request is gone")),
        }
    }

    /// What the senders of all waiting requests want to be reminded of, the oldest first.
    pub fn tags(&self) -> impl Iterator<Item = &T> {
        self.waiting.iter().map(|waiting| &waiting.tag)
    }

    /// Takes all waiting requests out, the oldest first.
    pub fn drain(&mut self) -> impl Iterator<Item = T> + '_ {
        self.waiting.drain(..).map(|waiting| waiting.tag)
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests;
