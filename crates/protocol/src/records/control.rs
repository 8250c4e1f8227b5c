//! Control records: what brokers write into a partition for clients, and applications never see.

#[cfg(test)]
mod tests;

use super::{Attributes, BatchBuilder, EncodedBatch, NO_HEADERS, Producer, RecordError, RecordFault, RecordView};

/// What a control record says, by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ControlRecordType {
    /// The transaction of the batch's producer was aborted.
    Abort,
    /// The transaction of the batch's producer was committed.
    Commit,
    /// A new leader of the metadata quorum.
    LeaderChange,
    /// The first record of a snapshot.
    SnapshotHeader,
    /// The last record of a snapshot.
    SnapshotFooter,
    /// The version of the metadata quorum's protocol.
    KRaftVersion,
    /// The voters of the metadata quorum.
    KRaftVoters,
    /// A type that was not known when this was written.
    Unknown(i16),
}

impl ControlRecordType {
    /// The type of a number.
    pub const fn from_id(id: i16) -> Self {
        match id {
            0 => Self::Abort,
            1 => Self::Commit,
            2 => Self::LeaderChange,
            3 => Self::SnapshotHeader,
            4 => Self::SnapshotFooter,
            5 => Self::KRaftVersion,
            6 => Self::KRaftVoters,
            id => Self::Unknown(id),
        }
    }

    /// Its number.
    pub const fn id(self) -> i16 {
        match self {
            Self::Abort => 0,
            Self::Commit => 1,
            Self::LeaderChange => 2,
            Self::SnapshotHeader => 3,
            Self::SnapshotFooter => 4,
            Self::KRaftVersion => 5,
            Self::KRaftVoters => 6,
            Self::Unknown(id) => id,
        }
    }
}

/// A control record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ControlRecord {
    /// What it says.
    pub record_type: ControlRecordType,
    /// The epoch of the transaction coordinator, in a marker of the end of a transaction that has its value.
    pub coordinator_epoch: Option<i32>,
}

impl ControlRecord {
    /// Reads a record of a batch that is [`super::BatchHeader::is_control`].
    ///
    /// # Errors
    ///
    /// [`RecordFault::Control`] if its key is not a version from 0 on and a type.
    pub fn read(record: &RecordView<'_>) -> Result<Self, RecordError> {
        let bad = RecordFault::Control.at(record.offset, 0);
        let &[version_high, version_low, type_high, type_low] =
            record.key.and_then(<[u8]>::first_chunk::<4>).ok_or(bad)?;
        if i16::from_be_bytes([version_high, version_low]) < 0 {
            return Err(bad);
        }
        let record_type = ControlRecordType::from_id(i16::from_be_bytes([type_high, type_low]));
        let coordinator_epoch = match record_type {
            // a version, then the epoch
            ControlRecordType::Abort | ControlRecordType::Commit => record
                .value
                .and_then(|value| value.get(2..))
                .and_then(<[u8]>::first_chunk::<4>)
                .map(|epoch| i32::from_be_bytes(*epoch)),
            _ => None,
        };
        Ok(Self { record_type, coordinator_epoch })
    }
}

/// The batch by which a broker ends a producer's transaction in a partition, sealed, at base offset 0.
///
/// `timestamp` is in milliseconds since 1970. The producer's sequence is not used: markers have none.
///
/// # Errors
///
/// None that can happen: the batch is far below any limit.
pub fn end_transaction_batch(
    commit: bool,
    producer: Producer,
    coordinator_epoch: i32,
    timestamp: i64,
    buffer: Vec<u8>,
) -> Result<EncodedBatch, RecordError> {
    let record_type = if commit { ControlRecordType::Commit } else { ControlRecordType::Abort };
    let [type_high, type_low] = record_type.id().to_be_bytes();
    let [a, b, c, d] = coordinator_epoch.to_be_bytes();
    let mut builder = BatchBuilder::new(buffer);
    builder.append(timestamp, Some(&[0, 0, type_high, type_low]), Some(&[0, 0, a, b, c, d]), NO_HEADERS)?;
    let mut batch = builder.build_with(Attributes::default().with_transactional(true).with_control(true));
    batch.assign(Producer { base_sequence: -1, ..producer });
    batch.seal();
    Ok(batch)
}
