//! The header of a batch: 61 bytes before its records.
//!
//! | at | bytes | field | in the CRC |
//! |---|---|---|---|
//! | 0 | 8 | base offset | |
//! | 8 | 4 | batch length, counted from byte 12 | |
//! | 12 | 4 | partition leader epoch | |
//! | 16 | 1 | magic, 2 | |
//! | 17 | 4 | CRC-32C of all that follows | |
//! | 21 | 2 | attributes | yes |
//! | 23 | 4 | last offset delta | yes |
//! | 27 | 8 | base timestamp | yes |
//! | 35 | 8 | max timestamp | yes |
//! | 43 | 8 | producer id | yes |
//! | 51 | 2 | producer epoch | yes |
//! | 53 | 4 | base sequence | yes |
//! | 57 | 4 | number of records | yes |

#[cfg(test)]
mod tests;

use ottla_types::ProducerId;

use super::{Attributes, TimestampType};

/// Who produced a batch, and where it stands in that producer's sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Producer {
    /// The producer id; [`ProducerId::NONE`] without idempotence.
    pub id: ProducerId,
    /// The producer epoch; -1 without idempotence.
    pub epoch: i16,
    /// The sequence of the batch's first record; -1 without idempotence.
    pub base_sequence: i32,
}

impl Producer {
    /// No producer: the batch is not idempotent.
    pub const NONE: Self = Self { id: ProducerId::NONE, epoch: -1, base_sequence: -1 };
}

impl Default for Producer {
    fn default() -> Self {
        Self::NONE
    }
}

/// What the header of a batch says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchHeader {
    /// The offset that the batch's deltas count from.
    pub base_offset: i64,
    /// Bytes of the batch after this field: 12 less than the whole.
    pub batch_length: i32,
    /// The leader epoch under which it was appended; -1 from a producer.
    pub leader_epoch: i32,
    /// The CRC-32C of the batch from its attributes on.
    pub crc: u32,
    /// Codec, timestamp type and so on.
    pub attributes: Attributes,
    /// The last offset less the base offset, which compaction leaves as it was.
    pub last_offset_delta: i32,
    /// What timestamp deltas count from, in milliseconds since 1970.
    pub base_timestamp: i64,
    /// The largest timestamp, or the broker's; -1 if there is none.
    pub max_timestamp: i64,
    /// Who produced it.
    pub producer: Producer,
    /// The number of records, which after compaction says nothing about offsets, and may be 0.
    pub count: i32,
}

impl BatchHeader {
    /// The length of the header in bytes.
    pub const LEN: usize = 61;
    /// The format that this header belongs to.
    pub const MAGIC: i8 = 2;

    /// Bytes before those that `batch_length` counts: base offset and the length itself.
    pub(crate) const OVERHEAD: usize = 12;
    /// Where the bytes begin that the CRC covers.
    pub(crate) const CRC_FROM: usize = 21;

    /// Reads the header that `bytes` begin with, whatever its magic says and without checking any value; `None` if
    /// there are fewer than 61 bytes.
    #[inline]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.first_chunk::<{ Self::LEN }>()?;
        Some(Self {
            base_offset: i64::from_be_bytes(part(bytes, 0)),
            batch_length: i32::from_be_bytes(part(bytes, 8)),
            leader_epoch: i32::from_be_bytes(part(bytes, 12)),
            crc: u32::from_be_bytes(part(bytes, 17)),
            attributes: Attributes(i16::from_be_bytes(part(bytes, 21))),
            last_offset_delta: i32::from_be_bytes(part(bytes, 23)),
            base_timestamp: i64::from_be_bytes(part(bytes, 27)),
            max_timestamp: i64::from_be_bytes(part(bytes, 35)),
            producer: Producer {
                id: ProducerId(i64::from_be_bytes(part(bytes, 43))),
                epoch: i16::from_be_bytes(part(bytes, 51)),
                base_sequence: i32::from_be_bytes(part(bytes, 53)),
            },
            count: i32::from_be_bytes(part(bytes, 57)),
        })
    }

    /// The header as it stands before the records, with the CRC that it holds.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        put(&mut bytes, 0, self.base_offset.to_be_bytes());
        put(&mut bytes, 8, self.batch_length.to_be_bytes());
        put(&mut bytes, 12, self.leader_epoch.to_be_bytes());
        put(&mut bytes, 16, Self::MAGIC.to_be_bytes());
        put(&mut bytes, 17, self.crc.to_be_bytes());
        put(&mut bytes, 21, self.attributes.0.to_be_bytes());
        put(&mut bytes, 23, self.last_offset_delta.to_be_bytes());
        put(&mut bytes, 27, self.base_timestamp.to_be_bytes());
        put(&mut bytes, 35, self.max_timestamp.to_be_bytes());
        put(&mut bytes, 43, self.producer.id.0.to_be_bytes());
        put(&mut bytes, 51, self.producer.epoch.to_be_bytes());
        put(&mut bytes, 53, self.producer.base_sequence.to_be_bytes());
        put(&mut bytes, 57, self.count.to_be_bytes());
        bytes
    }

    /// The length of the whole batch in bytes, header included.
    pub fn len(&self) -> usize {
        usize::try_from(self.batch_length).unwrap_or(0).saturating_add(Self::OVERHEAD)
    }

    /// Whether the batch has no records, as compaction may leave it.
    pub const fn is_empty(&self) -> bool {
        self.count <= 0
    }

    /// The offset of the last record that the batch had when it was written.
    pub const fn last_offset(&self) -> i64 {
        self.base_offset.saturating_add(self.last_offset_delta as i64)
    }

    /// The offset that follows the batch: where to fetch from next.
    pub const fn next_offset(&self) -> i64 {
        self.last_offset().saturating_add(1)
    }

    /// The sequence of the last record that the batch had when it was written; -1 without idempotence.
    pub const fn last_sequence(&self) -> i32 {
        if self.producer.base_sequence < 0 {
            return -1;
        }
        sequence_after(self.producer.base_sequence, self.last_offset_delta)
    }

    /// Whether the batch belongs to a transaction.
    pub const fn is_transactional(&self) -> bool {
        self.attributes.is_transactional()
    }

    /// Whether the batch holds control records, which no application may see.
    pub const fn is_control(&self) -> bool {
        self.attributes.is_control()
    }

    /// The timestamp of every record of the batch, if the broker stamped it.
    pub const fn log_append_time(&self) -> Option<i64> {
        match self.attributes.timestamp_type() {
            TimestampType::LogAppendTime => Some(self.max_timestamp),
            TimestampType::CreateTime => None,
        }
    }

    /// From when on the tombstones of the batch may be deleted, in milliseconds since 1970 (KIP-534).
    pub const fn delete_horizon(&self) -> Option<i64> {
        if self.attributes.has_delete_horizon() { Some(self.base_timestamp) } else { None }
    }
}

/// The sequence that is `count` records after `sequence`: it goes from 2³¹−1 on to 0.
pub const fn sequence_after(sequence: i32, count: i32) -> i32 {
    sequence.wrapping_add(count) & i32::MAX
}

/// The `N` bytes at `at`; zeros if they are not there, which the fixed positions above rule out.
fn part<const N: usize>(bytes: &[u8; BatchHeader::LEN], at: usize) -> [u8; N] {
    match bytes.get(at..).and_then(<[u8]>::first_chunk::<N>) {
        Some(part) => *part,
        None => [0; N],
    }
}

/// Puts a field at a position, if it is there.
pub(crate) fn put<const N: usize>(bytes: &mut [u8], at: usize, field: [u8; N]) {
    if let Some(place) = bytes.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<N>) {
        *place = field;
    }
}
