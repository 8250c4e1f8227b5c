//! What became of a batch, in three values: not sent, maybe written, known.

use std::sync::Arc;

use ottla_core::error::{Error, ErrorKind, Outcome};
use ottla_core::retry::{Verdict, verdict};
use ottla_protocol::messages::produce::PartitionProduceResponse;
use ottla_types::{BrokerId, ErrorCode};

use crate::receipt::BatchSlot;

/// Where a batch was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// The offset of its first record, where the broker told.
    pub(crate) base_offset: Option<i64>,
    /// The timestamp of all its records, for topics that stamp at appending.
    pub(crate) log_append_time: Option<i64>,
}

/// The end of a batch as its receipts see it.
#[derive(Clone, Debug)]
pub(crate) enum BatchOutcome {
    /// Acknowledged.
    Written(Written),
    /// Not acknowledged. The error says whether it may have been written.
    Failed {
        /// Why, for records that are not in `records`.
        error: Error,
        /// Records that the broker named as the cause (KIP-467), by index.
        records: Box<[(u32, Error)]>,
    },
}

impl BatchOutcome {
    pub(crate) fn failed(error: Error) -> Self {
        Self::Failed { error, records: Box::default() }
    }

    /// The same, of a batch that an earlier attempt may have written.
    pub(crate) fn maybe_written(self) -> Self {
        match self {
            Self::Written(written) => Self::Written(written),
            Self::Failed { error, records } => {
                let unsure = |error: Error| error.with_outcome(Outcome::MayHaveHappened);
                let records = records.into_iter().map(|(index, error)| (index, unsure(error))).collect();
                Self::Failed { error: unsure(error), records }
            }
        }
    }

    /// The outcome of one record.
    pub(crate) fn of(&self, index: u32) -> Result<Written, Error> {
        match self {
            Self::Written(written) => Ok(*written),
            Self::Failed { error, records } => {
                let named = records.iter().find(|(record, _)| *record == index);
                Err(named.map_or(error, |(_, error)| error).clone())
            }
        }
    }
}

/// What the answer to one attempt, or the lack of it, says of a batch.
#[derive(Debug)]
pub(crate) enum Settlement {
    /// It is in the log, now or from an earlier attempt.
    Written(Written),
    /// To be sent again, its sequence kept.
    Again(Again),
    /// Refused for good: it is not in the log, unless an earlier attempt put it there.
    Refused(BatchOutcome),
}

/// An attempt that may be followed by another.
#[derive(Debug)]
pub(crate) struct Again {
    /// Why.
    pub(crate) error: Error,
    /// Whether the attempt may have been written.
    pub(crate) maybe_written: bool,
    /// Whether the leader must be learnt anew.
    pub(crate) refresh: bool,
    /// What the answer says of the producer's state on the broker.
    pub(crate) sequence: SequenceFault,
    /// Whether to wait before the next attempt.
    pub(crate) pause: bool,
}

/// What an answer says of the producer's state on the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SequenceFault {
    /// Nothing.
    None,
    /// The batch does not follow on what the broker has: for the oldest batch a gap, for others the consequence of
    /// an older batch's failure.
    OutOfOrder,
    /// The broker has forgotten the producer, or knows it under a later epoch (KIP-360).
    Forgotten,
}

/// Reads the answer for one partition.
pub(crate) fn settle(answer: &PartitionProduceResponse, what: &dyn Fn() -> String, records: i32) -> Settlement {
    let code = answer.error_code;
    let error = || {
        let told = answer.error_message.as_ref().map_or("", |message| &**message);
        let context = if told.is_empty() { what() } else { format!("{}: {told}", what()) };
        Error::broker(code, context)
    };
    let again = |maybe_written, refresh, sequence, pause| {
        Settlement::Again(Again { error: error(), maybe_written, refresh, sequence, pause })
    };
    match code {
        ErrorCode::NONE => Settlement::Written(Written {
            base_offset: (answer.base_offset >= 0).then_some(answer.base_offset),
            log_append_time: (answer.log_append_time_ms >= 0).then_some(answer.log_append_time_ms),
        }),
        // Older than the batches that the broker remembers: written, where is not known.
        ErrorCode::DUPLICATE_SEQUENCE_NUMBER => {
            Settlement::Written(Written { base_offset: None, log_append_time: None })
        }
        ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER => again(false, false, SequenceFault::OutOfOrder, false),
        ErrorCode::UNKNOWN_PRODUCER_ID | ErrorCode::INVALID_PRODUCER_EPOCH | ErrorCode::INVALID_PRODUCER_ID_MAPPING => {
            again(false, false, SequenceFault::Forgotten, false)
        }
        // Appended by the leader, but not by enough replicas in time.
        ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND | ErrorCode::REQUEST_TIMED_OUT => {
            again(true, false, SequenceFault::None, true)
        }
        ErrorCode::MESSAGE_TOO_LARGE | ErrorCode::RECORD_LIST_TOO_LARGE => {
            let advice = if records > 1 {
                "larger than the topic's `max.message.bytes` or the broker's `message.max.bytes`; lower `batch.size`"
            } else {
                "a single record larger than the topic's `max.message.bytes` or the broker's `message.max.bytes`"
            };
            Settlement::Refused(BatchOutcome::failed(Error::broker(code, format!("{}: {advice}", what()))))
        }
        _ => match verdict(code) {
            Verdict::Retry => again(false, false, SequenceFault::None, true),
            Verdict::RefreshMetadata | Verdict::RefreshCoordinator | Verdict::RefreshController => {
                again(false, true, SequenceFault::None, true)
            }
            _ => Settlement::Refused(refused(answer, error())),
        },
    }
}

/// The failure of a batch in which the broker may have named the records at fault (KIP-467).
fn refused(answer: &PartitionProduceResponse, error: Error) -> BatchOutcome {
    if answer.record_errors.is_empty() {
        return BatchOutcome::failed(error);
    }
    let records = answer.record_errors.iter().filter_map(|record| {
        let index = u32::try_from(record.batch_index).ok()?;
        let told = record.batch_index_error_message.as_ref().map_or("refused", |message| &**message);
        Some((index, Error::broker(answer.error_code, format!("record {index} of its batch: {told}"))))
    });
    BatchOutcome::Failed {
        records: records.collect(),
        error: Error::broker(answer.error_code, "not written, because another record of the same batch was refused"),
    }
}

/// The error of a batch that nothing more is done for.
pub(crate) fn given_up(kind: ErrorKind, context: String, maybe_written: bool, last: Option<&Error>) -> Error {
    let context = match last {
        Some(last) => format!("{context}; the last attempt ended with: {last}"),
        None => context,
    };
    let error = Error::new(kind, context);
    let error = match last {
        Some(last) => error.with_source(Arc::new(last.clone()) as Arc<dyn std::error::Error + Send + Sync>),
        None => error,
    };
    error.with_outcome(outcome(maybe_written))
}

/// The public form of whether a batch may have been written.
pub(crate) fn outcome(maybe_written: bool) -> Outcome {
    if maybe_written { Outcome::MayHaveHappened } else { Outcome::DidNotHappen }
}

/// What is done once the lock is released: a batch's slot is filled.
#[derive(Debug)]
pub(crate) struct Filled {
    pub(crate) slot: Arc<BatchSlot>,
    pub(crate) outcome: BatchOutcome,
}

/// The leader that an answer names (KIP-951), if it does.
pub(crate) fn leader_hint(answer: &PartitionProduceResponse) -> Option<(BrokerId, i32)> {
    let hint = &answer.current_leader;
    (hint.leader_id.0 >= 0 && hint.leader_epoch >= 0).then_some((hint.leader_id, hint.leader_epoch))
}

#[cfg(test)]
mod tests;
