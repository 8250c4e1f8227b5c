//! What one connection has yet to write and to hear.
//!
//! The write token is the [`Writer`] itself: whoever flushes takes it out, writes until nothing is queued, and puts it
//! back. Others find it gone and leave, as the holder looks at the queue again before it puts the token back. When the
//! socket is full the token goes to the connection's task, which waits for room.
//!
//! ```text
//! at home ──flush──▶ with a flusher ──all written──▶ at home
//!                        │ socket full
//!                        ▼
//!                     stalled ──the task takes it, waits, puts it back and flushes──▶ at home
//! ```
//!
//! The lock is a leaf: nothing is written, woken or dropped under it that is not the outbox's own.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use ottla_core::connection::InFlight;
use ottla_core::error::Error;
use ottla_core::io::OwnerId;
use ottla_core::machine::{Delivery, Outbound, RequestId, Response};
use ottla_protocol::ApiKey;
use tokio::sync::Notify;

use crate::writer::Writer;

pub(crate) struct Outbox {
    epoch: u64,
    state: Mutex<State>,
    kick: Notify,
}

struct State {
    open: bool,
    queue: VecDeque<Queued>,
    in_flight: InFlight<Sent>,
    /// Requests without a response that are not wholly written.
    unwritten: VecDeque<Unwritten>,
    written: u64,
    token: Token,
    failure: Option<io::Error>,
    /// The time at which the connection's task looks again by itself; requests that expire earlier must tell it.
    armed: Instant,
    last_used: Instant,
    tell: bool,
}

enum Token {
    Home(Writer),
    Away,
    Stalled(Writer),
}

struct Queued {
    owner: OwnerId,
    outbound: Outbound,
    deadline: Instant,
}

/// A request that waits for its response.
pub(crate) struct Sent {
    pub(crate) owner: OwnerId,
    pub(crate) id: RequestId,
    key: ApiKey,
    deadline: Instant,
    start: u64,
}

struct Unwritten {
    owner: OwnerId,
    id: RequestId,
    key: ApiKey,
    deadline: Instant,
    start: u64,
    end: u64,
}

/// A request that ended without an answer.
pub(crate) struct Lost {
    pub(crate) owner: OwnerId,
    pub(crate) id: RequestId,
    pub(crate) delivery: Delivery,
}

/// What the connection's task finds when it looks.
pub(crate) enum Check {
    /// Look again then.
    At(Instant),
    /// This was not answered in time.
    Expired(ApiKey),
    /// Unused for as long as is allowed.
    Idle,
}

impl Outbox {
    pub(crate) fn new(epoch: u64, writer: Writer, now: Instant) -> Self {
        let state = State {
            open: true,
            queue: VecDeque::new(),
            in_flight: InFlight::default(),
            unwritten: VecDeque::new(),
            written: writer.written(),
            token: Token::Home(writer),
            failure: None,
            armed: now,
            last_used: now,
            tell: false,
        };
        Self { epoch, state: Mutex::new(state), kick: Notify::new() }
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Queues a request. False says that the connection has ended.
    pub(crate) fn queue(&self, owner: OwnerId, outbound: Outbound, now: Instant) -> bool {
        let mut state = self.lock();
        if !state.open {
            return false;
        }
        let deadline = now.checked_add(outbound.timeout).unwrap_or(now + Duration::from_secs(86_400));
        state.tell |= deadline < state.armed;
        state.last_used = now;
        state.queue.push_back(Queued { owner, outbound, deadline });
        true
    }

    /// Withdraws a request that is still queued.
    pub(crate) fn withdraw(&self, owner: OwnerId, id: RequestId) -> bool {
        let mut state = self.lock();
        let place = state.queue.iter().position(|queued| queued.owner == owner && queued.outbound.id == id);
        let gone = place.and_then(|place| state.queue.remove(place));
        drop(state);
        gone.is_some()
    }

    /// Writes what is queued, unless somebody else is at it. Gives the requests without a response that are written now.
    pub(crate) fn flush(&self) -> Vec<(OwnerId, RequestId)> {
        let mut told = Vec::new();
        let mut state = self.lock();
        let mut writer = match std::mem::replace(&mut state.token, Token::Away) {
            Token::Home(writer) => writer,
            other => {
                state.token = other;
                return told;
            }
        };
        loop {
            state.load(&mut writer);
            if writer.is_empty() || !state.open {
                state.token = Token::Home(writer);
                break;
            }
            drop(state);
            let result = writer.try_flush();
            state = self.lock();
            state.on_written(writer.written(), &mut told);
            match result {
                Ok(true) => {}
                Ok(false) => {
                    state.token = Token::Stalled(writer);
                    state.tell = true;
                    break;
                }
                Err(error) => {
                    state.token = Token::Home(writer);
                    state.failure.get_or_insert(error);
                    state.tell = true;
                    break;
                }
            }
        }
        let tell = std::mem::take(&mut state.tell);
        drop(state);
        if tell {
            self.kick.notify_one();
        }
        told
    }

    // ---- for the connection's task

    /// Returns when the task should look: at a stalled token, a failure, or an earlier deadline.
    pub(crate) async fn kicked(&self) {
        self.kick.notified().await;
    }

    /// Takes the token where it is stalled.
    pub(crate) fn take_stalled(&self) -> Option<Writer> {
        let mut state = self.lock();
        match std::mem::replace(&mut state.token, Token::Away) {
            Token::Stalled(writer) => Some(writer),
            other => {
                state.token = other;
                None
            }
        }
    }

    /// Puts a token back after writing some. To be followed by a flush.
    pub(crate) fn put_back(&self, writer: Writer) -> Vec<(OwnerId, RequestId)> {
        let mut told = Vec::new();
        let mut state = self.lock();
        state.on_written(writer.written(), &mut told);
        state.token = Token::Home(writer);
        told
    }

    /// Why writing failed, if it did.
    pub(crate) fn take_failure(&self) -> Option<io::Error> {
        self.lock().failure.take()
    }

    /// Matches an answer with its request.
    pub(crate) fn answer(&self, frame: &Bytes) -> Result<(Sent, Response), Error> {
        self.lock().in_flight.answer(frame)
    }

    /// Looks for a request that has expired and for idleness. An idle connection is closed to further requests in the
    /// same step, so that none slips in between.
    pub(crate) fn check(&self, now: Instant, max_idle: Duration) -> Check {
        let mut state = self.lock();
        let queued = state.queue.iter().map(|queued| (queued.deadline, queued.outbound.key));
        let sent = state.in_flight.tags().map(|sent| (sent.deadline, sent.key));
        let unwritten = state.unwritten.iter().map(|unwritten| (unwritten.deadline, unwritten.key));
        let first = sent.chain(unwritten).chain(queued).min_by_key(|(deadline, _)| *deadline);
        match first {
            Some((deadline, key)) if deadline <= now => Check::Expired(key),
            Some((deadline, _)) => {
                state.armed = deadline;
                Check::At(deadline)
            }
            None => {
                let until = state.last_used.checked_add(max_idle).unwrap_or(now + Duration::from_secs(86_400));
                if until <= now {
                    state.open = false;
                    return Check::Idle;
                }
                state.armed = until;
                Check::At(until)
            }
        }
    }

    /// Ends the outbox. Gives what has not been answered: first what may have been received, in order, then the rest.
    pub(crate) fn close(&self) -> Vec<Lost> {
        let mut state = self.lock();
        state.open = false;
        let token = std::mem::replace(&mut state.token, Token::Away);
        // Where a flusher is still at it, how far it has got is not known.
        let written = match &token {
            Token::Home(writer) | Token::Stalled(writer) => writer.written(),
            Token::Away => u64::MAX,
        };
        let delivery = |start| if start < written { Delivery::MaybeSent } else { Delivery::NotSent };
        let mut lost = Vec::new();
        for unwritten in state.unwritten.drain(..) {
            let Unwritten { owner, id, start, .. } = unwritten;
            lost.push(Lost { owner, id, delivery: delivery(start) });
        }
        for Sent { owner, id, start, .. } in state.in_flight.drain() {
            lost.push(Lost { owner, id, delivery: delivery(start) });
        }
        lost.sort_by_key(|lost| lost.delivery == Delivery::NotSent);
        let queue = std::mem::take(&mut state.queue);
        drop(state);
        let never_left =
            |queued: Queued| Lost { owner: queued.owner, id: queued.outbound.id, delivery: Delivery::NotSent };
        lost.extend(queue.into_iter().map(never_left));
        drop(token);
        lost
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn load(&mut self, writer: &mut Writer) {
        while self.open && !writer.is_full() {
            let Some(Queued { owner, mut outbound, deadline }) = self.queue.pop_front() else { return };
            let correlation_id = self.in_flight.number(&mut outbound.frame);
            let Outbound { id, key, version, .. } = outbound;
            let (start, end) = writer.load(outbound.frame);
            if outbound.expects_response {
                self.in_flight.expect(correlation_id, key, version, Sent { owner, id, key, deadline, start });
            } else {
                self.unwritten.push_back(Unwritten { owner, id, key, deadline, start, end });
            }
        }
    }

    fn on_written(&mut self, written: u64, told: &mut Vec<(OwnerId, RequestId)>) {
        self.written = self.written.max(written);
        while let Some(first) = self.unwritten.front()
            && first.end <= self.written
        {
            told.push((first.owner, first.id));
            self.unwritten.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
