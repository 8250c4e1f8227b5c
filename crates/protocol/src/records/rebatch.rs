//! Several batches into fewer, or one into several.

#[cfg(test)]
mod tests;

use ottla_compression::{Codec, Compression, CompressionError, Compressor, Decompressor};

use super::varint::{Varint, len_of_len, len32, len64, put64, read32, read64};
use super::{
    Attributes, BatchHeader, EncodedBatch, Producer, RawBatch, RecordError, RecordFault, batches, check_records, edit,
    sequence_after,
};

/// How [`rebatch`] goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Rebatch {
    max_bytes: usize,
    max_records: usize,
    compression: Option<Compression>,
    first_offset: Option<i64>,
}

impl Rebatch {
    /// Into batches of at most so many bytes, header included and before compression, and so many records. A record
    /// that alone is larger gets a batch of its own.
    pub const fn into_at_most(max_bytes: usize, max_records: usize) -> Self {
        Self { max_bytes, max_records, compression: None, first_offset: None }
    }

    /// Compresses with this. Default: the codec of the first of the batches that are merged, at its default level.
    pub const fn compress(mut self, compression: Compression) -> Self {
        self.compression = Some(compression);
        self
    }

    /// Moves each batch to where the one before it ends, the first to `first_offset`, which is needed to merge what
    /// producers sent: all of their batches begin at 0. Gaps inside of a batch stay. Default: offsets are kept.
    pub const fn renumber(mut self, first_offset: i64) -> Self {
        self.first_offset = Some(first_offset);
        self
    }
}

/// What [`rebatch`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Rebatched {
    /// The number of bytes read; a batch that is cut short at the end is left alone.
    pub read: usize,
    /// Batches that were read.
    pub batches_read: usize,
    /// Batches that were written.
    pub batches_written: usize,
    /// The offset that follows the last batch written; -1 if there was none.
    pub next_offset: i64,
}

/// Writes the batches of a Fetch response, a Produce request or a log segment to the end of `out` as batches of other
/// sizes: small ones merged, large ones split, sealed.
///
/// What a batch says of its records stays true: a batch begins at the offset where its first one began and ends where the
/// last one ended; timestamps, their type and the leader epoch stay. Therefore:
///
/// * Batches of control records, and batches without records, are never touched.
/// * Batches of an idempotent producer are never merged, because brokers know a batch sent twice by its first and last
///   sequence. One that is too large is split into parts that go on with its sequences, as Kafka's producer does when a
///   broker finds a batch too large: whoever does that must do it alike on each retry.
/// * Batches are merged only if they agree on all attributes but the codec, on the leader epoch, on a log-append time
///   or a delete horizon, and if their offsets ascend.
///
/// ```
/// use ottla_compression::{Compressor, Decompressor};
/// use ottla_protocol::records::{BatchBuilder, NO_HEADERS, Rebatch, batches, rebatch};
///
/// let mut request = Vec::new();
/// for value in [b"first", b"later"] {
///     let mut builder = BatchBuilder::new(Vec::new());
///     builder.append(0, None, Some(value), NO_HEADERS)?;
///     let mut batch = builder.build();
///     batch.seal();
///     request.extend(batch.into_inner());
/// }
/// let how = Rebatch::into_at_most(1 << 20, 10_000).renumber(0);
/// let mut merged = Vec::new();
/// rebatch(&request, &how, &mut Decompressor::new(), &mut Compressor::new(), &mut merged, 1 << 20)?;
/// let batch = batches(&merged).next().unwrap()?;
/// assert_eq!((batch.header().count, batch.bytes().len()), (2, merged.len()));
/// # Ok::<(), ottla_protocol::records::RecordError>(())
/// ```
///
/// # Errors
///
/// Those of [`batches`], with [`RecordError::Legacy`] for messages of old formats, which [`super::legacy::upgrade`] makes
/// batches; those of [`RawBatch::open`]; [`RecordError::Malformed`] for offsets that do not ascend inside of a batch;
/// [`RecordError::Compression`], with `OutputLimit` if a batch decompresses to more than `limit` bytes or `out` would grow by
/// more, and if a batch cannot be compressed; [`RecordError::TooLarge`] for a record that no batch can hold. The batches
/// that were finished before the error are then in `out`; the one that was being filled may not be.
pub fn rebatch(
    bytes: &[u8],
    how: &Rebatch,
    decompressor: &mut Decompressor,
    compressor: &mut Compressor,
    out: &mut Vec<u8>,
    limit: usize,
) -> Result<Rebatched, RecordError> {
    let start = out.len();
    let done = Rebatched { next_offset: -1, ..Rebatched::default() };
    let mut work = Work { how, compressor, out, start, limit, part: None, buffer: Vec::new(), done };
    let mut scratch = Vec::new();
    let mut found = batches(bytes);
    while let Some(result) = found.next() {
        let batch = match result {
            Ok(batch) => batch,
            Err(error) => {
                work.close()?;
                return Err(error);
            }
        };
        work.done.batches_read = work.done.batches_read.saturating_add(1);
        work.batch(&batch, decompressor, &mut scratch)?;
        work.done.read = found.position();
    }
    work.close()?;
    Ok(work.done)
}

struct Work<'a> {
    how: &'a Rebatch,
    compressor: &'a mut Compressor,
    out: &'a mut Vec<u8>,
    start: usize,
    limit: usize,
    /// The batch that is being written.
    part: Option<Part>,
    /// Whatever was allocated for the part before, or for its compression.
    buffer: Vec<u8>,
    done: Rebatched,
}

impl Work<'_> {
    fn batch(
        &mut self,
        batch: &RawBatch<'_>,
        decompressor: &mut Decompressor,
        scratch: &mut Vec<u8>,
    ) -> Result<(), RecordError> {
        let codec = batch.codec()?;
        let mut header = *batch.header();
        // where the one before ends, whether that is closed or not
        let next = self.part.as_ref().map_or(self.done.next_offset, |part| part.last_offset.saturating_add(1));
        if let Some(first) = self.how.first_offset {
            header.base_offset = if next < 0 { first } else { next };
        }
        if header.is_control() || header.is_empty() {
            self.close()?;
            return self.copy(batch, &header);
        }
        batch.verify_crc()?;
        let payload = if codec == Codec::None {
            batch.payload()
        } else {
            scratch.clear();
            batch.decompress(decompressor, scratch, self.limit)?;
            scratch
        };
        // errors name the batch by the offset that it has, not by the one it is moved to
        check_records(batch.header(), payload)?;
        let fits = payload.len().saturating_add(BatchHeader::LEN) <= self.how.max_bytes
            && usize::try_from(header.count).is_ok_and(|count| count <= self.how.max_records);
        if is_idempotent(&header) && fits && self.how.compression.is_none() {
            self.close()?;
            return self.copy(batch, &header);
        }
        if !self.part.as_ref().is_some_and(|part| part.takes(&header)) {
            self.close()?;
        }
        let mut rest = payload;
        let mut least = 0;
        while let Some((record, after)) = Raw::read(rest) {
            if !(least..=header.last_offset_delta).contains(&record.offset_delta) {
                let position = payload.len().saturating_sub(rest.len());
                return Err(RecordFault::Offset.at(batch.header().base_offset, position));
            }
            self.record(&header, codec, &record, rest.len() == payload.len())?;
            least = record.offset_delta.saturating_add(1);
            rest = after;
        }
        if let Some(part) = &mut self.part {
            part.last_offset = header.last_offset();
        }
        Ok(())
    }

    fn record(
        &mut self,
        header: &BatchHeader,
        codec: Codec,
        record: &Raw<'_>,
        is_first: bool,
    ) -> Result<(), RecordError> {
        let offset = header.base_offset.saturating_add(i64::from(record.offset_delta));
        if let Some(part) = &mut self.part {
            if part.has_room(header, offset, record, self.how) {
                part.append(header, offset, record);
                return Ok(());
            }
            if !is_first {
                // a gap inside of a batch belongs to the part before it
                part.last_offset = offset.saturating_sub(1);
            }
            self.close()?;
        }
        let compression = self.how.compression.unwrap_or_else(|| codec.into());
        let base_offset = if is_first { header.base_offset } else { offset };
        let buffer = std::mem::take(&mut self.buffer);
        let mut part = Part::new(header, base_offset, record, compression, buffer);
        part.append(header, offset, record);
        self.part = Some(part);
        Ok(())
    }

    /// Writes a batch as it is, at its offset.
    fn copy(&mut self, batch: &RawBatch<'_>, header: &BatchHeader) -> Result<(), RecordError> {
        let before = self.out.len();
        self.put(batch.bytes(), header)?;
        edit::set_base_offset(self.out.get_mut(before..).unwrap_or_default(), header.base_offset);
        Ok(())
    }

    /// Writes the batch that is open.
    fn close(&mut self) -> Result<(), RecordError> {
        let Some(part) = self.part.take() else { return Ok(()) };
        let compression = part.compression;
        let mut batch = part.finish()?;
        batch.compress(&compression, self.compressor, &mut self.buffer)?;
        batch.seal();
        self.put(batch.as_bytes(), batch.header())?;
        self.buffer = batch.into_inner();
        Ok(())
    }

    fn put(&mut self, batch: &[u8], header: &BatchHeader) -> Result<(), RecordError> {
        if batch.len() > self.limit.saturating_sub(self.out.len().saturating_sub(self.start)) {
            return Err(CompressionError::OutputLimit { limit: self.limit }.into());
        }
        self.out.extend_from_slice(batch);
        self.done.batches_written = self.done.batches_written.saturating_add(1);
        self.done.next_offset = header.next_offset();
        Ok(())
    }
}

fn is_idempotent(header: &BatchHeader) -> bool {
    header.producer.id.0 >= 0
}

/// A record without its length, and without a look into key, value and headers.
struct Raw<'a> {
    attributes: u8,
    timestamp_delta: i64,
    offset_delta: i32,
    fields: &'a [u8],
}

impl<'a> Raw<'a> {
    /// Cuts the first record off.
    fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (length, rest) = read32(bytes)?;
        let (record, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        let (&attributes, record) = record.split_first()?;
        let (timestamp_delta, record) = read64(record)?;
        let (offset_delta, fields) = read32(record)?;
        Some((Self { attributes, timestamp_delta, offset_delta, fields }, rest))
    }

    const fn timestamp(&self, header: &BatchHeader) -> i64 {
        header.base_timestamp.wrapping_add(self.timestamp_delta)
    }

    /// Its length with other deltas, that length not counted.
    const fn body_len(&self, timestamp_delta: i64, offset_delta: i32) -> usize {
        len64(timestamp_delta).saturating_add(len32(offset_delta)).saturating_add(self.fields.len()).saturating_add(1)
    }
}

/// A batch on its way.
struct Part {
    /// The header of the batch that it was begun with.
    template: BatchHeader,
    compression: Compression,
    /// Room for the header, then the records.
    bytes: Vec<u8>,
    base_offset: i64,
    /// The last offset that it stands for, which may be beyond that of its last record.
    last_offset: i64,
    base_timestamp: i64,
    max_timestamp: i64,
    count: i32,
}

impl Part {
    fn new(
        template: &BatchHeader,
        base_offset: i64,
        first: &Raw<'_>,
        compression: Compression,
        mut bytes: Vec<u8>,
    ) -> Self {
        bytes.clear();
        bytes.resize(BatchHeader::LEN, 0);
        let timestamp = first.timestamp(template);
        // a delete horizon stands where the base timestamp would
        let base_timestamp = if template.delete_horizon().is_some() { template.base_timestamp } else { timestamp };
        Self {
            template: *template,
            compression,
            bytes,
            base_offset,
            last_offset: base_offset.saturating_sub(1),
            base_timestamp,
            max_timestamp: timestamp,
            count: 0,
        }
    }

    /// Whether records of another batch may follow.
    fn takes(&self, header: &BatchHeader) -> bool {
        let same = |attributes: Attributes| attributes.with_codec(Codec::None);
        !is_idempotent(header)
            && self.template.producer == header.producer
            && same(self.template.attributes) == same(header.attributes)
            && self.template.leader_epoch == header.leader_epoch
            && self.template.log_append_time() == header.log_append_time()
            && self.template.delete_horizon() == header.delete_horizon()
            && header.base_offset > self.last_offset
    }

    fn offset_delta(&self, offset: i64) -> Option<i32> {
        offset.checked_sub(self.base_offset).and_then(|delta| i32::try_from(delta).ok())
    }

    const fn timestamp_delta(&self, header: &BatchHeader, record: &Raw<'_>) -> i64 {
        record.timestamp(header).wrapping_sub(self.base_timestamp)
    }

    /// Whether a record fits, at this offset and with all that its batch stands for.
    fn has_room(&self, header: &BatchHeader, offset: i64, record: &Raw<'_>, how: &Rebatch) -> bool {
        let Some(delta) = self.offset_delta(offset) else { return false };
        let ends = self.offset_delta(header.last_offset()).is_some();
        let body = record.body_len(self.timestamp_delta(header, record), delta);
        let len = self.bytes.len().saturating_add(body).saturating_add(len_of_len(body));
        ends && len <= how.max_bytes.min(i32::MAX as usize)
            && usize::try_from(self.count).is_ok_and(|count| count < how.max_records)
    }

    fn append(&mut self, header: &BatchHeader, offset: i64, record: &Raw<'_>) {
        let delta = self.offset_delta(offset).unwrap_or_default();
        let timestamp_delta = self.timestamp_delta(header, record);
        let length = record.body_len(timestamp_delta, delta);
        Varint::new(i32::try_from(length).unwrap_or(i32::MAX)).put(&mut self.bytes);
        self.bytes.push(record.attributes);
        put64(&mut self.bytes, timestamp_delta);
        Varint::new(delta).put(&mut self.bytes);
        self.bytes.extend_from_slice(record.fields);
        self.count = self.count.saturating_add(1);
        self.last_offset = offset;
        self.max_timestamp = self.max_timestamp.max(record.timestamp(header));
    }

    fn finish(self) -> Result<EncodedBatch, RecordError> {
        let length = self.bytes.len().saturating_sub(BatchHeader::OVERHEAD);
        let producer = self.template.producer;
        let skipped = self.base_offset.wrapping_sub(self.template.base_offset);
        let base_sequence = match producer.base_sequence {
            none @ ..0 => none,
            // a batch's offsets are within an int32 of each other
            sequence => sequence_after(sequence, i32::try_from(skipped).unwrap_or_default()),
        };
        let header = BatchHeader {
            base_offset: self.base_offset,
            batch_length: i32::try_from(length).map_err(|_| RecordError::TooLarge)?,
            leader_epoch: self.template.leader_epoch,
            crc: 0,
            attributes: self.template.attributes.with_codec(Codec::None),
            last_offset_delta: self.offset_delta(self.last_offset).ok_or(RecordError::TooLarge)?,
            base_timestamp: self.base_timestamp,
            max_timestamp: self.template.log_append_time().unwrap_or(self.max_timestamp),
            producer: Producer { base_sequence, ..producer },
            count: self.count,
        };
        let mut bytes = self.bytes;
        super::header::put(&mut bytes, 0, header.to_bytes());
        Ok(EncodedBatch::from_parts(header, bytes))
    }
}
