//! Counts what became of records, in the order in which they were read.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use ottla::{Error, ErrorCode, ErrorKind, Outcome as Happened, Receipts as Queued, RecordMetadata};

use crate::failure::{Failure, Outcome, Status, note};

/// How many failures are told one by one.
const TOLD: u64 = 5;

/// Receipts that are not settled, and the count of those that are.
pub(crate) struct Receipts {
    waiting: VecDeque<Queued>,
    /// The records of `waiting`.
    open: u64,
    acknowledged: u64,
    failed: u64,
    /// Of those that failed, how many may be written all the same.
    uncertain: u64,
    hopeless: bool,
    first: Option<Status>,
}

impl Receipts {
    pub(crate) fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            open: 0,
            acknowledged: 0,
            failed: 0,
            uncertain: 0,
            hopeless: false,
            first: None,
        }
    }

    /// How many records there were.
    pub(crate) fn count(&self) -> u64 {
        self.open + self.acknowledged + self.failed
    }

    /// Takes the receipts of the next records.
    pub(crate) fn push(&mut self, receipts: Queued) {
        self.open += receipts.len() as u64;
        self.waiting.push_back(receipts);
    }

    /// Whether a record failed in a way that the next will too.
    pub(crate) fn is_hopeless(&self) -> bool {
        self.hopeless
    }

    /// Counts those at the front whose outcome is known.
    pub(crate) fn settle(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        while let Some(first) = self.waiting.front_mut() {
            let Poll::Ready(results) = Pin::new(first).poll(&mut context) else { return };
            self.waiting.pop_front();
            self.count_all(results);
        }
    }

    /// Waits for all.
    pub(crate) async fn finish(&mut self) {
        while let Some(first) = self.waiting.pop_front() {
            let results = first.await;
            self.count_all(results);
        }
    }

    /// The producer is beyond use, and some of the next records may have gone out before.
    pub(crate) fn refused(&mut self, records: usize, error: &Error) {
        for _ in 0..records {
            self.count_failure(&error.clone().with_outcome(Happened::MayHaveHappened));
        }
    }

    /// The next records were being queued when there was no more time for it.
    pub(crate) fn given_up(&mut self, records: usize) {
        self.failed += records as u64;
        self.uncertain += records as u64;
        self.first.get_or_insert(Status::NotDone);
    }

    fn count_all(&mut self, results: Vec<Result<RecordMetadata, Error>>) {
        self.open = self.open.saturating_sub(results.len() as u64);
        for result in results {
            match result {
                Ok(_) => self.acknowledged += 1,
                Err(error) => self.count_failure(&error),
            }
        }
    }

    fn count_failure(&mut self, error: &Error) {
        let record = self.acknowledged + self.failed + 1;
        self.failed += 1;
        self.uncertain += u64::from(error.outcome() == Happened::MayHaveHappened);
        self.hopeless |= !is_of_the_record(error);
        let failure = Failure::client(format_args!("record {record} is not acknowledged"), error);
        if self.failed <= TOLD {
            failure.report();
        } else if self.failed == TOLD + 1 {
            note("further failures are counted only");
        }
        self.first.get_or_insert(failure.status());
    }

    /// Says how many were acknowledged and how many were not.
    pub(crate) fn tell(&self) -> Outcome {
        let uncertain = match self.uncertain {
            0 => String::new(),
            some => format!(" ({some} of them may have been written all the same)"),
        };
        note(format_args!("{} acknowledged, {} failed{uncertain}", self.acknowledged, self.failed));
        match self.first {
            None => Ok(()),
            Some(Status::Usage) => Err(Failure::told(Status::NotDone)),
            Some(status) => Err(Failure::told(status)),
        }
    }
}

/// Whether the error is about this one record, so that the next may fare better.
fn is_of_the_record(error: &Error) -> bool {
    match error.code() {
        Some(code) => matches!(
            code,
            ErrorCode::MESSAGE_TOO_LARGE
                | ErrorCode::RECORD_LIST_TOO_LARGE
                | ErrorCode::INVALID_RECORD
                | ErrorCode::INVALID_TIMESTAMP
        ),
        None => error.kind() == ErrorKind::Misuse,
    }
}
