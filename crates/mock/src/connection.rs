//! One connection as the broker sees it: its requests in order, one at a time, and what the present one waits for.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use ottla_types::BrokerId;

use crate::fault::Verdict;
use crate::handlers::fetch::ParkedFetch;

/// Names a connection to a broker of the cluster; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub(crate) u64);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) broker: BrokerId,
    /// Requests that came while another was being answered.
    pub(crate) queue: VecDeque<Bytes>,
    pub(crate) phase: Phase,
}

/// What a connection does.
///
/// | from | to | when |
/// |---|---|---|
/// | idle | idle | a request is answered at once, or needs no answer |
/// | idle | delayed | a fault holds the request back |
/// | idle, delayed | parked | a fetch has not got its minimum |
/// | idle, delayed, parked | answering | a fault holds the answer back |
/// | idle, delayed, parked, answering | muted | the answer throttles the client |
/// | idle, delayed, parked | silent | a fault swallows the request or the answer |
/// | delayed, parked, answering, muted | idle | done |
///
/// From every phase the connection may end; a silent one does nothing else any more.
#[derive(Debug)]
pub(crate) enum Phase {
    /// The next request may begin.
    Idle,
    /// The request is carried out at that time.
    Delayed { until: Duration, frame: Bytes, verdict: Verdict },
    /// A fetch waits for records, until that time.
    Parked { until: Duration, fetch: Box<ParkedFetch> },
    /// The answer is sent at that time.
    Answering { until: Duration, frames: Vec<Bytes>, throttle: Duration },
    /// Nothing is read until that time.
    Muted { until: Duration },
    /// No request is answered any more.
    Silent,
}

impl Phase {
    /// When it ends by itself.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        match self {
            Self::Idle | Self::Silent => None,
            Self::Delayed { until, .. }
            | Self::Parked { until, .. }
            | Self::Answering { until, .. }
            | Self::Muted { until } => Some(*until),
        }
    }
}

/// A request that is being carried out, without its body.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) broker: BrokerId,
    pub(crate) version: i16,
    pub(crate) correlation_id: i32,
    pub(crate) verdict: Verdict,
}

/// What comes out of the cluster for a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Output {
    /// A response, length and header included, as chunks in wire order.
    Response {
        /// Where it goes.
        connection: ConnectionId,
        /// Its bytes.
        frames: Vec<Bytes>,
    },
    /// The broker ends the connection. It is no longer known.
    Close {
        /// Which one.
        connection: ConnectionId,
    },
}
