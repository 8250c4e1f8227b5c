//! Messages as JSON, in the form of Kafka's own converters, straight from their bytes.

use std::fmt::{self, Write as _};

use super::{Event, Step, Text, Value, Walker};
use crate::DecodeError;
use crate::schema::{FieldKind, FieldSchema};

/// Whether JSON shows what may be a payload or a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payloads {
    /// Only the length of bytes and records (`recordsSizeInBytes`), and nothing of strings that may be secrets.
    Hidden,
    /// Bytes in base64; of records the length, as Kafka has it.
    Shown,
}

/// A message as JSON text, in the form of Kafka's own converters: names with a small first letter, fields in the order of
/// the definition, ids in their own base64, tagged fields only where they were written, unknown ones left out.
#[derive(Clone, Copy, Debug)]
pub struct Json<'a> {
    walker: Walker<'a>,
    payloads: Payloads,
}

/// The whole message of a walker as JSON, wherever the walker is in it.
///
/// ```
/// use ottla_protocol::schema::MessageSchema;
/// use ottla_protocol::walk::{Payloads, Walker, json};
///
/// let schema = MessageSchema::named("SaslAuthenticateRequest").ok_or("no such message")?;
/// let walker = Walker::new(schema, b"\x00\x00\x00\x06secret", 0)?;
/// assert_eq!(json(walker, Payloads::Hidden)?.to_string(), r#"{"authBytesSizeInBytes":6}"#);
/// assert_eq!(json(walker, Payloads::Shown)?.to_string(), r#"{"authBytes":"c2VjcmV0"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// When the bytes are no such message in this version.
pub fn json(walker: Walker<'_>, payloads: Payloads) -> Result<Json<'_>, DecodeError> {
    let walker = walker.restarted();
    // Checked whole before anything is printed, so that printing cannot fail in the middle.
    walker.clone().finish()?;
    Ok(Json { walker, payloads })
}

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut walker = self.walker;
        let fields = walker.schema.fields;
        next(&mut walker)?;
        Printer { out: f, payloads: self.payloads }.structure(&mut walker, fields)
    }
}

/// The next step or tag of what was checked before.
fn next<'a>(walker: &mut Walker<'a>) -> Result<Event<'a>, fmt::Error> {
    walker.advance().map_err(|_| fmt::Error)
}

/// Where the values of the tagged fields of one struct begin; of a tag that is there twice the last counts, as for typed
/// messages.
#[derive(Default)]
struct Tags {
    places: [Option<(u32, usize)>; Tags::MOST],
}

impl Tags {
    /// No struct of Kafka has more.
    const MOST: usize = 8;

    /// Looks ahead to the end of the struct that the walker has just begun; the walker that is given back is past it.
    fn of<'a>(mut ahead: Walker<'a>) -> Result<(Self, Walker<'a>), fmt::Error> {
        let mut tags = Self::default();
        let depth = ahead.depth;
        loop {
            match next(&mut ahead)? {
                Event::BeginTag if ahead.depth == depth => {
                    let offset = ahead.offset();
                    if let Some(tag) = ahead.level().and_then(|level| level.field).and_then(|field| field.tag) {
                        tags.note(tag, offset);
                    }
                }
                Event::Step(Step::EndStruct) if ahead.depth < depth => return Ok((tags, ahead)),
                Event::End => return Ok((tags, ahead)),
                Event::Step(_) | Event::BeginTag | Event::EndTag => {}
            }
        }
    }

    fn note(&mut self, tag: u32, offset: usize) {
        let known = |place: &Option<(u32, usize)>| place.is_none_or(|(other, _)| other == tag);
        if let Some(place) = self.places.iter_mut().find(|place| known(place)) {
            *place = Some((tag, offset));
        }
    }

    fn get(&self, tag: u32) -> Option<usize> {
        self.places.iter().flatten().find(|(other, _)| *other == tag).map(|(_, offset)| *offset)
    }
}

struct Printer<'p, 'f> {
    out: &'p mut fmt::Formatter<'f>,
    payloads: Payloads,
}

impl Printer<'_, '_> {
    /// A struct that was just begun, to its end.
    fn structure(&mut self, walker: &mut Walker<'_>, fields: &'static [FieldSchema]) -> fmt::Result {
        let version = walker.version();
        let present = |field: &&FieldSchema| field.versions.contains(version);
        let has_tags = walker.input.is_flexible() && fields.iter().filter(present).any(|field| field.tag.is_some());
        let (tags, past) =
            if has_tags { Tags::of(*walker).map(|(tags, past)| (tags, Some(past)))? } else { Default::default() };
        self.out.write_char('{')?;
        let mut comma = "";
        for field in fields.iter().filter(present) {
            match field.tag {
                None => {
                    self.out.write_str(comma)?;
                    self.field(walker, field)?;
                }
                Some(tag) => {
                    let Some(offset) = tags.get(tag) else { continue };
                    self.out.write_str(comma)?;
                    self.field(&mut walker.at_tag(field, offset), field)?;
                }
            }
            comma = ",";
        }
        match past {
            Some(past) => *walker = past,
            // What may follow are unknown tags.
            None => while !matches!(next(walker)?, Event::Step(Step::EndStruct) | Event::End) {},
        }
        self.out.write_char('}')
    }

    /// A field whose value comes next.
    fn field(&mut self, walker: &mut Walker<'_>, field: &'static FieldSchema) -> fmt::Result {
        let event = next(walker)?;
        let mut letters = field.name.chars();
        let first = letters.next().unwrap_or_default().to_ascii_lowercase();
        self.out.write_char('"')?;
        self.out.write_char(first)?;
        self.out.write_str(letters.as_str())?;
        match event {
            Event::Step(Step::Value(_, Value::Records(bytes))) => write!(self.out, "SizeInBytes\":{}", bytes.len()),
            Event::Step(Step::Value(_, Value::Bytes(bytes))) if self.payloads == Payloads::Hidden => {
                write!(self.out, "SizeInBytes\":{}", bytes.len())
            }
            event => {
                self.out.write_str("\":")?;
                self.value(walker, field, event)
            }
        }
    }

    /// A value whose first step this is.
    fn value(&mut self, walker: &mut Walker<'_>, field: &'static FieldSchema, event: Event<'_>) -> fmt::Result {
        match event {
            Event::Step(Step::Value(_, value)) => self.plain(field, value),
            Event::Step(Step::BeginStruct(_)) => match field.kind {
                FieldKind::Struct(fields) => self.structure(walker, fields),
                _ => Err(fmt::Error),
            },
            Event::Step(Step::BeginArray(_, count)) => {
                self.out.write_char('[')?;
                for element in 0..count {
                    if element > 0 {
                        self.out.write_char(',')?;
                    }
                    let event = next(walker)?;
                    self.value(walker, field, event)?;
                }
                next(walker)?;
                self.out.write_char(']')
            }
            Event::Step(Step::EndStruct | Step::EndArray | Step::UnknownTag(..))
            | Event::BeginTag
            | Event::EndTag
            | Event::End => Err(fmt::Error),
        }
    }

    fn plain(&mut self, field: &FieldSchema, value: Value<'_>) -> fmt::Result {
        let hidden = self.payloads == Payloads::Hidden;
        match value {
            Value::Null => self.out.write_str("null"),
            Value::Bool(value) => write!(self.out, "{value}"),
            Value::Int(value) => write!(self.out, "{value}"),
            Value::Float(value) => self.float(value),
            Value::Uuid(value) => write!(self.out, "\"{value}\""),
            Value::String(_) if hidden && field.secret => self.out.write_str("\"<hidden>\""),
            Value::String(text) => self.text(text),
            Value::Bytes(_) | Value::Records(_) if hidden => self.out.write_str("\"<hidden>\""),
            Value::Bytes(bytes) | Value::Records(bytes) => self.base64(bytes),
        }
    }

    /// As Java has it: with an exponent from 10⁷ on and below 10⁻³, and always with a digit after the point.
    fn float(&mut self, value: f64) -> fmt::Result {
        match value {
            value if value.is_nan() => self.out.write_str("\"NaN\""),
            f64::INFINITY => self.out.write_str("\"Infinity\""),
            f64::NEG_INFINITY => self.out.write_str("\"-Infinity\""),
            value if value == 0.0 || (1e-3..1e7).contains(&value.abs()) => write!(self.out, "{value:?}"),
            value => {
                let text = format!("{value:E}");
                match text.split_once('E') {
                    Some((digits, exponent)) if !digits.contains('.') => write!(self.out, "{digits}.0E{exponent}"),
                    _ => self.out.write_str(&text),
                }
            }
        }
    }

    fn text(&mut self, text: Text<'_>) -> fmt::Result {
        self.out.write_char('"')?;
        for chunk in text.as_bytes().utf8_chunks() {
            let mut rest = chunk.valid();
            while let Some((plain, special, after)) = cut(rest) {
                self.out.write_str(plain)?;
                match special {
                    '"' => self.out.write_str("\\\"")?,
                    '\\' => self.out.write_str("\\\\")?,
                    '\n' => self.out.write_str("\\n")?,
                    '\r' => self.out.write_str("\\r")?,
                    '\t' => self.out.write_str("\\t")?,
                    '\u{8}' => self.out.write_str("\\b")?,
                    '\u{c}' => self.out.write_str("\\f")?,
                    control => write!(self.out, "\\u{:04X}", u32::from(control))?,
                }
                rest = after;
            }
            self.out.write_str(rest)?;
            if !chunk.invalid().is_empty() {
                self.out.write_char('\u{fffd}')?;
            }
        }
        self.out.write_char('"')
    }

    /// Standard base64 with padding.
    fn base64(&mut self, bytes: &[u8]) -> fmt::Result {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        self.out.write_char('"')?;
        for group in bytes.chunks(3) {
            let byte = |place: usize| u32::from(group.get(place).copied().unwrap_or(0));
            let bits = (byte(0) << 16) | (byte(1) << 8) | byte(2);
            for (place, shift) in [18_u32, 12, 6, 0].into_iter().enumerate() {
                let six = (bits >> shift) & 63;
                let character = ALPHABET.get(six as usize).copied().map_or('A', char::from);
                self.out.write_char(if place > group.len() { '=' } else { character })?;
            }
        }
        self.out.write_char('"')
    }
}

/// What stands before the first character that JSON wants escaped, that character, and what stands after it.
fn cut(text: &str) -> Option<(&str, char, &str)> {
    let special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    let place = text.bytes().position(|byte| special(&byte))?;
    let (plain, rest) = text.split_at_checked(place)?;
    let mut rest = rest.chars();
    Some((plain, rest.next()?, rest.as_str()))
}

#[cfg(test)]
mod tests;
