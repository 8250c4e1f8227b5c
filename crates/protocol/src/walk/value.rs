//! What a walk finds: the values of fields, borrowed from the bytes they stand in.

use std::borrow::Cow;
use std::fmt;
use std::str::Utf8Error;

use ottla_types::Uuid;

/// A value of a message that is neither an array nor a struct. `Debug` prints the length of bytes and records, not their
/// contents; whether a text is a secret only its field knows.
#[derive(Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Null: of a string, of bytes or records, of an array, or of a struct.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number of any width; the schema tells which.
    Int(i64),
    /// A floating point number.
    Float(f64),
    /// An id.
    Uuid(Uuid),
    /// Text.
    String(Text<'a>),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Record batches, or message sets in old versions.
    Records(&'a [u8]),
}

impl<'a> Value<'a> {
    /// The number, if it is a whole one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The text, if it is text.
    pub fn as_text(&self) -> Option<Text<'a>> {
        match self {
            Self::String(text) => Some(*text),
            _ => None,
        }
    }

    /// The bytes, if it is bytes or records.
    pub fn as_bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) | Self::Records(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Bool(value) => write!(f, "Bool({value})"),
            Self::Int(number) => write!(f, "Int({number})"),
            Self::Float(number) => write!(f, "Float({number:?})"),
            Self::Uuid(id) => write!(f, "Uuid({id})"),
            Self::String(text) => write!(f, "String({text:?})"),
            Self::Bytes(bytes) => write!(f, "Bytes(<{} bytes>)", bytes.len()),
            Self::Records(bytes) => write!(f, "Records(<{} bytes>)", bytes.len()),
        }
    }
}

impl<'a> From<Text<'a>> for Value<'a> {
    fn from(text: Text<'a>) -> Self {
        Self::String(text)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::String(text.into())
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    /// Bytes; a field of records takes them too.
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::from)
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<i32> for Value<'_> {
    fn from(number: i32) -> Self {
        Self::Int(number.into())
    }
}

impl From<i16> for Value<'_> {
    fn from(number: i16) -> Self {
        Self::Int(number.into())
    }
}

impl From<u16> for Value<'_> {
    fn from(number: u16) -> Self {
        Self::Int(number.into())
    }
}

impl From<Uuid> for Value<'_> {
    fn from(id: Uuid) -> Self {
        Self::Uuid(id)
    }
}

/// Text of a message as it stands there. It should be UTF-8 and need not be: nothing is lost by reading it.
///
/// ```
/// use ottla_protocol::walk::Text;
///
/// let text = Text::new(b"topic-\xff");
/// assert!(text.to_str().is_err());
/// assert_eq!(text.as_bytes(), b"topic-\xff");
/// assert_eq!(text.to_string(), "topic-\u{fffd}");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// Any bytes as text.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes as they stand.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// The text.
    ///
    /// # Errors
    ///
    /// When it is not UTF-8.
    pub fn to_str(&self) -> Result<&'a str, Utf8Error> {
        std::str::from_utf8(self.0)
    }

    /// The text, with U+FFFD in place of what is not UTF-8, as typed messages have it.
    pub fn to_str_lossy(&self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.0)
    }

    /// The length in bytes.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no text.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(text.as_bytes())
    }
}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl fmt::Display for Text<'_> {
    /// The text, with U+FFFD in place of what is not UTF-8.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            f.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                f.write_str("\u{fffd}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.to_str_lossy(), f)
    }
}
