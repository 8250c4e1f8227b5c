//! Appending records to a batch that is being built.

#[cfg(test)]
mod tests;

use ottla_compression::Codec;

use super::varint::{SLACK, Varint, len_of_len, len32, len64, put64};
use super::{Attributes, BatchHeader, EncodedBatch, Producer, RecordError};

/// The headers of a record without headers.
pub const NO_HEADERS: std::iter::Empty<(&'static [u8], Option<&'static [u8]>)> = std::iter::empty();

/// Builds one batch of format v2 in a buffer, record by record.
///
/// The first record's timestamp becomes the base that the others are told against; offsets count from 0. Nothing is
/// compressed and no CRC is computed before the batch is built: see the [module](super).
#[derive(Clone)]
pub struct BatchBuilder {
    /// The room for the header, then the records.
    buffer: Vec<u8>,
    base_timestamp: i64,
    max_timestamp: i64,
    count: i32,
    /// The least offset delta of the next record: unsigned, for one beyond the greatest there is none.
    next_delta: u32,
}

impl std::fmt::Debug for BatchBuilder {
    /// What it has gathered, without the records.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BatchBuilder").field("count", &self.count).field("len", &self.len()).finish_non_exhaustive()
    }
}

impl BatchBuilder {
    /// Starts a batch in a buffer, whose contents are dropped and whose capacity is kept.
    pub fn new(mut buffer: Vec<u8>) -> Self {
        buffer.clear();
        buffer.resize(BatchHeader::LEN, 0);
        Self { buffer, base_timestamp: -1, max_timestamp: -1, count: 0, next_delta: 0 }
    }

    /// The length of the batch so far in bytes, uncompressed, header included.
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Whether there is no record yet.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The number of records.
    pub const fn count(&self) -> i32 {
        self.count
    }

    /// The timestamp of the first record, in milliseconds since 1970; -1 before there is one.
    pub const fn base_timestamp(&self) -> i64 {
        self.base_timestamp
    }

    /// The largest timestamp, in milliseconds since 1970; -1 before there is a record.
    pub const fn max_timestamp(&self) -> i64 {
        self.max_timestamp
    }

    /// The length of the batch in bytes if its records compress to `ratio` of their size, rounded up.
    pub fn estimated_len(&self, ratio: f32) -> usize {
        let records = self.buffer.len().saturating_sub(BatchHeader::LEN);
        // a float is exact enough for an estimate, and the cast saturates
        let compressed = (records as f64 * f64::from(ratio)).ceil() as usize;
        compressed.saturating_add(BatchHeader::LEN)
    }

    /// By how many bytes [`BatchBuilder::append`] of the same record would make the batch longer: exact.
    pub fn record_len<'h, H>(&self, timestamp: i64, key: Option<&[u8]>, value: Option<&[u8]>, headers: H) -> usize
    where
        H: IntoIterator<Item = (&'h [u8], Option<&'h [u8]>)>,
    {
        let body =
            self.prefix_len(timestamp, self.next_delta.cast_signed()).saturating_add(fields_len(key, value, headers));
        body.saturating_add(len_of_len(body))
    }

    /// As [`BatchBuilder::record_len`], for fields written by [`BatchBuilder::encode_fields`].
    pub fn encoded_len(&self, timestamp: i64, fields: &[u8]) -> usize {
        let body = self.prefix_len(timestamp, self.next_delta.cast_signed()).saturating_add(fields.len());
        body.saturating_add(len_of_len(body))
    }

    /// Attributes, timestamp delta and offset delta.
    fn prefix_len(&self, timestamp: i64, offset_delta: i32) -> usize {
        len64(self.timestamp_delta(timestamp)).saturating_add(len32(offset_delta)).saturating_add(1)
    }

    const fn timestamp_delta(&self, timestamp: i64) -> i64 {
        if self.count == 0 { 0 } else { timestamp.wrapping_sub(self.base_timestamp) }
    }

    /// Appends a record, copying key, value and headers into the batch, and gives its offset delta.
    ///
    /// `timestamp` is in milliseconds since 1970; -1 stands for none. Headers keep their order, their duplicates and
    /// their nulls; a header's key is UTF-8 by Kafka's rules. See [`NO_HEADERS`].
    ///
    /// # Errors
    ///
    /// [`RecordError::TooLarge`] if the batch would be longer than an int32 can say. The batch is then as it was.
    #[inline]
    pub fn append<'h, H>(
        &mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: H,
    ) -> Result<i32, RecordError>
    where
        H: IntoIterator<Item = (&'h [u8], Option<&'h [u8]>)>,
        H::IntoIter: Clone,
    {
        self.append_at(self.next_delta.cast_signed(), timestamp, key, value, headers)
    }

    /// Appends a record at an offset delta of its own, as a compacted log has them.
    ///
    /// # Errors
    ///
    /// As [`BatchBuilder::append`], and [`RecordError::TooLarge`] for an offset delta that is negative or not above the
    /// one before.
    #[inline]
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
        H::IntoIter: Clone,
    {
        let fields = Fields::new(key, value, headers.into_iter());
        self.put(offset_delta, timestamp, fields.len, fields.key_length, |buffer| fields.put_behind_key_length(buffer))
    }

    /// Appends a record whose fields were encoded before, with [`BatchBuilder::encode_fields`], and gives its offset
    /// delta. What is done outside of a lock with one, and inside with the other, is one copy more.
    ///
    /// # Errors
    ///
    /// As [`BatchBuilder::append`].
    #[inline]
    pub fn append_encoded(&mut self, timestamp: i64, fields: &[u8]) -> Result<i32, RecordError> {
        let put = |buffer: &mut Vec<u8>| buffer.extend_from_slice(fields);
        self.put(self.next_delta.cast_signed(), timestamp, fields.len(), Varint::NONE, put)
    }

    /// Encodes key, value and headers of a record, that is all that does not depend on its batch, at the end of `out`.
    ///
    /// # Errors
    ///
    /// [`RecordError::TooLarge`] if no batch could hold it.
    pub fn encode_fields<'h, H>(
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: H,
        out: &mut Vec<u8>,
    ) -> Result<(), RecordError>
    where
        H: IntoIterator<Item = (&'h [u8], Option<&'h [u8]>)>,
        H::IntoIter: Clone,
    {
        let fields = Fields::new(key, value, headers.into_iter());
        if fields.len > i32::MAX as usize {
            return Err(RecordError::TooLarge);
        }
        out.reserve(fields.len.saturating_add(SLACK));
        fields.put(out);
        Ok(())
    }

    /// Checks that a record fits, makes room for it, and writes it: length, attributes and deltas, then `first` and what
    /// `rest` puts there, which are `fields` bytes long together.
    #[inline(always)]
    fn put(
        &mut self,
        offset_delta: i32,
        timestamp: i64,
        fields: usize,
        first: Varint,
        rest: impl FnOnce(&mut Vec<u8>),
    ) -> Result<i32, RecordError> {
        let timestamp_delta = self.timestamp_delta(timestamp);
        let short = Varint::short64(timestamp_delta);
        let timestamp_len = short.map_or_else(|| len64(timestamp_delta), Varint::len);
        let delta = Varint::new(offset_delta);
        let body = timestamp_len.wrapping_add(delta.len()).wrapping_add(1).saturating_add(fields);
        // an int32 if the whole batch is shorter than that, as is checked next
        let length = Varint::new(body as i32);
        let total = body.saturating_add(length.len());
        let whole = self.buffer.len().saturating_add(total);
        if whole > i32::MAX as usize || offset_delta < 0 || offset_delta.cast_unsigned() < self.next_delta {
            return Err(RecordError::TooLarge);
        }
        if whole.saturating_add(SLACK) > self.buffer.capacity() {
            self.make_room(total);
        }
        // the zero stands for the attributes
        let length = length.and_zero();
        let head = length.len().wrapping_add(timestamp_len);
        let tail = delta.len().wrapping_add(first.len());
        match short {
            Some(timestamp) if head.wrapping_add(tail) <= SLACK => {
                length.then(timestamp).then(delta).then(first).put(&mut self.buffer);
            }
            Some(timestamp) if head <= SLACK && tail <= SLACK => {
                length.then(timestamp).put(&mut self.buffer);
                delta.then(first).put(&mut self.buffer);
            }
            _ => {
                length.put(&mut self.buffer);
                put64(&mut self.buffer, timestamp_delta);
                delta.put(&mut self.buffer);
                first.put(&mut self.buffer);
            }
        }
        rest(&mut self.buffer);
        if self.count == 0 {
            self.base_timestamp = timestamp;
            self.max_timestamp = timestamp;
        } else {
            self.max_timestamp = self.max_timestamp.max(timestamp);
        }
        self.count = self.count.wrapping_add(1);
        self.next_delta = offset_delta.cast_unsigned().wrapping_add(1);
        Ok(offset_delta)
    }

    /// Makes the buffer grow for a record; by no more than the slack, once, if the record itself fits.
    #[cold]
    fn make_room(&mut self, total: usize) {
        if self.buffer.capacity().saturating_sub(self.buffer.len()) < total {
            self.buffer.reserve(total.saturating_add(SLACK));
        } else {
            self.buffer.reserve_exact(total.saturating_add(SLACK));
        }
    }

    /// Writes the header and gives the batch, not compressed, of no producer, without leader epoch and at base offset
    /// 0. Its CRC is still to be computed: [`EncodedBatch::seal`].
    pub fn build(self) -> EncodedBatch {
        self.build_with(Attributes::default())
    }

    /// As [`BatchBuilder::build`], with attributes; their codec is ignored.
    pub fn build_with(mut self, attributes: Attributes) -> EncodedBatch {
        let header = BatchHeader {
            base_offset: 0,
            batch_length: i32::try_from(self.buffer.len().saturating_sub(BatchHeader::OVERHEAD)).unwrap_or(i32::MAX),
            leader_epoch: -1,
            crc: 0,
            attributes: attributes.with_codec(Codec::None),
            last_offset_delta: self.next_delta.saturating_sub(1).cast_signed(),
            base_timestamp: self.base_timestamp,
            max_timestamp: self.max_timestamp,
            producer: Producer::NONE,
            count: self.count,
        };
        super::header::put(&mut self.buffer, 0, header.to_bytes());
        EncodedBatch::from_parts(header, self.buffer)
    }

    /// Gives up the batch and hands the buffer back, emptied.
    pub fn into_buffer(mut self) -> Vec<u8> {
        self.buffer.clear();
        self.buffer
    }
}

/// The most bytes that a record can take in any batch, header of the batch included: what to hold against a limit
/// before there is a batch.
pub fn largest_record_len<'h, H>(key: Option<&[u8]>, value: Option<&[u8]>, headers: H) -> usize
where
    H: IntoIterator<Item = (&'h [u8], Option<&'h [u8]>)>,
{
    // length, attributes, timestamp delta and offset delta at their longest
    const START: usize = 5 + 1 + 10 + 5;
    fields_len(key, value, headers).saturating_add(START + BatchHeader::LEN)
}

/// Key, value and headers, each with its length, and the count of the headers.
#[inline(always)]
fn fields_len<'h, H>(key: Option<&[u8]>, value: Option<&[u8]>, headers: H) -> usize
where
    H: IntoIterator<Item = (&'h [u8], Option<&'h [u8]>)>,
{
    let mut count = 0_usize;
    let mut len = field_len(key).saturating_add(field_len(value));
    for (key, value) in headers {
        count = count.saturating_add(1);
        len = len.saturating_add(field_len(Some(key))).saturating_add(field_len(value));
    }
    len.saturating_add(len_of_len(count))
}

#[inline(always)]
const fn field_len(bytes: Option<&[u8]>) -> usize {
    match bytes {
        Some(bytes) => len_of_len(bytes.len()).saturating_add(bytes.len()),
        None => 1,
    }
}

/// Key, value and headers of a record, and how long they are together.
struct Fields<'r, H> {
    key: Option<&'r [u8]>,
    value: Option<&'r [u8]>,
    headers: H,
    key_length: Varint,
    value_length: Varint,
    header_count: i32,
    len: usize,
}

impl<'r, 'h, H> Fields<'r, H>
where
    H: Iterator<Item = (&'h [u8], Option<&'h [u8]>)> + Clone,
{
    #[inline(always)]
    fn new(key: Option<&'r [u8]>, value: Option<&'r [u8]>, headers: H) -> Self {
        let (key_length, value_length) = (Varint::length(key), Varint::length(value));
        let mut len = key_length.len().wrapping_add(value_length.len());
        len = len.saturating_add(key.map_or(0, <[u8]>::len)).saturating_add(value.map_or(0, <[u8]>::len));
        let mut count = 0_usize;
        for (key, value) in headers.clone() {
            count = count.saturating_add(1);
            len = len.saturating_add(field_len(Some(key))).saturating_add(field_len(value));
        }
        // a record with so many headers that this is wrong is too long to be written
        let header_count = count as i32;
        len = len.saturating_add(len_of_len(count));
        Self { key, value, headers, key_length, value_length, header_count, len }
    }

    #[inline(always)]
    fn put(self, buffer: &mut Vec<u8>) {
        self.key_length.put(buffer);
        self.put_behind_key_length(buffer);
    }

    #[inline(always)]
    fn put_behind_key_length(self, buffer: &mut Vec<u8>) {
        buffer.extend_from_slice(self.key.unwrap_or_default());
        self.value_length.put(buffer);
        buffer.extend_from_slice(self.value.unwrap_or_default());
        if self.header_count == 0 {
            buffer.push(0);
            return;
        }
        Varint::new(self.header_count).put(buffer);
        for (key, value) in self.headers {
            Varint::length(Some(key)).put(buffer);
            buffer.extend_from_slice(key);
            Varint::length(value).put(buffer);
            buffer.extend_from_slice(value.unwrap_or_default());
        }
    }
}
