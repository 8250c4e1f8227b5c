//! The topics and partitions of the cluster, by name and by id.

use std::collections::{BTreeMap, BTreeSet};

use ottla_protocol::Utf8Bytes;
use ottla_types::{BrokerId, Uuid};

use crate::connection::ConnectionId;
use crate::log::Log;

/// All topics.
#[derive(Clone, Debug, Default)]
pub(crate) struct Topics {
    by_name: BTreeMap<Utf8Bytes, TopicState>,
    names: BTreeMap<Uuid, Utf8Bytes>,
}

/// One topic.
#[derive(Clone, Debug)]
pub(crate) struct TopicState {
    pub(crate) name: Utf8Bytes,
    pub(crate) id: Uuid,
    /// What was set for it, by Kafka's names.
    pub(crate) configs: BTreeMap<String, String>,
    pub(crate) partitions: Vec<PartitionState>,
}

/// One partition.
#[derive(Clone, Debug)]
pub(crate) struct PartitionState {
    /// None while no replica is up.
    pub(crate) leader: Option<BrokerId>,
    pub(crate) leader_epoch: i32,
    /// The preferred leader first.
    pub(crate) replicas: Vec<BrokerId>,
    pub(crate) log: Log,
    /// The connections with a fetch that waits for something to happen here.
    pub(crate) waiting: BTreeSet<ConnectionId>,
}

impl Topics {
    pub(crate) fn get(&self, name: &str) -> Option<&TopicState> {
        self.by_name.get(name)
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut TopicState> {
        self.by_name.get_mut(name)
    }

    pub(crate) fn name_of(&self, id: &Uuid) -> Option<&Utf8Bytes> {
        self.names.get(id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &TopicState> {
        self.by_name.values()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut TopicState> {
        self.by_name.values_mut()
    }

    pub(crate) fn insert(&mut self, topic: TopicState) {
        self.names.insert(topic.id, topic.name.clone());
        self.by_name.insert(topic.name.clone(), topic);
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<TopicState> {
        let topic = self.by_name.remove(name)?;
        self.names.remove(&topic.id);
        Some(topic)
    }

    pub(crate) fn partition(&self, name: &str, partition: i32) -> Option<&PartitionState> {
        self.get(name)?.partition(partition)
    }

    pub(crate) fn partition_mut(&mut self, name: &str, partition: i32) -> Option<&mut PartitionState> {
        let place = usize::try_from(partition).ok()?;
        self.get_mut(name)?.partitions.get_mut(place)
    }
}

impl TopicState {
    pub(crate) fn partition(&self, partition: i32) -> Option<&PartitionState> {
        self.partitions.get(usize::try_from(partition).ok()?)
    }

    /// A config that was set for the topic and can be read as what is expected.
    pub(crate) fn config<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.configs.get(name)?.parse().ok()
    }

    /// Whether the broker stamps records with its own time (`message.timestamp.type`).
    pub(crate) fn log_append_time(&self) -> bool {
        self.configs.get("message.timestamp.type").is_some_and(|value| value == "LogAppendTime")
    }
}

/// Whether Kafka takes this as a topic's name: 1 to 249 of `a-zA-Z0-9._-`, and neither `.` nor `..`.
pub(crate) fn is_valid_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !name.is_empty() && name.len() <= 249 && name != "." && name != ".." && name.bytes().all(allowed)
}
