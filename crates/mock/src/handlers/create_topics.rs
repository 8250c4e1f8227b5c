//! CreateTopics, versions 2–7: by numbers or by assignment, with configs, or only checked.
//!
//! Gaps: any broker takes it, as in KRaft; configs are checked by name, not by value; nothing is limited by policies.

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::messages::create_topics::{
    CreatableTopic, CreatableTopicConfigs, CreatableTopicResult, CreateTopicsRequest, CreateTopicsResponse,
};
use ottla_protocol::{Utf8Bytes, VersionRange};
use ottla_types::{BrokerId, ErrorCode};

use super::{Handler, Reply};
use crate::cluster::ClusterState;
use crate::connection::Call;
use crate::fault::Touched;
use crate::topic_configs;
use crate::topics::is_valid_name;

impl Handler for CreateTopicsRequest {
    const VERSIONS: VersionRange = VersionRange::new(2, 7);

    fn touched(&self, _: &ClusterState, _: BrokerId) -> Vec<Touched> {
        self.topics.iter().map(|topic| Touched::topic(&topic.name)).collect()
    }

    fn handle(self, state: &mut ClusterState, call: &Call) -> Reply<CreateTopicsResponse> {
        let mut names = BTreeMap::<Utf8Bytes, usize>::new();
        for topic in &self.topics {
            *names.entry(topic.name.clone()).or_default() += 1;
        }
        let mut topics = Vec::with_capacity(self.topics.len());
        for topic in &self.topics {
            let twice = names.get(&topic.name).is_some_and(|times| *times > 1);
            let checked = match call.verdict.topic_error(&topic.name) {
                Some(code) => Err((code, "refused by a fault")),
                None if twice => Err((ErrorCode::INVALID_REQUEST, "the topic is named twice")),
                None => check(state, topic),
            };
            let mut result = CreatableTopicResult { name: topic.name.clone(), ..Default::default() };
            match checked {
                Err((code, message)) => {
                    result.error_code = code;
                    result.error_message = Some(message.into());
                }
                Ok(replicas) => {
                    let configs = topic.configs.iter();
                    let value = |value: &Option<Utf8Bytes>| value.as_ref().map(ToString::to_string);
                    let configs = configs.filter_map(|config| Some((config.name.to_string(), value(&config.value)?)));
                    let configs: BTreeMap<String, String> = configs.collect();
                    result.num_partitions = i32::try_from(replicas.len()).unwrap_or(i32::MAX);
                    result.replication_factor =
                        replicas.first().and_then(|replicas| i16::try_from(replicas.len()).ok()).unwrap_or(-1);
                    if call.version >= 5 {
                        let shown = topic_configs::describe(&configs);
                        let shown = shown.map(|config| CreatableTopicConfigs {
                            name: config.name.into(),
                            config_source: config.source(),
                            value: Some(config.value.into()),
                            ..Default::default()
                        });
                        result.configs = Some(shown.collect());
                    }
                    if !self.validate_only {
                        result.topic_id = state.place_topic(&topic.name, replicas, configs);
                    }
                }
            }
            topics.push(result);
        }
        Reply::now(CreateTopicsResponse {
            throttle_time_ms: call.verdict.throttle_ms(),
            topics,
            ..CreateTopicsResponse::default()
        })
    }
}

/// The replicas of each partition.
fn check(state: &ClusterState, topic: &CreatableTopic) -> Result<Vec<Vec<BrokerId>>, (ErrorCode, &'static str)> {
    if !is_valid_name(&topic.name) {
        return Err((ErrorCode::INVALID_TOPIC_EXCEPTION, "a topic's name is 1 to 249 of a-zA-Z0-9._-"));
    }
    if state.topics.get(&topic.name).is_some() {
        return Err((ErrorCode::TOPIC_ALREADY_EXISTS, "the topic exists"));
    }
    if topic.configs.iter().any(|config| !topic_configs::is_known(&config.name)) {
        return Err((ErrorCode::INVALID_CONFIG, "no such config of a topic"));
    }
    if !topic.assignments.is_empty() {
        if topic.num_partitions != -1 || topic.replication_factor != -1 {
            return Err((ErrorCode::INVALID_REQUEST, "either numbers or assignments"));
        }
        let mut placed = BTreeMap::new();
        for assignment in &topic.assignments {
            placed.insert(assignment.partition_index, assignment.broker_ids.to_vec());
        }
        let in_order = placed.keys().copied().eq(0..i32::try_from(topic.assignments.len()).unwrap_or(0));
        let valid = |replicas: &Vec<BrokerId>| {
            let distinct: BTreeSet<_> = replicas.iter().collect();
            !replicas.is_empty()
                && distinct.len() == replicas.len()
                && replicas.iter().all(|id| state.brokers.contains_key(id))
        };
        if !in_order || !placed.values().all(valid) {
            return Err((ErrorCode::INVALID_REPLICA_ASSIGNMENT, "partitions or brokers that cannot be"));
        }
        return Ok(placed.into_values().collect());
    }
    let partitions = match topic.num_partitions {
        -1 => state.config.default_partitions,
        ..1 => return Err((ErrorCode::INVALID_PARTITIONS, "a topic has one partition at least")),
        partitions => partitions,
    };
    let factor = match topic.replication_factor {
        -1 => state.default_replication_factor(),
        ..1 => return Err((ErrorCode::INVALID_REPLICATION_FACTOR, "a partition has one replica at least")),
        factor => factor,
    };
    if usize::try_from(factor).unwrap_or(usize::MAX) > state.brokers.values().filter(|broker| broker.up).count() {
        return Err((ErrorCode::INVALID_REPLICATION_FACTOR, "more replicas than brokers that are up"));
    }
    Ok(state.replicas(state.created, 0..partitions, factor))
}
