//! Stored batches, and messages of the formats before them, told as text and as JSON.

use std::fmt::Write as _;
use std::io::Write as _;

use ottla_protocol::records::{
    Attributes, BatchHeader, Codec, ControlRecord, Decompressor, Producer, RecordError, RecordIter, RecordView,
    TimestampType, batches, legacy,
};
use ottla_protocol::walk::{Payloads, Walker, json};
use serde_json::{Map, Value};

use crate::format;
use crate::json::bytes as json_bytes;

/// What is told of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Records {
    /// Nothing.
    Skipped,
    /// Offsets, timestamps and sizes.
    Sizes,
    /// Keys, values and headers too.
    Contents,
}

/// What a batch, or a message of v0 or v1, says of itself.
pub(crate) struct Batch<'r> {
    pub(crate) size: usize,
    magic: u8,
    header: BatchHeader,
    /// How many records it has.
    pub(crate) count: usize,
    /// What is wrong with it.
    pub(crate) damage: Option<String>,
    /// Its records by their headers, checked and not compressed any more, where they are to be told.
    opened: Vec<(BatchHeader, &'r [u8])>,
    records: Records,
}

/// A record, and what is told of it.
pub(crate) struct Record<'r> {
    view: RecordView<'r>,
    is_control: bool,
    records: Records,
}

/// Reads batches. The buffers are used again for the next.
pub(crate) struct Reader {
    decompressor: Decompressor,
    upgraded: Vec<u8>,
    scratch: Vec<u8>,
    records: Records,
    limit: usize,
}

impl Reader {
    /// `limit` bounds the bytes of a batch's records once they are decompressed.
    pub(crate) fn new(records: Records, limit: usize) -> Self {
        Self { decompressor: Decompressor::default(), upgraded: Vec::new(), scratch: Vec::new(), records, limit }
    }

    /// Whether it tells anything of records.
    pub(crate) fn tells_records(&self) -> bool {
        self.records != Records::Skipped
    }

    /// Reads what is all of one batch of v2, or of one message of v0 or v1, by its magic.
    pub(crate) fn read<'r>(&'r mut self, bytes: &'r [u8]) -> Batch<'r> {
        let magic = bytes.get(16).copied().unwrap_or_default();
        let header = if magic < 2 { message_header(bytes, magic) } else { BatchHeader::read(bytes) };
        let header = header.unwrap_or(NOTHING);
        let count = usize::try_from(header.count).unwrap_or_default();
        let records = self.records;
        let mut batch = Batch { size: bytes.len(), magic, header, count, damage: None, opened: Vec::new(), records };
        let outcome = if magic < 2 { self.message(bytes, &mut batch) } else { self.batch(bytes, &mut batch) };
        batch.damage = outcome.err().map(explain);
        batch
    }

    fn batch<'r>(&'r mut self, bytes: &'r [u8], batch: &mut Batch<'r>) -> Result<(), RecordError> {
        let Some(raw) = batches(bytes).next().transpose()? else { return Ok(()) };
        if !self.tells_records() {
            return raw.verify_crc();
        }
        raw.open(&mut self.decompressor, &mut self.scratch, self.limit)?;
        let payload = if raw.codec()? == Codec::None { raw.payload() } else { &self.scratch };
        batch.opened.push((*raw.header(), payload));
        Ok(())
    }

    /// A message, of which there are several inside where it is compressed.
    fn message<'r>(&'r mut self, bytes: &[u8], batch: &mut Batch<'r>) -> Result<(), RecordError> {
        self.upgraded.clear();
        legacy::upgrade(bytes, &mut self.decompressor, &mut self.upgraded, self.limit)?;
        let (mut first, mut last) = (None, batch.header.base_offset);
        for upgraded in batches(&self.upgraded) {
            let upgraded = upgraded?;
            first.get_or_insert(upgraded.header().base_offset);
            last = upgraded.header().last_offset();
            batch.count += usize::try_from(upgraded.header().count).unwrap_or_default();
            if self.records != Records::Skipped {
                // They are not compressed, and were just made.
                batch.opened.push((*upgraded.header(), upgraded.payload()));
            }
        }
        let first = first.unwrap_or(last);
        batch.header.last_offset_delta = i32::try_from(last.saturating_sub(first)).unwrap_or(i32::MAX);
        batch.header.base_offset = first;
        Ok(())
    }
}

/// The header of nothing, whose fields are those that formats lack.
const NOTHING: BatchHeader = BatchHeader {
    base_offset: -1,
    batch_length: 0,
    leader_epoch: -1,
    crc: 0,
    attributes: Attributes(0),
    last_offset_delta: 0,
    base_timestamp: -1,
    max_timestamp: -1,
    producer: Producer::NONE,
    count: 0,
};

/// What a message says: offset and length, CRC, magic, attributes in one byte, and from v1 on a timestamp.
fn message_header(bytes: &[u8], magic: u8) -> Option<BatchHeader> {
    let long = |at: usize| bytes.get(at..)?.first_chunk().copied().map(i64::from_be_bytes);
    let timestamp = if magic == 0 { -1 } else { long(18)? };
    Some(BatchHeader {
        base_offset: long(0)?,
        batch_length: bytes.get(8..)?.first_chunk().copied().map(i32::from_be_bytes)?,
        crc: bytes.get(12..)?.first_chunk().copied().map(u32::from_be_bytes)?,
        attributes: Attributes(i16::from(*bytes.get(17)?)),
        base_timestamp: timestamp,
        max_timestamp: timestamp,
        ..NOTHING
    })
}

fn explain(error: RecordError) -> String {
    match std::error::Error::source(&error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

impl<'r> Batch<'r> {
    fn codec_name(&self) -> String {
        match self.header.attributes.codec() {
            Ok(codec) => codec.to_string(),
            Err(error) => error.to_string(),
        }
    }

    /// What stamped its records: nothing in format v0.
    fn timestamp_type(&self) -> Option<&'static str> {
        match self.header.attributes.timestamp_type() {
            _ if self.magic == 0 => None,
            TimestampType::CreateTime => Some("create"),
            TimestampType::LogAppendTime => Some("append"),
        }
    }

    /// Its records, where they are to be told and it is not damaged.
    pub(crate) fn records(&self) -> impl Iterator<Item = Record<'r>> {
        let records = self.records;
        self.opened.iter().flat_map(move |(header, payload)| {
            let is_control = header.is_control();
            RecordIter::new(header, payload).map(move |view| Record { view, is_control, records })
        })
    }

    /// Appends a line for it.
    pub(crate) fn text(&self, position: u64, out: &mut Vec<u8>) {
        let header = &self.header;
        let producer = header.producer;
        let mut line = format!("{position}: ");
        let (first, last) = (header.base_offset, header.last_offset());
        let _ = match (first == last, self.count) {
            (true, _) => write!(line, "offset {first}"),
            (false, _) => write!(line, "offsets {first} to {last}"),
        };
        let records = if self.count == 1 { "record" } else { "records" };
        let _ = write!(line, ", {} {records}, {} bytes, v{}, {}", self.count, self.size, self.magic, self.codec_name());
        if let Some(by) = self.timestamp_type() {
            let _ = write!(line, ", {by} time {}", date(header.base_timestamp));
            if header.max_timestamp != header.base_timestamp {
                let _ = write!(line, " to {}", date(header.max_timestamp));
            }
        }
        if self.magic == 2 {
            let _ = write!(line, ", leader epoch {}", header.leader_epoch);
        }
        if producer.id.0 >= 0 {
            let _ = write!(line, ", producer {} epoch {}", producer.id.0, producer.epoch);
            if producer.base_sequence >= 0 {
                let _ = write!(line, " sequence {} to {}", producer.base_sequence, header.last_sequence());
            }
        }
        if self.magic == 2 {
            for (is, word) in [(header.is_transactional(), ", transactional"), (header.is_control(), ", control")] {
                line.push_str(if is { word } else { "" });
            }
            if let Some(horizon) = header.delete_horizon() {
                let _ = write!(line, ", delete horizon {}", date(horizon));
            }
        }
        let _ = write!(line, ", crc {:08x}", header.crc);
        if let Some(damage) = &self.damage {
            let _ = write!(line, ", DAMAGED: {damage}");
        }
        line.push('\n');
        out.extend_from_slice(line.as_bytes());
    }

    /// The same as an object.
    pub(crate) fn json(&self) -> Map<String, Value> {
        let header = &self.header;
        let mut object = Map::new();
        let mut put = |name: &str, value: Value| drop(object.insert(name.to_owned(), value));
        put("size", self.size.into());
        put("magic", self.magic.into());
        put("base_offset", header.base_offset.into());
        put("last_offset", header.last_offset().into());
        put("count", self.count.into());
        put("codec", self.codec_name().into());
        put("timestamp_type", self.timestamp_type().into());
        put("base_timestamp", header.base_timestamp.into());
        put("max_timestamp", header.max_timestamp.into());
        if self.magic == 2 {
            put("leader_epoch", header.leader_epoch.into());
            put("producer_id", header.producer.id.0.into());
            put("producer_epoch", header.producer.epoch.into());
            put("base_sequence", header.producer.base_sequence.into());
            put("last_sequence", header.last_sequence().into());
            put("transactional", header.is_transactional().into());
            put("control", header.is_control().into());
            put("delete_horizon", header.delete_horizon().into());
        }
        put("attributes", header.attributes.0.into());
        put("crc", format!("{:08x}", header.crc).into());
        put("damage", self.damage.as_deref().into());
        object
    }
}

impl<'r> Record<'r> {
    /// What a control record says: the name of its type, and its value as JSON where the type is known.
    fn control(&self) -> Option<(String, String)> {
        self.is_control.then(|| match ControlRecord::read(&self.view) {
            Ok(control) => {
                let unknown = || format!("UNKNOWN_{}", control.record_type.id());
                let name = control.record_type.name().map_or_else(unknown, str::to_owned);
                let json = control.value(&self.view).ok().flatten().and_then(|value| {
                    let walker = Walker::new(value.schema, value.body, value.version).ok()?;
                    Some(json(walker, Payloads::Shown).ok()?.to_string())
                });
                (name, json.unwrap_or_else(|| "null".to_owned()))
            }
            Err(error) => (explain(error), "null".to_owned()),
        })
    }

    /// Appends a line for it.
    pub(crate) fn text(&self, out: &mut Vec<u8>) {
        let mut line = format!("  offset {}, ", self.view.offset);
        if self.view.timestamp >= 0 {
            let _ = write!(line, "time {}, ", date(self.view.timestamp));
        }
        match self.control() {
            Some((name, value)) => {
                let _ = write!(line, "{name} {value}");
            }
            None => {
                line.push_str("key ");
                self.part_text(self.view.key, &mut line);
                line.push_str(", value ");
                self.part_text(self.view.value, &mut line);
                for header in self.view.headers() {
                    line.push_str(", header ");
                    self.part_text(Some(header.key), &mut line);
                    line.push_str(" = ");
                    self.part_text(header.value, &mut line);
                }
            }
        }
        line.push('\n');
        out.extend_from_slice(line.as_bytes());
    }

    /// Appends it as an object.
    pub(crate) fn json(&self, out: &mut Vec<u8>) {
        let _ = write!(out, "{{\"offset\":{},\"timestamp\":{},", self.view.offset, self.view.timestamp);
        if let Some((name, value)) = self.control() {
            let _ = write!(out, "\"control\":{{\"type\":{},\"value\":{value}}},", Value::from(name));
        }
        self.part_json("key", self.view.key, out);
        out.push(b',');
        self.part_json("value", self.view.value, out);
        out.extend_from_slice(b",\"headers\":[");
        for (place, header) in self.view.headers().enumerate() {
            out.extend_from_slice(if place == 0 { b"{".as_slice() } else { b",{" });
            self.part_json("name", Some(header.key), out);
            out.push(b',');
            self.part_json("value", header.value, out);
            out.push(b'}');
        }
        out.extend_from_slice(b"]}");
    }

    /// `3 bytes "abc"`, `3 bytes`, `null`.
    fn part_text(&self, bytes: Option<&[u8]>, out: &mut String) {
        let Some(bytes) = bytes else { return out.push_str("null") };
        let _ = write!(out, "{} {}", bytes.len(), if bytes.len() == 1 { "byte" } else { "bytes" });
        if self.records == Records::Contents {
            match std::str::from_utf8(bytes) {
                Ok(text) => drop(write!(out, " {text:?}")),
                Err(_) => drop(write!(out, " \"{}\"", bytes.escape_ascii())),
            }
        }
    }

    fn part_json(&self, name: &str, bytes: Option<&[u8]>, out: &mut Vec<u8>) {
        match bytes {
            Some(bytes) if self.records == Records::Sizes => {
                let _ = write!(out, "\"{name}_size\":{}", bytes.len());
            }
            bytes => json_bytes(out, name, bytes),
        }
    }
}

fn date(timestamp: i64) -> String {
    let mut out = Vec::new();
    format::date(&mut out, timestamp);
    if out == b"-" {
        out.clear();
        let _ = write!(out, "{timestamp} ms");
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests;
