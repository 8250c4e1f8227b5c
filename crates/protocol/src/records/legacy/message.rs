//! One message of format v0 or v1: cut out of its set, opened if it is compressed, written.

use ottla_compression::{Codec, Decompressor};

use super::super::header::put;
use super::super::{Attributes, NewerFeature, RecordError, RecordFault, TimestampType};
use super::MessageFormat;
use crc_fast::crc32_iso_hdlc;

/// Bytes before the ones that the length counts: offset and length.
pub(super) const OVERHEAD: usize = 12;
/// Where the bytes begin that the CRC covers.
const CRC_FROM: usize = 16;
/// Where the timestamp stands, in v1.
const TIMESTAMP_AT: usize = 18;

/// A message, cut out of its set.
#[derive(Clone, Copy)]
pub(super) struct Message<'a> {
    pub(super) offset: i64,
    pub(super) format: MessageFormat,
    pub(super) attributes: Attributes,
    /// -1 in v0.
    pub(super) timestamp: i64,
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
}

impl<'a> Message<'a> {
    /// Reads the first message of a set; gives what follows it too. `position` is where it stands, for the error.
    pub(super) fn read(bytes: &'a [u8], position: usize) -> Result<(Self, &'a [u8]), RecordError> {
        let bad = |offset| RecordFault::Message.at(offset, position);
        let (offset, rest) = bytes.split_first_chunk::<8>().ok_or(bad(-1))?;
        let offset = i64::from_be_bytes(*offset);
        let cut = |bytes: &'a [u8]| -> Option<(Option<&'a [u8]>, &'a [u8])> {
            let (length, rest) = bytes.split_first_chunk::<4>()?;
            // any negative length is null
            let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else { return Some((None, rest)) };
            rest.split_at_checked(length).map(|(bytes, rest)| (Some(bytes), rest))
        };
        let (message, rest) = cut(rest).ok_or(bad(offset))?;
        let (stored, covered) = message.and_then(<[u8]>::split_first_chunk::<4>).ok_or(bad(offset))?;
        let (stored, computed) = (u32::from_be_bytes(*stored), crc32_iso_hdlc(covered));
        if stored != computed {
            return Err(RecordError::Crc { base_offset: offset, stored, computed });
        }
        let fields = || {
            let (&[magic, attributes], rest) = covered.split_first_chunk::<2>()?;
            let format = MessageFormat::from_magic(magic.cast_signed())?;
            let (timestamp, rest) = match format {
                MessageFormat::V0 => (-1, rest),
                MessageFormat::V1 => {
                    rest.split_first_chunk::<8>().map(|(timestamp, rest)| (i64::from_be_bytes(*timestamp), rest))?
                }
            };
            let (key, rest) = cut(rest)?;
            let (value, rest) = cut(rest)?;
            let attributes = Attributes(i16::from(attributes));
            rest.is_empty().then_some(Self { offset, format, attributes, timestamp, key, value })
        };
        Ok((fields().ok_or(bad(offset))?, rest))
    }

    /// The broker's timestamp, which v0 does not have.
    pub(super) fn log_append_time(&self) -> Option<i64> {
        let stamped =
            self.format == MessageFormat::V1 && self.attributes.timestamp_type() == TimestampType::LogAppendTime;
        stamped.then_some(self.timestamp)
    }

    /// Hands each message to `take` that a consumer sees: this one, or those inside of it with absolute offsets and, where
    /// the broker stamped the wrapper, its timestamp. They take at most `limit` bytes, decompressed into `inner`.
    ///
    /// Like Kafka, it takes inner messages of either format, and a wrapper at offset 0 for one that no broker has
    /// numbered.
    pub(super) fn open(
        &self,
        position: usize,
        decompressor: &mut Decompressor,
        inner: &mut Vec<u8>,
        limit: usize,
        mut take: impl FnMut(&Message<'_>) -> Result<(), RecordError>,
    ) -> Result<(), RecordError> {
        let bad = RecordFault::Message.at(self.offset, position);
        let codec = self.attributes.codec()?;
        if codec == Codec::None {
            return take(self);
        }
        if codec == Codec::Zstd {
            // the codec came with v2
            return Err(RecordError::NotInFormat { magic: self.format.magic(), what: NewerFeature::Zstd });
        }
        inner.clear();
        decompressor.decompress(codec, self.value.ok_or(bad)?, inner, limit)?;
        let base = match (self.format, self.offset) {
            (MessageFormat::V0, _) | (MessageFormat::V1, 0) => 0,
            (MessageFormat::V1, offset) => {
                let last = last_offset(inner).ok_or(bad)?;
                if last > offset {
                    return Err(bad);
                }
                offset.wrapping_sub(last)
            }
        };
        let appended = self.log_append_time();
        let mut rest = inner.as_slice();
        if rest.is_empty() {
            return Err(bad);
        }
        while !rest.is_empty() {
            let at = inner.len().saturating_sub(rest.len());
            let (mut message, after) = Message::read(rest, at)?;
            if message.attributes.codec()? != Codec::None {
                return Err(RecordFault::Nested.at(self.offset, at));
            }
            message.offset = base.wrapping_add(message.offset);
            if let (Some(appended), MessageFormat::V1) = (appended, message.format) {
                message.timestamp = appended;
            }
            take(&message)?;
            rest = after;
        }
        Ok(())
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

/// The bytes that a message takes, offset and length included.
pub(super) fn message_len(format: MessageFormat, key: Option<&[u8]>, value: Option<&[u8]>) -> usize {
    let before = match format {
        MessageFormat::V0 => TIMESTAMP_AT,
        MessageFormat::V1 => TIMESTAMP_AT + 8,
    };
    [key, value].into_iter().fold(before, |len, field| {
        // an int32 tells how long each is
        len.saturating_add(4).saturating_add(field.map_or(0, <[u8]>::len))
    })
}

/// Writes what stands before a message's value: all but its offset and its CRC, for which [`seal`] is, with `value_len`
/// for the value's length. Lengths must fit into an int32, which [`message_len`] tells.
pub(super) fn put_head(
    out: &mut Vec<u8>,
    format: MessageFormat,
    attributes: Attributes,
    timestamp: i64,
    key: Option<&[u8]>,
    value_len: Option<usize>,
) {
    let length = |len: Option<usize>| len.map_or(-1, |len| i32::try_from(len).unwrap_or(i32::MAX)).to_be_bytes();
    out.extend_from_slice(&[0; CRC_FROM]);
    // the attributes of these formats are one byte
    out.extend_from_slice(&[format.magic().cast_unsigned(), attributes.0 as u8]);
    if format == MessageFormat::V1 {
        out.extend_from_slice(&timestamp.to_be_bytes());
    }
    out.extend_from_slice(&length(key.map(<[u8]>::len)));
    out.extend_from_slice(key.unwrap_or_default());
    out.extend_from_slice(&length(value_len));
}

/// Gives a message its offset and its length.
pub(super) fn put_frame(message: &mut [u8], offset: i64) {
    let length = i32::try_from(message.len().saturating_sub(OVERHEAD)).unwrap_or(i32::MAX);
    put(message, 0, offset.to_be_bytes());
    put(message, 8, length.to_be_bytes());
}

/// Gives a message its offset, its length and its CRC; `log_append_time` stamps one of format v1.
pub(super) fn seal(message: &mut [u8], offset: i64, log_append_time: Option<i64>) {
    if let (Some(timestamp), Some([1, attributes])) = (log_append_time, message.get(CRC_FROM..TIMESTAMP_AT)) {
        let attributes = Attributes(i16::from(*attributes)).with_timestamp_type(TimestampType::LogAppendTime);
        put(message, CRC_FROM + 1, [attributes.0 as u8]);
        put(message, TIMESTAMP_AT, timestamp.to_be_bytes());
    }
    put_frame(message, offset);
    let crc = crc32_iso_hdlc(message.get(CRC_FROM..).unwrap_or_default());
    put(message, OVERHEAD, crc.to_be_bytes());
}
