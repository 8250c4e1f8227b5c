//! Records that tests put into logs and take out of them.

use bytes::Bytes;
use ottla_protocol::records::{BatchBuilder, EncodedBatch, RecordError, batches};
use ottla_types::ProducerId;

/// A record to be written by [`ClusterState::append`](crate::ClusterState::append).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MockRecord {
    /// The key.
    pub key: Option<Bytes>,
    /// The value.
    pub value: Option<Bytes>,
    /// The headers.
    pub headers: Vec<(String, Option<Bytes>)>,
    /// In milliseconds since 1970; none is the cluster's present.
    pub timestamp: Option<i64>,
}

impl MockRecord {
    /// A record without a key.
    pub fn value(value: impl Into<Bytes>) -> Self {
        Self { value: Some(value.into()), ..Self::default() }
    }

    /// A record with a key.
    pub fn keyed(key: impl Into<Bytes>, value: impl Into<Bytes>) -> Self {
        Self { key: Some(key.into()), value: Some(value.into()), ..Self::default() }
    }

    /// With a timestamp in milliseconds since 1970.
    #[must_use]
    pub fn at(mut self, timestamp: i64) -> Self {
        self.timestamp = Some(timestamp);
        self
    }
}

/// A record as it lies in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredRecord {
    /// Its offset.
    pub offset: i64,
    /// In milliseconds since 1970.
    pub timestamp: i64,
    /// The key.
    pub key: Option<Bytes>,
    /// The value.
    pub value: Option<Bytes>,
    /// The headers, in order, with duplicates; what is not UTF-8 in a name is replaced.
    pub headers: Vec<(String, Option<Bytes>)>,
    /// The leader epoch under which it was written.
    pub leader_epoch: i32,
    /// The idempotent producer that wrote it, with its epoch and the record's sequence.
    pub producer: Option<(ProducerId, i16, i32)>,
    /// Whether it is part of a transaction.
    pub transactional: bool,
    /// Whether a broker wrote it to end a transaction.
    pub control: bool,
}

impl StoredRecord {
    /// The records of a stored batch. A batch was checked before it was stored; of one that was compressed and cannot be
    /// read there are none.
    pub(crate) fn all_of(bytes: &Bytes) -> Vec<Self> {
        let Some(Ok(batch)) = batches(bytes).next() else { return Vec::new() };
        let mut scratch = Vec::new();
        let Ok(records) = batch.open(&mut Default::default(), &mut scratch, usize::MAX) else { return Vec::new() };
        let header = batch.header();
        let stored = |record: ottla_protocol::records::RecordView<'_>| {
            let sequence = i32::try_from(record.offset.saturating_sub(header.base_offset)).unwrap_or(0);
            let sequence = ottla_protocol::records::sequence_after(header.producer.base_sequence, sequence);
            let copy = |bytes: Option<&[u8]>| bytes.map(Bytes::copy_from_slice);
            let header_of = |view: ottla_protocol::records::HeaderView<'_>| {
                (String::from_utf8_lossy(view.key).into_owned(), copy(view.value))
            };
            Self {
                offset: record.offset,
                timestamp: record.timestamp,
                key: copy(record.key),
                value: copy(record.value),
                headers: record.headers().map(header_of).collect(),
                leader_epoch: header.leader_epoch,
                producer: (header.producer.id != ProducerId::NONE).then_some((
                    header.producer.id,
                    header.producer.epoch,
                    sequence,
                )),
                transactional: header.is_transactional(),
                control: header.is_control(),
            }
        };
        records.map(stored).collect()
    }
}

/// One batch of these records.
pub(crate) fn encode(records: &[MockRecord], present_ms: i64) -> Result<EncodedBatch, RecordError> {
    let mut builder = BatchBuilder::new(Vec::new());
    for record in records {
        let headers = record.headers.iter().map(|(key, value)| (key.as_bytes(), value.as_deref()));
        let timestamp = record.timestamp.unwrap_or(present_ms);
        builder.append(timestamp, record.key.as_deref(), record.value.as_deref(), headers)?;
    }
    let mut batch = builder.build();
    batch.seal();
    Ok(batch)
}
