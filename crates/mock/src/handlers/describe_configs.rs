//! DescribeConfigs, versions 1–4: of topics all that Kafka 4.3 has, of brokers a few.
//!
//! Gaps: no synonyms and no documentation; loggers, client metrics and groups cannot be described.

use std::collections::BTreeMap;

use ottla_protocol::messages::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResourceResult, DescribeConfigsResponse,
    DescribeConfigsResult,
};
use ottla_protocol::{Utf8Bytes, VersionRange};
use ottla_types::{BrokerId, ErrorCode};

use super::{Handler, Reply};
use crate::cluster::ClusterState;
use crate::connection::Call;
use crate::fault::Touched;
use crate::topic_configs;

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
/// `STATIC_BROKER_CONFIG`.
const STATIC_BROKER: i8 = 4;

impl Handler for DescribeConfigsRequest {
    const VERSIONS: VersionRange = VersionRange::new(1, 4);

    fn touched(&self, _: &ClusterState, _: BrokerId) -> Vec<Touched> {
        let topics = self.resources.iter().filter(|resource| resource.resource_type == TOPIC);
        topics.map(|resource| Touched::topic(&resource.resource_name)).collect()
    }

    fn handle(self, state: &mut ClusterState, call: &Call) -> Reply<DescribeConfigsResponse> {
        let describe = |resource: &DescribeConfigsResource| {
            let mut result = DescribeConfigsResult {
                resource_type: resource.resource_type,
                resource_name: resource.resource_name.clone(),
                ..Default::default()
            };
            match configs(state, call, resource) {
                Ok(configs) => {
                    let wanted = |config: &DescribeConfigsResourceResult| {
                        resource.configuration_keys.as_ref().is_none_or(|keys| keys.contains(&config.name))
                    };
                    result.configs = configs.into_iter().filter(wanted).collect();
                    if call.version < 3 {
                        for config in &mut result.configs {
                            config.config_type = 0;
                        }
                    }
                }
                Err((code, message)) => {
                    result.error_code = code;
                    result.error_message = Some(message.into());
                }
            }
            result
        };
        Reply::now(DescribeConfigsResponse {
            throttle_time_ms: call.verdict.throttle_ms(),
            results: self.resources.iter().map(describe).collect(),
            ..DescribeConfigsResponse::default()
        })
    }
}

fn configs(
    state: &ClusterState,
    call: &Call,
    resource: &DescribeConfigsResource,
) -> Result<Vec<DescribeConfigsResourceResult>, (ErrorCode, &'static str)> {
    let name = &resource.resource_name;
    match resource.resource_type {
        TOPIC => {
            if let Some(code) = call.verdict.topic_error(name) {
                return Err((code, "refused by a fault"));
            }
            let topic = state.topics.get(name).ok_or((ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "no such topic"))?;
            let described = topic_configs::describe(&topic.configs).map(|config| DescribeConfigsResourceResult {
                name: config.name.into(),
                config_source: config.source(),
                value: Some(config.value.into()),
                config_type: config.kind,
                ..Default::default()
            });
            Ok(described.collect())
        }
        BROKER => {
            let known = name.parse().is_ok_and(|id| state.brokers.contains_key(&BrokerId(id)));
            if !known && !name.is_empty() {
                return Err((ErrorCode::INVALID_REQUEST, "no such broker"));
            }
            let values = BTreeMap::from([
                ("auto.create.topics.enable", state.config.auto_create_topics.to_string()),
                ("default.replication.factor", state.default_replication_factor().to_string()),
                ("message.max.bytes", state.config.max_message_bytes.to_string()),
                ("min.insync.replicas", state.config.min_insync_replicas.to_string()),
                ("node.id", name.to_string()),
                ("num.partitions", state.config.default_partitions.to_string()),
            ]);
            let described = values.into_iter().map(|(name, value)| DescribeConfigsResourceResult {
                name: Utf8Bytes::from_static(name),
                value: Some(value.into()),
                read_only: true,
                config_source: STATIC_BROKER,
                config_type: if name == "auto.create.topics.enable" { 1 } else { 3 },
                ..Default::default()
            });
            Ok(described.collect())
        }
        _ => Err((ErrorCode::INVALID_REQUEST, "configs of topics and brokers only")),
    }
}
