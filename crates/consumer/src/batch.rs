//! What is handed over at once: records of one partition in order, owned, with borrowed views of them.

use std::fmt;
use std::sync::Arc;

use ottla_protocol::records::RecordCursor;
use ottla_types::Topic;

use crate::position::Delivered;
use crate::record::{Chunk, Record, RecordView};

/// What one fetch brought of one partition: owned, `'static`, and never empty when it is handed over.
///
/// Iterating borrows [`RecordView`]s, decodes each as it comes, and cannot fail: CRC and framing were checked before.
pub struct Batch {
    chunk: Arc<Chunk>,
    delivered: Arc<Delivered>,
    place: Place,
    /// Records from here on are not handed out; the partition stops there.
    until: i64,
}

/// Before a record of a chunk.
#[derive(Clone, Copy, Debug)]
struct Place {
    segment: u32,
    cursor: RecordCursor,
}

impl Place {
    fn start_of(chunk: &Chunk, segment: u32) -> Option<Self> {
        chunk.segments.get(segment as usize).map(|found| Self { segment, cursor: found.cursor })
    }
}

impl Batch {
    /// The records of a chunk before an offset; none where it has none.
    pub(crate) fn new(chunk: Arc<Chunk>, delivered: Arc<Delivered>, until: i64) -> Option<Self> {
        let place = Place::start_of(&chunk, 0)?;
        let batch = Self { chunk, delivered, place, until };
        if batch.is_empty() { None } else { Some(batch) }
    }

    /// The topic.
    pub fn topic(&self) -> &Topic {
        &self.chunk.topic
    }

    /// The partition.
    pub fn partition(&self) -> i32 {
        self.chunk.partition
    }

    /// The records, in the order of their offsets.
    pub fn iter(&self) -> BatchIter<'_> {
        BatchIter { chunk: &self.chunk, payload: self.payload(), place: self.place, until: self.until }
    }

    /// The number of records.
    pub fn len(&self) -> usize {
        if self.chunk.next_offset > self.until {
            // The last batch of a partition that stops inside of it.
            return self.iter().count();
        }
        let after = self.chunk.segments.get(self.place.segment as usize + 1..).unwrap_or_default();
        let rest: usize = after.iter().map(|segment| segment.cursor.remaining() as usize).sum();
        rest + self.place.cursor.remaining() as usize
    }

    /// Whether there is no record, which is so for no batch that a consumer hands over.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The position behind the batch: where to go on after it. More than the last offset plus one where compaction or a
    /// transaction's markers left a gap.
    pub fn next_offset(&self) -> i64 {
        self.chunk.next_offset.min(self.until)
    }

    #[inline]
    fn payload(&self) -> &[u8] {
        self.chunk.segments.get(self.place.segment as usize).map_or(&[], |segment| &segment.payload)
    }

    pub(crate) fn delivered(&self) -> &Delivered {
        &self.delivered
    }

    /// The next record, owned.
    #[inline]
    pub(crate) fn next_record(&mut self) -> Option<Record> {
        loop {
            let segment = self.chunk.segments.get(self.place.segment as usize)?;
            if let Some(ranges) = self.place.cursor.next_ranges(&segment.payload) {
                if ranges.offset >= self.until {
                    return None;
                }
                return Some(Record::new(&self.chunk, self.place.segment, ranges));
            }
            self.place = Place::start_of(&self.chunk, self.place.segment + 1)?;
        }
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("topic", self.topic())
            .field("partition", &self.partition())
            .field("records", &self.chunk.record_count())
            .field("next_offset", &self.next_offset())
            .finish_non_exhaustive()
    }
}

impl<'a> IntoIterator for &'a Batch {
    type Item = RecordView<'a>;
    type IntoIter = BatchIter<'a>;

    fn into_iter(self) -> BatchIter<'a> {
        self.iter()
    }
}

/// The records of a [`Batch`], borrowed.
#[derive(Clone)]
pub struct BatchIter<'a> {
    chunk: &'a Arc<Chunk>,
    payload: &'a [u8],
    place: Place,
    until: i64,
}

impl<'a> Iterator for BatchIter<'a> {
    type Item = RecordView<'a>;

    #[inline]
    fn next(&mut self) -> Option<RecordView<'a>> {
        loop {
            if let Some(ranges) = self.place.cursor.next_ranges(self.payload) {
                if ranges.offset >= self.until {
                    return None;
                }
                return Some(RecordView::new(self.chunk, self.place.segment, self.payload, ranges));
            }
            let chunk: &'a Chunk = self.chunk;
            let segment = chunk.segments.get(self.place.segment as usize + 1)?;
            self.place = Place { segment: self.place.segment + 1, cursor: segment.cursor };
            self.payload = &segment.payload;
        }
    }
}

impl fmt::Debug for BatchIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchIter").field("place", &self.place).finish_non_exhaustive()
    }
}
