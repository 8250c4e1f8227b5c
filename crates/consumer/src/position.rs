//! Where reading starts and where it stands.

use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

use ottla_core::error::{Error, ErrorKind, Result};

/// Where reading of a partition starts, or where a seek goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Start {
    /// The first record that the partition still holds.
    Beginning,
    /// The end, as of when the broker is asked: the next record to be written. With
    /// [`IsolationLevel::ReadCommitted`](crate::IsolationLevel::ReadCommitted) the last stable offset.
    End,
    /// This offset. Where the partition does not hold it, `auto.offset.reset` says what happens.
    Offset(i64),
    /// The first record whose timestamp is this or later, in milliseconds since 1970; the end where there is none.
    Timestamp(i64),
    /// So many offsets before the end, or the beginning where there are fewer. Compaction and transaction markers take
    /// offsets too, so that fewer records may come.
    Tail(u64),
}

impl Start {
    /// Checks that the numbers are possible.
    pub(crate) fn validate(self) -> Result<()> {
        match self {
            Self::Offset(offset) if offset < 0 => {
                Err(Error::new(ErrorKind::Misuse, format!("an offset to start at cannot be negative: {offset}")))
            }
            Self::Timestamp(millis) if millis < 0 => Err(Error::new(
                ErrorKind::Misuse,
                format!("a timestamp to start at cannot be before 1970: {millis} ms"),
            )),
            _ => Ok(()),
        }
    }
}

/// The next offset to fetch, and the leader epoch under which the record before it was written (−1: not known), by which
/// a broker notices that its log was truncated since (KIP-320).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) offset: i64,
    pub(crate) leader_epoch: i32,
}

impl Position {
    /// A position that is not derived from a record.
    pub(crate) fn at(offset: i64) -> Self {
        Self { offset, leader_epoch: -1 }
    }
}

/// Whether batches handed out before may still be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Flow {
    /// Yes.
    Live = 0,
    /// Not now: the partition is paused. They go on where they stood.
    Paused = 1,
    /// Never again: the partition was sought or taken away.
    Revoked = 2,
}

/// What a partition shares with the batches that it handed out, from one seek to the next: whether they may still be read,
/// compared per record, and how far the application is. A seek replaces it, so that the old one's progress harms nothing.
#[derive(Debug)]
pub(crate) struct Delivered {
    flow: AtomicU8,
    /// Behind the last record handed out; −1 where the start is not known yet.
    position: AtomicI64,
}

impl Delivered {
    pub(crate) fn new(position: i64) -> Self {
        Self { flow: AtomicU8::new(Flow::Live as u8), position: AtomicI64::new(position) }
    }

    #[inline]
    pub(crate) fn is_live(&self) -> bool {
        self.flow.load(Ordering::Acquire) == Flow::Live as u8
    }

    pub(crate) fn is_revoked(&self) -> bool {
        self.flow.load(Ordering::Acquire) == Flow::Revoked as u8
    }

    /// Takes effect for every poll that starts after this returned.
    pub(crate) fn set_flow(&self, flow: Flow) {
        self.flow.store(flow as u8, Ordering::Release);
    }

    #[inline]
    pub(crate) fn advance(&self, position: i64) {
        self.position.store(position, Ordering::Relaxed);
    }

    pub(crate) fn position(&self) -> Option<i64> {
        Some(self.position.load(Ordering::Relaxed)).filter(|position| *position >= 0)
    }
}
