//! Walking over the records of a batch: once to check them, then as often as one likes.

#[cfg(test)]
mod tests;

use super::varint::{read32, read64};
use super::{BatchHeader, RecordError, RecordFault};

/// The least that a record takes: a length and six parts of one byte.
const LEAST_RECORD: usize = 7;

/// A record of a batch, borrowed from its payload.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordView<'a> {
    /// Its offset in the partition.
    pub offset: i64,
    /// Its timestamp in milliseconds since 1970, or the broker's for the whole batch; -1 stands for none.
    pub timestamp: i64,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value; none marks a deletion in a compacted topic.
    pub value: Option<&'a [u8]>,
    headers: HeaderIter<'a>,
}

impl<'a> RecordView<'a> {
    /// Its headers, in order, with duplicates and nulls.
    pub const fn headers(&self) -> HeaderIter<'a> {
        self.headers
    }
}

impl std::fmt::Debug for RecordView<'_> {
    /// Tells sizes only: what applications send has no place in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordView")
            .field("offset", &self.offset)
            .field("timestamp", &self.timestamp)
            .field("key_len", &self.key.map(<[u8]>::len))
            .field("value_len", &self.value.map(<[u8]>::len))
            .field("headers", &self.headers.count)
            .finish()
    }
}

/// A header of a record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HeaderView<'a> {
    /// Its key, UTF-8 by Kafka's rules, which nobody enforces.
    pub key: &'a [u8],
    /// Its value.
    pub value: Option<&'a [u8]>,
}

impl<'a> HeaderView<'a> {
    /// Its key, if that is UTF-8.
    pub fn key_str(&self) -> Option<&'a str> {
        std::str::from_utf8(self.key).ok()
    }
}

impl std::fmt::Debug for HeaderView<'_> {
    /// Tells sizes only, as that of [`RecordView`].
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeaderView")
            .field("key_len", &self.key.len())
            .field("value_len", &self.value.map(<[u8]>::len))
            .finish()
    }
}

/// The headers of a record, decoded as they are asked for.
#[derive(Clone, Copy)]
pub struct HeaderIter<'a> {
    /// From the first header on; what follows the last belongs to others.
    rest: &'a [u8],
    count: u32,
}

impl std::fmt::Debug for HeaderIter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(*self).finish()
    }
}

impl PartialEq for HeaderIter<'_> {
    fn eq(&self, other: &Self) -> bool {
        Iterator::eq(*self, *other)
    }
}

impl Eq for HeaderIter<'_> {}

impl<'a> Iterator for HeaderIter<'a> {
    type Item = HeaderView<'a>;

    fn next(&mut self) -> Option<HeaderView<'a>> {
        self.count = self.count.checked_sub(1)?;
        let read = || {
            let (key, rest) = read_field(self.rest)?;
            let (value, rest) = read_field(rest)?;
            Some((HeaderView { key: key?, value }, rest))
        };
        match read() {
            Some((header, rest)) => {
                self.rest = rest;
                Some(header)
            }
            None => {
                self.count = 0;
                None
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, usize::try_from(self.count).ok())
    }
}

/// Bytes inside of a payload, or null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    start: u32,
    /// -1 for null.
    len: i32,
}

impl Span {
    #[inline(always)]
    fn of(self, payload: &[u8]) -> Option<&[u8]> {
        let len = usize::try_from(self.len).ok()?;
        payload.get(self.start as usize..)?.get(..len)
    }
}

/// Where the parts of a record stand in its payload, for who owns the payload elsewhere: 40 bytes, no borrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordRanges {
    /// The record's offset in the partition.
    pub offset: i64,
    /// Its timestamp, as in [`RecordView`].
    pub timestamp: i64,
    key: Span,
    value: Span,
    headers_at: u32,
    header_count: u32,
}

impl RecordRanges {
    /// The record's key.
    #[inline]
    pub fn key<'a>(&self, payload: &'a [u8]) -> Option<&'a [u8]> {
        self.key.of(payload)
    }

    /// The record's value.
    #[inline]
    pub fn value<'a>(&self, payload: &'a [u8]) -> Option<&'a [u8]> {
        self.value.of(payload)
    }

    /// The record's headers.
    #[inline]
    pub fn headers<'a>(&self, payload: &'a [u8]) -> HeaderIter<'a> {
        HeaderIter { rest: payload.get(self.headers_at as usize..).unwrap_or_default(), count: self.header_count }
    }

    /// The record's number of headers.
    pub const fn header_count(&self) -> u32 {
        self.header_count
    }

    /// Where the key stands in the payload.
    pub fn key_range(&self) -> Option<std::ops::Range<usize>> {
        range(self.key)
    }

    /// Where the value stands in the payload.
    pub fn value_range(&self) -> Option<std::ops::Range<usize>> {
        range(self.value)
    }

    /// The bytes of key and value together.
    pub fn len(&self) -> usize {
        let len = |span: Span| usize::try_from(span.len).unwrap_or(0);
        len(self.key).saturating_add(len(self.value))
    }

    /// Whether neither key nor value has a byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The record, borrowed from the payload that it was read from.
    #[inline]
    pub fn view<'a>(&self, payload: &'a [u8]) -> RecordView<'a> {
        RecordView {
            offset: self.offset,
            timestamp: self.timestamp,
            key: self.key(payload),
            value: self.value(payload),
            headers: self.headers(payload),
        }
    }
}

fn range(span: Span) -> Option<std::ops::Range<usize>> {
    let len = usize::try_from(span.len).ok()?;
    let start = span.start as usize;
    Some(start..start.saturating_add(len))
}

/// A place in the records of a batch, apart from their bytes: it is handed the payload with each call.
///
/// Over records that [`check_records`] found good it gives as many as the batch has; over others, or over another
/// payload, it may end early or give what makes no sense, but neither fails nor panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordCursor {
    position: usize,
    remaining: u32,
    base_offset: i64,
    base_timestamp: i64,
    log_append_time: bool,
}

impl RecordCursor {
    /// Before the first record of a batch.
    pub const fn new(header: &BatchHeader) -> Self {
        let log_append_time = header.log_append_time();
        Self {
            position: 0,
            remaining: if header.count < 0 { 0 } else { header.count.cast_unsigned() },
            base_offset: header.base_offset,
            base_timestamp: match log_append_time {
                Some(timestamp) => timestamp,
                None => header.base_timestamp,
            },
            log_append_time: log_append_time.is_some(),
        }
    }

    /// The number of records that are still to come.
    pub const fn remaining(&self) -> u32 {
        self.remaining
    }

    /// The next record's bytes: gives what they are and moves behind them.
    #[inline(always)]
    fn advance<'a>(&mut self, payload: &'a [u8]) -> Option<Parts<'a>> {
        self.remaining = self.remaining.checked_sub(1)?;
        let parts = payload.get(self.position..).and_then(split);
        match parts {
            Some((parts, rest)) => {
                self.position = payload.len().wrapping_sub(rest.len());
                Some(parts)
            }
            None => {
                self.remaining = 0;
                None
            }
        }
    }

    #[inline(always)]
    const fn timestamp(&self, parts: &Parts<'_>) -> i64 {
        if self.log_append_time { self.base_timestamp } else { self.base_timestamp.wrapping_add(parts.timestamp_delta) }
    }

    #[inline(always)]
    const fn offset(&self, parts: &Parts<'_>) -> i64 {
        self.base_offset.wrapping_add(parts.offset_delta as i64)
    }

    /// The next record, borrowed from `payload`.
    #[inline(always)]
    pub fn next<'a>(&mut self, payload: &'a [u8]) -> Option<RecordView<'a>> {
        let parts = self.advance(payload)?;
        Some(RecordView {
            offset: self.offset(&parts),
            timestamp: self.timestamp(&parts),
            key: parts.key,
            value: parts.value,
            headers: HeaderIter { rest: parts.headers, count: parts.header_count },
        })
    }

    /// The next record as positions in `payload`.
    #[inline(always)]
    pub fn next_ranges(&mut self, payload: &[u8]) -> Option<RecordRanges> {
        let parts = self.advance(payload)?;
        Some(self.ranges_of(&parts))
    }

    /// Where the parts of the record are that the cursor has just moved behind.
    #[inline(always)]
    fn ranges_of(&self, parts: &Parts<'_>) -> RecordRanges {
        // the end of the record, from which its parts count back
        let end = self.position;
        RecordRanges {
            offset: self.offset(parts),
            timestamp: self.timestamp(parts),
            key: span(end.wrapping_sub(parts.behind_key), parts.key),
            value: span(end.wrapping_sub(parts.behind_value), parts.value),
            headers_at: end.wrapping_sub(parts.headers.len()) as u32,
            header_count: parts.header_count,
        }
    }
}

/// Positions fit: [`check_records`] refuses payloads above 2 GiB, and over what was not checked a wrong position
/// gives nothing.
#[inline(always)]
fn span(end: usize, bytes: Option<&[u8]>) -> Span {
    match bytes {
        Some(bytes) => Span { start: end.wrapping_sub(bytes.len()) as u32, len: bytes.len() as i32 },
        None => Span { start: 0, len: -1 },
    }
}

/// The records of a batch, borrowed from its payload: see [`RecordCursor`].
#[derive(Clone)]
pub struct RecordIter<'a> {
    cursor: RecordCursor,
    payload: &'a [u8],
}

impl std::fmt::Debug for RecordIter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordIter").field("cursor", &self.cursor).field("payload_len", &self.payload.len()).finish()
    }
}

impl<'a> RecordIter<'a> {
    /// The records of a batch in its payload, which is decompressed, and checked with [`check_records`].
    pub const fn new(header: &BatchHeader, payload: &'a [u8]) -> Self {
        Self { cursor: RecordCursor::new(header), payload }
    }
}

impl<'a> Iterator for RecordIter<'a> {
    type Item = RecordView<'a>;

    #[inline]
    fn next(&mut self) -> Option<RecordView<'a>> {
        self.cursor.next(self.payload)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, usize::try_from(self.cursor.remaining).ok())
    }
}

/// What stands in a record.
struct Parts<'a> {
    timestamp_delta: i64,
    offset_delta: i32,
    key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
    /// How many bytes of the record stand behind its key, and behind its value.
    behind_key: usize,
    behind_value: usize,
    header_count: u32,
    /// All that stands behind the number of headers, up to the record's end.
    headers: &'a [u8],
}

/// Cuts the first record off, without looking into its headers.
#[inline(always)]
fn split(bytes: &[u8]) -> Option<(Parts<'_>, &[u8])> {
    let (length, rest) = read32(bytes)?;
    let (record, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    let (_attributes, record) = record.split_first()?;
    let (timestamp_delta, record) = read64(record)?;
    let (offset_delta, record) = read32(record)?;
    let (key, record) = read_field(record)?;
    let behind_key = record.len();
    let (value, record) = read_field(record)?;
    let behind_value = record.len();
    let (header_count, headers) = read32(record)?;
    let header_count = u32::try_from(header_count).ok()?;
    let parts = Parts { timestamp_delta, offset_delta, key, value, behind_key, behind_value, header_count, headers };
    Some((parts, rest))
}

/// Reads bytes behind their length; any negative length is null.
#[inline(always)]
fn read_field(bytes: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let (length, rest) = read32(bytes)?;
    let Ok(length) = usize::try_from(length) else { return Some((None, rest)) };
    let (field, rest) = rest.split_at_checked(length)?;
    Some((Some(field), rest))
}

/// Walks over the decompressed records of a batch and makes sure that there are as many as its header says, each in
/// its bounds, headers included, and nothing behind them. Iterating cannot fail afterwards.
///
/// Offsets are not judged: compaction leaves gaps, and old brokers stored what producers sent.
///
/// # Errors
///
/// [`RecordError::Malformed`] with what is wrong.
pub fn check_records(header: &BatchHeader, payload: &[u8]) -> Result<(), RecordError> {
    let mut rest = payload;
    check(header.count, &mut rest)
        .map_err(|fault| fault.at(header.base_offset, payload.len().saturating_sub(rest.len())))
}

/// The number of records, if so many can be in the payload.
fn checked_count(count: i32, payload: &[u8]) -> Result<usize, RecordFault> {
    if payload.len() > i32::MAX as usize {
        return Err(RecordFault::Size);
    }
    let count = usize::try_from(count).map_err(|_| RecordFault::Count)?;
    if count > payload.len() / LEAST_RECORD { Err(RecordFault::Count) } else { Ok(count) }
}

/// Moves over all records; where one is bad, `rest` begins with it.
fn check(count: i32, rest: &mut &[u8]) -> Result<(), RecordFault> {
    let count = checked_count(count, rest)?;
    for _ in 0..count {
        *rest = check_record(rest)?;
    }
    if rest.is_empty() { Ok(()) } else { Err(RecordFault::TrailingBytes) }
}

/// Does what [`check_records`] does, and tells where the parts of each record are, in one walk.
///
/// # Errors
///
/// Those of [`check_records`].
pub(crate) fn index_records(header: &BatchHeader, payload: &[u8]) -> Result<Vec<RecordRanges>, RecordError> {
    let count = checked_count(header.count, payload).map_err(|fault| fault.at(header.base_offset, 0))?;
    let mut ranges = Vec::with_capacity(count);
    let mut cursor = RecordCursor::new(header);
    while let Some(parts) = cursor.advance(payload) {
        if (parts.header_count != 0 || !parts.headers.is_empty())
            && check_headers(parts.header_count.cast_signed(), parts.headers).is_err()
        {
            break;
        }
        ranges.push(cursor.ranges_of(&parts));
    }
    if ranges.len() == count && cursor.position == payload.len() {
        return Ok(ranges);
    }
    // The other walk knows what is wrong.
    check_records(header, payload)?;
    Err(RecordFault::TrailingBytes.at(header.base_offset, payload.len()))
}

/// Checks the first record and gives what follows it.
#[inline(always)]
fn check_record(bytes: &[u8]) -> Result<&[u8], RecordFault> {
    let (length, rest) = read32(bytes).ok_or(RecordFault::Varint)?;
    let length = usize::try_from(length).map_err(|_| RecordFault::RecordLength)?;
    let (record, rest) = rest.split_at_checked(length).ok_or(RecordFault::RecordLength)?;
    let (_attributes, record) = record.split_first().ok_or(RecordFault::RecordLength)?;
    let (_timestamp_delta, record) = read64(record).ok_or(RecordFault::Varint)?;
    let (_offset_delta, record) = read32(record).ok_or(RecordFault::Varint)?;
    let (_key, record) = read_field(record).ok_or(RecordFault::Field)?;
    let (_value, record) = read_field(record).ok_or(RecordFault::Field)?;
    let (header_count, headers) = read32(record).ok_or(RecordFault::HeaderCount)?;
    match (header_count, headers) {
        (0, []) => Ok(rest),
        _ => check_headers(header_count, headers).map(|()| rest),
    }
}

#[cold]
fn too_many() -> RecordFault {
    RecordFault::HeaderCount
}

fn check_headers(count: i32, headers: &[u8]) -> Result<(), RecordFault> {
    let count = usize::try_from(count).map_err(|_| too_many())?;
    if count > headers.len() / 2 {
        return Err(if count == 0 { RecordFault::RecordLength } else { too_many() });
    }
    let mut rest = headers;
    for _ in 0..count {
        let (key, after) = read_field(rest).ok_or(RecordFault::Field)?;
        key.ok_or(RecordFault::Field)?;
        (_, rest) = read_field(after).ok_or(RecordFault::Field)?;
    }
    if rest.is_empty() { Ok(()) } else { Err(RecordFault::RecordLength) }
}
