//! The job that makes fetched bytes readable: CRC, decompression and a walk over every record, once, without the lock.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use ottla_core::machine::Work;
use ottla_protocol::messages::fetch::AbortedTransaction;
use ottla_protocol::records::{
    BatchHeader, Codec, ControlRecord, Decompressor, RawBatch, RecordCursor, RecordError, RecordIter, batches,
    check_records, legacy,
};
use ottla_types::Topic;

use crate::isolation::AbortedFilter;
use crate::record::{Chunk, Segment};

/// Contexts and buffers kept from job to job.
#[derive(Debug, Default)]
pub(crate) struct Pools {
    decompressors: Mutex<Vec<Decompressor>>,
    buffers: Mutex<Vec<Vec<u8>>>,
}

/// Buffers kept at most, and the largest one worth keeping.
const KEPT: usize = 16;
const KEPT_CAPACITY: usize = 16 << 20;

fn pop<T>(pool: &Mutex<Vec<T>>) -> Option<T> {
    pool.lock().unwrap_or_else(PoisonError::into_inner).pop()
}

fn push<T>(pool: &Mutex<Vec<T>>, value: T) {
    let mut pool = pool.lock().unwrap_or_else(PoisonError::into_inner);
    if pool.len() < KEPT {
        pool.push(value);
    }
}

/// A buffer that goes back to its pool when the last record in it is dropped.
struct Pooled {
    buffer: Vec<u8>,
    pools: Arc<Pools>,
}

impl AsRef<[u8]> for Pooled {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        let mut buffer = std::mem::take(&mut self.buffer);
        if buffer.capacity() > 0 && buffer.capacity() <= KEPT_CAPACITY {
            buffer.clear();
            push(&self.pools.buffers, buffer);
        }
    }
}

/// Which part of which partition a job is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PartId {
    /// The partition's place in the assignment.
    pub(crate) index: usize,
    /// The partition's incarnation, which a seek changes.
    pub(crate) incarnation: u64,
    /// Counts the parts of an incarnation.
    pub(crate) number: u64,
}

/// The job over one partition's part of one response.
#[derive(Debug)]
pub struct IndexJob {
    pub(crate) id: PartId,
    pub(crate) topic: Topic,
    pub(crate) partition: i32,
    pub(crate) records: Bytes,
    /// Records before this offset are passed over: a broker answers with whole batches.
    pub(crate) from: i64,
    /// Behind the last complete batch, as its header says.
    pub(crate) next_offset: i64,
    /// The aborted transactions, where isolation asks for them.
    pub(crate) aborted: Option<Vec<AbortedTransaction>>,
    pub(crate) check_crcs: bool,
    pub(crate) compressed: bool,
    /// The most that decompression may give.
    pub(crate) limit: usize,
    pub(crate) pools: Arc<Pools>,
    pub(crate) outcome: Option<Indexed>,
}

/// What became of a part.
#[derive(Debug)]
pub(crate) struct Indexed {
    /// What can be handed out, up to the damage if there is any.
    pub(crate) chunk: Arc<Chunk>,
    /// Memory that decompression took.
    pub(crate) decompressed: usize,
    pub(crate) damage: Option<Damage>,
}

/// A batch that cannot be read.
#[derive(Debug)]
pub(crate) struct Damage {
    pub(crate) error: RecordError,
    /// Where the batch begins: reading stands still here.
    pub(crate) offset: i64,
    /// Where one could go on, where that can be told.
    pub(crate) next_offset: Option<i64>,
}

/// Where a batch's records are until all buffers are filled.
struct Found {
    header: BatchHeader,
    range: Range<usize>,
    decompressed: bool,
}

impl Work for IndexJob {
    /// In bytes of what compressing costs: checking what came takes an eighth of that, so that up to half a megabyte is done
    /// where it stands, in less time than waking another thread and losing the caches costs; decompressing takes more.
    fn cost(&self) -> usize {
        if self.compressed { self.records.len().saturating_mul(4) } else { self.records.len() / 8 }
    }

    fn run(&mut self) {
        let mut decompressor = pop(&self.pools.decompressors).unwrap_or_default();
        let outcome = self.index(&mut decompressor);
        push(&self.pools.decompressors, decompressor);
        self.records = Bytes::new();
        self.outcome = Some(outcome);
    }
}

impl IndexJob {
    fn index(&mut self, decompressor: &mut Decompressor) -> Indexed {
        let mut filter = AbortedFilter::new(self.aborted.as_deref().unwrap_or_default());
        let mut out = Vec::new();
        let mut found = Vec::new();
        let mut damage = self.walk(&mut filter, decompressor, &mut out, &mut found).err();
        if damage.as_ref().is_some_and(|damage| matches!(damage.error, RecordError::Legacy { .. })) {
            // Rare enough to write all of it anew as batches of the present format, and read those.
            let mut upgraded = Vec::new();
            let result = legacy::upgrade(&self.records, decompressor, &mut upgraded, self.limit);
            self.records = Bytes::from(upgraded);
            found.clear();
            out.clear();
            filter = AbortedFilter::default();
            damage = self.walk(&mut filter, decompressor, &mut out, &mut found).err();
            if let (None, Err(error)) = (&damage, result) {
                let offset = found.last().map_or(self.from, |found| found.header.next_offset());
                damage = Some(Damage { error, offset, next_offset: None });
            }
        }
        let taken = out.capacity();
        let buffer = if out.is_empty() {
            Bytes::new()
        } else {
            Bytes::from_owner(Pooled { buffer: out, pools: Arc::clone(&self.pools) })
        };
        let segments = found.into_iter().filter_map(|found| self.segment(&buffer, found)).collect();
        let next_offset = damage.as_ref().map_or(self.next_offset, |damage| damage.offset);
        let chunk = Chunk { topic: self.topic.clone(), partition: self.partition, segments, next_offset };
        Indexed { chunk: Arc::new(chunk), decompressed: taken, damage }
    }

    fn walk(
        &self,
        filter: &mut AbortedFilter,
        decompressor: &mut Decompressor,
        out: &mut Vec<u8>,
        found: &mut Vec<Found>,
    ) -> Result<(), Damage> {
        let mut at = self.from;
        for batch in batches(&self.records) {
            let batch = batch.map_err(|error| Damage { error, offset: at, next_offset: None })?;
            let header = *batch.header();
            if header.next_offset() <= self.from && !header.is_control() {
                continue;
            }
            let offset = header.base_offset.max(self.from);
            let damage = |error| Damage { error, offset, next_offset: Some(header.next_offset()) };
            if let Some(one) = self.batch(&batch, filter, decompressor, out).map_err(damage)? {
                found.push(one);
            }
            at = header.next_offset();
        }
        Ok(())
    }

    fn batch(
        &self,
        batch: &RawBatch<'_>,
        filter: &mut AbortedFilter,
        decompressor: &mut Decompressor,
        out: &mut Vec<u8>,
    ) -> Result<Option<Found>, RecordError> {
        let header = *batch.header();
        if self.check_crcs {
            batch.verify_crc()?;
        }
        let control = if header.is_control() {
            check_records(&header, batch.payload())?;
            let first = RecordIter::new(&header, batch.payload()).next();
            first.map(|record| ControlRecord::read(&record)).transpose()?.map(|control| control.record_type)
        } else {
            None
        };
        if filter.hides(&header, control) || header.is_empty() {
            return Ok(None);
        }
        if batch.codec()? == Codec::None {
            check_records(&header, batch.payload())?;
            return Ok(Some(Found { header, range: batch.payload_range(), decompressed: false }));
        }
        if out.capacity() == 0 {
            *out = pop(&self.pools.buffers).unwrap_or_default();
        }
        let start = out.len();
        batch.decompress(decompressor, out, self.limit.saturating_sub(start).max(1))?;
        let range = start..out.len();
        check_records(&header, out.get(range.clone()).unwrap_or_default())?;
        Ok(Some(Found { header, range, decompressed: true }))
    }

    /// The segment of a batch, from the first record that is wanted on; none where there is none.
    fn segment(&self, buffer: &Bytes, found: Found) -> Option<Segment> {
        let Found { header, range, decompressed } = found;
        let payload = if decompressed { buffer.slice(range) } else { self.records.slice(range) };
        let mut cursor = RecordCursor::new(&header);
        if header.base_offset < self.from {
            let mut ahead = cursor;
            while let Some(ranges) = ahead.next_ranges(&payload)
                && ranges.offset < self.from
            {
                cursor = ahead;
            }
        }
        (cursor.remaining() > 0).then(|| Segment {
            payload,
            cursor,
            leader_epoch: header.leader_epoch,
            timestamp_type: header.attributes.timestamp_type(),
        })
    }
}

/// What the heads of a part's batches tell, before anything is checked or decompressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heads {
    /// Behind the last complete batch, and the leader epoch that it was written under; none without a complete batch.
    pub(crate) next: Option<(i64, i32)>,
    /// Whether any of the batches is compressed.
    pub(crate) compressed: bool,
    /// Whether the bytes are not those of batches from some place on.
    pub(crate) damaged: bool,
}

/// Reads the heads: from them the next fetch is sent while the records are still being checked.
pub(crate) fn heads(records: &[u8]) -> Heads {
    let mut heads = Heads::default();
    for batch in batches(records) {
        match batch {
            Ok(batch) => {
                let header = batch.header();
                heads.next = Some((header.next_offset(), header.leader_epoch));
                heads.compressed |= batch.codec().is_ok_and(|codec| codec != Codec::None);
            }
            Err(RecordError::Legacy { position, .. }) => {
                // A wrapper of compressed messages has the offset of the last of them.
                let offset = records.get(position..).and_then(<[u8]>::first_chunk::<8>);
                let offset = offset.map_or(-1, |bytes| i64::from_be_bytes(*bytes));
                heads.next = Some((offset.saturating_add(1), -1));
                heads.compressed = true;
            }
            Err(_) => heads.damaged = true,
        }
    }
    heads
}

#[cfg(test)]
mod tests;
