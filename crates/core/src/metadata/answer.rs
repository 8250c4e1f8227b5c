//! What a metadata response changes in the view.
//!
//! A leader with an older epoch than the one known is never adopted, as brokers answer from views of different age. A topic
//! with another id was deleted and created anew: it is taken as it comes. An error that may pass takes the place of a known
//! topic only when it comes twice in a row.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use ottla_protocol::messages::MetadataResponse;
use ottla_protocol::messages::metadata::{MetadataResponsePartition, MetadataResponseTopic};
use ottla_types::{BrokerId, ErrorCode, Topic};

use super::interest::Interest;
use crate::backoff::BackoffPolicy;
use crate::cluster::{Broker, Cluster, PartitionInfo, TopicInfo, TopicState, TopicView};
use crate::retry::verdict;

pub(super) struct Merge<'a> {
    pub(super) now: Instant,
    pub(super) revision: u64,
    pub(super) backoff: &'a BackoffPolicy,
    pub(super) random: &'a mut fastrand::Rng,
    pub(super) view: &'a mut Cluster,
    pub(super) interest: &'a mut Interest,
}

impl Merge<'_> {
    /// Takes brokers, controller and cluster id.
    pub(super) fn cluster(&mut self, answer: &MetadataResponse) {
        if let Some(id) = &answer.cluster_id {
            let id: Arc<str> = Arc::from(&**id);
            if self.view.id.as_ref().is_some_and(|known| *known != id) {
                tracing::warn!(cluster = %id, "another cluster answers than before; what was known of topics is dropped");
                let topics: Vec<_> = self.view.topics().map(|view| view.topic.clone()).collect();
                for topic in topics {
                    self.view.forget_topic(&topic);
                    self.interest.asked_again(&[topic], self.now);
                }
            }
            self.view.id = Some(id);
        }
        self.view.controller = (answer.controller_id.0 >= 0).then_some(answer.controller_id);
        let brokers = answer.brokers.iter().filter(|broker| broker.node_id.0 >= 0).filter_map(|broker| {
            let port = u16::try_from(broker.port).ok()?;
            let (host, rack) = (Arc::from(&*broker.host), broker.rack.as_ref().map(|rack| Arc::from(&**rack)));
            Some((broker.node_id, Broker { id: broker.node_id, host, port, rack }))
        });
        let brokers: BTreeMap<_, _> = brokers.collect();
        if *self.view.brokers != brokers {
            self.view.brokers = Arc::new(brokers);
        }
    }

    /// Takes topics. `asked` are those that the request named, `None` being all.
    pub(super) fn topics(&mut self, answer: &MetadataResponse, asked: Option<&[Topic]>) {
        let mut answered = BTreeMap::new();
        for response in &answer.topics {
            if let Some(name) = &response.name {
                answered.insert(Topic::from(&**name), response);
            }
        }
        for (topic, response) in &answered {
            if self.interest.holds(topic) || self.interest.wants_all() {
                self.topic(topic, response);
            }
        }
        let missing: Vec<Topic> = match asked {
            Some(asked) => asked.iter().filter(|topic| !answered.contains_key(*topic)).cloned().collect(),
            None => {
                let known = self.view.topics().map(|view| view.topic.clone());
                known.filter(|topic| !answered.contains_key(topic)).collect()
            }
        };
        for topic in missing {
            if self.interest.holds(&topic) {
                self.failed(&topic, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
            } else {
                self.view.forget_topic(&topic);
            }
        }
    }

    fn topic(&mut self, topic: &Topic, response: &MetadataResponseTopic) {
        if !response.error_code.is_ok() {
            return self.failed(topic, response.error_code);
        }
        let known = self.view.known(topic);
        let info = TopicInfo {
            id: response.topic_id,
            internal: response.is_internal,
            partitions: partitions(&response.partitions, known.filter(|known| is_same(known, response))),
        };
        let changed = known != Some(&info);
        let leaderless = info.partitions.iter().any(|partition| partition.leader.is_none());
        let doubted = self.interest.settle(topic, changed);
        if leaderless {
            self.interest.retry(topic, self.now, self.backoff, self.random);
        }
        if changed || doubted {
            let (topic, revision) = (topic.clone(), self.revision);
            self.view.insert_topic(TopicView { topic, revision, state: TopicState::Known(info) });
        }
    }

    fn failed(&mut self, topic: &Topic, code: ErrorCode) {
        if verdict(code).is_retriable() {
            let before = self.interest.retry(topic, self.now, self.backoff, self.random);
            if before == 0 && self.view.known(topic).is_some() {
                return;
            }
        } else {
            self.interest.settle(topic, true);
        }
        let since = match self.view.topic(topic).map(|view| &view.state) {
            Some(TopicState::Failed { code: known, since }) if *known == code => *since,
            _ => self.now,
        };
        let state = TopicState::Failed { code, since };
        self.view.insert_topic(TopicView { topic: topic.clone(), revision: self.revision, state });
    }
}

/// Whether the answer is about the topic that is known, and not one that was created anew under its name.
fn is_same(known: &TopicInfo, response: &MetadataResponseTopic) -> bool {
    known.id.is_nil() || response.topic_id.is_nil() || known.id == response.topic_id
}

fn partitions(responses: &[MetadataResponsePartition], known: Option<&TopicInfo>) -> Vec<PartitionInfo> {
    // Partitions are numbered without gaps; what is left out, or out of range, is treated as unknown.
    let unknown = PartitionInfo {
        error: ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        leader: None,
        leader_epoch: -1,
        replicas: Vec::new(),
        in_sync_replicas: Vec::new(),
        offline_replicas: Vec::new(),
    };
    let mut partitions = vec![unknown; responses.len()];
    for response in responses {
        let Ok(index) = usize::try_from(response.partition_index) else { continue };
        let Some(place) = partitions.get_mut(index) else { continue };
        let newer = known
            .and_then(|known| known.partitions.get(index))
            .filter(|known| response.leader_epoch >= 0 && response.leader_epoch < known.leader_epoch);
        *place = newer.cloned().unwrap_or_else(|| PartitionInfo {
            error: response.error_code,
            leader: (response.leader_id.0 >= 0).then_some(response.leader_id),
            leader_epoch: response.leader_epoch,
            replicas: response.replica_nodes.to_vec(),
            in_sync_replicas: response.isr_nodes.to_vec(),
            offline_replicas: response.offline_replicas.to_vec(),
        });
    }
    partitions
}

/// The topic with the leader that a broker named (KIP-951), if that is news.
pub(super) fn with_leader(
    cluster: &Cluster,
    topic: &Topic,
    partition: i32,
    leader: BrokerId,
    leader_epoch: i32,
    revision: u64,
) -> Option<TopicView> {
    let info = cluster.known(topic)?;
    let index = usize::try_from(partition).ok()?;
    let known = info.partitions.get(index)?;
    if leader_epoch <= known.leader_epoch {
        return None;
    }
    let mut info = info.clone();
    let place = info.partitions.get_mut(index)?;
    place.leader = Some(leader);
    place.leader_epoch = leader_epoch;
    place.error = ErrorCode::NONE;
    Some(TopicView { topic: topic.clone(), revision, state: TopicState::Known(info) })
}
