//! A partition: batches one after the other, and who waits for more.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use ottla_protocol::ErrorCode;
use ottla_protocol::records::{RecordError, batches, edit};

/// The partition's leader never changes.
pub(crate) const LEADER_EPOCH: i32 = 0;

#[derive(Default)]
pub(crate) struct Log {
    batches: Mutex<Vec<Batch>>,
    appended: Condvar,
}

struct Batch {
    /// The offset after its last record.
    next_offset: i64,
    bytes: Bytes,
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, Vec<Batch>> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The offset that the next record gets.
    pub(crate) fn end(&self) -> i64 {
        self.lock().last().map_or(0, |batch| batch.next_offset)
    }

    /// Appends what a Produce request has for the partition, which is one batch, and gives the offset of its first record.
    pub(crate) fn append(&self, records: &[u8]) -> Result<i64, ErrorCode> {
        let mut found = batches(records);
        let batch = found.next().ok_or(ErrorCode::INVALID_RECORD)?.map_err(code)?;
        // A whole broker would look at the records too; that they are what was sent, the CRC says.
        batch.verify_crc().map_err(code)?;
        if !found.remainder().is_empty() {
            return Err(ErrorCode::INVALID_RECORD);
        }
        let mut bytes = BytesMut::from(batch.bytes());
        let mut log = self.lock();
        let base_offset = log.last().map_or(0, |batch| batch.next_offset);
        // Neither is covered by the CRC, so that brokers need not compute it again.
        edit::set_base_offset(&mut bytes, base_offset);
        edit::set_leader_epoch(&mut bytes, LEADER_EPOCH);
        let next_offset = base_offset.saturating_add(batch.header().last_offset_delta.into()).saturating_add(1);
        log.push(Batch { next_offset, bytes: bytes.freeze() });
        self.appended.notify_all();
        Ok(base_offset)
    }

    /// The batches from the one that has this offset on, as many as fit, and at least one; waits for the first until then.
    /// Consumers pass over records before the offset that they asked for.
    pub(crate) fn read(&self, offset: i64, most: usize, patience: Duration) -> Result<Bytes, ErrorCode> {
        let deadline = Instant::now() + patience;
        let mut log = self.lock();
        loop {
            let end = log.last().map_or(0, |batch| batch.next_offset);
            if !(0..=end).contains(&offset) {
                return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
            }
            let wait = deadline.saturating_duration_since(Instant::now());
            if offset < end || wait.is_zero() {
                break;
            }
            log = self.appended.wait_timeout(log, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
        let first = log.partition_point(|batch| batch.next_offset <= offset);
        let mut records = BytesMut::new();
        for batch in log.iter().skip(first) {
            if !records.is_empty() && records.len().saturating_add(batch.bytes.len()) > most {
                break;
            }
            records.extend_from_slice(&batch.bytes);
        }
        Ok(records.freeze())
    }
}

/// What a producer is told of a batch that is not what it should be.
fn code(error: RecordError) -> ErrorCode {
    match error {
        RecordError::Legacy { .. } | RecordError::Magic { .. } => ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT,
        _ => ErrorCode::CORRUPT_MESSAGE,
    }
}
