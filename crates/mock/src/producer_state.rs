//! What a partition knows of idempotent producers: their epochs, and their last five batches.
//!
//! The rules are those of Kafka's leaders. A batch that equals one of the last five is a duplicate and is answered like
//! the first time; otherwise its sequence must follow the last. A new epoch starts at sequence 0. A producer that the
//! partition does not know may start anywhere, which Kafka 4.5 ends
//! ([`strict_first_sequence`](crate::MockConfig::strict_first_sequence)).

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use ottla_protocol::records::{BatchHeader, sequence_after};
use ottla_types::{ErrorCode, ProducerId};

/// Kafka's number of batches of which duplicates are known.
const REMEMBERED: usize = 5;

/// The producers of one partition.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProducerStates {
    producers: BTreeMap<ProducerId, ProducerState>,
}

#[derive(Clone, Debug)]
struct ProducerState {
    epoch: i16,
    batches: VecDeque<Appended>,
}

/// A batch that was appended.
#[derive(Clone, Copy, Debug)]
struct Appended {
    first_sequence: i32,
    last_sequence: i32,
    base_offset: i64,
    log_append_time: i64,
}

/// What a batch is to the partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sequence {
    /// To be appended.
    Next,
    /// Appended before, at this offset; with its log append time, or -1.
    Duplicate { base_offset: i64, log_append_time: i64 },
    /// Not to be appended.
    Refused(ErrorCode),
}

impl ProducerStates {
    /// Judges a batch. One without a producer is always next.
    pub(crate) fn check(&self, batch: &BatchHeader, strict: bool) -> Sequence {
        let producer = batch.producer;
        if producer.id == ProducerId::NONE {
            return Sequence::Next;
        }
        let Some(state) = self.producers.get(&producer.id) else {
            let refused = strict && producer.base_sequence != 0;
            return if refused { Sequence::Refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER) } else { Sequence::Next };
        };
        if producer.epoch < state.epoch {
            return Sequence::Refused(ErrorCode::INVALID_PRODUCER_EPOCH);
        }
        if producer.epoch > state.epoch {
            let first = producer.base_sequence == 0;
            return if first { Sequence::Next } else { Sequence::Refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER) };
        }
        let same = |appended: &&Appended| {
            appended.first_sequence == producer.base_sequence && appended.last_sequence == batch.last_sequence()
        };
        if let Some(appended) = state.batches.iter().find(same) {
            let Appended { base_offset, log_append_time, .. } = *appended;
            return Sequence::Duplicate { base_offset, log_append_time };
        }
        match state.batches.back() {
            Some(last) if sequence_after(last.last_sequence, 1) != producer.base_sequence => {
                Sequence::Refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
            }
            _ => Sequence::Next,
        }
    }

    /// Remembers a batch that was appended.
    pub(crate) fn appended(&mut self, batch: &BatchHeader, base_offset: i64, log_append_time: i64) {
        let producer = batch.producer;
        if producer.id == ProducerId::NONE {
            return;
        }
        let state = self
            .producers
            .entry(producer.id)
            .or_insert_with(|| ProducerState { epoch: producer.epoch, batches: VecDeque::new() });
        if state.epoch != producer.epoch {
            state.epoch = producer.epoch;
            state.batches.clear();
        }
        if batch.is_control() {
            // The marker of a transaction's end has no sequence, but its epoch fences.
            return;
        }
        if state.batches.len() == REMEMBERED {
            state.batches.pop_front();
        }
        state.batches.push_back(Appended {
            first_sequence: producer.base_sequence,
            last_sequence: batch.last_sequence(),
            base_offset,
            log_append_time,
        });
    }

    /// Forgets every producer, as when their records expired or were deleted.
    pub(crate) fn clear(&mut self) {
        self.producers.clear();
    }
}
