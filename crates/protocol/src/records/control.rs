//! Control records: what brokers write into a partition for clients, and applications never see.

#[cfg(test)]
mod tests;

use crate::schema::MessageSchema;

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

    /// Kafka's name for it, such as `COMMIT`; `None` if it is unknown.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Abort => Some("ABORT"),
            Self::Commit => Some("COMMIT"),
            Self::LeaderChange => Some("LEADER_CHANGE"),
            Self::SnapshotHeader => Some("SNAPSHOT_HEADER"),
            Self::SnapshotFooter => Some("SNAPSHOT_FOOTER"),
            Self::KRaftVersion => Some("KRAFT_VERSION"),
            Self::KRaftVoters => Some("KRAFT_VOTERS"),
            Self::Unknown(_) => None,
        }
    }

    /// The definition of such a record's value; `None` if the type is unknown.
    pub fn schema(self) -> Option<&'static MessageSchema> {
        MessageSchema::named(match self {
            Self::Abort | Self::Commit => "EndTxnMarker",
            Self::LeaderChange => "LeaderChangeMessage",
            Self::SnapshotHeader => "SnapshotHeaderRecord",
            Self::SnapshotFooter => "SnapshotFooterRecord",
            Self::KRaftVersion => "KRaftVersionRecord",
            Self::KRaftVoters => "VotersRecord",
            Self::Unknown(_) => return None,
        })
    }
}

/// The value of a control record: a message, to be decoded as its type or walked over by its definition.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ControlValue<'a> {
    /// The message's definition.
    pub schema: &'static MessageSchema,
    /// The version that it was written in.
    pub version: i16,
    /// The message.
    pub body: &'a [u8],
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

    /// The message that the record's value is: what a [`Walker`](crate::walk::Walker) or
    /// `Message::decode` takes.
    ///
    /// ```
    /// use ottla_protocol::ProducerId;
    /// use ottla_protocol::records::{ControlRecord, Producer, batches, end_transaction_batch};
    /// use ottla_protocol::walk::{Payloads, Walker, json};
    ///
    /// let producer = Producer { id: ProducerId(1), epoch: 0, base_sequence: -1 };
    /// let marker = end_transaction_batch(true, producer, 7, 1_700_000_000_000, Vec::new())?;
    /// let batch = batches(marker.as_bytes()).next().unwrap()?;
    /// let mut scratch = Vec::new();
    /// for record in batch.open(&mut Default::default(), &mut scratch, 0)? {
    ///     let value = ControlRecord::read(&record)?.value(&record)?.unwrap();
    ///     let walker = Walker::new(value.schema, value.body, value.version)?;
    ///     assert_eq!(json(walker, Payloads::Hidden)?.to_string(), r#"{"coordinatorEpoch":7}"#);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// `None` if the type is unknown. A marker of a later version is read as one of the last that is known, as Kafka does.
    ///
    /// # Errors
    ///
    /// [`RecordFault::Control`] if there is no value that begins with a version from 0 on.
    pub fn value<'a>(&self, record: &RecordView<'a>) -> Result<Option<ControlValue<'a>>, RecordError> {
        let Some(schema) = self.record_type.schema() else { return Ok(None) };
        let bad = RecordFault::Control.at(record.offset, 0);
        let value = record.value.ok_or(bad)?;
        let (version, behind) = value.split_first_chunk::<2>().ok_or(bad)?;
        let version = i16::from_be_bytes(*version);
        if version < 0 {
            return Err(bad);
        }
        // the version stands before a marker's message, and is the first field of the others
        let is_marker = matches!(self.record_type, ControlRecordType::Abort | ControlRecordType::Commit);
        let (body, version) = if is_marker { (behind, version.min(schema.versions.max)) } else { (value, version) };
        Ok(Some(ControlValue { schema, version, body }))
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
