//! Flush, close and the end of a producer.
//!
//! | life | on | becomes |
//! |---|---|---|
//! | open | close, last handle dropped | closing: takes no more records |
//! | closing | nothing is outstanding | closed |
//! | closing | the deadline of the close | closed, and what is left fails |
//! | open, closing | the client's end | closed, and what is left fails |

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ottla_core::clock::Now;
use ottla_core::error::{Error, ErrorKind};
use ottla_core::slot::{Filler, Waiting, slot};

use crate::batch::Closing;
use crate::machine::{Event, ProducerMachine};

/// What a flush or a close ends with.
pub(crate) type Ended = Result<(), Error>;

/// A reference of the producer to itself, while it works with no handle left.
pub(crate) struct Kept(Arc<dyn Any + Send + Sync>);

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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
        }
    }

    /// The client is gone: everything that waits ends now.
    pub(crate) fn on_closed(&mut self, now: Now, error: &Error) {
        self.end(error.clone());
        let left = self.fail_all(now, error);
        if left > 0 && self.life.kept.is_some() {
            self.out.events.push_back(Event::Abandoned(left));
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
        if left > 0 {
            let context = format!("{left} records were not acknowledged by the deadline of the close");
            self.life.failure = Some(Error::new(ErrorKind::Timeout, context));
        }
    }
}
