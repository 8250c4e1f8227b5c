//! One message that Kafka wrote: typed, by its schema, and as the notes describe it.

use bytes::{Bytes, BytesMut};
use ottla_protocol::schema::{FieldKind, MessageKind, MessageSchema};
use ottla_protocol::walk::{Payloads, Slot, Step, Value, Walker, json as print, rewrite};
use ottla_protocol::{ApiKey, DecodeError};

use super::corpus::{Verdict, current_name, unhex};
use super::{json, registry};

/// Checks a line of vectors with its line of notes.
pub(crate) fn check(line: &str, notes: &str) -> Result<(), Verdict> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [given, key, kind, version, hex, printed] = columns[..] else {
        return Err(format!("{} columns", columns.len()).into());
    };
    let name = current_name(given);
    let version: i16 = version.parse().map_err(|_| format!("version {version}"))?;
    let message = registry::ALL.iter().find(|message| message.name == name);
    let (Some(message), Some(schema)) = (message, MessageSchema::named(&name)) else {
        return Err(Verdict::Skipped(format!("{name} is not known")));
    };
    if version < message.min || version > message.max {
        return Err(Verdict::Skipped(format!("{name} has no known version {version}")));
    }
    let kafkas = unhex(hex)?;
    let what = format!("{name} version {version}");

    let (ours, length) = match (message.again)(&kafkas, version) {
        Ok(Ok(again)) => again,
        Ok(Err(error)) => return Err(format!("{what} is not written: {error}").into()),
        Err(error) => return Err(format!("{what} is not read: {error}").into()),
    };
    if length != kafkas.len() {
        return Err(format!("{what}: {length} of {} bytes are read", kafkas.len()).into());
    }
    if ours != kafkas {
        let place = ours.iter().zip(&kafkas).take_while(|(one, two)| one == two).count();
        return Err(format!("{what} is written back otherwise from byte {place} on").into());
    }

    let by_schema = |error| Verdict::from(format!("{what} by its schema: {error}"));
    let walker = Walker::new(schema, &kafkas, version).map_err(by_schema)?;
    let ours = print(walker, Payloads::Shown).map_err(by_schema)?;
    let printed = match given {
        // Its fields were renamed with it.
        "ListClientMetricsResourcesResponse" => &printed
            .replace("\"clientMetricsResources\":", "\"configResources\":")
            .replace("\"name\":", "\"resourceName\":"),
        _ => printed,
    };
    if let Some(difference) = json::difference(&ours.to_string(), printed) {
        return Err(format!("{what} is printed otherwise: {difference}").into());
    }
    copied(walker, &kafkas).map_err(|message| format!("{what}: {message}"))?;
    described(schema, key, kind, version)?;
    noted(walker, schema, version, notes)
}

/// Whether the message comes out of a copy as it was: not looked at, and with each value set to what it is.
fn copied(walker: Walker<'_>, kafkas: &Bytes) -> Result<(), String> {
    let set = |slot: &mut Slot<'_, '_>| {
        // Arrays and structs cannot be made null; those that are stay so.
        let field = slot.field();
        if slot.value() != Value::Null || !(field.array || matches!(field.kind, FieldKind::Struct(_))) {
            slot.set(slot.value());
        }
    };
    for (how, edited) in [("copied", false), ("set", true)] {
        let mut copy = BytesMut::new();
        rewrite(walker, &mut copy, |slot| {
            if edited {
                set(slot)
            }
        })
        .map_err(|error| format!("{how}: {error}"))?;
        if copy != kafkas {
            return Err(format!("{how}, it is another"));
        }
    }
    Ok(())
}

/// The columns that say what message it is.
fn described(schema: &MessageSchema, key: &str, kind: &str, version: i16) -> Result<(), Verdict> {
    let kinds = match schema.kind {
        MessageKind::Request => "request",
        MessageKind::Response => "response",
        MessageKind::Header => "header",
        MessageKind::Data => "data",
    };
    if kinds != kind || schema.key != key.parse().ok().map(ApiKey) {
        return Err(format!(
            "{} {version} is a {kinds} with key {:?}, not a {kind} with {key}",
            schema.name, schema.key
        )
        .into());
    }
    Ok(())
}

/// The line of notes: what the JSON does not show, and the version of the header.
fn noted(walker: Walker<'_>, schema: &MessageSchema, version: i16, notes: &str) -> Result<(), Verdict> {
    let columns: Vec<&str> = notes.split('\t').collect();
    let [_, unknown, records, header] = columns[..] else {
        return Err(format!("{} columns of notes", columns.len()).into());
    };
    let (unknowns, sets) = hidden(walker).map_err(|error| error.to_string())?;
    let ours = match (schema.kind, schema.key) {
        (MessageKind::Request, Some(key)) => key.request_header_version(version).to_string(),
        (MessageKind::Response, Some(key)) => key.response_header_version(version).to_string(),
        _ => "-".to_owned(),
    };
    let ours = (unknowns.to_string(), sets.to_string(), ours);
    if (ours.0.as_str(), ours.1.as_str(), ours.2.as_str()) != (unknown, records, header) {
        return Err(format!(
            "{} {version}: unknown tags, records and header version are {ours:?}, not {notes}",
            schema.name
        )
        .into());
    }
    Ok(())
}

/// What is in a message and not in its JSON: unknown tagged fields, and records that are not empty.
fn hidden(mut walker: Walker<'_>) -> Result<(usize, usize), DecodeError> {
    let (mut unknown, mut records) = (0, 0);
    while let Some(step) = walker.step()? {
        match step {
            Step::UnknownTag(..) => unknown += 1,
            Step::Value(_, Value::Records(bytes)) if !bytes.is_empty() => records += 1,
            _ => {}
        }
    }
    Ok((unknown, records))
}
