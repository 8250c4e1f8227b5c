//! The addresses of brokers in a response: found, and others put in their places.
//!
//! Nothing here knows which messages have them. A struct with a `Host` and a `Port` is a broker, whether it is one of
//! Metadata, the coordinator of FindCoordinator, or the node endpoints of Fetch and Produce.

use std::net::SocketAddr;

use bytes::BytesMut;
use ottla_protocol::DecodeError;
use ottla_protocol::walk::{Frame, RewriteError, Step, Value};

/// A broker's address, as a response has it.
pub(crate) type Address = (String, u16);

/// The addresses in the body of a response, in their order. Those that lead nowhere, such as that of a coordinator that
/// was not found, are none.
pub(crate) fn find(response: &Frame<'_>) -> Result<Vec<Option<Address>>, DecodeError> {
    let mut found = Vec::new();
    let mut host = None;
    let mut walker = response.body()?;
    while let Some(step) = walker.step()? {
        let Step::Value(field, value) = step else { continue };
        match (field.name, value) {
            ("Host", value) => host = value.as_text().map(|text| text.to_string()),
            ("Port", Value::Int(port)) => {
                let host = host.take().filter(|host| !host.is_empty());
                found.push(host.zip(u16::try_from(port).ok().filter(|port| *port > 0)));
            }
            _ => {}
        }
    }
    Ok(found)
}

/// Writes the response with other addresses: one for each that was found, in their order.
pub(crate) fn replace(
    response: &Frame<'_>,
    others: &[Option<SocketAddr>],
    out: &mut BytesMut,
) -> Result<(), RewriteError> {
    let mut host = others.iter();
    let mut port = others.iter();
    response.rewrite(out, |slot| match slot.field().name {
        "Host" => {
            if let Some(Some(other)) = host.next() {
                slot.set(&*other.ip().to_string());
            }
        }
        "Port" => {
            if let Some(Some(other)) = port.next() {
                slot.set(i32::from(other.port()));
            }
        }
        _ => {}
    })
}
