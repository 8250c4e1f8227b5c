//! Messages copied with single values changed on the way: what is not changed stays byte for byte.

use std::error::Error;
use std::fmt;

use bytes::{BufMut, BytesMut};

use super::{DEPTH, Event, Path, Step, Text, Value, Walker};
use crate::schema::{FieldKind, FieldSchema, MessageSchema};
use crate::writer::varint_bytes;
use crate::{DecodeError, EncodeError, EncodeErrorKind};

/// Copies the whole message of a walker to `out`, wherever the walker is in it, and calls `edit` with every value on the
/// way. Lengths, and the sizes of tagged fields, follow what was changed. All else stays as it is byte for byte: unknown
/// tagged fields, text that is not UTF-8, the order of tags, overlong varints, and bytes after the end of the message.
///
/// A proxy that puts itself in the place of the coordinator:
///
/// ```
/// use bytes::BytesMut;
/// use ottla_protocol::schema::MessageSchema;
/// use ottla_protocol::walk::{Walker, rewrite};
///
/// let schema = MessageSchema::named("FindCoordinatorResponse").ok_or("no such message")?;
/// // No error, broker 1 on b:9092.
/// let walker = Walker::new(schema, b"\x00\x00\x00\x00\x00\x01\x00\x01b\x00\x00\x23\x84", 0)?;
/// let mut out = BytesMut::new();
/// rewrite(walker, &mut out, |slot| {
///     if slot.path().is(&["Host"]) {
///         slot.set("proxy");
///     }
/// })?;
/// assert_eq!(&out[..], b"\x00\x00\x00\x00\x00\x01\x00\x05proxy\x00\x00\x23\x84");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// When the bytes are no such message in this version, or a value was set that its field cannot have; `out` is then as it
/// was.
pub fn rewrite<'a>(
    walker: Walker<'a>,
    out: &mut BytesMut,
    edit: impl FnMut(&mut Slot<'_, 'a>),
) -> Result<(), RewriteError> {
    Copier::new(walker.restarted(), out, UnknownTags::Kept).run(edit)
}

/// Copies the whole message of a walker to `out` without what may be a payload or a secret: bytes and records are empty,
/// strings that may be secrets are `<hidden>`, unknown tagged fields have no contents. What was null stays null.
///
/// # Errors
///
/// When the bytes are no such message in this version; `out` is then as it was.
pub fn redact(walker: Walker<'_>, out: &mut BytesMut) -> Result<(), RewriteError> {
    Copier::new(walker.restarted(), out, UnknownTags::Emptied).run(hide)
}

/// Hides one value if it may be a payload or a secret.
fn hide(slot: &mut Slot<'_, '_>) {
    match slot.value() {
        Value::Bytes(_) | Value::Records(_) => slot.set(Value::Bytes(&[])),
        Value::String(_) if slot.field().secret => slot.set("<hidden>"),
        _ => {}
    }
}

/// A value on the way, and the chance to change it.
pub struct Slot<'s, 'a> {
    walker: &'s Walker<'a>,
    field: &'static FieldSchema,
    value: Value<'a>,
    out: &'s mut BytesMut,
    /// Where the value goes in `out`.
    place: usize,
    set: bool,
    refusal: Option<EncodeErrorKind>,
}

impl fmt::Debug for Slot<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("at", self.walker).field("step", &Step::Value(self.field, self.value)).finish()
    }
}

impl<'a> Slot<'_, 'a> {
    /// The field that has the value, or whose array it is an element of.
    pub fn field(&self) -> &'static FieldSchema {
        self.field
    }

    /// The value as it stands.
    pub fn value(&self) -> Value<'a> {
        self.value
    }

    /// The way to it.
    pub fn path(&self) -> Path<'_> {
        self.walker.path()
    }

    /// The message it is in, which may be the header of a frame.
    pub fn message(&self) -> &'static MessageSchema {
        self.walker.schema()
    }

    /// The version of that message.
    pub fn version(&self) -> i16 {
        self.walker.version()
    }

    /// Puts another value in its place. The last one counts. One that the field cannot have in this version makes
    /// [`rewrite`] fail; whole arrays and structs cannot be made or made null.
    pub fn set<'v>(&mut self, value: impl Into<Value<'v>>) {
        let value = value.into();
        self.out.truncate(self.place);
        // Null stays as it stands, that of an array or a struct too.
        self.set = value != Value::Null || self.value != Value::Null;
        self.refusal = if self.set { self.write(value).err() } else { None };
    }

    fn write(&mut self, value: Value<'_>) -> Result<(), EncodeErrorKind> {
        let wrong = |_| EncodeErrorKind::WrongType;
        let element = self.walker.path().is_element();
        let out = &mut *self.out;
        let flexible = self.walker.input.is_flexible();
        if self.field.array && !element {
            // An array that is null.
            return Err(EncodeErrorKind::WrongType);
        }
        match (self.field.kind, value) {
            (FieldKind::String | FieldKind::Bytes | FieldKind::Records, Value::Null)
                if element || !self.field.is_nullable(self.walker.version()) =>
            {
                return Err(EncodeErrorKind::NullNotAllowed);
            }
            (FieldKind::Bool, Value::Bool(value)) => out.put_u8(value.into()),
            (FieldKind::Int8, Value::Int(number)) => out.put_i8(number.try_into().map_err(wrong)?),
            (FieldKind::Int16, Value::Int(number)) => out.put_i16(number.try_into().map_err(wrong)?),
            (FieldKind::Uint16, Value::Int(number)) => out.put_u16(number.try_into().map_err(wrong)?),
            (FieldKind::Int32, Value::Int(number)) => out.put_i32(number.try_into().map_err(wrong)?),
            (FieldKind::Uint32, Value::Int(number)) => out.put_u32(number.try_into().map_err(wrong)?),
            (FieldKind::Int64, Value::Int(number)) => out.put_i64(number),
            (FieldKind::Float64, Value::Float(number)) => out.put_f64(number),
            (FieldKind::Uuid, Value::Uuid(id)) => out.put_slice(&id.0),
            (FieldKind::String, Value::String(text)) => put_text(out, Some(text), flexible && !self.field.inflexible)?,
            (FieldKind::String, Value::Null) => put_text(out, None, flexible && !self.field.inflexible)?,
            (FieldKind::Bytes | FieldKind::Records, Value::Bytes(bytes) | Value::Records(bytes)) => {
                put_bytes(out, Some(bytes), flexible)?;
            }
            (FieldKind::Bytes | FieldKind::Records, Value::Null) => put_bytes(out, None, flexible)?,
            _ => return Err(EncodeErrorKind::WrongType),
        }
        Ok(())
    }
}

fn put_varint(out: &mut BytesMut, value: u32) {
    let (bytes, length) = varint_bytes(value);
    out.put_slice(bytes.get(..length).unwrap_or_default());
}

fn put_text(out: &mut BytesMut, text: Option<Text<'_>>, compact: bool) -> Result<(), EncodeErrorKind> {
    let length = text.map_or(Ok(-1), |text| i16::try_from(text.len()));
    let length = length.map_err(|_| EncodeErrorKind::StringTooLong)?;
    if compact {
        put_varint(out, i32::from(length).saturating_add(1).cast_unsigned());
    } else {
        out.put_i16(length);
    }
    out.put_slice(text.unwrap_or_default().as_bytes());
    Ok(())
}

fn put_bytes(out: &mut BytesMut, bytes: Option<&[u8]>, compact: bool) -> Result<(), EncodeErrorKind> {
    let length = bytes.map_or(Ok(-1), |bytes| i32::try_from(bytes.len()));
    let length = length.ok().filter(|length| *length < i32::MAX).ok_or(EncodeErrorKind::TooLarge)?;
    if compact {
        put_varint(out, length.saturating_add(1).cast_unsigned());
    } else {
        out.put_i32(length);
    }
    out.put_slice(bytes.unwrap_or_default());
    Ok(())
}

/// What becomes of the contents of unknown tagged fields.
#[derive(Clone, Copy, Debug, PartialEq)]
enum UnknownTags {
    Kept,
    Emptied,
}

/// A known tagged field that is being copied.
#[derive(Clone, Copy, Debug, Default)]
struct Tag {
    /// Where its size stands in what is written.
    size: usize,
    /// Where its contents begin there.
    contents: usize,
    /// Whether something in it has another length than before.
    resized: bool,
}

/// A copy under way.
struct Copier<'a, 'o> {
    walker: Walker<'a>,
    out: &'o mut BytesMut,
    unknown: UnknownTags,
    /// What was in `out` before.
    before: usize,
    /// How much of the input is copied.
    copied: usize,
    /// The tagged fields that are open, by the depth of the structs they are in.
    tags: [Tag; DEPTH],
}

impl<'a, 'o> Copier<'a, 'o> {
    fn new(walker: Walker<'a>, out: &'o mut BytesMut, unknown: UnknownTags) -> Self {
        let (before, copied) = (out.len(), walker.offset());
        Self { walker, out, unknown, before, copied, tags: [Tag::default(); DEPTH] }
    }

    fn run(mut self, edit: impl FnMut(&mut Slot<'_, 'a>)) -> Result<(), RewriteError> {
        let result = self.copy(edit);
        if result.is_err() {
            self.out.truncate(self.before);
        }
        result
    }

    fn copy(&mut self, mut edit: impl FnMut(&mut Slot<'_, 'a>)) -> Result<(), RewriteError> {
        loop {
            let start = self.walker.offset();
            let event = self.walker.advance().map_err(|kind| RewriteError::Decode(self.walker.failure(kind)))?;
            match event {
                Event::Step(Step::Value(field, value)) => {
                    self.copy_to(start);
                    self.value(field, value, &mut edit)?;
                }
                Event::Step(Step::UnknownTag(..)) if self.unknown == UnknownTags::Emptied => {
                    let size_at = self.walker.level().map_or(start, |level| level.size_at);
                    self.copy_to(size_at);
                    self.out.put_u8(0);
                    self.copied = self.walker.offset();
                    self.note_resized();
                }
                Event::BeginTag => self.begin_tag(start),
                Event::EndTag => self.end_tag()?,
                Event::Step(_) => {}
                Event::End => {
                    self.copy_to(self.walker.input.whole().len());
                    return Ok(());
                }
            }
        }
    }

    fn copy_to(&mut self, end: usize) {
        self.out.put_slice(self.walker.input.whole().get(self.copied..end).unwrap_or_default());
        self.copied = end.max(self.copied);
    }

    /// A value that was read, and not copied yet.
    fn value(
        &mut self,
        field: &'static FieldSchema,
        value: Value<'a>,
        edit: &mut impl FnMut(&mut Slot<'_, 'a>),
    ) -> Result<(), RewriteError> {
        let place = self.out.len();
        let walker = &self.walker;
        let mut slot = Slot { walker, field, value, out: self.out, place, set: false, refusal: None };
        edit(&mut slot);
        let (set, refusal) = (slot.set, slot.refusal);
        if let Some(kind) = refusal {
            return Err(self.refused(field.name, kind));
        }
        if set {
            let end = self.walker.offset();
            if self.out.len().saturating_sub(place) != end.saturating_sub(self.copied) {
                self.note_resized();
            }
            self.copied = end;
        }
        Ok(())
    }

    fn refused(&self, field: &'static str, kind: EncodeErrorKind) -> RewriteError {
        let (message, version) = (self.walker.schema().name, self.walker.version());
        RewriteError::Encode(EncodeError { message, version, field, kind })
    }

    fn note_resized(&mut self) {
        for tag in self.tags.iter_mut().take(self.walker.depth()) {
            tag.resized = true;
        }
    }

    fn begin_tag(&mut self, start: usize) {
        let depth = self.walker.depth();
        let size_at = self.walker.level().map_or(start, |level| level.size_at);
        self.copy_to(size_at);
        let size = self.out.len();
        self.copy_to(self.walker.offset());
        if let Some(tag) = self.tags.get_mut(depth.wrapping_sub(1)) {
            *tag = Tag { size, contents: self.out.len(), resized: false };
        }
    }

    fn end_tag(&mut self) -> Result<(), RewriteError> {
        self.copy_to(self.walker.offset());
        let Some(tag) = self.tags.get(self.walker.depth().wrapping_sub(1)).copied().filter(|tag| tag.resized) else {
            return Ok(());
        };
        let end = self.out.len();
        let size = u32::try_from(end.saturating_sub(tag.contents));
        put_varint(self.out, size.map_err(|_| self.refused("", EncodeErrorKind::TooLarge))?);
        let digits = self.out.len().saturating_sub(end);
        // Old size, contents, new size: the last goes to the front, and the first away.
        if let Some(field) = self.out.get_mut(tag.size..) {
            field.rotate_right(digits);
            let contents = digits.saturating_add(tag.contents.saturating_sub(tag.size));
            field.copy_within(contents.., digits);
        }
        self.out.truncate(self.out.len().saturating_sub(tag.contents.saturating_sub(tag.size)));
        Ok(())
    }
}

/// Why a message cannot be rewritten.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RewriteError {
    /// The bytes are no such message.
    Decode(DecodeError),
    /// A value was set that its field cannot have.
    Encode(EncodeError),
}

impl fmt::Display for RewriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decode(error) => error.fmt(f),
            Self::Encode(error) => error.fmt(f),
        }
    }
}

impl Error for RewriteError {}

impl From<DecodeError> for RewriteError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<EncodeError> for RewriteError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

#[cfg(test)]
mod tests;
