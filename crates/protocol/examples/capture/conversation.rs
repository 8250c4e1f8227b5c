//! What client and broker say to each other on a connection: frames, and which response belongs to which request.

use std::collections::BTreeMap;
use std::io::{self, Write};

use ottla_protocol::ApiKey;
use ottla_protocol::walk::{Frame, Payloads};

use crate::stream::Stream;

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Broker,
}

/// A frame above this is none: 100 MiB, as brokers take at most by their `socket.request.max.bytes`, and then some.
const LARGEST: usize = 256 << 20;

/// One connection.
pub(crate) struct Conversation {
    client: String,
    broker: String,
    payloads: Payloads,
    /// What was asked and not answered yet, by correlation id: API, version, time.
    asked: BTreeMap<i32, (ApiKey, i16, f64)>,
    pub(crate) requests: u64,
    pub(crate) responses: u64,
    /// Frames that could not be read, and places where the stream could not.
    pub(crate) undecoded: u64,
}

impl Conversation {
    pub(crate) fn new(client: String, broker: String, payloads: Payloads) -> Self {
        Self { client, broker, payloads, asked: BTreeMap::new(), requests: 0, responses: 0, undecoded: 0 }
    }

    /// Prints the frames that are there now.
    pub(crate) fn read(&mut self, side: Side, stream: &mut Stream, time: f64, out: &mut impl Write) -> io::Result<()> {
        loop {
            let (bytes, gap) = stream.ready();
            let Some((length, rest)) = bytes.split_first_chunk() else { return Ok(()) };
            let length = usize::try_from(i32::from_be_bytes(*length)).unwrap_or(usize::MAX);
            // After a gap any bytes may stand here: only what can be read is a frame.
            let is_frame = (4..=LARGEST).contains(&length);
            if !is_frame || (gap && !self.could_be(side, rest)) {
                if !gap {
                    self.undecoded += 1;
                    let begin: String = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
                    self.line(side, time, &format!("\"undecoded\":\"no frame begins with {begin}\""), out)?;
                }
                stream.skip();
                return Ok(());
            }
            let Some(frame) = rest.get(..length) else { return Ok(()) };
            match side {
                Side::Client => self.request(frame, time, out)?,
                Side::Broker => self.response(frame, time, out)?,
            }
            stream.consume(length + 4);
        }
    }

    /// Prints what is behind packets that never came, and tells of frames that are not there whole.
    pub(crate) fn end(&mut self, side: Side, stream: &mut Stream, out: &mut impl Write) -> io::Result<()> {
        loop {
            let (bytes, gap) = stream.ready();
            if !bytes.is_empty() && !gap {
                self.undecoded += 1;
                let what = format!("\"undecoded\":\"the last frame is cut short: {} bytes are there\"", bytes.len());
                self.line(side, 0.0, &what, out)?;
            }
            if !stream.give_up() {
                return Ok(());
            }
            self.read(side, stream, 0.0, out)?;
        }
    }

    /// Whether bytes may be the beginning of a frame, without its length: a request of an API that there is, a response to
    /// something that was asked.
    fn could_be(&self, side: Side, frame: &[u8]) -> bool {
        match side {
            Side::Client => {
                let key = frame.first_chunk().map(|key| ApiKey(i16::from_be_bytes(*key)));
                let version = frame.get(2..).and_then(<[u8]>::first_chunk).map(|version| i16::from_be_bytes(*version));
                key.and_then(ApiKey::versions).zip(version).is_some_and(|(known, version)| known.contains(version))
            }
            Side::Broker => frame.first_chunk().is_some_and(|id| self.asked.contains_key(&i32::from_be_bytes(*id))),
        }
    }

    fn request(&mut self, bytes: &[u8], time: f64, out: &mut impl Write) -> io::Result<()> {
        self.requests += 1;
        let frame = match Frame::request(bytes) {
            Ok(frame) => frame,
            Err(error) => return self.unread(Side::Client, time, bytes, &error.to_string(), out),
        };
        self.asked.insert(frame.correlation_id(), (frame.key(), frame.version(), time));
        self.message(Side::Client, &frame, time, "", bytes, out)
    }

    fn response(&mut self, bytes: &[u8], time: f64, out: &mut impl Write) -> io::Result<()> {
        self.responses += 1;
        let correlation_id = bytes.first_chunk().map(|id| i32::from_be_bytes(*id)).unwrap_or_default();
        let Some((key, version, asked)) = self.asked.remove(&correlation_id) else {
            let why = format!("the request {correlation_id} that it answers was not seen");
            return self.unread(Side::Broker, time, bytes, &why, out);
        };
        match Frame::response(bytes, key, version) {
            Ok(frame) => {
                let took = format!("\"tookMs\":{:.3},", (time - asked) * 1000.0);
                self.message(Side::Broker, &frame, time, &took, bytes, out)
            }
            Err(error) => self.unread(Side::Broker, time, bytes, &error.to_string(), out),
        }
    }

    fn message(
        &mut self,
        side: Side,
        frame: &Frame<'_>,
        time: f64,
        took: &str,
        bytes: &[u8],
        out: &mut impl Write,
    ) -> io::Result<()> {
        let (key, version) = (frame.key(), frame.version());
        match frame.json(self.payloads) {
            Ok(json) => {
                let what = format!("\"api\":\"{key}\",\"version\":{version},{took}\"message\":{json}");
                self.line(side, time, &what, out)
            }
            Err(error) => self.unread(side, time, bytes, &error.to_string(), out),
        }
    }

    fn unread(&mut self, side: Side, time: f64, bytes: &[u8], why: &str, out: &mut impl Write) -> io::Result<()> {
        self.undecoded += 1;
        self.line(side, time, &format!("\"size\":{},\"undecoded\":\"{why}\"", bytes.len()), out)
    }

    /// One line of JSON. None of the texts in it has anything to be escaped.
    fn line(&self, side: Side, time: f64, what: &str, out: &mut impl Write) -> io::Result<()> {
        let Self { client, broker, .. } = self;
        let kind = if side == Side::Client { "request" } else { "response" };
        writeln!(
            out,
            "{{\"time\":{time:.6},\"client\":\"{client}\",\"broker\":\"{broker}\",\"kind\":\"{kind}\",{what}}}"
        )
    }
}
