//! Flush, purge, close and the end of a producer.
//!
//! | life | on | becomes |
//! |---|---|---|
//! | open | close, last handle dropped | closing: takes no more records |
//! | closing | nothing is outstanding | closed |
//! | closing | the deadline of the close | closed, and what is left fails |
//! | open, closing | the client's end | closed, and what is left fails |

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use ottla_core::clock::Now;
use ottla_core::error::{Error, ErrorKind, Outcome};
use ottla_core::slot::{Filler, Waiting, slot};

use crate::batch::{Closing, Stage};
use crate::machine::{Event, ProducerMachine};
use crate::outcome::outcome;
use crate::partition::Partition;

/// What a flush or a close ends with.
pub(crate) type Ended = Result<(), Error>;

/// The records that a [`close`](crate::Producer::close) left, by what is known of them: the source of its error. The receipts
/// and deliveries of all of them are told.
///
/// ```no_run
/// use std::time::Duration;
///
/// use ottla_producer::{Producer, Unacknowledged};
///
/// # async fn close(producer: Producer) {
/// if let Err(error) = producer.close(Duration::from_secs(5)).await
///     && let Some(left) = Unacknowledged::of(&error)
/// {
///     println!("{} records were not written, {} may have been", left.did_not_happen, left.may_have_happened);
/// }
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unacknowledged {
    /// Records that were not written, and will not be.
    pub did_not_happen: usize,
    /// Records that may have been written: a request with them was on its way.
    pub may_have_happened: usize,
}

impl Unacknowledged {
    /// What an error of [`close`](crate::Producer::close) says was left; none for other errors.
    pub fn of(error: &Error) -> Option<&Self> {
        std::error::Error::source(error)?.downcast_ref()
    }

    /// All of them.
    pub fn records(&self) -> usize {
        self.did_not_happen.saturating_add(self.may_have_happened)
    }

    pub(crate) fn add(&mut self, records: usize, maybe_written: bool) {
        let sum = if maybe_written { &mut self.may_have_happened } else { &mut self.did_not_happen };
        *sum = sum.saturating_add(records);
    }
}

impl fmt::Display for Unacknowledged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} records were not written, {} may have been", self.did_not_happen, self.may_have_happened)
    }
}

impl std::error::Error for Unacknowledged {}

/// What [`purge`](crate::Producer::purge) gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purge {
    /// Records that are not in a request now. They are not written, unless an earlier attempt wrote them.
    Queued,
    /// Records that are in a request now. They may be written all the same: only the wait for them ends.
    InFlight,
    /// Both.
    All,
}

/// How many records a [`purge`](crate::Producer::purge) gave up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Purged {
    /// Records that were not in a request.
    pub queued: usize,
    /// Records that were in a request.
    pub in_flight: usize,
}

/// A reference of the producer to itself, while it works with no handle left.
pub(crate) struct Kept(Arc<dyn Any + Send + Sync>);

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

/// Somebody who waits for all batches up to one.
#[derive(Debug)]
struct Flush {
    upto: u64,
    filler: Filler<Ended>,
    /// Until when a close waits; a flush is bounded by the delivery timeout of what it waits for.
    deadline: Option<Instant>,
}

/// How far the producer is in its life.
#[derive(Debug, Default)]
pub(crate) struct Life {
    /// Why no more records are taken.
    ended: Option<Error>,
    flushes: Vec<Flush>,
    /// The first failure that no flush has told of.
    failure: Option<Error>,
    kept: Option<Kept>,
    /// Who is told when no more records are taken.
    watchers: Vec<Waker>,
}

impl Life {
    /// Why no more records are taken, if none are.
    #[inline]
    pub(crate) fn ended(&self) -> Option<&Error> {
        self.ended.as_ref()
    }

    pub(crate) fn note_failure(&mut self, error: &Error) {
        if self.failure.is_none() {
            self.failure = Some(error.clone());
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.flushes.iter().filter_map(|flush| flush.deadline).min()
    }
}

impl ProducerMachine {
    /// Begins a flush: all open batches close at once.
    pub(crate) fn flush(&mut self, now: Now, deadline: Option<Instant>) -> Waiting<Ended> {
        let (filler, waiting) = slot();
        self.life.flushes.push(Flush { upto: self.newest_batch, filler, deadline });
        self.close_all(now, Closing { flushed: true, ..Closing::default() });
        self.settle(now);
        waiting
    }

    /// Begins to close: takes no more records, and waits for those that are there.
    pub(crate) fn close(&mut self, now: Now, wait: Duration) -> Waiting<Ended> {
        self.end(Error::new(ErrorKind::Closed, "the producer is closed"));
        self.flush(now, Some(now.after(wait)))
    }

    /// The last handle is gone: what is queued goes on, kept alive by `kept`.
    pub(crate) fn detach(&mut self, now: Now, kept: Arc<dyn Any + Send + Sync>) {
        self.end(Error::new(ErrorKind::Closed, "the producer was dropped"));
        self.close_all(now, Closing { flushed: true, ..Closing::default() });
        self.life.kept = Some(Kept(kept));
        self.settle(now);
    }

    fn end(&mut self, error: Error) {
        if self.life.ended.is_none() {
            let mut answers = Vec::new();
            self.accumulator.refuse_all(&error, &mut answers);
            self.tell(answers);
            self.life.ended = Some(error);
            let watchers = std::mem::take(&mut self.life.watchers);
            if !watchers.is_empty() {
                self.out.events.push_back(Event::Ended(watchers));
            }
        }
    }

    /// Has a waker woken when no more records are taken.
    pub(crate) fn watch_end(&mut self, waker: Waker) {
        if self.life.ended.is_some() {
            self.out.events.push_back(Event::Ended(vec![waker]));
        } else {
            self.life.watchers.push(waker);
        }
    }

    /// So many bytes of records that were kept for their deliveries have been handed over.
    pub(crate) fn on_delivered(&mut self, now: Now, bytes: usize) {
        let mut answers = Vec::new();
        self.accumulator.on_read(bytes, &mut answers);
        self.tell(answers);
        self.settle(now);
    }

    /// Gives up what has no outcome.
    pub(crate) fn purge(&mut self, now: Now, what: Purge) -> Purged {
        let mut purged = Purged::default();
        let error = |place| Error::new(ErrorKind::Purged, format!("the record was purged {place}"));
        for index in 0..self.partitions.len() {
            if matches!(what, Purge::InFlight | Purge::All) {
                let error = error("while it was in flight").with_outcome(Outcome::MayHaveHappened);
                for position in 0..self.partitions.get(index).map_or(0, |partition| partition.batches.len()) {
                    let batch = self.partitions.get(index).and_then(|partition| partition.batches.get(position));
                    if batch.is_some_and(|batch| matches!(batch.stage, Stage::InFlight(_))) {
                        purged.in_flight += self.abandon_in_flight(index, position, error.clone());
                    }
                }
            }
            if matches!(what, Purge::Queued | Purge::All) {
                purged.queued += self.partitions.get(index).map_or(0, Partition::records_waiting);
                self.fail_waiting(now, index, &error("from the queue"));
            }
        }
        self.settle(now);
        purged
    }

    /// The client is gone: everything that waits ends now.
    pub(crate) fn on_closed(&mut self, now: Now, error: &Error) {
        self.end(error.clone());
        let left = self.fail_all(now, error);
        if left.records() > 0 && self.life.kept.is_some() {
            self.out.events.push_back(Event::Abandoned(left.records()));
        }
    }

    /// Ends flushes whose batches have their outcome, and closes whose time is over.
    pub(crate) fn end_flushes(&mut self, now: Now) {
        if !self.life.flushes.is_empty() {
            self.end_overdue(now);
            let oldest = self.outstanding.first_key_value().map(|(number, _)| *number);
            let mut over = Vec::new();
            let mut index = 0;
            while let Some(flush) = self.life.flushes.get(index) {
                if oldest.is_none_or(|oldest| oldest > flush.upto) {
                    over.push(self.life.flushes.remove(index));
                } else {
                    index += 1;
                }
            }
            if !over.is_empty() {
                let result = self.life.failure.take().map_or(Ok(()), Err);
                for flush in over {
                    self.out.events.push_back(Event::Over(flush.filler, result.clone()));
                }
            }
        }
        if self.outstanding.is_empty()
            && let Some(Kept(kept)) = self.life.kept.take()
        {
            self.out.events.push_back(Event::Release(kept));
        }
    }

    fn end_overdue(&mut self, now: Now) {
        let overdue = self.life.deadline().is_some_and(|at| at <= now.mono);
        if !overdue {
            return;
        }
        let error = Error::new(ErrorKind::Closed, "the producer was closed before the record was acknowledged");
        let left = self.fail_all(now, &error);
        if left.records() > 0 {
            let context =
                format!("{} records were not acknowledged by the deadline of the close: {left}", left.records());
            let source: Arc<dyn std::error::Error + Send + Sync> = Arc::new(left);
            let error = Error::new(ErrorKind::Timeout, context).with_source(source);
            self.life.failure = Some(error.with_outcome(outcome(left.may_have_happened > 0)));
        }
    }
}
