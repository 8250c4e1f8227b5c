//! Changes to an encoded batch, in place.
//!
//! All of them take the bytes of exactly one batch of format v2, as [`super::EncodedBatch::into_inner`] gives them or
//! [`super::RawBatch::bytes`] shows them, and do nothing to what is shorter than a header or of another format.
//!
//! The CRC begins behind the first 21 bytes: what a broker sets when it appends, the base offset and the leader epoch, it
//! does not cover. All else asks for [`seal`], which reads the whole batch:
//!
//! ```
//! use ottla_protocol::ProducerId;
//! use ottla_protocol::records::{BatchBuilder, NO_HEADERS, Producer, batches, edit};
//!
//! let mut builder = BatchBuilder::new(Vec::new());
//! builder.append(0, None, Some(b"value"), NO_HEADERS)?;
//! let mut batch = builder.build();
//! batch.seal();
//! let mut bytes = batch.into_inner();
//!
//! edit::set_base_offset(&mut bytes, 1000);
//! edit::set_leader_epoch(&mut bytes, 7);
//! batches(&bytes).next().unwrap()?.verify_crc()?;
//!
//! edit::set_producer(&mut bytes, Producer { id: ProducerId(4), epoch: 0, base_sequence: 20 });
//! edit::set_base_sequence(&mut bytes, 21);
//! edit::seal(&mut bytes);
//! batches(&bytes).next().unwrap()?.verify_crc()?;
//! # Ok::<(), ottla_protocol::records::RecordError>(())
//! ```
//!
//! What a batch tells of itself is read from its [`super::BatchHeader`], the delete horizon included. That one stands
//! where the base timestamp would, so setting it means to write every record anew.

#[cfg(test)]
mod tests;

use ottla_types::ProducerId;

use super::header::put;
use super::{BatchHeader, Producer, TimestampType};

/// Sets the offset that the batch's deltas count from. The CRC does not cover it.
pub fn set_base_offset(batch: &mut [u8], base_offset: i64) {
    if is_batch(batch) {
        put(batch, 0, base_offset.to_be_bytes());
    }
}

/// Sets the partition leader epoch. The CRC does not cover it.
pub fn set_leader_epoch(batch: &mut [u8], leader_epoch: i32) {
    if is_batch(batch) {
        put(batch, 12, leader_epoch.to_be_bytes());
    }
}

/// Says who produces the batch and with which sequence. The CRC must be computed again: see [`seal`].
pub fn set_producer(batch: &mut [u8], producer: Producer) {
    set_producer_id(batch, producer.id);
    set_producer_epoch(batch, producer.epoch);
    set_base_sequence(batch, producer.base_sequence);
}

/// Sets the producer id alone; -1 for none. The CRC must be computed again: see [`seal`].
pub fn set_producer_id(batch: &mut [u8], id: ProducerId) {
    if is_batch(batch) {
        put(batch, 43, id.0.to_be_bytes());
    }
}

/// Sets the producer epoch alone; -1 for none. The CRC must be computed again: see [`seal`].
pub fn set_producer_epoch(batch: &mut [u8], epoch: i16) {
    if is_batch(batch) {
        put(batch, 51, epoch.to_be_bytes());
    }
}

/// Sets the sequence of the first record alone; -1 for none. The CRC must be computed again: see [`seal`].
pub fn set_base_sequence(batch: &mut [u8], base_sequence: i32) {
    if is_batch(batch) {
        put(batch, 53, base_sequence.to_be_bytes());
    }
}

/// Says whether the batch belongs to a transaction. The CRC must be computed again: see [`seal`].
pub fn set_transactional(batch: &mut [u8], transactional: bool) {
    if let Some(header) = read(batch) {
        put(batch, 21, header.attributes.with_transactional(transactional).0.to_be_bytes());
    }
}

/// Stamps the batch with the broker's time: every record has that timestamp from now on. The CRC must be computed
/// again: see [`seal`].
pub fn set_log_append_time(batch: &mut [u8], timestamp: i64) {
    if let Some(header) = read(batch) {
        put(batch, 21, header.attributes.with_timestamp_type(TimestampType::LogAppendTime).0.to_be_bytes());
        put(batch, 35, timestamp.to_be_bytes());
    }
}

/// Sets the producer and computes the CRC: what a retry under a new producer id or epoch needs, without compressing
/// again.
pub fn patch_producer(batch: &mut [u8], producer: Producer) {
    set_producer(batch, producer);
    seal(batch);
}

/// Computes the CRC and stores it: some 17 µs for a MiB where the processor has AVX-512.
pub fn seal(batch: &mut [u8]) {
    if is_batch(batch) {
        let crc = crc(batch);
        put(batch, 17, crc.to_be_bytes());
    }
}

/// The CRC-32C of a batch, from its attributes to its end.
#[inline]
pub fn crc(batch: &[u8]) -> u32 {
    crc_fast::crc32_iscsi(batch.get(BatchHeader::CRC_FROM..).unwrap_or_default())
}

fn read(batch: &[u8]) -> Option<BatchHeader> {
    if is_batch(batch) { BatchHeader::read(batch) } else { None }
}

fn is_batch(batch: &[u8]) -> bool {
    batch.len() >= BatchHeader::LEN && batch.get(16) == Some(&BatchHeader::MAGIC.cast_unsigned())
}
