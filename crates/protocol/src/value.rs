//! Any message as a tree of values, read by its schema instead of by its type: for analysers, proxies and logs.
//!
//! ```
//! use bytes::Bytes;
//! use ottla_protocol::schema::MessageSchema;
//! use ottla_protocol::value::{Payloads, read};
//!
//! let schema = MessageSchema::named("SaslAuthenticateRequest").ok_or("no such message")?;
//! let body = Bytes::from_static(b"\x00\x00\x00\x06secret");
//! let value = read(schema, &body, 0)?;
//! assert_eq!(value.json(Payloads::Hidden).to_string(), r#"{"authBytesSizeInBytes":6}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt::{self, Write as _};

use bytes::Bytes;
use ottla_types::Uuid;

use crate::reader::Reader;
use crate::schema::{FieldKind, FieldSchema, MessageSchema};
use crate::{DecodeError, TaggedFields, Utf8Bytes, WireError};

/// A value of a message.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Null.
    Null,
    /// True or false.
    Bool(bool),
    /// A number of any width.
    Int(i64),
    /// A floating point number.
    Float(f64),
    /// An id.
    Uuid(Uuid),
    /// Text.
    String(Utf8Bytes),
    /// Bytes.
    Bytes(Bytes),
    /// Record batches, or message sets in old versions.
    Records(Bytes),
    /// Elements of one type.
    Array(Vec<Value>),
    /// Fields.
    Struct(StructValue),
}

/// The fields of a struct, or of a whole message, that were there.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct StructValue {
    /// What was read, in the order of the schema. Tagged fields that were not written are missing.
    pub fields: Vec<(&'static FieldSchema, Value)>,
    /// Tagged fields that the schema does not have.
    pub unknown_tagged_fields: TaggedFields,
}

impl PartialEq for StructValue {
    fn eq(&self, other: &Self) -> bool {
        self.fields.len() == other.fields.len()
            && self.fields.iter().zip(&other.fields).all(|(one, two)| one.0.name == two.0.name && one.1 == two.1)
            && self.unknown_tagged_fields == other.unknown_tagged_fields
    }
}

impl StructValue {
    /// The value of the field of this name, if it was there.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|(field, _)| field.name == name).map(|(_, value)| value)
    }

    /// The struct as JSON, in the form of Kafka's own converters.
    pub fn json(&self, payloads: Payloads) -> Json<'_> {
        Json { value: self, payloads }
    }
}

/// Reads the body of a message by its schema. Bytes after its end are ignored.
///
/// # Errors
///
/// When the bytes are no such message in this version.
pub fn read(schema: &'static MessageSchema, body: &Bytes, version: i16) -> Result<StructValue, DecodeError> {
    let failed = |offset, kind| DecodeError { message: schema.name, version, offset, kind };
    if !schema.versions.contains(version) {
        return Err(failed(0, WireError::UnsupportedVersion));
    }
    let flexible = schema.is_flexible(version);
    let mut reader = Reader::new(body, version, flexible);
    fields(&mut reader, schema.fields, flexible).map_err(|kind| failed(reader.offset(), kind))
}

fn fields(reader: &mut Reader<'_>, schema: &'static [FieldSchema], flexible: bool) -> Result<StructValue, WireError> {
    let version = reader.version();
    let mut places: Vec<(usize, &'static FieldSchema, Value)> = Vec::new();
    let present = |field: &FieldSchema| field.versions.contains(version);
    for (place, field) in schema.iter().enumerate().filter(|(_, field)| field.tag.is_none() && present(field)) {
        places.push((place, field, value(reader, field, flexible)?));
    }
    let mut unknown_tagged_fields = TaggedFields::new();
    if flexible {
        for _ in 0..reader.unsigned_varint()? {
            let tag = reader.tag()?;
            match schema.iter().enumerate().find(|(_, field)| field.tag == Some(tag.0)) {
                Some((place, field)) if present(field) => {
                    let value = value(reader, field, flexible)?;
                    // A tag that is there twice counts once, the last time: as for typed messages.
                    places.retain(|(known, ..)| *known != place);
                    places.push((place, field, value));
                }
                Some(_) => return Err(WireError::UnexpectedTag),
                None => reader.unknown_tag(tag, &mut unknown_tagged_fields)?,
            }
        }
        places.sort_by_key(|(place, ..)| *place);
    }
    let fields = places.into_iter().map(|(_, field, value)| (field, value)).collect();
    Ok(StructValue { fields, unknown_tagged_fields })
}

fn value(reader: &mut Reader<'_>, field: &'static FieldSchema, flexible: bool) -> Result<Value, WireError> {
    let nullable = field.is_nullable(reader.version());
    if field.array {
        let Some(count) = reader.count(field.least)? else {
            return if nullable { Ok(Value::Null) } else { Err(WireError::UnexpectedNull) };
        };
        let mut elements = Vec::new();
        for _ in 0..count {
            elements.push(single(reader, field, false, flexible)?);
        }
        return Ok(Value::Array(elements));
    }
    single(reader, field, nullable, flexible)
}

fn single(
    reader: &mut Reader<'_>,
    field: &'static FieldSchema,
    nullable: bool,
    flexible: bool,
) -> Result<Value, WireError> {
    let found = match field.kind {
        FieldKind::Bool => Some(Value::Bool(reader.bool()?)),
        FieldKind::Int8 => Some(Value::Int(reader.int8()?.into())),
        FieldKind::Int16 => Some(Value::Int(reader.int16()?.into())),
        FieldKind::Uint16 => Some(Value::Int(reader.uint16()?.into())),
        FieldKind::Int32 => Some(Value::Int(reader.int32()?.into())),
        FieldKind::Uint32 => Some(Value::Int(reader.uint32()?.into())),
        FieldKind::Int64 => Some(Value::Int(reader.int64()?)),
        FieldKind::Float64 => Some(Value::Float(reader.float64()?)),
        FieldKind::Uuid => Some(Value::Uuid(reader.uuid()?)),
        FieldKind::String if field.inflexible => reader.classic_nullable_string()?.map(Value::String),
        FieldKind::String => reader.nullable_string()?.map(Value::String),
        FieldKind::Bytes => reader.nullable_bytes()?.map(Value::Bytes),
        FieldKind::Records => reader.nullable_bytes()?.map(Value::Records),
        FieldKind::Struct(_) if nullable && reader.int8()? < 0 => None,
        FieldKind::Struct(schema) => Some(Value::Struct(fields(reader, schema, flexible)?)),
    };
    match found {
        Some(value) => Ok(value),
        None if nullable => Ok(Value::Null),
        None => Err(WireError::UnexpectedNull),
    }
}

/// Whether JSON shows what may be a payload or a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payloads {
    /// Only the length of bytes and records (`recordsSizeInBytes`), and nothing of strings that may be secrets.
    Hidden,
    /// Bytes in base64; of records the length, as Kafka has it.
    Shown,
}

/// A struct as JSON text, in the form of Kafka's own converters: names with a small first letter, ids in their own
/// base64, unknown tagged fields left out.
#[derive(Clone, Copy, Debug)]
pub struct Json<'a> {
    value: &'a StructValue,
    payloads: Payloads,
}

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        json_struct(self.value, self.payloads, f)
    }
}

fn json_struct(value: &StructValue, payloads: Payloads, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_char('{')?;
    for (place, (field, value)) in value.fields.iter().enumerate() {
        if place > 0 {
            f.write_char(',')?;
        }
        let mut letters = field.name.chars();
        let first = letters.next().unwrap_or_default().to_ascii_lowercase();
        write!(f, "\"{first}{}", letters.as_str())?;
        match value {
            Value::Records(bytes) => write!(f, "SizeInBytes\":{}", bytes.len())?,
            Value::Bytes(bytes) if payloads == Payloads::Hidden => write!(f, "SizeInBytes\":{}", bytes.len())?,
            Value::String(_) if payloads == Payloads::Hidden && field.secret => f.write_str("\":\"<hidden>\"")?,
            value => {
                f.write_str("\":")?;
                json_value(value, payloads, f)?;
            }
        }
    }
    f.write_char('}')
}

fn json_value(value: &Value, payloads: Payloads, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value {
        Value::Null => f.write_str("null"),
        Value::Bool(value) => write!(f, "{value}"),
        Value::Int(value) => write!(f, "{value}"),
        Value::Float(value) if value.is_finite() => write!(f, "{value:?}"),
        // Not a number that JSON can say.
        Value::Float(value) => write!(f, "\"{value}\""),
        Value::Uuid(value) => write!(f, "\"{value}\""),
        Value::String(value) => json_string(value, f),
        Value::Bytes(bytes) | Value::Records(bytes) => base64(bytes, f),
        Value::Array(elements) => {
            f.write_char('[')?;
            for (place, element) in elements.iter().enumerate() {
                if place > 0 {
                    f.write_char(',')?;
                }
                json_value(element, payloads, f)?;
            }
            f.write_char(']')
        }
        Value::Struct(value) => json_struct(value, payloads, f),
    }
}

fn json_string(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            control if u32::from(control) < 0x20 => write!(f, "\\u{:04x}", u32::from(control))?,
            plain => f.write_char(plain)?,
        }
    }
    f.write_char('"')
}

/// Standard base64 with padding.
fn base64(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    f.write_char('"')?;
    for group in bytes.chunks(3) {
        let byte = |place: usize| u32::from(group.get(place).copied().unwrap_or(0));
        let bits = (byte(0) << 16) | (byte(1) << 8) | byte(2);
        for (place, shift) in [18_u32, 12, 6, 0].into_iter().enumerate() {
            let six = (bits >> shift) & 63;
            let character = ALPHABET.get(six as usize).copied().map_or('A', char::from);
            f.write_char(if place > group.len() { '=' } else { character })?;
        }
    }
    f.write_char('"')
}

#[cfg(test)]
mod tests;
