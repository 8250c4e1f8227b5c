//! One connection of a client, and the one to the broker behind it: two threads that forward frames, one each way.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::BytesMut;
use ottla_protocol::walk::{Frame, Payloads, Step, Value};
use ottla_protocol::{ApiKey, frame};

use crate::addresses;
use crate::proxy::{Proxy, Traced};

/// What the broker still has to answer, the oldest first: a broker answers the requests of a connection in their order.
#[derive(Default)]
struct Pending {
    requests: VecDeque<Request>,
    /// From a SaslHandshake of version 0 on, what follows are a mechanism's own bytes, with nothing but a length before
    /// them, up to the first request after that.
    sasl: bool,
}

/// A request that was forwarded.
enum Request {
    Known {
        key: ApiKey,
        version: i16,
        correlation_id: i32,
        sent: Instant,
    },
    /// Bytes of a SASL mechanism, or something else without a header.
    Opaque,
}

/// Forwards until either side closes.
pub(crate) fn relay(proxy: &Arc<Proxy>, name: &str, client: TcpStream, broker: TcpStream) -> io::Result<()> {
    client.set_nodelay(true)?;
    broker.set_nodelay(true)?;
    let pending = Arc::new(Mutex::new(Pending::default()));
    let (from_broker, to_client) = (broker.try_clone()?, client.try_clone()?);
    let answers = {
        let (proxy, name, pending) = (Arc::clone(proxy), name.to_owned(), Arc::clone(&pending));
        std::thread::spawn(move || {
            let forwarded = forward(from_broker, to_client, |frame| response(&proxy, &name, &pending, frame));
            note_end(&proxy, &name, "the broker", forwarded);
        })
    };
    let forwarded = forward(client, broker, |frame| request(proxy, name, &pending, frame));
    note_end(proxy, name, "the client", forwarded);
    let _ = answers.join();
    Ok(())
}

fn note_end(proxy: &Proxy, name: &str, side: &str, forwarded: io::Result<()>) {
    match forwarded {
        Ok(()) => proxy.note(name, &format!("{side} closes")),
        Err(error) => proxy.note(name, &format!("forwarding from {side} ends: {error}")),
    }
}

/// Forwards frames as `look` changes them, until there are no more; then closes both ways.
fn forward(mut from: TcpStream, mut to: TcpStream, mut look: impl FnMut(&[u8]) -> Option<BytesMut>) -> io::Result<()> {
    let mut bytes = Vec::new();
    let forwarded = (|| {
        while read_frame(&mut from, &mut bytes)? {
            match look(bytes.get(4..).unwrap_or_default()) {
                Some(changed) => to.write_all(&changed)?,
                None => to.write_all(&bytes)?,
            }
        }
        Ok(())
    })();
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
    forwarded
}

/// The largest frame that is forwarded: as much as brokers take by default, `socket.request.max.bytes`, and as fetches ask for.
const LARGEST: usize = 100 << 20;

/// Reads a length and as many bytes. Nothing at the end of the stream.
fn read_frame(from: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<bool> {
    bytes.clear();
    from.take(4).read_to_end(bytes)?;
    let Some(length) = bytes.first_chunk() else {
        return if bytes.is_empty() { Ok(false) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
    };
    let length = frame::length(*length, LARGEST).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    // Memory is taken for what comes, not for what is announced.
    if from.take(length as u64).read_to_end(bytes)? != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(true)
}

/// Prints a request and remembers it. Requests are forwarded as they are.
fn request(proxy: &Proxy, name: &str, pending: &Mutex<Pending>, bytes: &[u8]) -> Option<BytesMut> {
    let mut pending = pending.lock().unwrap_or_else(PoisonError::into_inner);
    let frame = Frame::request(bytes);
    let json = frame.clone().and_then(|frame| frame.json(Payloads::Hidden));
    if pending.sasl && json.is_err() {
        pending.requests.push_back(Request::Opaque);
        proxy.note(name, &format!("{} bytes of SASL from the client", bytes.len()));
        return None;
    }
    let frame = match frame {
        Ok(frame) => frame,
        Err(error) => {
            pending.requests.push_back(Request::Opaque);
            proxy.undecoded(name, "request", bytes, &error);
            return None;
        }
    };
    let (key, version, correlation_id) = (frame.key(), frame.version(), frame.correlation_id());
    pending.sasl = key == ApiKey::SASL_HANDSHAKE && version == 0;
    // Before the request is on its way, or its response could be faster.
    if !is_unanswered(&frame) {
        pending.requests.push_back(Request::Known { key, version, correlation_id, sent: Instant::now() });
    }
    match json {
        Ok(json) => {
            proxy.trace(&Traced { name, what: "request", key, version, correlation_id, json: &json, took: None });
        }
        // Such as a version that is newer than this program: the response may be one that it knows.
        Err(error) => proxy.undecoded(name, "request", bytes, &error),
    }
    None
}

/// A Produce request that wants no acknowledgement gets no response either.
fn is_unanswered(frame: &Frame<'_>) -> bool {
    if frame.key() != ApiKey::PRODUCE {
        return false;
    }
    let Ok(mut walker) = frame.body() else { return false };
    while let Ok(Some(step)) = walker.step() {
        match step {
            Step::Value(field, Value::Int(acks)) if field.name == "Acks" => return acks == 0,
            _ => {}
        }
    }
    false
}

/// Prints a response, and puts the proxy's own addresses in the places of the brokers'.
fn response(proxy: &Arc<Proxy>, name: &str, pending: &Mutex<Pending>, bytes: &[u8]) -> Option<BytesMut> {
    let (request, sasl) = {
        let mut pending = pending.lock().unwrap_or_else(PoisonError::into_inner);
        (pending.requests.pop_front(), pending.sasl)
    };
    let Some(Request::Known { key, version, correlation_id, sent }) = request else {
        match request {
            Some(_) if sasl => proxy.note(name, &format!("{} bytes of SASL from the broker", bytes.len())),
            Some(_) => proxy.undecoded(name, "response", bytes, &"its request could not be read"),
            None => proxy.undecoded(name, "response", bytes, &"nothing was asked"),
        }
        return None;
    };
    let read = Frame::response(bytes, key, version).and_then(|frame| Ok((frame, frame.json(Payloads::Hidden)?)));
    let (frame, json) = match read {
        Ok(read) => read,
        Err(error) => {
            proxy.undecoded(name, "response", bytes, &error);
            return None;
        }
    };
    if frame.correlation_id() != correlation_id {
        proxy.undecoded(name, "response", bytes, &format!("it should answer request {correlation_id}"));
        return None;
    }
    let took = Some(sent.elapsed());
    proxy.trace(&Traced { name, what: "response", key, version: frame.version(), correlation_id, json: &json, took });

    let found = addresses::find(&frame).ok()?;
    if found.iter().all(Option::is_none) {
        return None;
    }
    let others: Vec<_> = found.iter().map(|found| found.as_ref().and_then(|broker| proxy.front_of(broker))).collect();
    let mut out = BytesMut::zeroed(4);
    if let Err(error) = addresses::replace(&frame, &others, &mut out) {
        proxy.note(name, &format!("the addresses stay as they are: {error}"));
        return None;
    }
    let length = u32::try_from(out.len().saturating_sub(4)).ok()?;
    out.get_mut(..4)?.copy_from_slice(&length.to_be_bytes());
    Some(out)
}
