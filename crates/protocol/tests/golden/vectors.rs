//! One message that Kafka wrote: typed, by its schema, and as the notes describe it.

use bytes::Bytes;
use ottla_protocol::ApiKey;
use ottla_protocol::schema::{MessageKind, MessageSchema};
use ottla_protocol::value::{Payloads, StructValue, Value, read};

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

    let value = read(schema, &kafkas, version).map_err(|error| format!("{what} by its schema: {error}"))?;
    let printed = match given {
        // Its fields were renamed with it.
        "ListClientMetricsResourcesResponse" => &printed
            .replace("\"clientMetricsResources\":", "\"configResources\":")
            .replace("\"name\":", "\"resourceName\":"),
        _ => printed,
    };
    if let Some(difference) = json::difference(&value.json(Payloads::Shown).to_string(), printed) {
        return Err(format!("{what} is printed otherwise: {difference}").into());
    }
    described(schema, key, kind, version)?;
    noted(&value, schema, version, notes)
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
fn noted(value: &StructValue, schema: &MessageSchema, version: i16, notes: &str) -> Result<(), Verdict> {
    let columns: Vec<&str> = notes.split('\t').collect();
    let [_, unknown, records, header] = columns[..] else {
        return Err(format!("{} columns of notes", columns.len()).into());
    };
    let mut found = Hidden::default();
    found.count(value);
    let ours = match (schema.kind, schema.key) {
        (MessageKind::Request, Some(key)) => key.request_header_version(version).to_string(),
        (MessageKind::Response, Some(key)) => key.response_header_version(version).to_string(),
        _ => "-".to_owned(),
    };
    let ours = (found.unknown.to_string(), found.records.to_string(), ours);
    if (ours.0.as_str(), ours.1.as_str(), ours.2.as_str()) != (unknown, records, header) {
        return Err(format!(
            "{} {version}: unknown tags, records and header version are {ours:?}, not {notes}",
            schema.name
        )
        .into());
    }
    Ok(())
}

/// What is in a message and not in its JSON.
#[derive(Default)]
struct Hidden {
    unknown: usize,
    records: usize,
}

impl Hidden {
    fn count(&mut self, value: &StructValue) {
        self.unknown += value.unknown_tagged_fields.len();
        for (_, value) in &value.fields {
            self.count_value(value);
        }
    }

    fn count_value(&mut self, value: &Value) {
        let not_empty = |bytes: &Bytes| !bytes.is_empty();
        match value {
            Value::Records(bytes) if not_empty(bytes) => self.records += 1,
            Value::Array(elements) => elements.iter().for_each(|element| self.count_value(element)),
            Value::Struct(value) => self.count(value),
            _ => {}
        }
    }
}
