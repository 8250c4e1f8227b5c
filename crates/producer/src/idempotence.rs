//! The producer's identity: id and epoch, how they are got, and how the epoch moves on (KIP-360).
//!
//! | state | on | becomes |
//! |---|---|---|
//! | absent | request sent | asked |
//! | asked | answer with an id | known |
//! | asked | retriable error, lost connection | waiting |
//! | asked | other error | refused, and the batches that wait fail |
//! | waiting, refused | pause over | absent |
//! | known | bump | known with the next epoch; absent after the last one |

use std::time::Instant;

use ottla_core::error::Error;
use ottla_protocol::records::Producer;
use ottla_types::ProducerId;

/// A producer id and its epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) id: ProducerId,
    pub(crate) epoch: i16,
}

impl Identity {
    /// This identity at a place in a partition's sequence.
    pub(crate) fn at(self, base_sequence: i32) -> Producer {
        Producer { id: self.id, epoch: self.epoch, base_sequence }
    }
}

/// How far the producer is in having an identity.
#[derive(Clone, Debug)]
enum Standing {
    /// Idempotence is off.
    Off,
    /// None, and nobody was asked.
    Absent,
    /// A request for one is on its way.
    Asked,
    /// To be asked for again at this time.
    Waiting(Instant),
    /// There is one.
    Known(Identity),
}

/// The identity of one producer.
#[derive(Debug)]
pub(crate) struct Idempotence {
    standing: Standing,
    failures: u32,
    last_error: Option<Error>,
}

impl Idempotence {
    pub(crate) fn new(enabled: bool) -> Self {
        let standing = if enabled { Standing::Absent } else { Standing::Off };
        Self { standing, failures: 0, last_error: None }
    }

    /// Whether sequences are given at all.
    pub(crate) fn enabled(&self) -> bool {
        !matches!(self.standing, Standing::Off)
    }

    /// The identity, where there is one.
    pub(crate) fn identity(&self) -> Option<Identity> {
        match self.standing {
            Standing::Known(identity) => Some(identity),
            _ => None,
        }
    }

    /// Why there is no identity yet.
    pub(crate) fn last_error(&self) -> Option<&Error> {
        self.last_error.as_ref()
    }

    /// Whether a request for an identity should be sent now.
    pub(crate) fn should_ask(&self) -> bool {
        matches!(self.standing, Standing::Absent)
    }

    pub(crate) fn on_asked(&mut self) {
        self.standing = Standing::Asked;
    }

    pub(crate) fn on_identity(&mut self, identity: Identity) {
        self.standing = Standing::Known(identity);
        self.failures = 0;
        self.last_error = None;
    }

    /// Notes a failure and counts it: how many there were in a row.
    pub(crate) fn on_failure(&mut self, error: Error) -> u32 {
        self.failures = self.failures.saturating_add(1);
        self.last_error = Some(error);
        self.failures
    }

    pub(crate) fn wait_until(&mut self, at: Instant) {
        self.standing = Standing::Waiting(at);
    }

    /// When to ask again.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.standing {
            Standing::Waiting(at) => Some(at),
            _ => None,
        }
    }

    /// Ends the pause, if it is over. Says whether it is.
    pub(crate) fn on_time(&mut self, now: Instant) -> bool {
        let over = matches!(self.standing, Standing::Waiting(at) if at <= now);
        if over {
            self.standing = Standing::Absent;
        }
        over
    }

    /// Makes `stale` an identity of the past. Where it is the present one, the epoch moves on; after the last epoch a new
    /// id is needed.
    pub(crate) fn bump(&mut self, stale: Identity) {
        let Standing::Known(identity) = &mut self.standing else { return };
        if *identity != stale {
            return;
        }
        match identity.epoch.checked_add(1) {
            Some(epoch) => identity.epoch = epoch,
            None => self.standing = Standing::Absent,
        }
    }
}

#[cfg(test)]
mod tests;
