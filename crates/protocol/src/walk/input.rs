//! Borrowed reading of the values that messages are made of, in one version.
//!
//! All reading of messages comes here: the walker, the views, and the [`Reader`](crate::reader::Reader) of typed messages. A
//! read that fails leaves the place where it is.

use std::fmt;

use ottla_types::Uuid;

use super::Text;
use crate::WireError;
use crate::primitives::{self, Parsed};

type Read<T> = Result<T, WireError>;

/// A place in bytes, and the version of the message that is read from there.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a> {
    whole: &'a [u8],
    rest: &'a [u8],
    version: i16,
    flexible: bool,
}

const MAX_STRING: usize = i16::MAX as usize;

impl fmt::Debug for Input<'_> {
    /// The place, never the bytes, which may be payloads or secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {} of {}, version {}", self.offset(), self.whole.len(), self.version)
    }
}

impl<'a> Input<'a> {
    /// Reads `whole` from `start` on.
    pub(crate) fn new(whole: &'a [u8], start: usize, version: i16, flexible: bool) -> Self {
        Self { whole, rest: whole.get(start..).unwrap_or_default(), version, flexible }
    }

    #[inline]
    pub(crate) fn version(&self) -> i16 {
        self.version
    }

    #[inline]
    pub(crate) fn is_flexible(&self) -> bool {
        self.flexible
    }

    /// All bytes, those that are read included.
    pub(crate) fn whole(&self) -> &'a [u8] {
        self.whole
    }

    /// The place, in bytes from the start of the whole.
    #[inline]
    pub(crate) fn offset(&self) -> usize {
        self.whole.len().saturating_sub(self.rest.len())
    }

    /// How many bytes are left.
    #[inline]
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    /// The same at another place.
    pub(crate) fn at(self, offset: usize) -> Self {
        Self { rest: self.whole.get(offset..).unwrap_or_default(), ..self }
    }

    #[inline]
    fn run<T>(&mut self, parser: impl FnOnce(&'a [u8]) -> Parsed<'a, T>) -> Read<T> {
        match parser(self.rest) {
            Ok((rest, value)) => {
                self.rest = rest;
                Ok(value)
            }
            Err(nom::Err::Error(error) | nom::Err::Failure(error)) => Err(error),
            Err(nom::Err::Incomplete(_)) => Err(WireError::Truncated),
        }
    }

    #[inline]
    pub(crate) fn int8(&mut self) -> Read<i8> {
        self.run(primitives::int8)
    }

    #[inline]
    pub(crate) fn int16(&mut self) -> Read<i16> {
        self.run(primitives::int16)
    }

    #[inline]
    pub(crate) fn uint16(&mut self) -> Read<u16> {
        self.run(primitives::uint16)
    }

    #[inline]
    pub(crate) fn int32(&mut self) -> Read<i32> {
        self.run(primitives::int32)
    }

    #[inline]
    pub(crate) fn uint32(&mut self) -> Read<u32> {
        self.run(primitives::uint32)
    }

    #[inline]
    pub(crate) fn int64(&mut self) -> Read<i64> {
        self.run(primitives::int64)
    }

    #[inline]
    pub(crate) fn float64(&mut self) -> Read<f64> {
        self.run(primitives::float64)
    }

    #[inline]
    pub(crate) fn uuid(&mut self) -> Read<Uuid> {
        Ok(Uuid(self.run(primitives::uuid)?))
    }

    #[inline]
    pub(crate) fn unsigned_varint(&mut self) -> Read<u32> {
        self.run(primitives::unsigned_varint)
    }

    #[inline]
    pub(crate) fn take(&mut self, length: usize) -> Read<&'a [u8]> {
        self.run(primitives::take(length))
    }

    /// A compact length or count; nothing for null.
    #[inline]
    fn compact_length(&mut self) -> Read<Option<usize>> {
        // Kafka takes the varint for signed: a length above 2³¹ is negative there, hence null, and 2³¹ itself becomes the
        // greatest there is.
        let length = self.unsigned_varint()?.cast_signed();
        Ok(usize::try_from(length.wrapping_sub(1)).ok())
    }

    /// A length of bytes or a count of elements; nothing for null.
    #[inline]
    fn length(&mut self) -> Read<Option<usize>> {
        if self.flexible { self.compact_length() } else { Ok(usize::try_from(self.int32()?).ok()) }
    }

    #[inline]
    fn text(&mut self, length: Option<usize>) -> Read<Option<Text<'a>>> {
        match length {
            None => Ok(None),
            Some(length) if length > MAX_STRING => Err(WireError::StringTooLong),
            Some(length) => Ok(Some(Text::new(self.take(length)?))),
        }
    }

    /// A string that may be null.
    #[inline]
    pub(crate) fn string(&mut self) -> Read<Option<Text<'a>>> {
        if !self.flexible {
            return self.classic_string();
        }
        let length = self.compact_length()?;
        self.text(length)
    }

    /// A string that may be null and has a length of two bytes even in flexible versions.
    #[inline]
    pub(crate) fn classic_string(&mut self) -> Read<Option<Text<'a>>> {
        let length = usize::try_from(self.int16()?).ok();
        self.text(length)
    }

    /// Bytes, or records, that may be null.
    #[inline]
    pub(crate) fn bytes(&mut self) -> Read<Option<&'a [u8]>> {
        match self.length()? {
            None => Ok(None),
            Some(length) => Ok(Some(self.take(length)?)),
        }
    }

    /// The number of elements of an array; nothing for null. Never more than the bytes that are left can hold, when each
    /// takes `least` of them or more.
    #[inline]
    pub(crate) fn count(&mut self, least: usize) -> Read<Option<usize>> {
        match self.length()? {
            Some(count) if count.saturating_mul(least) > self.left() => Err(WireError::CountTooLarge),
            count => Ok(count),
        }
    }
}
