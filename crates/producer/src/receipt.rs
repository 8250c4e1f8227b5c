//! What a caller holds for a queued record: a place in its batch's slot.
//!
//! All records of a batch share one slot, which is filled once. A receipt is a reference to it and an index, so that a
//! record costs one reference count and no allocation; a waker is stored only by who waits.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use ottla_core::error::{Error, Result};
use ottla_core::planted::{Planted, planted};
use ottla_types::Topic;

use crate::outcome::BatchOutcome;
use crate::record::RecordMetadata;

/// The slot of one batch.
#[derive(Debug)]
pub(crate) struct BatchSlot {
    topic: Topic,
    partition: i32,
    /// The index of the partition among all of the producer's.
    place: usize,
    outcome: OnceLock<BatchOutcome>,
    wakers: Mutex<Vec<Waker>>,
}

impl BatchSlot {
    pub(crate) fn new(topic: Topic, partition: i32, place: usize) -> Arc<Self> {
        Arc::new(Self { topic, partition, place, outcome: OnceLock::new(), wakers: Mutex::default() })
    }

    /// Fills the slot and wakes who waits. The first outcome stays. To be called without an object's lock.
    pub(crate) fn fill(&self, outcome: BatchOutcome) {
        let _ = self.outcome.set(outcome);
        let wakers = std::mem::take(&mut *self.wakers.lock().unwrap_or_else(PoisonError::into_inner));
        for (index, waker) in wakers.into_iter().enumerate() {
            if planted(Planted::SwallowedWake) && index == 0 {
                continue;
            }
            waker.wake();
        }
    }

    pub(crate) fn partition(&self) -> i32 {
        self.partition
    }

    pub(crate) fn place(&self) -> usize {
        self.place
    }

    /// Has a waker woken when the slot is filled, which it must not be yet: the batch is open, and its machine locked.
    pub(crate) fn watch(&self, waker: Waker) {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner).push(waker);
    }

    pub(crate) fn is_filled(&self) -> bool {
        self.outcome.get().is_some()
    }

    pub(crate) fn result(&self, index: u32, timestamp: i64) -> Option<Result<RecordMetadata>> {
        let written = match self.outcome.get()?.of(index) {
            Ok(written) => written,
            Err(error) => return Some(Err(error)),
        };
        Some(Ok(RecordMetadata {
            topic: self.topic.clone(),
            partition: self.partition,
            offset: written.base_offset.map(|base| base.saturating_add(i64::from(index))),
            timestamp: written.log_append_time.unwrap_or(timestamp),
        }))
    }

    /// Waits until the slot is filled. `place` is where this waiter's waker stands.
    fn poll(&self, place: &mut Option<usize>, context: &Context<'_>) -> Poll<&BatchOutcome> {
        if let Some(outcome) = self.outcome.get() {
            return Poll::Ready(outcome);
        }
        let mut wakers = self.wakers.lock().unwrap_or_else(PoisonError::into_inner);
        // Filled in between: whoever filled it has taken the wakers already, or waits for this lock to take them.
        if let Some(outcome) = self.outcome.get() {
            return Poll::Ready(outcome);
        }
        match place.and_then(|place| wakers.get_mut(place)) {
            Some(waker) => waker.clone_from(context.waker()),
            None => {
                *place = Some(wakers.len());
                wakers.push(context.waker().clone());
            }
        }
        Poll::Pending
    }
}

/// The promise of a record's outcome: a future that gives where the record was written, or why it was not.
///
/// **Cancel safety**: dropping a receipt recalls nothing; the record is sent all the same.
#[derive(Debug)]
#[must_use = "the outcome is only seen by who awaits the receipt; drop it explicitly where it does not matter"]
pub struct Receipt {
    slot: Arc<BatchSlot>,
    index: u32,
    timestamp: i64,
    place: Option<usize>,
}

impl Receipt {
    #[inline]
    pub(crate) fn new(slot: Arc<BatchSlot>, index: u32, timestamp: i64) -> Self {
        Self { slot, index, timestamp, place: None }
    }

    /// The topic that the record goes to.
    pub fn topic(&self) -> &Topic {
        &self.slot.topic
    }

    /// The partition that the record goes to.
    pub fn partition(&self) -> i32 {
        self.slot.partition
    }

    /// The outcome, if it is known by now.
    pub fn outcome(&self) -> Option<Result<RecordMetadata>> {
        self.slot.result(self.index, self.timestamp)
    }
}

impl Future for Receipt {
    type Output = Result<RecordMetadata>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.slot.poll(&mut this.place, context).is_pending() {
            return Poll::Pending;
        }
        match this.slot.result(this.index, this.timestamp) {
            Some(result) => Poll::Ready(result),
            None => Poll::Pending,
        }
    }
}

/// The promise of many records' outcomes, in the order in which they were handed in: a future that gives a result for
/// each of them. It takes one reference count per batch, not per record.
///
/// **Cancel safety**: dropping it recalls nothing; the records are sent all the same.
#[derive(Debug, Default)]
#[must_use = "the outcomes are only seen by who awaits the receipts; drop them explicitly where they do not matter"]
pub struct Receipts {
    runs: Vec<Run>,
    records: usize,
    /// How many runs are known to be filled.
    filled: usize,
    place: Option<usize>,
}

#[derive(Debug)]
enum Run {
    /// Records that follow one another in a batch and have the same timestamp.
    Queued { slot: Arc<BatchSlot>, first: u32, count: u32, timestamp: i64 },
    /// A record that was not queued.
    Refused(Error),
}

impl Run {
    fn len(&self) -> usize {
        match self {
            Self::Queued { count, .. } => *count as usize,
            Self::Refused(_) => 1,
        }
    }

    fn is_known(&self) -> bool {
        match self {
            Self::Queued { slot, .. } => slot.is_filled(),
            Self::Refused(_) => true,
        }
    }

    /// The first failure among its records, if their outcome is known.
    fn failure(&self) -> Option<Error> {
        match self {
            Self::Queued { slot, first, count, timestamp } => {
                let mut indexes = *first..first.saturating_add(*count);
                indexes.find_map(|index| slot.result(index, *timestamp)?.err())
            }
            Self::Refused(error) => Some(error.clone()),
        }
    }
}

impl Receipts {
    /// How many records these are.
    pub fn len(&self) -> usize {
        self.records
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Adds a record; takes a reference only where it begins a run. Whether the slot is that of the run before is found
    /// out by its address.
    pub(crate) fn push(&mut self, slot: &Arc<BatchSlot>, index: u32, timestamp: i64) {
        self.records += 1;
        if let Some(Run::Queued { slot: last, first, count, timestamp: stamped }) = self.runs.last_mut()
            && Arc::ptr_eq(last, slot)
            && first.wrapping_add(*count) == index
            && *stamped == timestamp
        {
            *count += 1;
            return;
        }
        self.runs.push(Run::Queued { slot: Arc::clone(slot), first: index, count: 1, timestamp });
    }

    /// The batches that may still be open: the last one of each partition.
    pub(crate) fn newest(&self) -> Vec<Arc<BatchSlot>> {
        let mut newest = BTreeMap::new();
        for run in self.runs.iter().rev() {
            if let Run::Queued { slot, .. } = run {
                newest.entry(slot.place()).or_insert(slot);
            }
        }
        newest.into_values().map(Arc::clone).collect()
    }

    /// Adds the record of a receipt.
    pub(crate) fn add(&mut self, receipt: Receipt) {
        self.push(&receipt.slot, receipt.index, receipt.timestamp);
    }

    /// Waits for all outcomes and forgets them, but for the first failure.
    pub(crate) fn poll_first_failure(&mut self, context: &Context<'_>) -> Poll<Option<Error>> {
        if self.poll_filled(context).is_pending() {
            return Poll::Pending;
        }
        let failure = self.runs.iter().find_map(Run::failure);
        *self = Self::default();
        Poll::Ready(failure)
    }

    /// Forgets the first records whose outcome is known, up to one that failed, which it gives.
    pub(crate) fn forget_known(&mut self) -> Option<Error> {
        let known = self.runs.iter().take_while(|run| run.is_known()).count();
        let failed = self.runs.iter().take(known).position(|run| run.failure().is_some());
        let forgotten = failed.map_or(known, |failed| failed.saturating_add(1));
        if forgotten > 0 {
            (self.filled, self.place) = (self.filled.saturating_sub(forgotten), None);
        }
        let runs: Vec<Run> = self.runs.drain(..forgotten).collect();
        self.records = self.records.saturating_sub(runs.iter().map(Run::len).sum());
        runs.last().and_then(Run::failure)
    }

    fn poll_filled(&mut self, context: &Context<'_>) -> Poll<()> {
        while let Some(run) = self.runs.get(self.filled) {
            if let Run::Queued { slot, .. } = run
                && slot.poll(&mut self.place, context).is_pending()
            {
                return Poll::Pending;
            }
            self.filled += 1;
            self.place = None;
        }
        Poll::Ready(())
    }

    pub(crate) fn refuse(&mut self, error: Error) {
        self.records += 1;
        self.runs.push(Run::Refused(error));
    }
}

impl Future for Receipts {
    type Output = Vec<Result<RecordMetadata>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.poll_filled(context).is_pending() {
            return Poll::Pending;
        }
        let mut results = Vec::with_capacity(this.records);
        for run in &this.runs {
            match run {
                Run::Queued { slot, first, count, timestamp } => {
                    let indexes = *first..first.saturating_add(*count);
                    results.extend(indexes.filter_map(|index| slot.result(index, *timestamp)));
                }
                Run::Refused(error) => results.push(Err(error.clone())),
            }
        }
        Poll::Ready(results)
    }
}

#[cfg(test)]
mod tests;
