//! ListOffsets, versions 1–10: earliest (−2), latest (−1), by timestamp, and of the largest timestamp (−3).
//!
//! Latest is the last stable offset with isolation level read committed. By timestamp the first record that is not older is
//! found, inside of compressed batches too.
//! Gaps: earliest local (−4) is the earliest, latest tiered (−5) is never there; partitions are answered last first.

use ottla_protocol::VersionRange;
use ottla_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse,
    ListOffsetsTopicResponse,
};
use ottla_types::{BrokerId, ErrorCode};

use super::{Handler, Reply};
use crate::cluster::ClusterState;
use crate::connection::Call;
use crate::fault::Touched;
use crate::records::StoredRecord;

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;

impl Handler for ListOffsetsRequest {
    const VERSIONS: VersionRange = VersionRange::new(1, 10);

    fn touched(&self, _: &ClusterState, _: BrokerId) -> Vec<Touched> {
        let mut touched = Vec::new();
        for topic in &self.topics {
            let named = topic.partitions.iter();
            touched.extend(named.map(|partition| Touched::partition(&topic.name, partition.partition_index)));
        }
        touched
    }

    fn handle(self, state: &mut ClusterState, call: &Call) -> Reply<ListOffsetsResponse> {
        let read_committed = self.isolation_level == 1;
        let topics = self.topics.into_iter().rev().map(|topic| {
            let answer = |asked: &ListOffsetsPartition| {
                let found = match call.verdict.partition_error(&topic.name, asked.partition_index) {
                    Some((code, _)) => Err(code),
                    None => find(state, call.broker, &topic.name, asked, read_committed),
                };
                let mut answer =
                    ListOffsetsPartitionResponse { partition_index: asked.partition_index, ..Default::default() };
                match found {
                    Ok((offset, timestamp, leader_epoch)) => {
                        answer.offset = offset;
                        answer.timestamp = timestamp;
                        answer.leader_epoch = if call.version >= 4 { leader_epoch } else { -1 };
                    }
                    Err(code) => answer.error_code = code,
                }
                answer
            };
            let partitions = topic.partitions.iter().rev().map(answer).collect();
            ListOffsetsTopicResponse { name: topic.name.clone(), partitions, ..Default::default() }
        });
        let topics = topics.collect();
        Reply::now(ListOffsetsResponse {
            throttle_time_ms: call.verdict.throttle_ms(),
            topics,
            ..ListOffsetsResponse::default()
        })
    }
}

/// Offset, timestamp and leader epoch.
fn find(
    state: &ClusterState,
    broker: BrokerId,
    topic: &str,
    asked: &ListOffsetsPartition,
    read_committed: bool,
) -> Result<(i64, i64, i32), ErrorCode> {
    const NONE: (i64, i64, i32) = (-1, -1, -1);
    let partition = state.led(broker, topic, asked.partition_index, asked.current_leader_epoch)?;
    let log = &partition.log;
    let end = log.readable_end(read_committed);
    let first = |timestamp: i64| {
        let found = log.batches_from_timestamp(timestamp).find_map(|batch| {
            let mut records = StoredRecord::all_of(batch).into_iter();
            records.find(|record| record.timestamp >= timestamp && record.offset >= log.start())
        });
        match found.filter(|record| record.offset < end) {
            Some(record) => (record.offset, record.timestamp, log.epoch_at(record.offset)),
            None => NONE,
        }
    };
    match asked.timestamp {
        LATEST => Ok((end, -1, partition.leader_epoch)),
        EARLIEST | EARLIEST_LOCAL => Ok((log.start(), -1, log.epoch_at(log.start()))),
        MAX_TIMESTAMP => match log.max_timestamp() {
            ..0 => Ok(NONE),
            timestamp => Ok(first(timestamp)),
        },
        timestamp @ 0.. => Ok(first(timestamp)),
        -5 => Ok(NONE),
        _ => Err(ErrorCode::UNSUPPORTED_VERSION),
    }
}
