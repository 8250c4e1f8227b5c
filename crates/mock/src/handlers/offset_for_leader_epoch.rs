//! OffsetForLeaderEpoch, versions 2–4: where a leader epoch ended (KIP-320).
//!
//! Gaps: replicas cannot ask.

use ottla_protocol::VersionRange;
use ottla_protocol::messages::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetForLeaderPartition,
    OffsetForLeaderTopicResult,
};
use ottla_types::BrokerId;

use super::{Handler, Reply};
use crate::cluster::ClusterState;
use crate::connection::Call;
use crate::fault::Touched;

impl Handler for OffsetForLeaderEpochRequest {
    const VERSIONS: VersionRange = VersionRange::new(2, 4);

    fn touched(&self, _: &ClusterState, _: BrokerId) -> Vec<Touched> {
        let mut touched = Vec::new();
        for topic in &self.topics {
            touched.extend(topic.partitions.iter().map(|asked| Touched::partition(&topic.topic, asked.partition)));
        }
        touched
    }

    fn handle(self, state: &mut ClusterState, call: &Call) -> Reply<OffsetForLeaderEpochResponse> {
        let topics = self.topics.into_iter().map(|topic| {
            let answer = |asked: &OffsetForLeaderPartition| {
                let mut answer = EpochEndOffset { partition: asked.partition, ..Default::default() };
                let found = match call.verdict.partition_error(&topic.topic, asked.partition) {
                    Some((code, _)) => Err(code),
                    None => state.led(call.broker, &topic.topic, asked.partition, asked.current_leader_epoch),
                };
                match found.map(|partition| partition.log.epoch_end(asked.leader_epoch)) {
                    Ok(Some((epoch, end_offset))) => (answer.leader_epoch, answer.end_offset) = (epoch, end_offset),
                    Ok(None) => {}
                    Err(code) => answer.error_code = code,
                }
                answer
            };
            let partitions = topic.partitions.iter().map(answer).collect();
            OffsetForLeaderTopicResult { topic: topic.topic.clone(), partitions, ..Default::default() }
        });
        let topics = topics.collect();
        Reply::now(OffsetForLeaderEpochResponse {
            throttle_time_ms: call.verdict.throttle_ms(),
            topics,
            ..OffsetForLeaderEpochResponse::default()
        })
    }
}
