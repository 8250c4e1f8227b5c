//! From message sets to batches of format v2.

use ottla_compression::{CompressionError, Decompressor};

use super::super::{Attributes, BatchBuilder, NO_HEADERS, RecordError, TimestampType, batches};
use super::message::Message;

/// Writes what a Fetch response or a log segment holds to the end of `out` as batches of format v2: messages of the
/// old formats one batch each, inner messages of a compressed one together and not compressed, batches of format v2 as
/// they are. Gives the number of bytes read; a message that is cut short at the end is left alone.
///
/// Messages of format v0 get the timestamp -1. Their CRCs are checked, those of v2 batches are not.
///
/// # Errors
///
/// Those of [`batches`]; [`RecordError::Crc`] and [`RecordError::Malformed`] for damaged messages, inner ones included;
/// [`RecordError::NotInFormat`] for zstd in them; [`RecordError::Compression`], with `OutputLimit` if `out` would grow by more
/// than `limit` bytes. What stood before the error is then in `out`.
pub fn upgrade(
    bytes: &[u8],
    decompressor: &mut Decompressor,
    out: &mut Vec<u8>,
    limit: usize,
) -> Result<usize, RecordError> {
    let mut upgrade = Upgrade { start: out.len(), out, limit };
    let mut inner = Vec::new();
    let mut batch = Vec::new();
    let mut found = batches(bytes);
    let mut read = 0;
    while let Some(result) = found.next() {
        match result {
            Ok(batch) => upgrade.put(batch.bytes())?,
            Err(RecordError::Legacy { .. }) => {
                let (wrapper, _) = Message::read(bytes.get(read..found.position()).unwrap_or_default(), read)?;
                let mut set = Set::new(std::mem::take(&mut batch), wrapper.log_append_time());
                let left = upgrade.left();
                wrapper
                    .open(read, decompressor, &mut inner, left, |message| set.append(&mut upgrade, message))
                    .map_err(|error| upgrade.named(error))?;
                set.flush(&mut upgrade)?;
                batch = set.builder.into_buffer();
            }
            Err(error) => return Err(error),
        }
        read = found.position();
    }
    Ok(read)
}

/// Where the new batches go.
struct Upgrade<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    limit: usize,
}

impl Upgrade<'_> {
    fn left(&self) -> usize {
        self.limit.saturating_sub(self.out.len().saturating_sub(self.start))
    }

    /// A limit that was exceeded is the caller's, not what was left of it.
    fn named(&self, error: RecordError) -> RecordError {
        match error {
            RecordError::Compression(CompressionError::OutputLimit { .. }) => {
                CompressionError::OutputLimit { limit: self.limit }.into()
            }
            error => error,
        }
    }

    fn put(&mut self, batch: &[u8]) -> Result<(), RecordError> {
        if batch.len() > self.left() {
            return Err(CompressionError::OutputLimit { limit: self.limit }.into());
        }
        self.out.extend_from_slice(batch);
        Ok(())
    }
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

    fn append(&mut self, upgrade: &mut Upgrade<'_>, message: &Message<'_>) -> Result<(), RecordError> {
        let timestamp = self.appended.unwrap_or(message.timestamp);
        let delta = message.offset.checked_sub(self.base_offset).and_then(|delta| i32::try_from(delta).ok());
        if let Some(delta) = delta
            && !self.builder.is_empty()
            && self.builder.append_at(delta, timestamp, message.key, message.value, NO_HEADERS).is_ok()
        {
            return Ok(());
        }
        self.flush(upgrade)?;
        self.base_offset = message.offset;
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
}
