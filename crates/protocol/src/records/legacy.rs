//! Message sets of the formats v0 and v1, which brokers before 0.11 wrote and old topics still hold.
//!
//! They are read by writing them anew as batches of format v2, so that whoever reads records knows one format only.
//!
//! A message is an offset (8 bytes), a length (4), a CRC-32 (4) of all that follows, the magic, attributes, in v1 a
//! timestamp (8), then key and value, each behind an int32 length. A compressed message has a message set for its value:
//! in v0 with absolute offsets, in v1 with offsets relative to each other, of which the last is that of the wrapper.

mod crc32;
#[cfg(test)]
mod tests;

use ottla_compression::{Codec, CompressionError, Decompressor};

use super::{Attributes, BatchBuilder, NO_HEADERS, RecordError, RecordFault, TimestampType, batches};
use crc32::crc32;

/// Whether bytes begin with a message of format v0 or v1.
pub fn is_legacy(bytes: &[u8]) -> bool {
    matches!(bytes.get(16), Some(0 | 1))
}

/// Writes what a Fetch response or a log segment holds to the end of `out` as batches of format v2: messages of the
/// old formats one batch each, inner messages of a compressed one together and not compressed, batches of format v2 as
/// they are. Gives the number of bytes read; a message that is cut short at the end is left alone.
///
/// Messages of format v0 get the timestamp -1. Their CRCs are checked, those of v2 batches are not.
///
/// # Errors
///
/// Those of [`batches`]; [`RecordError::Crc`] and [`RecordError::Malformed`] for damaged messages, inner ones included;
/// [`RecordError::Compression`], with `OutputLimit` if `out` would grow by more than `limit` bytes. What stood before
/// the error is then in `out`.
pub fn upgrade(
    bytes: &[u8],
    decompressor: &mut Decompressor,
    out: &mut Vec<u8>,
    limit: usize,
) -> Result<usize, RecordError> {
    let mut upgrade = Upgrade { decompressor, start: out.len(), out, limit, inner: Vec::new(), batch: Vec::new() };
    let mut found = batches(bytes);
    let mut read = 0;
    while let Some(result) = found.next() {
        match result {
            Ok(batch) => upgrade.put(batch.bytes())?,
            Err(RecordError::Legacy { .. }) => {
                upgrade.message(bytes.get(read..found.position()).unwrap_or_default())?;
            }
            Err(error) => return Err(error),
        }
        read = found.position();
    }
    Ok(read)
}

/// A message, cut out of its set.
struct Message<'a> {
    offset: i64,
    magic: u8,
    attributes: Attributes,
    timestamp: i64,
    key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
}

impl<'a> Message<'a> {
    /// Reads the first message of a set; gives what follows it too.
    fn read(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), RecordError> {
        let bad = RecordFault::Message;
        let (offset, rest) = bytes.split_first_chunk::<8>().ok_or(bad.at(-1))?;
        let offset = i64::from_be_bytes(*offset);
        let cut = |bytes: &'a [u8]| -> Option<(Option<&'a [u8]>, &'a [u8])> {
            let (length, rest) = bytes.split_first_chunk::<4>()?;
            // any negative length is null
            let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else { return Some((None, rest)) };
            rest.split_at_checked(length).map(|(bytes, rest)| (Some(bytes), rest))
        };
        let (message, rest) = cut(rest).ok_or(bad.at(offset))?;
        let (stored, covered) = message.and_then(<[u8]>::split_first_chunk::<4>).ok_or(bad.at(offset))?;
        let (stored, computed) = (u32::from_be_bytes(*stored), crc32(covered));
        if stored != computed {
            return Err(RecordError::Crc { base_offset: offset, stored, computed });
        }
        let fields = || {
            let (&[magic, attributes], rest) = covered.split_first_chunk::<2>()?;
            let (timestamp, rest) = match magic {
                0 => (-1, rest),
                1 => rest.split_first_chunk::<8>().map(|(timestamp, rest)| (i64::from_be_bytes(*timestamp), rest))?,
                _ => return None,
            };
            let (key, rest) = cut(rest)?;
            let (value, rest) = cut(rest)?;
            let attributes = Attributes(i16::from(attributes));
            rest.is_empty().then_some(Self { offset, magic, attributes, timestamp, key, value })
        };
        Ok((fields().ok_or(bad.at(offset))?, rest))
    }

    /// The broker's timestamp, which v0 does not have.
    fn log_append_time(&self) -> Option<i64> {
        let stamped = self.magic > 0 && self.attributes.timestamp_type() == TimestampType::LogAppendTime;
        stamped.then_some(self.timestamp)
    }
}

/// Where the new batches go.
struct Upgrade<'a> {
    decompressor: &'a mut Decompressor,
    out: &'a mut Vec<u8>,
    start: usize,
    limit: usize,
    /// Inner messages, decompressed.
    inner: Vec<u8>,
    /// The batch that is being built.
    batch: Vec<u8>,
}

impl Upgrade<'_> {
    fn left(&self) -> usize {
        self.limit.saturating_sub(self.out.len().saturating_sub(self.start))
    }

    fn put(&mut self, batch: &[u8]) -> Result<(), RecordError> {
        if batch.len() > self.left() {
            return Err(CompressionError::OutputLimit { limit: self.limit }.into());
        }
        self.out.extend_from_slice(batch);
        Ok(())
    }

    /// One message, compressed or not.
    fn message(&mut self, bytes: &[u8]) -> Result<(), RecordError> {
        let (wrapper, _) = Message::read(bytes)?;
        let bad = RecordFault::Message.at(wrapper.offset);
        let appended = wrapper.log_append_time();
        let codec = wrapper.attributes.codec()?;
        if codec == Codec::None {
            let mut set = Set::new(std::mem::take(&mut self.batch), appended);
            set.append(self, wrapper.offset, &wrapper)?;
            return set.end(self);
        }
        if codec == Codec::Zstd {
            // the codec came with v2
            return Err(bad);
        }
        let mut inner = std::mem::take(&mut self.inner);
        inner.clear();
        self.decompressor.decompress(codec, wrapper.value.ok_or(bad)?, &mut inner, self.left()).map_err(|error| {
            match error {
                CompressionError::OutputLimit { .. } => CompressionError::OutputLimit { limit: self.limit },
                error => error,
            }
        })?;
        let result = self.inner(&wrapper, appended, &inner);
        self.inner = inner;
        result
    }

    /// The messages inside of a compressed one.
    fn inner(&mut self, wrapper: &Message<'_>, appended: Option<i64>, inner: &[u8]) -> Result<(), RecordError> {
        let bad = RecordFault::Message.at(wrapper.offset);
        let base = match wrapper.magic {
            0 => 0,
            _ => wrapper.offset.wrapping_sub(last_offset(inner).ok_or(bad)?),
        };
        let mut set = Set::new(std::mem::take(&mut self.batch), appended);
        let mut rest = inner;
        while !rest.is_empty() {
            let (message, after) = Message::read(rest)?;
            if message.magic != wrapper.magic || message.attributes.codec()? != Codec::None {
                return Err(bad);
            }
            set.append(self, base.wrapping_add(message.offset), &message)?;
            rest = after;
        }
        if set.builder.is_empty() {
            return Err(bad);
        }
        set.end(self)
    }
}

/// The offset of a set's last message; `None` if it is empty or does not end with a message.
fn last_offset(set: &[u8]) -> Option<i64> {
    let mut rest = set;
    let mut last = None;
    while let Some((offset, after)) = rest.split_first_chunk::<8>() {
        let (length, after) = after.split_first_chunk::<4>()?;
        last = Some(i64::from_be_bytes(*offset));
        rest = after.get(usize::try_from(i32::from_be_bytes(*length)).ok()?..)?;
    }
    if rest.is_empty() { last } else { None }
}

/// The batch that messages of one wrapper go into: a new one is begun where offsets do not ascend or lie too far apart.
struct Set {
    builder: BatchBuilder,
    base_offset: i64,
    appended: Option<i64>,
}

impl Set {
    fn new(buffer: Vec<u8>, appended: Option<i64>) -> Self {
        Self { builder: BatchBuilder::new(buffer), base_offset: 0, appended }
    }

    fn append(&mut self, upgrade: &mut Upgrade<'_>, offset: i64, message: &Message<'_>) -> Result<(), RecordError> {
        let timestamp = self.appended.unwrap_or(message.timestamp);
        let delta = offset.checked_sub(self.base_offset).and_then(|delta| i32::try_from(delta).ok());
        if let Some(delta) = delta
            && !self.builder.is_empty()
            && self.builder.append_at(delta, timestamp, message.key, message.value, NO_HEADERS).is_ok()
        {
            return Ok(());
        }
        self.flush(upgrade)?;
        self.base_offset = offset;
        self.builder.append(timestamp, message.key, message.value, NO_HEADERS).map(drop)
    }

    fn flush(&mut self, upgrade: &mut Upgrade<'_>) -> Result<(), RecordError> {
        if self.builder.is_empty() {
            return Ok(());
        }
        let builder = std::mem::replace(&mut self.builder, BatchBuilder::new(Vec::new()));
        let timestamp_type = self.appended.map_or(TimestampType::CreateTime, |_| TimestampType::LogAppendTime);
        let mut batch = builder.build_with(Attributes::default().with_timestamp_type(timestamp_type));
        batch.set_base_offset(self.base_offset);
        batch.seal();
        upgrade.put(batch.as_bytes())?;
        self.builder = BatchBuilder::new(batch.into_inner());
        Ok(())
    }

    fn end(mut self, upgrade: &mut Upgrade<'_>) -> Result<(), RecordError> {
        self.flush(upgrade)?;
        upgrade.batch = self.builder.into_buffer();
        Ok(())
    }
}
