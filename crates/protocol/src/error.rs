//! Why bytes could not be read, and why a message could not be written.

use std::error::Error;
use std::fmt;

/// What is wrong with the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WireError {
    /// The bytes end before the value does.
    Truncated,
    /// A varint goes on after the last byte that it may have.
    VarintTooLong,
    /// A length or a marker says null where the version does not allow it.
    UnexpectedNull,
    /// A string is longer than the 32,767 bytes that Kafka allows.
    StringTooLong,
    /// A count of elements is greater than the bytes that are left can hold, were each as small as it can be.
    CountTooLarge,
    /// A tag that is known, but not in this version.
    UnexpectedTag,
    /// The message has no such version, or none that this crate knows.
    UnsupportedVersion,
    /// The API key is not known.
    UnknownApiKey,
    /// The length before a frame is negative, or more than the reader takes.
    FrameLength,
    /// Something else that cannot be right.
    Malformed,
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "the bytes end too early",
            Self::VarintTooLong => "a varint is too long",
            Self::UnexpectedNull => "null where it is not allowed",
            Self::StringTooLong => "a string is longer than 32767 bytes",
            Self::CountTooLarge => "a count is greater than the bytes that are left can hold",
            Self::UnexpectedTag => "a known tag that this version does not have",
            Self::UnsupportedVersion => "the version is not supported",
            Self::UnknownApiKey => "the API key is not known",
            Self::FrameLength => "the length of a frame is negative or too large",
            Self::Malformed => "the bytes are malformed",
        })
    }
}

impl nom::error::ParseError<&[u8]> for WireError {
    fn from_error_kind(_: &[u8], kind: nom::error::ErrorKind) -> Self {
        match kind {
            nom::error::ErrorKind::Eof => Self::Truncated,
            _ => Self::Malformed,
        }
    }

    fn append(_: &[u8], _: nom::error::ErrorKind, other: Self) -> Self {
        other
    }
}

/// Bytes that are not what they should be: which message, in which version, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecodeError {
    /// The message, by Kafka's name (`FetchResponse`).
    pub message: &'static str,
    /// The version in which it was read.
    pub version: i16,
    /// The way to the value that could not be read, by Kafka's names: `Responses[3].Partitions[0].Records`. It ends in
    /// `_tagged_fields` for a tagged field that is not known; it is empty where no field was reached.
    pub path: Box<str>,
    /// The place of the value that could not be read, in bytes from the start of what was given.
    pub offset: usize,
    /// What is wrong there.
    pub kind: WireError,
}

impl DecodeError {
    /// Without the way to the value.
    #[cold]
    pub(crate) fn new(message: &'static str, version: i16, offset: usize, kind: WireError) -> Self {
        Self { message, version, path: Box::default(), offset, kind }
    }

    pub(crate) fn with_path(self, path: String) -> Self {
        Self { path: path.into(), ..self }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} version {}, ", self.message, self.version)?;
        if !self.path.is_empty() {
            write!(f, "{}, ", self.path)?;
        }
        write!(f, "byte {}: {}", self.offset, self.kind)
    }
}

impl Error for DecodeError {}

/// Why a message cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EncodeErrorKind {
    /// The message has no such version, or none that this crate knows.
    UnsupportedVersion,
    /// The version lacks the field, the field is not the default, and dropping it would change what the message means.
    NotInVersion,
    /// The field is null, which this version cannot say.
    NullNotAllowed,
    /// A string is longer than the 32,767 bytes that Kafka allows.
    StringTooLong,
    /// Bytes, an array or the whole message are longer than 2³¹−1.
    TooLarge,
    /// The value is of another type than the field, or not a number that the field can hold. Only values that are set by
    /// schema can be that.
    WrongType,
    /// The unknown tagged fields are not in ascending order, have a tag twice, or one that is known.
    TagsOutOfOrder,
}

/// A message that cannot be written in the version that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncodeError {
    /// The message, by Kafka's name (`JoinGroupRequest`).
    pub message: &'static str,
    /// The version in which it was to be written.
    pub version: i16,
    /// The field at fault, by Kafka's name, after that of its struct (`TopicData.Name`) if it is not of the message
    /// itself; empty where no single field is.
    pub field: &'static str,
    /// What is wrong.
    pub kind: EncodeErrorKind,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} version {}: ", self.message, self.version)?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(match self.kind {
            EncodeErrorKind::UnsupportedVersion => "the version is not supported",
            EncodeErrorKind::NotInVersion => "the version has no such field",
            EncodeErrorKind::NullNotAllowed => "null is not allowed in this version",
            EncodeErrorKind::StringTooLong => "a string is longer than 32767 bytes",
            EncodeErrorKind::TooLarge => "longer than 2147483647",
            EncodeErrorKind::WrongType => "the value is not of the field's type",
            EncodeErrorKind::TagsOutOfOrder => "unknown tagged fields are out of order, repeated, or not unknown",
        })
    }
}

impl Error for EncodeError {}
