//! Metadata, versions 0–13: brokers that are up, and topics by name or id.
//!
//! A topic that is asked for and not there is made, where cluster and client allow it, and answered with
//! UNKNOWN_TOPIC_OR_PARTITION this once, as brokers do that hand the request to the controller.
//! Gaps: every client may see and do everything, authorized operations are never told; the controller is the first broker
//! that is up; listeners are the same for all.

use ottla_protocol::messages::metadata::{
    MetadataRequest, MetadataResponse, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use ottla_protocol::{BrokerIds, Utf8Bytes, VersionRange};
use ottla_types::{BrokerId, ErrorCode};

use super::{Handler, Reply};
use crate::cluster::ClusterState;
use crate::connection::Call;
use crate::fault::Touched;
use crate::topics::{TopicState, is_valid_name};

impl Handler for MetadataRequest {
    const VERSIONS: VersionRange = VersionRange::new(0, 13);

    fn touched(&self, state: &ClusterState, _: BrokerId) -> Vec<Touched> {
        match &self.topics {
            Some(topics) if !topics.is_empty() => {
                let name = |topic: &ottla_protocol::messages::metadata::MetadataRequestTopic| {
                    topic.name.clone().or_else(|| state.topics.name_of(&topic.topic_id).cloned())
                };
                topics.iter().filter_map(name).map(|name| Touched::topic(&name)).collect()
            }
            _ => state.topics.iter().map(|topic| Touched::topic(&topic.name)).collect(),
        }
    }

    fn handle(self, state: &mut ClusterState, call: &Call) -> Reply<MetadataResponse> {
        let create = state.config.auto_create_topics && (self.allow_auto_topic_creation || call.version < 4);
        let topics = match self.topics {
            Some(topics) if !(topics.is_empty() && call.version == 0) => {
                let mut answers = Vec::with_capacity(topics.len());
                for topic in topics {
                    answers.push(match topic.name {
                        Some(name) => by_name(state, call, name, create),
                        None => match state.topics.name_of(&topic.topic_id).and_then(|name| state.topics.get(name)) {
                            Some(found) => describe(state, call, found),
                            None => MetadataResponseTopic {
                                error_code: ErrorCode::UNKNOWN_TOPIC_ID,
                                topic_id: topic.topic_id,
                                // Null is what there is to say, and version 12 the first that can.
                                name: (call.version < 12).then(Utf8Bytes::new),
                                ..Default::default()
                            },
                        },
                    });
                }
                answers
            }
            _ => state.topics.iter().map(|topic| describe(state, call, topic)).collect(),
        };
        let up = |broker: &&crate::broker::Broker| broker.up;
        let broker = |broker: &crate::broker::Broker| MetadataResponseBroker {
            node_id: broker.id,
            host: broker.host.clone().into(),
            port: i32::from(broker.port),
            rack: broker.rack.clone().map(Into::into),
            ..Default::default()
        };
        Reply::now(MetadataResponse {
            throttle_time_ms: call.verdict.throttle_ms(),
            brokers: state.brokers.values().filter(up).map(broker).collect(),
            cluster_id: Some(state.config.cluster_id.clone().into()),
            controller_id: state.controller(),
            topics,
            ..Default::default()
        })
    }
}

fn by_name(state: &mut ClusterState, call: &Call, name: Utf8Bytes, create: bool) -> MetadataResponseTopic {
    if let Some(topic) = state.topics.get(&name) {
        return describe(state, call, topic);
    }
    let error_code = if !is_valid_name(&name) {
        ErrorCode::INVALID_TOPIC_EXCEPTION
    } else if let Some(code) = call.verdict.topic_error(&name) {
        code
    } else {
        if create {
            let (partitions, factor) = (state.config.default_partitions, state.default_replication_factor());
            state.add_topic(&name, partitions, factor, Default::default());
        }
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
    };
    MetadataResponseTopic { error_code, name: Some(name), ..Default::default() }
}

fn describe(state: &ClusterState, call: &Call, topic: &TopicState) -> MetadataResponseTopic {
    if let Some(error_code) = call.verdict.topic_error(&topic.name) {
        return MetadataResponseTopic { error_code, name: Some(topic.name.clone()), ..Default::default() };
    }
    let partitions = topic.partitions.iter().zip(0..).map(|(partition, index)| {
        let (up, down): (BrokerIds, BrokerIds) = partition.replicas.iter().copied().partition(|id| state.is_up(*id));
        MetadataResponsePartition {
            error_code: if partition.leader.is_some() { ErrorCode::NONE } else { ErrorCode::LEADER_NOT_AVAILABLE },
            partition_index: index,
            leader_id: partition.leader.unwrap_or(BrokerId::NONE),
            leader_epoch: partition.leader_epoch,
            replica_nodes: partition.replicas.as_slice().into(),
            isr_nodes: up,
            offline_replicas: down,
            ..Default::default()
        }
    });
    MetadataResponseTopic {
        name: Some(topic.name.clone()),
        topic_id: topic.id,
        partitions: partitions.collect(),
        ..Default::default()
    }
}
