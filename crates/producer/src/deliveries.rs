//! The deliveries stream: every record's outcome, with the record and its tag.
//!
//! What is kept of a batch's records is a group, in the order of the records; a partition's groups stand in the order of its
//! batches. A group is handed over when it is the first of its partition and its batch has an outcome, so that what a
//! partition delivers comes in the order in which its records were queued, whichever outcome was known first.
//!
//! | locked | what | within |
//! |---|---|---|
//! | the machine, then [`State`] | a record and its group are added | `enqueue` |
//! | [`State`] alone | a group's batch has its outcome; a group is taken out | the effect that fills a slot; the reader |
//! | the machine alone | memory is given back | the reader, the next `enqueue`, dropping the stream |

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};

use futures_core::Stream;
use ottla_core::error::Result;
use ottla_core::object::Object;

use crate::machine::ProducerMachine;
use crate::receipt::BatchSlot;
use crate::record::{NewRecord, RecordMetadata};

/// Memory is given back at the end of a batch and whenever so much of one was handed over, not for each record.
const GIVEN_BACK: usize = 4 * 1024;

/// The outcome of one record.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Delivery<T> {
    /// The record as it was handed in. To try again, hand it in again.
    pub record: NewRecord<'static>,
    /// What was handed in with it.
    pub tag: T,
    /// The partition that it was meant for.
    pub partition: i32,
    /// Where it was written, or why it was not; the error's outcome says whether it may have been all the same.
    pub result: Result<RecordMetadata>,
}

/// A record that is kept until its delivery is read.
struct Kept<T> {
    record: NewRecord<'static>,
    tag: T,
    index: u32,
    timestamp: i64,
    /// What it takes of the buffer memory.
    bytes: usize,
}

/// What is kept of one batch.
struct Group<T> {
    slot: Arc<BatchSlot>,
    records: Vec<Kept<T>>,
}

impl<T> Group<T> {
    fn bytes(&self) -> usize {
        self.records.iter().map(|kept| kept.bytes).sum()
    }
}

struct State<T> {
    /// By the partition's index among all of the producer's.
    partitions: Vec<VecDeque<Group<T>>>,
    /// Groups in `partitions`.
    groups: usize,
    /// Partitions whose first group may be handed over.
    ready: VecDeque<usize>,
    reader: Option<Waker>,
    /// Whether no more records come.
    ended: bool,
    /// Whether the stream is gone.
    unread: bool,
}

impl<T> State<T> {
    fn first_is_filled(&self, place: usize) -> bool {
        let first = self.partitions.get(place).and_then(|groups| groups.front());
        first.is_some_and(|group| group.slot.is_filled())
    }

    /// Takes out a group that can be handed over. Partitions take turns.
    fn take(&mut self) -> Option<Group<T>> {
        while let Some(place) = self.ready.pop_front() {
            if self.first_is_filled(place) {
                let group = self.partitions.get_mut(place).and_then(VecDeque::pop_front)?;
                self.groups -= 1;
                if self.first_is_filled(place) {
                    self.ready.push_back(place);
                }
                return Some(group);
            }
        }
        None
    }

    /// Takes out all groups of a partition whose outcome is known.
    fn discard(&mut self, place: usize, discarded: &mut Vec<Group<T>>) {
        let Some(groups) = self.partitions.get_mut(place) else { return };
        for group in std::mem::take(groups) {
            if group.slot.is_filled() {
                self.groups -= 1;
                discarded.push(group);
            } else {
                groups.push_back(group);
            }
        }
    }
}

/// What the stream and the producers that feed it share.
pub(crate) struct Shared<T> {
    state: Mutex<State<T>>,
    object: Arc<Object<ProducerMachine>>,
    /// Bytes that were handed over, and are still taken in the buffer memory.
    handed_over: AtomicUsize,
}

impl<T: Send + 'static> Shared<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a record takes of the buffer memory while it is kept.
    pub(crate) fn cost(record: &NewRecord<'_>) -> usize {
        size_of::<Kept<T>>().saturating_add(record.kept_len())
    }

    /// Whether the stream is gone.
    pub(crate) fn is_unread(&self) -> bool {
        self.state().unread
    }

    /// Keeps a record. To be called under the lock of the machine that has just taken it, so that the order is the batches'.
    pub(crate) fn keep(self: &Arc<Self>, record: NewRecord<'static>, tag: T, place: (Arc<BatchSlot>, u32, i64)) {
        let (slot, index, timestamp) = place;
        let kept = Kept { bytes: Self::cost(&record), record, tag, index, timestamp };
        let place = slot.place();
        {
            let mut state = self.state();
            if state.partitions.len() <= place {
                state.partitions.resize_with(place + 1, VecDeque::new);
            }
            let Some(groups) = state.partitions.get_mut(place) else { return };
            match groups.back_mut() {
                Some(group) if Arc::ptr_eq(&group.slot, &slot) => return group.records.push(kept),
                _ => groups.push_back(Group { slot: Arc::clone(&slot), records: vec![kept] }),
            }
            state.groups += 1;
        }
        slot.watch(Waker::from(Arc::new(Filled { shared: Arc::clone(self), place })));
    }

    fn on_filled(&self, place: usize) {
        let mut discarded = Vec::new();
        let reader = {
            let mut state = self.state();
            if state.unread {
                state.discard(place, &mut discarded);
            } else {
                state.ready.push_back(place);
            }
            state.reader.take()
        };
        self.give_back(discarded.iter().map(Group::bytes).sum());
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// No more records come.
    pub(crate) fn end(&self) {
        let reader = {
            let mut state = self.state();
            state.ended = true;
            state.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// What was handed over and has not been given back yet: the caller does so.
    pub(crate) fn collect(&self) -> usize {
        if self.handed_over.load(Ordering::Relaxed) == 0 { 0 } else { self.handed_over.swap(0, Ordering::Relaxed) }
    }

    fn give_back(&self, bytes: usize) {
        if bytes > 0 {
            // Where that fails the producer is beyond use, and its memory of no more interest.
            let _ = self.object.with(|machine, now| machine.on_delivered(now, bytes));
        }
    }
}

/// Woken when the batch of a group has its outcome. It keeps what is shared, so that memory is given back even if stream and
/// producers are gone by then; every batch has an outcome in the end.
struct Filled<T> {
    shared: Arc<Shared<T>>,
    place: usize,
}

impl<T: Send + 'static> Wake for Filled<T> {
    fn wake(self: Arc<Self>) {
        self.shared.on_filled(self.place);
    }
}

/// Woken when the producer takes no more records.
struct Ended<T>(Weak<Shared<T>>);

impl<T: Send + 'static> Wake for Ended<T> {
    fn wake(self: Arc<Self>) {
        if let Some(shared) = self.0.upgrade() {
            shared.end();
        }
    }
}

/// Makes a stream for the records of a producer.
pub(crate) fn stream<T: Send + 'static>(object: &Arc<Object<ProducerMachine>>) -> (Arc<Shared<T>>, Deliveries<T>) {
    let state =
        State { partitions: Vec::new(), groups: 0, ready: VecDeque::new(), reader: None, ended: false, unread: false };
    let (state, object) = (Mutex::new(state), Arc::clone(object));
    let shared = Arc::new(Shared { state, object, handed_over: AtomicUsize::new(0) });
    let waker = Waker::from(Arc::new(Ended(Arc::downgrade(&shared))));
    if shared.object.with(|machine, _| machine.watch_end(waker)).is_err() {
        shared.end();
    }
    (Arc::clone(&shared), Deliveries { shared, current: None })
}

/// The outcomes of all records that were queued with [`TaggedProducer`](crate::TaggedProducer), each once, successes and
/// failures alike. Within a partition they come in the order in which the records were queued.
///
/// It ends, with `None`, after all outcomes were read, once no more records can come: the producer is closed, or all its
/// tagged handles are dropped.
///
/// Dropping it drops what was not read, and what comes later: records on their way are still sent, their memory is given
/// back, and the tagged handles take no more records (`Closed`).
#[must_use = "if deliveries are not read, the buffer memory fills up and no more records are taken"]
pub struct Deliveries<T: Send + 'static> {
    shared: Arc<Shared<T>>,
    current: Option<Reading<T>>,
}

/// The group that is being handed over.
struct Reading<T> {
    slot: Arc<BatchSlot>,
    records: std::vec::IntoIter<Kept<T>>,
}

impl<T: Send + 'static> Deliveries<T> {
    /// The next outcome; none at the end.
    ///
    /// **Cancel safety**: dropping the future loses nothing.
    pub fn recv(&mut self) -> RecvDelivery<'_, T> {
        RecvDelivery { deliveries: self }
    }

    /// The next outcome, if there is one now.
    pub fn try_recv(&mut self) -> Option<Delivery<T>> {
        loop {
            if let Some(delivery) = self.read() {
                return Some(delivery);
            }
            let group = self.shared.state().take()?;
            self.begin(group);
        }
    }

    fn begin(&mut self, group: Group<T>) {
        self.current = Some(Reading { slot: group.slot, records: group.records.into_iter() });
    }

    /// The next outcome of the group that is being handed over.
    fn read(&mut self) -> Option<Delivery<T>> {
        let reading = self.current.as_mut()?;
        while let Some(Kept { record, tag, index, timestamp, bytes }) = reading.records.next() {
            let handed_over = self.shared.handed_over.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
            if reading.records.len() == 0 || handed_over >= GIVEN_BACK {
                self.shared.give_back(self.shared.collect());
            }
            // A group is only taken out when its slot is filled.
            if let Some(result) = reading.slot.result(index, timestamp) {
                return Some(Delivery { record, tag, partition: reading.slot.partition(), result });
            }
        }
        self.current = None;
        None
    }

    fn poll(&mut self, context: &Context<'_>) -> Poll<Option<Delivery<T>>> {
        loop {
            if let Some(delivery) = self.read() {
                return Poll::Ready(Some(delivery));
            }
            let mut state = self.shared.state();
            let Some(group) = state.take() else {
                if state.ended && state.groups == 0 {
                    return Poll::Ready(None);
                }
                state.reader = Some(context.waker().clone());
                return Poll::Pending;
            };
            drop(state);
            self.begin(group);
        }
    }
}

impl<T: Send + 'static> Stream for Deliveries<T> {
    type Item = Delivery<T>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Delivery<T>>> {
        self.get_mut().poll(context)
    }
}

impl<T: Send + 'static> Unpin for Deliveries<T> {}

impl<T: Send + 'static> Drop for Deliveries<T> {
    fn drop(&mut self) {
        let mut discarded = Vec::new();
        {
            let mut state = self.shared.state();
            state.unread = true;
            for place in 0..state.partitions.len() {
                state.discard(place, &mut discarded);
            }
        }
        let reading = self.current.take();
        let rest = reading.iter().flat_map(|reading| reading.records.as_slice()).map(|kept| kept.bytes).sum::<usize>();
        let bytes = discarded.iter().map(Group::bytes).sum::<usize>();
        self.shared.give_back(bytes.saturating_add(rest).saturating_add(self.shared.collect()));
    }
}

impl<T: Send + 'static> fmt::Debug for Deliveries<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deliveries").finish_non_exhaustive()
    }
}

/// The future of [`Deliveries::recv`].
#[must_use = "futures do nothing unless awaited"]
#[derive(Debug)]
pub struct RecvDelivery<'a, T: Send + 'static> {
    deliveries: &'a mut Deliveries<T>,
}

impl<T: Send + 'static> Future for RecvDelivery<'_, T> {
    type Output = Option<Delivery<T>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().deliveries.poll(context)
    }
}

#[cfg(test)]
mod tests;
