//! DeleteTopics, versions 1–6: by name, and by id from version 6 on.
//!
//! Gaps: any broker takes it, as in KRaft; deletion cannot be switched off.

use ottla_protocol::VersionRange;
use ottla_protocol::messages::delete_topics::{
    DeletableTopicResult, DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse,
};
use ottla_types::{BrokerId, ErrorCode};

use super::{Handler, Reply};
use crate::cluster::ClusterState;
use crate::connection::Call;
use crate::fault::Touched;

impl Handler for DeleteTopicsRequest {
    const VERSIONS: VersionRange = VersionRange::new(1, 6);

    fn touched(&self, state: &ClusterState, _: BrokerId) -> Vec<Touched> {
        let named = self.topic_names.iter().map(Touched::topic);
        let stated = self.topics.iter().filter_map(|topic| {
            topic.name.as_ref().or_else(|| state.topics.name_of(&topic.topic_id)).map(Touched::topic)
        });
        named.chain(stated).collect()
    }

    fn handle(self, state: &mut ClusterState, call: &Call) -> Reply<DeleteTopicsResponse> {
        let named = self.topic_names.into_iter();
        let named = named.map(|name| DeleteTopicState { name: Some(name), ..Default::default() });
        let mut responses = Vec::new();
        for topic in named.chain(self.topics) {
            let unknown = match topic.name {
                Some(_) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                None => ErrorCode::UNKNOWN_TOPIC_ID,
            };
            let name = topic.name.clone().or_else(|| state.topics.name_of(&topic.topic_id).cloned());
            let mut result =
                DeletableTopicResult { name: name.clone(), topic_id: topic.topic_id, ..Default::default() };
            match name.as_deref().map(|name| (name, call.verdict.topic_error(name))) {
                None => result.error_code = unknown,
                Some((_, Some(code))) => result.error_code = code,
                Some((name, None)) => match state.remove_topic(name) {
                    Some(id) => result.topic_id = id,
                    None => result.error_code = unknown,
                },
            }
            responses.push(result);
        }
        Reply::now(DeleteTopicsResponse {
            throttle_time_ms: call.verdict.throttle_ms(),
            responses,
            ..DeleteTopicsResponse::default()
        })
    }
}
