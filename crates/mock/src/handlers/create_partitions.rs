//! CreatePartitions, versions 0–3: more partitions for a topic, placed by the broker or by assignment.
//!
//! Gaps: any broker takes it, as in KRaft.

use ottla_protocol::VersionRange;
use ottla_protocol::messages::create_partitions::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopic, CreatePartitionsTopicResult,
};
use ottla_types::{BrokerId, ErrorCode};

use super::{Handler, Reply};
use crate::cluster::ClusterState;
use crate::connection::Call;
use crate::fault::Touched;

impl Handler for CreatePartitionsRequest {
    const VERSIONS: VersionRange = VersionRange::new(0, 3);

    fn touched(&self, _: &ClusterState, _: BrokerId) -> Vec<Touched> {
        self.topics.iter().map(|topic| Touched::topic(&topic.name)).collect()
    }

    fn handle(self, state: &mut ClusterState, call: &Call) -> Reply<CreatePartitionsResponse> {
        let mut results = Vec::with_capacity(self.topics.len());
        for topic in &self.topics {
            let checked = match call.verdict.topic_error(&topic.name) {
                Some(code) => Err((code, "refused by a fault")),
                None => check(state, topic),
            };
            let mut result = CreatePartitionsTopicResult { name: topic.name.clone(), ..Default::default() };
            match checked {
                Ok(replicas) if !self.validate_only => state.place_partitions(&topic.name, replicas),
                Ok(_) => {}
                Err((code, message)) => {
                    result.error_code = code;
                    result.error_message = Some(message.into());
                }
            }
            results.push(result);
        }
        Reply::now(CreatePartitionsResponse {
            throttle_time_ms: call.verdict.throttle_ms(),
            results,
            ..CreatePartitionsResponse::default()
        })
    }
}

/// The replicas of each new partition.
fn check(state: &ClusterState, topic: &CreatePartitionsTopic) -> Result<Vec<Vec<BrokerId>>, (ErrorCode, &'static str)> {
    let Some(known) = state.topics.get(&topic.name) else {
        return Err((ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "no such topic"));
    };
    let present = i32::try_from(known.partitions.len()).unwrap_or(i32::MAX);
    if topic.count <= present {
        return Err((ErrorCode::INVALID_PARTITIONS, "there must be more partitions than before"));
    }
    match &topic.assignments {
        None => {
            let factor = known.partitions.first().map_or(1, |partition| partition.replicas.len());
            Ok(state.replicas(0, present..topic.count, i16::try_from(factor).unwrap_or(1)))
        }
        Some(assignments) => {
            let placed: Vec<_> = assignments.iter().map(|assignment| assignment.broker_ids.to_vec()).collect();
            let known = |replicas: &Vec<BrokerId>| {
                !replicas.is_empty() && replicas.iter().all(|id| state.brokers.contains_key(id))
            };
            if i32::try_from(placed.len()).ok() != topic.count.checked_sub(present) || !placed.iter().all(known) {
                return Err((ErrorCode::INVALID_REPLICA_ASSIGNMENT, "partitions or brokers that cannot be"));
            }
            Ok(placed)
        }
    }
}
