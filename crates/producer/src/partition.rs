//! One partition: its batches in order, what of them may be sent next, and its place in the producer's sequence.
//!
//! Batches stand in the order of their records from the first to the last that has no outcome, whatever their stage. While
//! nothing failed, those in flight are the first ones. Once an attempt failed nothing is sent before all others in flight
//! are answered; then sending goes on with the oldest, one batch at a time until the first success.
//!
//! | recovery | sends | ends |
//! |---|---|---|
//! | none | the oldest that was not sent, within the window | |
//! | draining | nothing | when nothing is in flight: none |
//! | renewing | alone: what may have been written, under its old sequence, until that is known | when nothing is in flight and all is known: none, under a new epoch |

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use ottla_protocol::records::{Producer, sequence_after};
use ottla_types::BrokerId;

use crate::batch::{Batch, OpenBatch, Stage};
use crate::idempotence::Identity;

/// After so long without a success the broker may have forgotten the producer's sequence (KAFKA-15591), so that the next
/// batch goes alone.
const IDLE: Duration = Duration::from_secs(600);

/// How a partition gets over a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Recovery {
    /// Nothing failed.
    None,
    /// An attempt failed; others may be in flight.
    Draining,
    /// The sequence has, or may have, a gap: a new epoch is needed before anything else is sent.
    Renewing,
}

/// One partition of a topic.
#[derive(Debug)]
pub(crate) struct Partition {
    /// The topic's index.
    pub(crate) topic: usize,
    /// The number of the partition.
    pub(crate) index: i32,
    pub(crate) leader: Option<BrokerId>,
    pub(crate) leader_epoch: i32,
    pub(crate) open: Option<OpenBatch>,
    /// Batches without an outcome, in order.
    pub(crate) batches: VecDeque<Batch>,
    pub(crate) in_flight: usize,
    /// Where those in flight are.
    pub(crate) in_flight_on: BrokerId,
    pub(crate) recovery: Recovery,
    /// Whether a batch succeeded on this leader under this identity.
    pub(crate) proven: bool,
    pub(crate) last_success: Option<Instant>,
    pub(crate) identity: Option<Identity>,
    next_sequence: i32,
    /// How many attempts failed in a row.
    pub(crate) failures: u32,
    pub(crate) retry_at: Option<Instant>,
    /// Whether the leader's list of partitions to look at holds it.
    pub(crate) listed: bool,
    /// The newest request when the open batch began to hurry.
    pub(crate) hurried_after: Option<u64>,
}

impl Partition {
    pub(crate) fn new(topic: usize, index: i32) -> Self {
        Self {
            topic,
            index,
            leader: None,
            leader_epoch: -1,
            open: None,
            batches: VecDeque::new(),
            in_flight: 0,
            in_flight_on: BrokerId::NONE,
            recovery: Recovery::None,
            proven: false,
            last_success: None,
            identity: None,
            next_sequence: 0,
            failures: 0,
            retry_at: None,
            listed: false,
            hurried_after: None,
        }
    }

    /// Whether there is anything without an outcome.
    pub(crate) fn has_work(&self) -> bool {
        self.open.is_some() || !self.batches.is_empty()
    }

    /// How many records are neither in flight nor have an outcome.
    pub(crate) fn records_waiting(&self) -> usize {
        let open = self.open.as_ref().map_or(0, |open| open.builder.count());
        let waiting =
            self.batches.iter().filter(|batch| !matches!(batch.stage, Stage::InFlight(_)) && !batch.abandoned);
        let records = waiting.fold(open, |records, batch| records.saturating_add(batch.count));
        usize::try_from(records).unwrap_or(0)
    }

    /// How many batches wait, the open one included: those that no request has taken.
    pub(crate) fn waiting(&self) -> usize {
        self.batches.len().saturating_sub(self.in_flight) + usize::from(self.open.is_some())
    }

    /// Since when its leader could have taken the next batch, if there is one that does not wait on purpose.
    pub(crate) fn waits_since(&self) -> Option<Instant> {
        let next = self.batches.get(self.in_flight).filter(|_| self.retry_at.is_none())?;
        Some(next.closed_at)
    }

    /// Where a batch stands among those without an outcome.
    pub(crate) fn position(&self, number: u64) -> Option<usize> {
        self.batches.binary_search_by_key(&number, |batch| batch.number).ok()
    }

    /// Which batch may be sent to a broker now, if one may.
    pub(crate) fn next_to_send(&self, broker: BrokerId, now: Instant, idempotent: bool, most: usize) -> Option<usize> {
        if self.leader != Some(broker)
            || self.retry_at.is_some_and(|at| now < at)
            || (self.in_flight > 0 && self.in_flight_on != broker)
        {
            return None;
        }
        let position = match self.recovery {
            Recovery::None => {
                let fresh = self.last_success.is_some_and(|at| now.saturating_duration_since(at) < IDLE);
                let window = if !idempotent || (self.proven && fresh) { most } else { 1 };
                (self.in_flight < window).then_some(self.in_flight)?
            }
            Recovery::Draining => return None,
            Recovery::Renewing if self.in_flight > 0 => return None,
            Recovery::Renewing => self.batches.iter().position(|batch| batch.maybe_written)?,
        };
        (self.batches.get(position)?.stage == Stage::Ready).then_some(position)
    }

    /// The sequence that a batch which is closed now will probably be sent with.
    pub(crate) fn foreseen(&self, identity: Option<Identity>) -> Producer {
        let Some(identity) = identity else { return Producer::NONE };
        let base = match self.batches.back() {
            Some(last) if last.stamped.id == identity.id && last.stamped.epoch == identity.epoch => {
                sequence_after(last.stamped.base_sequence, last.count)
            }
            None if self.identity == Some(identity) => self.next_sequence,
            _ => 0,
        };
        identity.at(base)
    }

    /// Gives a batch its sequence before its first attempt. A partition takes the producer's identity on when none of its
    /// batches has a sequence under an older one.
    pub(crate) fn sequence(&mut self, position: usize, identity: Identity) -> Option<Producer> {
        let present = match self.identity {
            Some(present) if present == identity || self.batches.iter().any(|batch| batch.sequence.is_some()) => {
                present
            }
            _ => {
                self.identity = Some(identity);
                self.next_sequence = 0;
                self.proven = false;
                identity
            }
        };
        let batch = self.batches.get_mut(position)?;
        if let Some(sequence) = batch.sequence {
            return Some(sequence);
        }
        let sequence = present.at(self.next_sequence);
        self.next_sequence = sequence_after(self.next_sequence, batch.count);
        batch.sequence = Some(sequence);
        Some(sequence)
    }

    /// Notes that a batch which had a sequence ended without being acknowledged. Its sequence is used again where it was
    /// the last one given and was certainly not written; else the gap must be closed by a new epoch.
    pub(crate) fn on_dropped(&mut self, dropped: &Batch) {
        let Some(sequence) = dropped.sequence else { return };
        let present = self.identity == Some(Identity { id: sequence.id, epoch: sequence.epoch });
        if !present {
            return;
        }
        if !dropped.maybe_written && self.batches.iter().all(|batch| batch.sequence.is_none()) {
            self.next_sequence = sequence.base_sequence;
        } else {
            self.recovery = Recovery::Renewing;
        }
    }

    /// Goes on where a recovery is over. Says which identity must be given up, if one must.
    pub(crate) fn recover(&mut self) -> Option<Identity> {
        if self.in_flight > 0 {
            return None;
        }
        match self.recovery {
            Recovery::None => None,
            Recovery::Draining => {
                self.recovery = Recovery::None;
                self.proven = false;
                None
            }
            Recovery::Renewing if self.batches.iter().any(|batch| batch.maybe_written) => None,
            Recovery::Renewing => {
                self.recovery = Recovery::None;
                self.proven = false;
                self.next_sequence = 0;
                for batch in &mut self.batches {
                    batch.sequence = None;
                }
                self.identity.take()
            }
        }
    }

    /// Sets the next sequence, as if so many records had been sent.
    #[cfg(test)]
    pub(crate) fn start_at(&mut self, sequence: i32) {
        self.next_sequence = sequence;
    }

    /// Makes sure that nothing of the present identity is used any more, because the broker does not know it, or the
    /// topic is another one of the same name.
    pub(crate) fn renew(&mut self) {
        if self.identity.is_some() {
            self.recovery = Recovery::Renewing;
        }
    }
}

#[cfg(test)]
mod tests;
