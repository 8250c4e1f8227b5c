//! Records as they come in: owned by one refcount, or borrowed from their batch.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use ottla_protocol::records::{
    BatchBuilder, BatchHeader, HeaderIter, HeaderView, RecordCursor, RecordRanges, TimestampType,
};
use ottla_types::Topic;

/// What one partition's part of a fetch response holds: record batches whose CRC and framing were checked.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) topic: Topic,
    pub(crate) partition: i32,
    pub(crate) segments: Vec<Segment>,
    /// Behind the last offset, hidden and compacted ones included.
    pub(crate) next_offset: i64,
}

/// One record batch of a chunk.
#[derive(Debug)]
pub(crate) struct Segment {
    /// Its records, decompressed.
    pub(crate) payload: Bytes,
    /// Before the first record that is to be handed out.
    pub(crate) cursor: RecordCursor,
    /// The leader epoch under which it was written.
    pub(crate) leader_epoch: i32,
    pub(crate) timestamp_type: TimestampType,
}

impl Chunk {
    /// A segment's payload; nothing where there is no such segment.
    #[inline]
    fn payload(&self, segment: u32) -> &[u8] {
        self.segments.get(segment as usize).map_or(&[], |segment| &segment.payload)
    }

    /// The records that it hands out.
    pub(crate) fn record_count(&self) -> usize {
        self.segments.iter().map(|segment| segment.cursor.remaining() as usize).sum()
    }
}

/// One record, owned: `'static`, and cloned by one refcount.
///
/// It keeps the memory of the fetch response that it came in, so that an application which keeps a few records of many
/// for long should [`detach`](Self::detach) them.
#[derive(Clone)]
#[non_exhaustive]
pub struct Record {
    chunk: Arc<Chunk>,
    ranges: RecordRanges,
    segment: u32,
    /// The partition.
    pub partition: i32,
    /// The offset in the partition.
    pub offset: i64,
}

impl Record {
    #[inline]
    pub(crate) fn new(chunk: &Arc<Chunk>, segment: u32, ranges: RecordRanges) -> Self {
        Self { chunk: Arc::clone(chunk), ranges, segment, partition: chunk.partition, offset: ranges.offset }
    }

    #[inline]
    fn payload(&self) -> &[u8] {
        self.chunk.payload(self.segment)
    }

    /// The topic.
    pub fn topic(&self) -> &Topic {
        &self.chunk.topic
    }

    /// The key; none where it is null, which is not the same as empty.
    #[inline]
    pub fn key(&self) -> Option<&[u8]> {
        self.ranges.key(self.payload())
    }

    /// The value; none where it is null, which marks a deletion in a compacted topic.
    #[inline]
    pub fn value(&self) -> Option<&[u8]> {
        self.ranges.value(self.payload())
    }

    /// The key without a copy, sharing the record's memory.
    pub fn key_bytes(&self) -> Option<Bytes> {
        self.share(self.ranges.key_range()?)
    }

    /// The value without a copy, sharing the record's memory.
    pub fn value_bytes(&self) -> Option<Bytes> {
        self.share(self.ranges.value_range()?)
    }

    fn share(&self, range: std::ops::Range<usize>) -> Option<Bytes> {
        let payload = &self.chunk.segments.get(self.segment as usize)?.payload;
        (range.end <= payload.len()).then(|| payload.slice(range))
    }

    /// The headers, in order, with duplicates and nulls.
    pub fn headers(&self) -> Headers<'_> {
        Headers(self.ranges.headers(self.payload()))
    }

    /// Milliseconds since 1970, −1 where there is none; see [`timestamp_type`](Self::timestamp_type).
    pub fn timestamp(&self) -> i64 {
        self.ranges.timestamp
    }

    /// Whose clock the timestamp is from.
    pub fn timestamp_type(&self) -> TimestampType {
        timestamp_type(&self.chunk, self.segment)
    }

    /// The epoch of the leader that wrote the record, where the broker tells.
    pub fn leader_epoch(&self) -> Option<i32> {
        leader_epoch(&self.chunk, self.segment)
    }

    /// The same record in memory of its own: a copy of its key, value and headers.
    #[must_use = "this gives the copy"]
    pub fn detach(self) -> Self {
        let headers = self.headers().map(|header| (header.key, header.value));
        let mut builder = BatchBuilder::new(Vec::with_capacity(BatchHeader::LEN + self.ranges.len() + 32));
        if builder.append(self.timestamp(), self.key(), self.value(), headers).is_err() {
            // a record that was read from a batch fits into a batch
            return self;
        }
        let batch = builder.build();
        let mut header = *batch.header();
        header.base_offset = self.offset;
        let mut bytes = Bytes::from(batch.into_inner());
        let payload = bytes.split_off(BatchHeader::LEN.min(bytes.len()));
        let mut cursor = RecordCursor::new(&header);
        let start = cursor;
        let Some(ranges) = cursor.next_ranges(&payload) else { return self };
        let segment = Segment {
            payload,
            cursor: start,
            leader_epoch: self.leader_epoch().unwrap_or(-1),
            timestamp_type: self.timestamp_type(),
        };
        let chunk = Chunk {
            topic: self.chunk.topic.clone(),
            partition: self.partition,
            segments: vec![segment],
            next_offset: self.offset.saturating_add(1),
        };
        Self::new(&Arc::new(chunk), 0, ranges)
    }
}

/// Tells sizes only: what applications send has no place in a log.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("topic", self.topic())
            .field("partition", &self.partition)
            .field("offset", &self.offset)
            .field("timestamp", &self.timestamp())
            .field("key_len", &self.key().map(<[u8]>::len))
            .field("value_len", &self.value().map(<[u8]>::len))
            .finish_non_exhaustive()
    }
}

/// One record, borrowed from its [`Batch`](crate::Batch).
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct RecordView<'a> {
    chunk: &'a Arc<Chunk>,
    payload: &'a [u8],
    ranges: RecordRanges,
    segment: u32,
    /// The partition.
    pub partition: i32,
    /// The offset in the partition.
    pub offset: i64,
}

impl<'a> RecordView<'a> {
    #[inline(always)]
    pub(crate) fn new(chunk: &'a Arc<Chunk>, segment: u32, payload: &'a [u8], ranges: RecordRanges) -> Self {
        Self { chunk, payload, ranges, segment, partition: chunk.partition, offset: ranges.offset }
    }

    /// The topic.
    pub fn topic(&self) -> &'a Topic {
        &self.chunk.topic
    }

    /// The key; none where it is null, which is not the same as empty.
    #[inline]
    pub fn key(&self) -> Option<&'a [u8]> {
        self.ranges.key(self.payload)
    }

    /// The value; none where it is null, which marks a deletion in a compacted topic.
    #[inline]
    pub fn value(&self) -> Option<&'a [u8]> {
        self.ranges.value(self.payload)
    }

    /// The headers, in order, with duplicates and nulls.
    pub fn headers(&self) -> Headers<'a> {
        Headers(self.ranges.headers(self.payload))
    }

    /// Milliseconds since 1970, −1 where there is none; see [`timestamp_type`](Self::timestamp_type).
    #[inline]
    pub fn timestamp(&self) -> i64 {
        self.ranges.timestamp
    }

    /// Whose clock the timestamp is from.
    pub fn timestamp_type(&self) -> TimestampType {
        timestamp_type(self.chunk, self.segment)
    }

    /// The epoch of the leader that wrote the record, where the broker tells.
    pub fn leader_epoch(&self) -> Option<i32> {
        leader_epoch(self.chunk, self.segment)
    }

    /// The same record, owned, at one refcount and without a copy.
    pub fn to_owned(&self) -> Record {
        Record::new(self.chunk, self.segment, self.ranges)
    }
}

impl fmt::Debug for RecordView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordView")
            .field("topic", self.topic())
            .field("partition", &self.partition)
            .field("offset", &self.offset)
            .field("timestamp", &self.timestamp())
            .field("key_len", &self.key().map(<[u8]>::len))
            .field("value_len", &self.value().map(<[u8]>::len))
            .finish_non_exhaustive()
    }
}

fn timestamp_type(chunk: &Chunk, segment: u32) -> TimestampType {
    chunk.segments.get(segment as usize).map_or(TimestampType::CreateTime, |segment| segment.timestamp_type)
}

fn leader_epoch(chunk: &Chunk, segment: u32) -> Option<i32> {
    chunk.segments.get(segment as usize).map(|segment| segment.leader_epoch).filter(|epoch| *epoch >= 0)
}

/// The headers of a record, in order, with duplicates and nulls, decoded as they are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a>(HeaderIter<'a>);

/// One header of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header<'a> {
    /// The key: UTF-8 by Kafka's rules, which nobody enforces.
    pub key: &'a [u8],
    /// The value; none where it is null.
    pub value: Option<&'a [u8]>,
}

impl<'a> Header<'a> {
    /// The key, where it is UTF-8.
    pub fn key_str(&self) -> Option<&'a str> {
        std::str::from_utf8(self.key).ok()
    }
}

impl<'a> Headers<'a> {
    /// The value of the last header with this key, as Kafka's `lastHeader`: the outer option says whether there is one.
    pub fn last_value(&self, key: &str) -> Option<Option<&'a [u8]>> {
        self.filter(|header| header.key == key.as_bytes()).last().map(|header| header.value)
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        self.0.next().map(|HeaderView { key, value }| Header { key, value })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

#[cfg(test)]
mod tests;
