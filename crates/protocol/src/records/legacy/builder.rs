//! Writing message sets, for brokers before 0.11.

#[cfg(test)]
mod tests;

use ottla_compression::{Codec, Compression, CompressionError, Compressor};

use super::super::{Attributes, NewerFeature, RecordError};
use super::MessageFormat;
use super::message::{OVERHEAD, message_len, put_frame, put_head, seal};

/// Gathers messages of one set, and writes it plain or as one compressed message.
///
/// Offsets count from 0, as a producer has them, or from [`MessageSetBuilder::set_base_offset`].
///
/// ```
/// use ottla_compression::{Codec, Compressor, Decompressor};
/// use ottla_protocol::records::legacy::{MessageFormat, MessageSetBuilder, upgrade};
/// use ottla_protocol::records::{NO_HEADERS, batches};
///
/// let mut builder = MessageSetBuilder::new(MessageFormat::V1, Vec::new());
/// builder.append(1_400_000_000_000, Some(b"key"), Some(b"value"), NO_HEADERS)?;
/// builder.append(1_400_000_000_001, None, Some(b"other"), NO_HEADERS)?;
/// let mut set = Vec::new();
/// builder.finish(&Codec::Gzip.into(), &mut Compressor::new(), &mut set)?;
///
/// // read as anything from a broker is
/// let mut as_batches = Vec::new();
/// upgrade(&set, &mut Decompressor::new(), &mut as_batches, 1 << 20)?;
/// let batch = batches(&as_batches).next().unwrap()?;
/// assert_eq!(batch.header().count, 2);
/// # Ok::<(), ottla_protocol::records::RecordError>(())
/// ```
#[derive(Clone)]
pub struct MessageSetBuilder {
    format: MessageFormat,
    /// The messages; each has its offset delta for its offset, and no CRC yet.
    messages: Vec<u8>,
    /// The compressed messages, while they become a wrapper.
    packed: Vec<u8>,
    base_offset: i64,
    log_append_time: Option<i64>,
    max_timestamp: i64,
    count: i32,
    next_delta: i32,
}

impl std::fmt::Debug for MessageSetBuilder {
    /// What it has gathered, without the messages.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageSetBuilder")
            .field("format", &self.format)
            .field("count", &self.count)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl MessageSetBuilder {
    /// Starts a set in a buffer, whose contents are dropped and whose capacity is kept.
    pub fn new(format: MessageFormat, mut buffer: Vec<u8>) -> Self {
        buffer.clear();
        Self {
            format,
            messages: buffer,
            packed: Vec::new(),
            base_offset: 0,
            log_append_time: None,
            max_timestamp: -1,
            count: 0,
            next_delta: 0,
        }
    }

    /// Says from which offset the set counts: what a broker gives it, and a producer leaves at 0.
    pub fn set_base_offset(&mut self, base_offset: i64) {
        self.base_offset = base_offset;
    }

    /// Stamps all messages with the broker's time, in milliseconds since 1970. Format v0 has no timestamps and ignores it.
    pub fn set_log_append_time(&mut self, timestamp: Option<i64>) {
        self.log_append_time = timestamp;
    }

    /// The format that is written.
    pub const fn format(&self) -> MessageFormat {
        self.format
    }

    /// The length of the set so far in bytes, not compressed.
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether there is no message yet.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The number of messages.
    pub const fn count(&self) -> i32 {
        self.count
    }

    /// By how many bytes [`MessageSetBuilder::append`] of the same message would make the set longer: exact.
    pub fn message_len(&self, key: Option<&[u8]>, value: Option<&[u8]>) -> usize {
        message_len(self.format, key, value)
    }

    /// Appends a message and gives its offset delta. The arguments are those of [`super::super::BatchBuilder::append`].
    ///
    /// `timestamp` is in milliseconds since 1970; format v0 has none and drops it, as Kafka does.
    ///
    /// # Errors
    ///
    /// [`RecordError::NotInFormat`] if there are headers, [`RecordError::TooLarge`] if the set would be longer than an
    /// int32 can say. The set is then as it was.
    pub fn append<'h, H>(
        &mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: H,
    ) -> Result<i32, RecordError>
    where
        H: IntoIterator<Item = (&'h [u8], Option<&'h [u8]>)>,
    {
        self.append_at(self.next_delta, timestamp, key, value, headers)
    }

    /// Appends a message at an offset delta of its own, as a compacted log has them.
    ///
    /// # Errors
    ///
    /// As [`MessageSetBuilder::append`], and [`RecordError::TooLarge`] for an offset delta that is negative or not above the
    /// one before.
    pub fn append_at<'h, H>(
        &mut self,
        offset_delta: i32,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: H,
    ) -> Result<i32, RecordError>
    where
        H: IntoIterator<Item = (&'h [u8], Option<&'h [u8]>)>,
    {
        if headers.into_iter().next().is_some() {
            return Err(RecordError::NotInFormat { magic: self.format.magic(), what: NewerFeature::Headers });
        }
        let before = self.messages.len();
        let len = message_len(self.format, key, value);
        if before.saturating_add(len) > i32::MAX as usize || offset_delta < self.next_delta || offset_delta == i32::MAX
        {
            return Err(RecordError::TooLarge);
        }
        self.messages.reserve(len);
        let value_len = value.map(<[u8]>::len);
        put_head(&mut self.messages, self.format, Attributes::default(), timestamp, key, value_len);
        self.messages.extend_from_slice(value.unwrap_or_default());
        if let Some(message) = self.messages.get_mut(before..) {
            put_frame(message, i64::from(offset_delta));
        }
        self.max_timestamp = if self.count == 0 { timestamp } else { self.max_timestamp.max(timestamp) };
        self.count = self.count.wrapping_add(1);
        self.next_delta = offset_delta.wrapping_add(1);
        Ok(offset_delta)
    }

    /// Writes the set to the end of `out`, with CRCs, and empties the builder, whose buffers and settings stay.
    ///
    /// Compressed, it is one message around the others: at the offset of the last, with the largest timestamp, and in
    /// format v0 with the LZ4 frame of Kafka before 0.10. It is compressed even where that does not make it shorter.
    ///
    /// # Errors
    ///
    /// [`RecordError::NotInFormat`] for zstd, [`RecordError::Compression`] if the codec fails or is not compiled in,
    /// [`RecordError::TooLarge`] if the compressed message is longer than an int32 can say. `out` and the builder are then
    /// as they were.
    pub fn finish(
        &mut self,
        compression: &Compression,
        compressor: &mut Compressor,
        out: &mut Vec<u8>,
    ) -> Result<(), RecordError> {
        let codec = compression.codec();
        if codec == Codec::Zstd {
            return Err(RecordError::NotInFormat { magic: self.format.magic(), what: NewerFeature::Zstd });
        }
        if !codec.can_compress() {
            return Err(CompressionError::NotCompiledIn { codec, feature: codec.name() }.into());
        }
        // relative offsets are for the inside of a wrapper of format v1
        let relative = codec != Codec::None && self.format == MessageFormat::V1;
        self.seal_all(if relative { 0 } else { self.base_offset });
        if codec == Codec::None || self.is_empty() {
            out.extend_from_slice(&self.messages);
        } else {
            let result = self.wrap(compression, compressor, out);
            if result.is_err() {
                self.seal_all(if relative { 0 } else { self.base_offset.wrapping_neg() });
                return result;
            }
        }
        self.clear();
        Ok(())
    }

    /// Gives every message its offset, from `base` on, and its CRC.
    fn seal_all(&mut self, base: i64) {
        let mut rest = self.messages.as_mut_slice();
        while let Some((delta, length)) = head(rest) {
            let Some((message, after)) = rest.split_at_mut_checked(length) else { return };
            seal(message, base.wrapping_add(delta), self.log_append_time);
            rest = after;
        }
    }

    fn wrap(
        &mut self,
        compression: &Compression,
        compressor: &mut Compressor,
        out: &mut Vec<u8>,
    ) -> Result<(), RecordError> {
        self.packed.clear();
        match self.format {
            MessageFormat::V0 => compressor.compress_v0(compression, &self.messages, &mut self.packed)?,
            MessageFormat::V1 => compressor.compress(compression, &self.messages, &mut self.packed)?,
        }
        let len = message_len(self.format, None, Some(&self.packed));
        if len > i32::MAX as usize {
            return Err(RecordError::TooLarge);
        }
        let before = out.len();
        out.reserve(len);
        let attributes = Attributes::default().with_codec(compression.codec());
        put_head(out, self.format, attributes, self.max_timestamp, None, Some(self.packed.len()));
        out.extend_from_slice(&self.packed);
        let last = self.base_offset.wrapping_add(i64::from(self.next_delta).wrapping_sub(1));
        seal(out.get_mut(before..).unwrap_or_default(), last, self.log_append_time);
        Ok(())
    }

    /// Drops the messages; buffers and settings stay.
    pub fn clear(&mut self) {
        self.messages.clear();
        self.max_timestamp = -1;
        self.count = 0;
        self.next_delta = 0;
    }

    /// Gives up the set and hands the buffer back, emptied.
    pub fn into_buffer(mut self) -> Vec<u8> {
        self.messages.clear();
        self.messages
    }
}

/// The offset and the whole length of the first message.
fn head(messages: &[u8]) -> Option<(i64, usize)> {
    let (offset, rest) = messages.split_first_chunk::<8>()?;
    let length = usize::try_from(i32::from_be_bytes(*rest.first_chunk::<4>()?)).ok()?;
    Some((i64::from_be_bytes(*offset), length.saturating_add(OVERHEAD)))
}
