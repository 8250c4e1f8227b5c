//! From batches of format v2 to message sets, for consumers and brokers from before 0.11.

#[cfg(test)]
mod tests;

use ottla_compression::{Codec, Compression, CompressionError, Compressor, Decompressor};

use super::super::{NO_HEADERS, NewerFeature, RawBatch, RecordError, RecordView, batches};
use super::message::Message;
use super::{MessageFormat, MessageSetBuilder};

/// How [`downgrade`] goes about it.
///
/// The defaults are what brokers from 0.11 to 3.9 did for old consumers: what the older format cannot say is dropped,
/// the codec stays, and zstd is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Downgrade {
    format: MessageFormat,
    first_offset: i64,
    lossless: bool,
    compression: Option<Compression>,
}

impl Downgrade {
    /// To a format.
    pub const fn to(format: MessageFormat) -> Self {
        Self { format, first_offset: i64::MIN, lossless: false, compression: None }
    }

    /// Leaves out records before an offset where their batch is not compressed: the offset that was asked for, which may
    /// stand inside of a batch. Default: none is left out.
    pub const fn from_offset(mut self, first_offset: i64) -> Self {
        self.first_offset = first_offset;
        self
    }

    /// Refuses, with [`RecordError::NotInFormat`], headers, producer ids, transactions and control records, rather than
    /// drop them. Leader epochs, and in v0 timestamps, are dropped all the same.
    pub const fn lossless(mut self) -> Self {
        self.lossless = true;
        self
    }

    /// Compresses with this, whatever the batches were compressed with. Default: each batch's own codec, at its default
    /// level, and [`RecordError::NotInFormat`] for zstd.
    pub const fn compress(mut self, compression: Compression) -> Self {
        self.compression = Some(compression);
        self
    }
}

/// What [`downgrade`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Downgraded {
    /// The number of bytes read; what is cut short at the end is left alone.
    pub read: usize,
    /// The records that were written.
    pub records: usize,
    /// Batches of control records that were dropped. Where they stood at the end, offsets go on behind them all the same.
    pub control_batches: usize,
    /// Records that lost headers.
    pub stripped: usize,
    /// The offset that follows what was read; -1 if that was nothing.
    pub next_offset: i64,
}

/// Writes what a Fetch response, a Produce request or a log segment holds to the end of `out` as message sets of an older
/// format; what is in that format, or an older one, stays as it is.
///
/// Offsets are kept. Batches of control records are dropped, and of the others headers, producer, transactional mark and
/// leader epoch; nothing tells that records of aborted transactions are among them. Log-append time stays what it is in
/// v1; v0 has no timestamps. A batch that is left without records gives nothing.
///
/// ```
/// use ottla_compression::{Compressor, Decompressor};
/// use ottla_protocol::records::legacy::{Downgrade, MessageFormat, downgrade};
/// use ottla_protocol::records::{BatchBuilder, NO_HEADERS};
///
/// let mut builder = BatchBuilder::new(Vec::new());
/// builder.append(1_700_000_000_000, None, Some(b"value"), NO_HEADERS)?;
/// let mut batch = builder.build();
/// batch.seal();
/// let mut old = Vec::new();
/// let how = Downgrade::to(MessageFormat::V1);
/// let done = downgrade(batch.as_bytes(), &how, &mut Decompressor::new(), &mut Compressor::new(), &mut old, 1 << 20)?;
/// assert_eq!((done.records, old[16]), (1, 1));
/// # Ok::<(), ottla_protocol::records::RecordError>(())
/// ```
///
/// # Errors
///
/// Those of [`batches`] except for [`RecordError::Legacy`], and of [`RawBatch::open`]; CRCs are checked of what is
/// converted. [`RecordError::NotInFormat`] as [`Downgrade`] says, [`RecordError::Compression`], with `OutputLimit` if a batch
/// decompresses to more than `limit` bytes or `out` would grow by more. What stood before the error is then in `out`.
pub fn downgrade(
    bytes: &[u8],
    how: &Downgrade,
    decompressor: &mut Decompressor,
    compressor: &mut Compressor,
    out: &mut Vec<u8>,
    limit: usize,
) -> Result<Downgraded, RecordError> {
    let start = out.len();
    let mut work = Work {
        how,
        decompressor,
        compressor,
        out,
        start,
        limit,
        scratch: Vec::new(),
        set: MessageSetBuilder::new(how.format, Vec::new()),
        base_offset: 0,
        done: Downgraded { next_offset: -1, ..Downgraded::default() },
    };
    let mut found = batches(bytes);
    while let Some(result) = found.next() {
        match result {
            Ok(batch) => work.batch(&batch)?,
            Err(RecordError::Legacy { position, magic }) => {
                work.message(bytes.get(position..found.position()).unwrap_or_default(), position, magic)?;
            }
            Err(error) => return Err(error),
        }
        work.done.read = found.position();
    }
    Ok(work.done)
}

struct Work<'a> {
    how: &'a Downgrade,
    decompressor: &'a mut Decompressor,
    compressor: &'a mut Compressor,
    out: &'a mut Vec<u8>,
    start: usize,
    limit: usize,
    /// Decompressed records.
    scratch: Vec<u8>,
    set: MessageSetBuilder,
    base_offset: i64,
    done: Downgraded,
}

impl Work<'_> {
    const fn refused(&self, what: NewerFeature) -> RecordError {
        RecordError::NotInFormat { magic: self.how.format.magic(), what }
    }

    fn over(&self) -> RecordError {
        CompressionError::OutputLimit { limit: self.limit }.into()
    }

    fn left(&self) -> usize {
        self.limit.saturating_sub(self.out.len().saturating_sub(self.start))
    }

    /// What the records of a batch or message are compressed with from now on.
    fn compression(&self, codec: Codec) -> Result<Compression, RecordError> {
        match (self.how.compression, codec) {
            (Some(compression), _) => Ok(compression),
            (None, Codec::Zstd) => Err(self.refused(NewerFeature::Zstd)),
            (None, codec) => Ok(codec.into()),
        }
    }

    fn batch(&mut self, batch: &RawBatch<'_>) -> Result<(), RecordError> {
        let header = batch.header();
        self.done.next_offset = header.next_offset();
        if self.how.lossless {
            let losses = [
                (header.is_control(), NewerFeature::ControlRecords),
                (header.is_transactional(), NewerFeature::Transactions),
                (header.producer.id.0 >= 0, NewerFeature::Idempotence),
            ];
            if let Some((_, what)) = losses.into_iter().find(|(lost, _)| *lost) {
                return Err(self.refused(what));
            }
        }
        if header.is_control() {
            self.done.control_batches = self.done.control_batches.saturating_add(1);
            return Ok(());
        }
        let codec = batch.codec()?;
        let compression = self.compression(codec)?;
        let first = if codec == Codec::None { self.how.first_offset } else { i64::MIN };
        let mut scratch = std::mem::take(&mut self.scratch);
        let result = batch.open(self.decompressor, &mut scratch, self.limit).and_then(|mut records| {
            self.set.set_log_append_time(header.log_append_time());
            records
                .by_ref()
                .filter(|record| record.offset >= first)
                .try_for_each(|record| self.record(&record, compression))
        });
        self.scratch = scratch;
        result.and_then(|()| self.flush(&compression))
    }

    fn record(&mut self, record: &RecordView<'_>, compression: Compression) -> Result<(), RecordError> {
        if record.headers().next().is_some() {
            if self.how.lossless {
                return Err(self.refused(NewerFeature::Headers));
            }
            self.done.stripped = self.done.stripped.saturating_add(1);
        }
        self.put(record.offset, record.timestamp, record.key, record.value, &compression)
    }

    /// One message of an old format, compressed or not.
    fn message(&mut self, bytes: &[u8], position: usize, magic: i8) -> Result<(), RecordError> {
        let (wrapper, _) = Message::read(bytes, position)?;
        self.done.next_offset = wrapper.offset.saturating_add(1);
        if magic <= self.how.format.magic() {
            if bytes.len() > self.left() {
                return Err(self.over());
            }
            self.out.extend_from_slice(bytes);
            // those inside are not counted, which would be to decompress them
            self.done.records = self.done.records.saturating_add(1);
            return Ok(());
        }
        let codec = wrapper.attributes.codec()?;
        if codec == Codec::None && wrapper.offset < self.how.first_offset {
            return Ok(());
        }
        let compression = self.compression(codec)?;
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut decompressor = std::mem::take(self.decompressor);
        self.set.set_log_append_time(wrapper.log_append_time());
        let result = wrapper.open(position, &mut decompressor, &mut scratch, self.limit, |message| {
            self.put(message.offset, message.timestamp, message.key, message.value, &compression)
        });
        *self.decompressor = decompressor;
        self.scratch = scratch;
        result.and_then(|()| self.flush(&compression))
    }

    /// Appends to the set; where offsets do not ascend, or lie too far apart, another is begun.
    fn put(
        &mut self,
        offset: i64,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        compression: &Compression,
    ) -> Result<(), RecordError> {
        self.done.records = self.done.records.saturating_add(1);
        let delta = offset.checked_sub(self.base_offset).and_then(|delta| i32::try_from(delta).ok());
        if let Some(delta) = delta
            && !self.set.is_empty()
            && self.set.append_at(delta, timestamp, key, value, NO_HEADERS).is_ok()
        {
            return Ok(());
        }
        self.flush(compression)?;
        self.base_offset = offset;
        self.set.set_base_offset(offset);
        self.set.append(timestamp, key, value, NO_HEADERS).map(drop)
    }

    fn flush(&mut self, compression: &Compression) -> Result<(), RecordError> {
        if self.set.is_empty() {
            return Ok(());
        }
        let before = self.out.len();
        let left = self.left();
        self.set.finish(compression, self.compressor, self.out)?;
        if self.out.len().saturating_sub(before) > left {
            self.out.truncate(before);
            return Err(self.over());
        }
        Ok(())
    }
}
