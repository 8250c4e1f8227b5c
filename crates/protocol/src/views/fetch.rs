//! A borrowed view of Fetch responses.

use std::fmt;

use ottla_types::{BrokerId, ErrorCode, ProducerId, Uuid};

use super::{Part, Parts, Read, checked, tags, topic, unknown_tags};
use crate::walk::{Input, Text};
use crate::{DecodeError, WireError};

/// A Fetch response of any version.
#[derive(Clone, Copy, Debug)]
pub struct FetchResponseView<'a> {
    throttle_time_ms: i32,
    error_code: ErrorCode,
    session_id: i32,
    topics: Parts<'a, FetchTopicView<'a>>,
    node_endpoints: Parts<'a, NodeEndpointView<'a>>,
    len: usize,
}

impl<'a> FetchResponseView<'a> {
    /// Checks a body. Bytes after its end are ignored.
    ///
    /// # Errors
    ///
    /// When the bytes are no Fetch response in this version. It refuses what typed decoding refuses, at the same place.
    pub fn new(body: &'a [u8], version: i16) -> Result<Self, DecodeError> {
        let read = |input: &mut Input<'a>| {
            let mut view = Self {
                throttle_time_ms: if version >= 1 { input.int32()? } else { 0 },
                error_code: if version >= 7 { ErrorCode(input.int16()?) } else { ErrorCode::NONE },
                session_id: if version >= 7 { input.int32()? } else { 0 },
                topics: Parts::read(input)?,
                node_endpoints: Parts::empty(),
                len: 0,
            };
            tags(input, |input, tag| match tag {
                0 if version >= 16 => {
                    view.node_endpoints = Parts::read(input)?;
                    Ok(true)
                }
                0 => Err(WireError::UnexpectedTag),
                _ => Ok(false),
            })?;
            Ok(view)
        };
        let (view, len) = checked("FetchResponse", body, version, read)?;
        Ok(Self { len, ..view })
    }

    /// How long the client is asked to wait, from version 1 on.
    pub fn throttle_time_ms(&self) -> i32 {
        self.throttle_time_ms
    }

    /// What went wrong with the whole request, from version 7 on.
    pub fn error_code(&self) -> ErrorCode {
        self.error_code
    }

    /// The fetch session, from version 7 on; 0 for none.
    pub fn session_id(&self) -> i32 {
        self.session_id
    }

    /// The topics, in wire order.
    pub fn topics(&self) -> impl ExactSizeIterator<Item = FetchTopicView<'a>> + Clone + use<'a> {
        self.topics
    }

    /// Where the brokers are that lead partitions of this response elsewhere, from version 16 on.
    pub fn node_endpoints(&self) -> impl ExactSizeIterator<Item = NodeEndpointView<'a>> + Clone + use<'a> {
        self.node_endpoints
    }

    /// The bytes of the body that are the response.
    pub fn body_len(&self) -> usize {
        self.len
    }
}

/// One topic of a Fetch response.
#[derive(Clone, Copy, Debug)]
pub struct FetchTopicView<'a> {
    name: Option<Text<'a>>,
    id: Option<Uuid>,
    partitions: Parts<'a, FetchPartitionView<'a>>,
}

impl<'a> FetchTopicView<'a> {
    /// Its name, up to version 12.
    pub fn name(&self) -> Option<Text<'a>> {
        self.name
    }

    /// Its id, from version 13 on.
    pub fn id(&self) -> Option<Uuid> {
        self.id
    }

    /// Its partitions, in wire order.
    pub fn partitions(&self) -> impl ExactSizeIterator<Item = FetchPartitionView<'a>> + Clone + use<'a> {
        self.partitions
    }
}

impl<'a> Part<'a> for FetchTopicView<'a> {
    const LEAST: usize = 3;

    fn read(input: &mut Input<'a>) -> Read<Self> {
        let (name, id) = topic(input, 13)?;
        let topic = Self { name, id, partitions: Parts::read(input)? };
        unknown_tags(input)?;
        Ok(topic)
    }
}

/// One partition of a Fetch response.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct FetchPartitionView<'a> {
    /// Its number.
    pub index: i32,
    /// What went wrong with it.
    pub error_code: ErrorCode,
    /// The offset after the last record that all replicas in sync have.
    pub high_watermark: i64,
    /// The offset before which all transactions are decided, from version 4 on; -1 where not known.
    pub last_stable_offset: i64,
    /// Its first offset, from version 5 on; -1 where not known.
    pub log_start_offset: i64,
    /// Where the log of the follower that asked differs, from version 12 on.
    pub diverging_epoch: Option<DivergingEpoch>,
    /// Who leads it, where the one that was asked does not; from version 12 on.
    pub current_leader: Option<CurrentLeader>,
    /// The snapshot that must be fetched instead, from version 12 on.
    pub snapshot_id: Option<SnapshotId>,
    /// The replica that should be asked from now on, from version 11 on; -1 for the leader.
    pub preferred_read_replica: BrokerId,
    /// Record batches, or message sets up to version 3; the last one may be cut short.
    pub records: Option<&'a [u8]>,
    aborted_transactions: Option<Parts<'a, AbortedTransactionView>>,
}

impl<'a> FetchPartitionView<'a> {
    /// The transactions whose records here must be dropped, from version 4 on. Nothing where the response has null, as it
    /// has for whoever reads what is not committed.
    pub fn aborted_transactions(
        &self,
    ) -> Option<impl ExactSizeIterator<Item = AbortedTransactionView> + Clone + use<'a>> {
        self.aborted_transactions
    }
}

impl fmt::Debug for FetchPartitionView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let records = self.records.map(|records| format!("<{} bytes>", records.len()));
        f.debug_struct("FetchPartitionView")
            .field("index", &self.index)
            .field("error_code", &self.error_code)
            .field("high_watermark", &self.high_watermark)
            .field("last_stable_offset", &self.last_stable_offset)
            .field("log_start_offset", &self.log_start_offset)
            .field("aborted_transactions", &self.aborted_transactions)
            .field("preferred_read_replica", &self.preferred_read_replica)
            .field("records", &records)
            .finish_non_exhaustive()
    }
}

impl<'a> Part<'a> for FetchPartitionView<'a> {
    const LEAST: usize = 18;

    #[inline]
    fn read(input: &mut Input<'a>) -> Read<Self> {
        let version = input.version();
        let mut partition = Self {
            index: input.int32()?,
            error_code: ErrorCode(input.int16()?),
            high_watermark: input.int64()?,
            last_stable_offset: if version >= 4 { input.int64()? } else { -1 },
            log_start_offset: if version >= 5 { input.int64()? } else { -1 },
            diverging_epoch: None,
            current_leader: None,
            snapshot_id: None,
            aborted_transactions: if version >= 4 { Parts::nullable(input)? } else { None },
            preferred_read_replica: BrokerId(if version >= 11 { input.int32()? } else { -1 }),
            records: input.bytes()?,
        };
        tags(input, |input, tag| {
            match tag {
                0 => partition.diverging_epoch = Some(DivergingEpoch::read(input)?),
                1 => partition.current_leader = Some(CurrentLeader::read(input)?),
                2 => partition.snapshot_id = Some(SnapshotId::read(input)?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(partition)
    }
}

/// Where the log of a follower differs from its leader's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DivergingEpoch {
    /// The largest epoch that both have.
    pub epoch: i32,
    /// Where it ends at the leader.
    pub end_offset: i64,
}

impl DivergingEpoch {
    fn read(input: &mut Input<'_>) -> Read<Self> {
        let this = Self { epoch: input.int32()?, end_offset: input.int64()? };
        unknown_tags(input)?;
        Ok(this)
    }
}

/// Who leads a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CurrentLeader {
    /// The leader; -1 where it is not known.
    pub leader_id: BrokerId,
    /// Its epoch.
    pub leader_epoch: i32,
}

impl CurrentLeader {
    fn read(input: &mut Input<'_>) -> Read<Self> {
        let this = Self { leader_id: BrokerId(input.int32()?), leader_epoch: input.int32()? };
        unknown_tags(input)?;
        Ok(this)
    }
}

/// A snapshot of the metadata log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SnapshotId {
    /// The offset after the last record that it covers.
    pub end_offset: i64,
    /// The epoch of that record.
    pub epoch: i32,
}

impl SnapshotId {
    fn read(input: &mut Input<'_>) -> Read<Self> {
        let this = Self { end_offset: input.int64()?, epoch: input.int32()? };
        unknown_tags(input)?;
        Ok(this)
    }
}

/// A transaction that was aborted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AbortedTransactionView {
    /// Its producer.
    pub producer_id: ProducerId,
    /// Its first offset in the partition.
    pub first_offset: i64,
}

impl<'a> Part<'a> for AbortedTransactionView {
    const LEAST: usize = 16;

    fn read(input: &mut Input<'a>) -> Read<Self> {
        let this = Self { producer_id: ProducerId(input.int64()?), first_offset: input.int64()? };
        unknown_tags(input)?;
        Ok(this)
    }
}

/// Where a broker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeEndpointView<'a> {
    /// The broker.
    pub node_id: BrokerId,
    /// Its host.
    pub host: Text<'a>,
    /// Its port.
    pub port: i32,
    /// Its rack.
    pub rack: Option<Text<'a>>,
}

impl<'a> Part<'a> for NodeEndpointView<'a> {
    const LEAST: usize = 11;

    fn read(input: &mut Input<'a>) -> Read<Self> {
        let this = Self {
            node_id: BrokerId(input.int32()?),
            host: input.string()?.ok_or(WireError::UnexpectedNull)?,
            port: input.int32()?,
            rack: input.string()?,
        };
        unknown_tags(input)?;
        Ok(this)
    }
}

#[cfg(test)]
mod tests;
