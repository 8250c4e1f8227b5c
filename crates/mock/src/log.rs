//! One partition's log: batches as they came, with offsets and leader epochs, and what can be read of them.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use bytes::{Bytes, BytesMut};
use ottla_protocol::records::{BatchHeader, edit};
use ottla_types::ProducerId;

use crate::producer_state::ProducerStates;
use crate::synthetic::Synthetic;

/// The log of a partition. All of it is committed: followers are always up to date, so the high watermark is its end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    batches: VecDeque<Batch>,
    start: i64,
    end: i64,
    /// The bytes ever appended, which is the position where the next batch begins.
    bytes: u64,
    /// The leader epochs that wrote here, with the offset where each began.
    epochs: Vec<(i32, i64)>,
    pub(crate) producers: ProducerStates,
    /// The producers with an open transaction, with its first offset here.
    open_transactions: BTreeMap<ProducerId, i64>,
    aborted: Vec<Aborted>,
    synthetic: Option<Synthetic>,
}

/// A stored batch.
#[derive(Clone, Debug)]
struct Batch {
    base_offset: i64,
    last_offset: i64,
    max_timestamp: i64,
    /// Where it begins, counted over all bytes ever appended.
    position: u64,
    bytes: Bytes,
}

/// A transaction that was aborted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Aborted {
    pub(crate) producer_id: ProducerId,
    pub(crate) first_offset: i64,
    /// The offset of its marker.
    pub(crate) last_offset: i64,
}

impl Log {
    pub(crate) fn new(synthetic: Option<Synthetic>) -> Self {
        let end = synthetic.as_ref().map_or(0, Synthetic::end);
        Self { synthetic, end, ..Self::default() }
    }

    /// The first offset that can be read.
    pub(crate) fn start(&self) -> i64 {
        self.start
    }

    /// The offset of the next batch, which is also the high watermark.
    pub(crate) fn end(&self) -> i64 {
        self.end
    }

    /// The offset before which no transaction is open.
    pub(crate) fn last_stable_offset(&self) -> i64 {
        self.open_transactions.values().copied().min().unwrap_or(self.end)
    }

    /// The first offset that a consumer of this isolation level may not read.
    pub(crate) fn readable_end(&self, read_committed: bool) -> i64 {
        if read_committed { self.last_stable_offset() } else { self.end }
    }

    /// Appends a batch that was checked, and gives its base offset. `stamp` is the broker's time where that goes into the
    /// batch.
    pub(crate) fn append(&mut self, batch: &[u8], header: &BatchHeader, leader_epoch: i32, stamp: Option<i64>) -> i64 {
        let base_offset = self.end;
        let mut bytes = BytesMut::from(batch);
        edit::set_base_offset(&mut bytes, base_offset);
        edit::set_leader_epoch(&mut bytes, leader_epoch);
        if let Some(stamp) = stamp {
            edit::set_log_append_time(&mut bytes, stamp);
            edit::seal(&mut bytes);
        }
        let bytes = bytes.freeze();
        self.began(leader_epoch);
        let last_offset = base_offset.saturating_add(i64::from(header.last_offset_delta));
        self.producers.appended(header, base_offset, stamp.unwrap_or(-1));
        if header.is_transactional() && !header.is_control() {
            self.open_transactions.entry(header.producer.id).or_insert(base_offset);
        }
        let position = self.bytes;
        self.bytes += bytes.len() as u64;
        let max_timestamp = stamp.unwrap_or(header.max_timestamp);
        self.batches.push_back(Batch { base_offset, last_offset, max_timestamp, position, bytes });
        self.end = last_offset.saturating_add(1);
        base_offset
    }

    /// Gives offsets to a batch that is not kept.
    pub(crate) fn skip(&mut self, records: i64) -> i64 {
        let base_offset = self.end;
        self.end = self.end.saturating_add(records);
        self.start = self.end;
        base_offset
    }

    /// A transaction of this producer ended with a marker at this offset.
    pub(crate) fn ended(&mut self, producer_id: ProducerId, marker_offset: i64, commit: bool) {
        if let Some(first_offset) = self.open_transactions.remove(&producer_id)
            && !commit
        {
            self.aborted.push(Aborted { producer_id, first_offset, last_offset: marker_offset });
        }
    }

    /// A leader epoch begins at the end of the log.
    pub(crate) fn began(&mut self, leader_epoch: i32) {
        if self.epochs.last().is_none_or(|(epoch, _)| *epoch < leader_epoch) {
            // An epoch in which nothing was written leaves no trace.
            if self.epochs.last().is_some_and(|(_, start)| *start == self.end) {
                self.epochs.pop();
            }
            self.epochs.push((leader_epoch, self.end));
        }
    }

    /// The largest epoch that is not above this one, and the offset where it ended; none where that is not known.
    pub(crate) fn epoch_end(&self, epoch: i32) -> Option<(i32, i64)> {
        let (latest, _) = *self.epochs.last()?;
        if epoch > latest || epoch < 0 {
            return None;
        }
        let above = self.epochs.partition_point(|(known, _)| *known <= epoch);
        let end = self.epochs.get(above).map_or(self.end, |(_, start)| *start);
        match above.checked_sub(1).and_then(|place| self.epochs.get(place)) {
            Some((known, _)) => Some((*known, end)),
            None => Some((epoch, end)),
        }
    }

    /// The leader epoch of the record at this offset, or of the last one before it.
    pub(crate) fn epoch_at(&self, offset: i64) -> i32 {
        let after = self.epochs.partition_point(|(_, start)| *start <= offset);
        after.checked_sub(1).and_then(|place| self.epochs.get(place)).map_or(-1, |(epoch, _)| *epoch)
    }

    /// The place of the batch that holds this offset, or of the next one.
    fn place(&self, offset: i64) -> usize {
        self.batches.partition_point(|batch| batch.last_offset < offset)
    }

    /// How many bytes there are to read from this offset up to another, whole batches counted.
    pub(crate) fn available(&self, from: i64, end: i64) -> u64 {
        if let Some(synthetic) = &self.synthetic {
            return synthetic.available(from);
        }
        let (first, last) = (self.place(from), self.place(end));
        let position = |place: usize| self.batches.get(place).map_or(self.bytes, |batch| batch.position);
        position(last).saturating_sub(position(first))
    }

    /// Batches from the one with this offset on, up to another offset, cut at `max_bytes`, so that the last may be a part
    /// of one: brokers do that. If the first alone is longer, then it is whole with `whole_first`, and otherwise there
    /// is nothing.
    pub(crate) fn read(&self, from: i64, end: i64, max_bytes: usize, whole_first: bool) -> Bytes {
        if let Some(synthetic) = &self.synthetic {
            return synthetic.read(from, max_bytes, whole_first);
        }
        let (first, last) = (self.place(from), self.place(end));
        let Some(batch) = self.batches.get(first).filter(|_| first < last) else { return Bytes::new() };
        if batch.bytes.len() > max_bytes && !whole_first {
            return Bytes::new();
        }
        let limit = max_bytes.max(batch.bytes.len());
        let available = usize::try_from(self.available(from, end)).unwrap_or(usize::MAX);
        if last.saturating_sub(first) == 1 || limit == batch.bytes.len() {
            return batch.bytes.clone();
        }
        let mut bytes = BytesMut::with_capacity(limit.min(available));
        for batch in self.batches.range(first..last) {
            let room = limit.saturating_sub(bytes.len());
            if room == 0 {
                break;
            }
            bytes.extend_from_slice(batch.bytes.get(..room).unwrap_or(&batch.bytes));
        }
        bytes.freeze()
    }

    /// Transactions that were aborted and concern the records from one offset up to another.
    pub(crate) fn aborted_in(&self, from: i64, end: i64) -> Vec<Aborted> {
        self.aborted
            .iter()
            .filter(|aborted| aborted.last_offset >= from && aborted.first_offset < end)
            .copied()
            .collect()
    }

    /// Every stored batch, oldest first, with its base offset and leader epoch in it.
    pub(crate) fn batches(&self) -> impl Iterator<Item = &Bytes> {
        self.batches.iter().map(|batch| &batch.bytes)
    }

    /// The batches that may hold a record with this timestamp or a later one, oldest first.
    pub(crate) fn batches_from_timestamp(&self, timestamp: i64) -> impl Iterator<Item = &Bytes> {
        self.batches.iter().filter(move |batch| batch.max_timestamp >= timestamp).map(|batch| &batch.bytes)
    }

    /// The largest timestamp; -1 in an empty log.
    pub(crate) fn max_timestamp(&self) -> i64 {
        self.batches.iter().map(|batch| batch.max_timestamp).max().unwrap_or(-1)
    }

    /// Records before this offset are gone, as by retention or DeleteRecords.
    pub(crate) fn delete_before(&mut self, offset: i64) {
        self.start = offset.clamp(self.start, self.end);
        while self.batches.front().is_some_and(|batch| batch.last_offset < self.start) {
            self.batches.pop_front();
        }
        self.aborted.retain(|aborted| aborted.last_offset >= offset);
    }

    /// Records from this offset on are lost, as when a leader is elected that did not have them. A batch that spans the
    /// offset is lost as a whole.
    pub(crate) fn truncate(&mut self, offset: i64) {
        let kept = self.batches.partition_point(|batch| batch.last_offset < offset);
        if let Some(lost) = self.batches.get(kept) {
            self.end = lost.base_offset;
            self.bytes = lost.position;
        }
        self.batches.truncate(kept);
        self.start = self.start.min(self.end);
        self.epochs.retain(|(_, start)| *start < self.end);
        self.aborted.retain(|aborted| aborted.last_offset < self.end);
        self.open_transactions.retain(|_, first| *first < self.end);
        // The new leader knows the producers by the batches that it has.
        self.producers.clear();
        for batch in &self.batches {
            if let Some(header) = BatchHeader::read(&batch.bytes) {
                self.producers.appended(&header, batch.base_offset, header.log_append_time().unwrap_or(-1));
            }
        }
    }
}
