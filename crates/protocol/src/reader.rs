//! Reading a typed message: an [`Input`] with the frame attached, so that strings and bytes leave as slices of it.
//!
//! A failed read leaves the place where it is, so that the error can tell it.

use bytes::Bytes;
use ottla_types::{BrokerId, ErrorCode, ProducerId, Uuid};

use crate::walk::{Input, Text};
use crate::{BrokerIds, TaggedFields, Utf8Bytes, WireError};

type Read<T> = Result<T, WireError>;

/// A place in a frame, and the version of the message that is read from there.
#[derive(Debug)]
pub struct Reader<'a> {
    frame: &'a Bytes,
    input: Input<'a>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(frame: &'a Bytes, version: i16, flexible: bool) -> Self {
        Self { frame, input: Input::new(frame, 0, version, flexible) }
    }

    #[inline]
    pub(crate) fn version(&self) -> i16 {
        self.input.version()
    }

    /// The place, in bytes from the start of the frame.
    pub(crate) fn offset(&self) -> usize {
        self.input.offset()
    }

    #[inline]
    pub(crate) fn bool(&mut self) -> Read<bool> {
        Ok(self.input.int8()? != 0)
    }

    #[inline]
    pub(crate) fn int8(&mut self) -> Read<i8> {
        self.input.int8()
    }

    #[inline]
    pub(crate) fn int16(&mut self) -> Read<i16> {
        self.input.int16()
    }

    #[inline]
    pub(crate) fn uint16(&mut self) -> Read<u16> {
        self.input.uint16()
    }

    #[inline]
    pub(crate) fn int32(&mut self) -> Read<i32> {
        self.input.int32()
    }

    #[allow(dead_code, reason = "no message of this Kafka version has one")]
    pub(crate) fn uint32(&mut self) -> Read<u32> {
        self.input.uint32()
    }

    #[inline]
    pub(crate) fn int64(&mut self) -> Read<i64> {
        self.input.int64()
    }

    #[inline]
    pub(crate) fn float64(&mut self) -> Read<f64> {
        self.input.float64()
    }

    #[inline]
    pub(crate) fn uuid(&mut self) -> Read<Uuid> {
        self.input.uuid()
    }

    #[inline]
    pub(crate) fn broker_id(&mut self) -> Read<BrokerId> {
        Ok(BrokerId(self.int32()?))
    }

    #[inline]
    pub(crate) fn producer_id(&mut self) -> Read<ProducerId> {
        Ok(ProducerId(self.int64()?))
    }

    #[inline]
    pub(crate) fn error_code(&mut self) -> Read<ErrorCode> {
        Ok(ErrorCode(self.int16()?))
    }

    #[inline]
    pub(crate) fn unsigned_varint(&mut self) -> Read<u32> {
        self.input.unsigned_varint()
    }

    /// What was just read, as a part of the frame.
    #[inline]
    fn shared(&self, read: &[u8]) -> Bytes {
        let end = self.offset();
        self.frame.slice(end.saturating_sub(read.len())..end)
    }

    #[inline]
    fn text(&self, text: Option<Text<'a>>) -> Option<Utf8Bytes> {
        text.map(|text| Utf8Bytes::from_utf8_lossy(self.shared(text.as_bytes())))
    }

    /// A string that may be null.
    pub(crate) fn nullable_string(&mut self) -> Read<Option<Utf8Bytes>> {
        let text = self.input.string()?;
        Ok(self.text(text))
    }

    /// A string that may not be null.
    pub(crate) fn string(&mut self) -> Read<Utf8Bytes> {
        self.nullable_string()?.ok_or(WireError::UnexpectedNull)
    }

    /// A string that may be null and has a length of two bytes even in flexible versions: the client id of headers.
    pub(crate) fn classic_nullable_string(&mut self) -> Read<Option<Utf8Bytes>> {
        let text = self.input.classic_string()?;
        Ok(self.text(text))
    }

    /// Bytes, or records, that may be null.
    pub(crate) fn nullable_bytes(&mut self) -> Read<Option<Bytes>> {
        let bytes = self.input.bytes()?;
        Ok(bytes.map(|bytes| self.shared(bytes)))
    }

    /// Bytes, or records, that may not be null.
    pub(crate) fn bytes(&mut self) -> Read<Bytes> {
        self.nullable_bytes()?.ok_or(WireError::UnexpectedNull)
    }

    /// An array that may be null, of elements that take `least` bytes or more.
    pub(crate) fn nullable_array<T>(
        &mut self,
        element: impl Fn(&mut Self) -> Read<T>,
        least: usize,
    ) -> Read<Option<Vec<T>>> {
        let Some(count) = self.input.count(least)? else {
            return Ok(None);
        };
        // A count is believed as far as elements of an eighth of their size in memory would fill the frame. An array that
        // is denser, and has proved it so far, then gets what it says, and no more, as doubling would.
        let size = size_of::<T>().max(1);
        let believed = self.input.left().saturating_mul(8).checked_div(size).unwrap_or(0).saturating_add(1);
        let mut elements = Vec::with_capacity(count.min(believed));
        for _ in 0..count {
            if elements.len() == elements.capacity() {
                elements.reserve_exact(count.saturating_sub(elements.len()));
            }
            elements.push(element(self)?);
        }
        Ok(Some(elements))
    }

    /// The ids of brokers, which may be null.
    pub(crate) fn nullable_broker_ids(&mut self) -> Read<Option<BrokerIds>> {
        let Some(count) = self.input.count(4)? else {
            return Ok(None);
        };
        let (ids, _) = self.input.take(count.saturating_mul(4))?.as_chunks();
        let read = |id: &[u8; 4]| BrokerId(i32::from_be_bytes(*id));
        let none = BrokerId::NONE;
        // Collecting would make sure of room for each id.
        let few = match ids {
            [] => return Ok(Some(BrokerIds::new())),
            [a] => [read(a), none, none, none],
            [a, b] => [read(a), read(b), none, none],
            [a, b, c] => [read(a), read(b), read(c), none],
            [a, b, c, d] => [read(a), read(b), read(c), read(d)],
            more => return Ok(Some(more.iter().map(read).collect())),
        };
        Ok(Some(BrokerIds::from_buf_and_len(few, ids.len())))
    }

    /// The ids of brokers, which may not be null.
    pub(crate) fn broker_ids(&mut self) -> Read<BrokerIds> {
        self.nullable_broker_ids()?.ok_or(WireError::UnexpectedNull)
    }

    /// An array that may not be null, of elements that take `least` bytes or more.
    pub(crate) fn array<T>(&mut self, element: impl Fn(&mut Self) -> Read<T>, least: usize) -> Read<Vec<T>> {
        self.nullable_array(element, least)?.ok_or(WireError::UnexpectedNull)
    }

    /// A struct that may be null: a marker byte, negative for null, before it.
    pub(crate) fn nullable_struct<T>(&mut self, read: impl Fn(&mut Self) -> Read<T>) -> Read<Option<T>> {
        if self.int8()? < 0 { Ok(None) } else { Ok(Some(read(self)?)) }
    }

    /// The tag of a tagged field and the length of its contents.
    pub(crate) fn tag(&mut self) -> Read<(u32, u32)> {
        Ok((self.unsigned_varint()?, self.unsigned_varint()?))
    }

    /// The contents of a tagged field that nobody here knows.
    pub(crate) fn unknown_tag(&mut self, (tag, length): (u32, u32), fields: &mut TaggedFields) -> Read<()> {
        let length = usize::try_from(length).map_err(|_| WireError::Truncated)?;
        let data = self.input.take(length)?;
        fields.push(tag, self.shared(data));
        Ok(())
    }

    /// All tagged fields of a struct that knows none.
    #[inline]
    pub(crate) fn unknown_tags(&mut self, fields: &mut TaggedFields) -> Read<()> {
        match self.unsigned_varint()? {
            0 => Ok(()),
            count => self.some_unknown_tags(count, fields),
        }
    }

    fn some_unknown_tags(&mut self, count: u32, fields: &mut TaggedFields) -> Read<()> {
        for _ in 0..count {
            let tag = self.tag()?;
            self.unknown_tag(tag, fields)?;
        }
        Ok(())
    }
}
