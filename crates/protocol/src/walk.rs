//! Any message read borrowed and by its schema instead of by its type: for analysers, proxies and logs.
//!
//! A [`Walker`] is a cursor over the bytes of one message. It yields one [`Step`] at a time, allocates nothing, and accepts
//! and refuses exactly what typed messages do, except that it takes strings as they are: what is not UTF-8 in them is
//! there to be read. On top of it:
//!
//! * [`json`] prints a message in the form of Kafka's own converters,
//! * [`rewrite`] copies one and changes single values on the way, [`redact`] takes payloads and secrets out,
//! * [`Frame`] does each for whole requests and responses, headers included.
//!
//! ```
//! use ottla_protocol::schema::MessageSchema;
//! use ottla_protocol::walk::{Step, Value, Walker};
//!
//! // A SaslHandshakeResponse: error code 33, and the mechanisms that the broker has.
//! let body = b"\x00\x21\x00\x00\x00\x01\x00\x05PLAIN";
//! let schema = MessageSchema::named("SaslHandshakeResponse").ok_or("no such message")?;
//! let mut walker = Walker::new(schema, body, 1)?;
//! while let Some(step) = walker.step()? {
//!     if let Step::Value(field, Value::String(text)) = step {
//!         assert_eq!((field.name, text.to_str()?), ("Mechanisms", "PLAIN"));
//!         assert_eq!(walker.path().to_string(), "Mechanisms[0]");
//!     }
//! }
//! assert_eq!(walker.offset(), body.len());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod frame;
mod input;
mod json;
mod path;
mod rewrite;
mod value;

use std::fmt;

pub use frame::{Frame, FrameJson};
pub use json::{Json, Payloads, json};
pub use path::Path;
pub use rewrite::{RewriteError, Slot, redact, rewrite};
pub use value::{Text, Value};

pub(crate) use input::Input;

use crate::schema::{FieldKind, FieldSchema, MessageSchema};
use crate::{DecodeError, WireError};

/// What comes next in a message. `Debug` prints neither payloads nor what may be secrets.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Step<'a> {
    /// A struct begins: the value of this field or one of its elements, or, without a field, the whole message. Its fields
    /// follow, those with a tag last and only where they were written.
    BeginStruct(Option<&'static FieldSchema>),
    /// The innermost struct ends.
    EndStruct,
    /// An array begins, and has this many elements.
    BeginArray(&'static FieldSchema, usize),
    /// The innermost array ends.
    EndArray,
    /// The value of a field that is neither array nor struct, or null, or an element of an array of such.
    Value(&'static FieldSchema, Value<'a>),
    /// A tagged field that the schema does not have: its tag and its contents.
    UnknownTag(u32, &'a [u8]),
}

impl fmt::Debug for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BeginStruct(field) => write!(f, "BeginStruct({})", field.map_or("", |field| field.name)),
            Self::EndStruct => f.write_str("EndStruct"),
            Self::BeginArray(field, count) => write!(f, "BeginArray({}, {count})", field.name),
            Self::EndArray => f.write_str("EndArray"),
            Self::Value(field, Value::String(text)) if field.secret => {
                write!(f, "Value({}, String(<{} bytes>))", field.name, text.len())
            }
            Self::Value(field, value) => write!(f, "Value({}, {value:?})", field.name),
            Self::UnknownTag(tag, contents) => write!(f, "UnknownTag({tag}, <{} bytes>)", contents.len()),
        }
    }
}

/// A step, or what is between steps.
#[derive(Clone, Copy, Debug)]
enum Event<'a> {
    Step(Step<'a>),
    /// The tag and the size of a known tagged field were read; its value follows.
    BeginTag,
    EndTag,
    /// The message is at its end.
    End,
}

/// Structs in structs: one more than any message of Kafka has.
const DEPTH: usize = 8;

/// How far one struct is read.
#[derive(Clone, Copy, Debug)]
struct Level {
    fields: &'static [FieldSchema],
    /// The field that is being read, or was read last.
    field: Option<&'static FieldSchema>,
    /// The first field that was not considered yet, among those without a tag.
    next: usize,
    /// The elements of the field's array that are still to come, while it is being read.
    left: Option<usize>,
    /// Those that came or began.
    begun: usize,
    /// The tagged fields that are still to come, once those without a tag are read.
    tags: Option<u32>,
    tagged: Tagged,
    /// Where the size of the last tagged field stands.
    size_at: usize,
}

/// How far a known tagged field is read.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Tagged {
    Not,
    /// All but its value.
    Begun,
    /// Its value is being read, or was.
    Value,
}

impl Level {
    const fn new(fields: &'static [FieldSchema]) -> Self {
        Self { fields, field: None, next: 0, left: None, begun: 0, tags: None, tagged: Tagged::Not, size_at: 0 }
    }

    fn index(&self) -> Option<usize> {
        self.left.and(self.begun.checked_sub(1))
    }

    fn is_in_tags(&self) -> bool {
        self.tags.is_some()
    }

    /// Goes on to the next field without a tag that this version has.
    #[inline]
    fn next_field(&mut self, version: i16) -> Option<&'static FieldSchema> {
        while let Some(field) = self.fields.get(self.next) {
            self.next = self.next.saturating_add(1);
            if field.tag.is_none() && field.versions.contains(version) {
                self.field = Some(field);
                return self.field;
            }
        }
        self.field = None;
        None
    }
}

/// A cursor over the body of one message. A copy goes on independently from the same place.
#[derive(Clone, Copy)]
pub struct Walker<'a> {
    schema: &'static MessageSchema,
    start: usize,
    input: Input<'a>,
    levels: [Level; DEPTH],
    /// How many levels are open.
    depth: usize,
    begun: bool,
    failed: Option<WireError>,
}

impl fmt::Debug for Walker<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {:?}, {}", self.schema.name, self.input, self.path())
    }
}

impl<'a> Walker<'a> {
    /// At the beginning of a message. Bytes after its end are ignored.
    ///
    /// # Errors
    ///
    /// When there is no such version.
    pub fn new(schema: &'static MessageSchema, body: &'a [u8], version: i16) -> Result<Self, DecodeError> {
        Self::within(schema, body, 0, version)
    }

    /// At the beginning of a message that starts somewhere in `whole`, from whose start offsets are counted.
    fn within(
        schema: &'static MessageSchema,
        whole: &'a [u8],
        start: usize,
        version: i16,
    ) -> Result<Self, DecodeError> {
        if !schema.versions.contains(version) {
            return Err(DecodeError::new(schema.name, version, start, WireError::UnsupportedVersion));
        }
        let input = Input::new(whole, start, version, schema.is_flexible(version));
        let levels = [Level::new(&[]); DEPTH];
        Ok(Self { schema, start, input, levels, depth: 0, begun: false, failed: None })
    }

    /// The message that is read.
    pub fn schema(&self) -> &'static MessageSchema {
        self.schema
    }

    /// Its version.
    pub fn version(&self) -> i16 {
        self.input.version()
    }

    /// The place: how many bytes were read, from the start of what was given. After a step, the end of what it told.
    pub fn offset(&self) -> usize {
        self.input.offset()
    }

    /// The way to what the last step told.
    pub fn path(&self) -> Path<'_> {
        Path::new(self.levels.get(..self.depth).unwrap_or_default())
    }

    /// The number of structs that are open.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Goes one step on; nothing at the end of the message.
    ///
    /// # Errors
    ///
    /// When the bytes are no such message in this version. It says so again when it is asked again.
    #[inline]
    pub fn step(&mut self) -> Result<Option<Step<'a>>, DecodeError> {
        loop {
            match self.advance() {
                Ok(Event::Step(step)) => return Ok(Some(step)),
                Ok(Event::BeginTag | Event::EndTag) => {}
                Ok(Event::End) => return Ok(None),
                Err(kind) => return Err(self.failure(kind)),
            }
        }
    }

    /// Goes on to the end of the innermost struct that is open, and past it: what is left of it is checked, not told.
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step).
    pub fn leave(&mut self) -> Result<(), DecodeError> {
        let depth = self.depth;
        while self.depth >= depth && self.step()?.is_some() {}
        Ok(())
    }

    /// Goes through the whole rest of the message.
    fn finish(&mut self) -> Result<(), DecodeError> {
        while self.step()?.is_some() {}
        Ok(())
    }

    /// The same, back at the beginning of the message.
    fn restarted(self) -> Self {
        Self { input: self.input.at(self.start), depth: 0, begun: false, failed: None, ..self }
    }

    /// A copy that is about to read the value of this tagged field of the innermost struct, at this place.
    fn at_tag(mut self, field: &'static FieldSchema, offset: usize) -> Self {
        self.input = self.input.at(offset);
        if let Some(level) = self.level() {
            level.field = Some(field);
            level.tagged = Tagged::Begun;
        }
        self
    }

    /// What stands where the walk failed, and the way there.
    #[cold]
    fn failure(&mut self, kind: WireError) -> DecodeError {
        self.failed = Some(kind);
        let error = DecodeError::new(self.schema.name, self.version(), self.offset(), kind);
        error.with_path(self.path().to_string())
    }

    #[inline]
    fn level(&mut self) -> Option<&mut Level> {
        self.levels.get_mut(self.depth.wrapping_sub(1))
    }

    #[inline]
    fn open(&mut self, fields: &'static [FieldSchema]) -> Result<(), WireError> {
        let Some(level) = self.levels.get_mut(self.depth) else {
            return Err(WireError::Malformed);
        };
        *level = Level::new(fields);
        self.depth = self.depth.saturating_add(1);
        Ok(())
    }

    #[inline]
    fn close(&mut self) -> Event<'a> {
        self.depth = self.depth.saturating_sub(1);
        Event::Step(Step::EndStruct)
    }

    #[inline]
    fn advance(&mut self) -> Result<Event<'a>, WireError> {
        if let Some(kind) = self.failed {
            return Err(kind);
        }
        let Some(level) = self.levels.get_mut(self.depth.wrapping_sub(1)) else {
            if self.begun {
                return Ok(Event::End);
            }
            self.begun = true;
            self.open(self.schema.fields)?;
            return Ok(Event::Step(Step::BeginStruct(None)));
        };
        if let (Some(left), Some(field)) = (level.left, level.field) {
            return match left.checked_sub(1) {
                Some(left) => {
                    level.left = Some(left);
                    level.begun = level.begun.saturating_add(1);
                    self.single(field, false)
                }
                None => {
                    level.left = None;
                    Ok(Event::Step(Step::EndArray))
                }
            };
        }
        match (level.tagged, level.tags, level.field) {
            (Tagged::Begun, _, Some(field)) => {
                level.tagged = Tagged::Value;
                self.value(field)
            }
            (Tagged::Value, ..) => {
                level.tagged = Tagged::Not;
                Ok(Event::EndTag)
            }
            (_, None, _) => match level.next_field(self.input.version()) {
                Some(field) => self.value(field),
                None if self.input.is_flexible() => {
                    level.tags = Some(0);
                    level.tags = Some(self.input.unsigned_varint()?);
                    self.tag()
                }
                None => Ok(self.close()),
            },
            (_, Some(_), _) => self.tag(),
        }
    }

    /// The next tagged field, or the end of the struct.
    fn tag(&mut self) -> Result<Event<'a>, WireError> {
        let Some(level) = self.levels.get_mut(self.depth.wrapping_sub(1)) else {
            return Ok(Event::End);
        };
        level.field = None;
        let Some(left) = level.tags.and_then(|left| left.checked_sub(1)) else {
            return Ok(self.close());
        };
        level.tags = Some(left);
        let tag = self.input.unsigned_varint()?;
        level.size_at = self.input.offset();
        let size = self.input.unsigned_varint()?;
        level.field = level.fields.iter().find(|field| field.tag == Some(tag));
        match level.field {
            Some(field) if field.versions.contains(self.input.version()) => {
                level.tagged = Tagged::Begun;
                Ok(Event::BeginTag)
            }
            Some(_) => Err(WireError::UnexpectedTag),
            None => {
                let size = usize::try_from(size).map_err(|_| WireError::Truncated)?;
                Ok(Event::Step(Step::UnknownTag(tag, self.input.take(size)?)))
            }
        }
    }

    /// The value of a field.
    #[inline]
    fn value(&mut self, field: &'static FieldSchema) -> Result<Event<'a>, WireError> {
        let nullable = field.is_nullable(self.input.version());
        if !field.array {
            return self.single(field, nullable);
        }
        match self.input.count(field.least)? {
            Some(count) => {
                if let Some(level) = self.level() {
                    (level.left, level.begun) = (Some(count), 0);
                }
                Ok(Event::Step(Step::BeginArray(field, count)))
            }
            None if nullable => Ok(Event::Step(Step::Value(field, Value::Null))),
            None => Err(WireError::UnexpectedNull),
        }
    }

    /// The value of a field that is no array, or an element of one.
    #[inline]
    fn single(&mut self, field: &'static FieldSchema, nullable: bool) -> Result<Event<'a>, WireError> {
        let input = &mut self.input;
        let value = match field.kind {
            FieldKind::Bool => Some(Value::Bool(input.int8()? != 0)),
            FieldKind::Int8 => Some(Value::Int(input.int8()?.into())),
            FieldKind::Int16 => Some(Value::Int(input.int16()?.into())),
            FieldKind::Uint16 => Some(Value::Int(input.uint16()?.into())),
            FieldKind::Int32 => Some(Value::Int(input.int32()?.into())),
            FieldKind::Uint32 => Some(Value::Int(input.uint32()?.into())),
            FieldKind::Int64 => Some(Value::Int(input.int64()?)),
            FieldKind::Float64 => Some(Value::Float(input.float64()?)),
            FieldKind::Uuid => Some(Value::Uuid(input.uuid()?)),
            FieldKind::String if field.inflexible => input.classic_string()?.map(Value::String),
            FieldKind::String => input.string()?.map(Value::String),
            FieldKind::Bytes => input.bytes()?.map(Value::Bytes),
            FieldKind::Records => input.bytes()?.map(Value::Records),
            FieldKind::Struct(_) if nullable && input.int8()? < 0 => None,
            FieldKind::Struct(fields) => {
                self.open(fields)?;
                return Ok(Event::Step(Step::BeginStruct(Some(field))));
            }
        };
        match value {
            Some(value) => Ok(Event::Step(Step::Value(field, value))),
            None if nullable => Ok(Event::Step(Step::Value(field, Value::Null))),
            None => Err(WireError::UnexpectedNull),
        }
    }
}

/// The failure of a read of this message at this place, with the way to it: found by walking there, so that reading
/// itself need not know it.
#[cold]
pub(crate) fn locate(message: &'static str, version: i16, body: &[u8], offset: usize, kind: WireError) -> DecodeError {
    let error = DecodeError::new(message, version, offset, kind);
    let Some(Ok(mut walker)) = MessageSchema::named(message).map(|schema| Walker::new(schema, body, version)) else {
        return error;
    };
    match walker.finish() {
        Err(found) if found.offset == offset && found.kind == kind => found,
        _ => error,
    }
}

#[cfg(test)]
pub(crate) mod tests;
