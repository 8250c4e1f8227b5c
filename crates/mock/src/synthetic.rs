//! Records that exist only when they are fetched: what a client is measured against.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use ottla_protocol::records::{BatchBuilder, NO_HEADERS, edit};

use crate::config::SyntheticRecords;

/// A partition full of records that are made when they are fetched: the same batch again and again.
#[derive(Clone, Debug)]
pub(crate) struct Synthetic {
    batch: Arc<[u8]>,
    batch_records: i64,
    batches: i64,
}

impl Synthetic {
    /// Encodes the batch. Shared by all partitions.
    pub(crate) fn new(records: SyntheticRecords) -> Self {
        let batch_records = records.batch_records.max(1);
        let mut builder = BatchBuilder::new(Vec::new());
        let letters = b"abcdefghijklmnopqrstuvwxyz0123456789";
        for record in 0..batch_records {
            let from = usize::try_from(record).unwrap_or(0) % letters.len();
            let value: Vec<u8> = letters.iter().cycle().skip(from).take(records.value_bytes).copied().collect();
            // Fails only beyond the 2 GiB of a batch, which then has fewer records.
            if builder.append(1_750_000_000_000, None, Some(&value), NO_HEADERS).is_err() {
                break;
            }
        }
        let batch_records = i64::from(builder.count().max(1));
        let mut batch = builder.build();
        batch.set_leader_epoch(0);
        batch.seal();
        // Whole batches only, rounded up.
        let batches = (records.records.max(0) + batch_records - 1) / batch_records;
        Self { batch: batch.into_inner().into(), batch_records, batches }
    }

    pub(crate) fn end(&self) -> i64 {
        self.batches.saturating_mul(self.batch_records)
    }

    pub(crate) fn available(&self, from: i64) -> u64 {
        let rest = self.batches.saturating_sub(from / self.batch_records);
        u64::try_from(rest).unwrap_or(0).saturating_mul(self.batch.len() as u64)
    }

    /// Whole batches, as many as fit.
    pub(crate) fn read(&self, from: i64, max_bytes: usize, whole_first: bool) -> Bytes {
        let first = from / self.batch_records;
        let rest = usize::try_from(self.batches.saturating_sub(first)).unwrap_or(0);
        let fit = (max_bytes / self.batch.len()).max(usize::from(whole_first)).min(rest);
        let mut bytes = BytesMut::with_capacity(fit.saturating_mul(self.batch.len()));
        let mut base_offset = first.saturating_mul(self.batch_records);
        for _ in 0..fit {
            let at = bytes.len();
            bytes.extend_from_slice(&self.batch);
            if let Some(batch) = bytes.get_mut(at..) {
                edit::set_base_offset(batch, base_offset);
            }
            base_offset = base_offset.saturating_add(self.batch_records);
        }
        bytes.freeze()
    }
}
