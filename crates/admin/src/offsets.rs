//! Finding offsets: ListOffsets, asked of each partition's leader.

use bytes::Bytes;
use ottla_core::call::{Progress, Target};
use ottla_core::error::{Error, ErrorKind, Result};
use ottla_core::retry;
use ottla_core::versions::Versions;
use ottla_protocol::Utf8Bytes;
use ottla_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopic,
};
use ottla_types::{BrokerId, TopicPartition};

use crate::call::{Ask, Encoded, decoded, encoded, refused};

/// Which offset of a partition is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OffsetSpec {
    /// The log start offset: that of the first record there is.
    Earliest,
    /// The high watermark: the offset after the last record that all in-sync replicas have.
    Latest,
    /// The last stable offset: the one after the last record that is not of an open transaction. What a consumer that
    /// reads committed records only has as its end.
    LastStable,
    /// The offset of the first record whose timestamp is this or later, in milliseconds since 1970-01-01 UTC. Brokers
    /// before 0.10.1 cannot tell.
    Timestamp(i64),
    /// The offset of the record with the largest timestamp. Brokers before 3.0 cannot tell.
    MaxTimestamp,
}

impl OffsetSpec {
    /// The number that stands for it on the wire, and the lowest version that knows it.
    fn timestamp(self) -> (i64, i16) {
        match self {
            Self::Latest => (-1, 0),
            // Isolation levels came with version 2.
            Self::LastStable => (-1, 2),
            Self::Earliest => (-2, 0),
            // Version 0 answers with the offsets of segments, not of records.
            Self::Timestamp(timestamp) => (timestamp.max(0), 1),
            Self::MaxTimestamp => (-3, 7),
        }
    }
}

/// An offset that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedOffset {
    /// The offset.
    pub offset: i64,
    /// The timestamp of the record at the offset, where the question was about timestamps.
    pub timestamp: Option<i64>,
    /// The leader epoch of the record at the offset; brokers before 2.1 do not tell.
    pub leader_epoch: Option<i32>,
}

#[derive(Debug)]
pub(crate) struct ListOffsets {
    partition: TopicPartition,
    spec: OffsetSpec,
    timeout_ms: i32,
    answer: Option<Option<ListedOffset>>,
}

impl ListOffsets {
    pub(crate) fn new(partition: TopicPartition, spec: OffsetSpec, timeout_ms: i32) -> Self {
        Self { partition, spec, timeout_ms, answer: None }
    }

    fn find(&self, part: &ListOffsetsPartitionResponse) -> Option<ListedOffset> {
        let offset = part.old_style_offsets.first().copied().unwrap_or(part.offset);
        (offset >= 0).then_some(ListedOffset {
            offset,
            timestamp: (part.timestamp >= 0).then_some(part.timestamp),
            leader_epoch: (part.leader_epoch >= 0).then_some(part.leader_epoch),
        })
    }
}

impl Ask for ListOffsets {
    type Answer = Option<ListedOffset>;

    fn target(&self) -> Target {
        Target::Leader(self.partition.topic.clone(), self.partition.partition)
    }

    fn encode(&mut self, versions: &Versions, client_id: Option<&str>) -> Result<Encoded> {
        let (timestamp, oldest) = self.spec.timestamp();
        let version = versions.pick_within::<ListOffsetsRequest>(oldest, i16::MAX)?;
        let request = ListOffsetsRequest {
            replica_id: BrokerId(-1),
            isolation_level: i8::from(self.spec == OffsetSpec::LastStable),
            topics: vec![ListOffsetsTopic {
                name: Utf8Bytes::copy_from(self.partition.topic.name()),
                partitions: vec![ListOffsetsPartition {
                    partition_index: self.partition.partition,
                    timestamp,
                    // Version 0 takes a count, and has a default of its own.
                    ..Default::default()
                }],
                ..Default::default()
            }],
            timeout_ms: if version >= 10 { self.timeout_ms } else { Default::default() },
            ..Default::default()
        };
        encoded(&request, version, client_id)
    }

    fn read(&mut self, version: i16, body: &Bytes) -> Result<Progress> {
        let response = decoded::<ListOffsetsResponse>(version, body)?;
        let topic = response.topics.iter().find(|topic| topic.name == self.partition.topic.name());
        let part = topic
            .and_then(|topic| topic.partitions.iter().find(|part| part.partition_index == self.partition.partition));
        let Some(part) = part else {
            return Err(Error::new(ErrorKind::Malformed, "the broker's answer leaves the partition out"));
        };
        let verdict = retry::verdict(part.error_code);
        if verdict.is_retriable() {
            return Ok(Progress::Again(verdict));
        }
        if !part.error_code.is_ok() {
            return Err(refused(part.error_code, "finding an offset", None));
        }
        self.answer = Some(self.find(part));
        Ok(Progress::Done)
    }

    fn conclude(self, result: Result<()>) -> Result<Option<ListedOffset>> {
        result.map_err(|error| error.within(&self.partition))?;
        self.answer.ok_or_else(|| {
            Error::new(ErrorKind::Internal, "finding an offset ended without an answer").within(&self.partition)
        })
    }
}

#[cfg(test)]
mod tests;
