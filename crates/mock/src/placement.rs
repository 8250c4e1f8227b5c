//! Where partitions live and who leads them: what the controller of a cluster decides.

use std::collections::BTreeMap;
use std::ops::Range;

use ottla_protocol::Utf8Bytes;
use ottla_types::{BrokerId, Uuid};

use crate::cluster::ClusterState;
use crate::log::Log;
use crate::topics::{PartitionState, TopicState};

impl ClusterState {
    /// Whether a broker is up.
    pub(crate) fn is_up(&self, id: BrokerId) -> bool {
        self.brokers.get(&id).is_some_and(|broker| broker.up)
    }

    /// The broker that clients are told is the controller.
    pub(crate) fn controller(&self) -> BrokerId {
        self.brokers.values().find(|broker| broker.up).map_or(BrokerId::NONE, |broker| broker.id)
    }

    pub(crate) fn default_replication_factor(&self) -> i16 {
        let most = i16::try_from(self.brokers.len()).unwrap_or(i16::MAX);
        self.config.default_replication_factor.unwrap_or(3).min(most)
    }

    /// The replicas of each partition: brokers in turn, from the `first` on.
    pub(crate) fn replicas(&self, first: usize, partitions: Range<i32>, factor: i16) -> Vec<Vec<BrokerId>> {
        let ids: Vec<BrokerId> = self.brokers.keys().copied().collect();
        let factor = usize::try_from(factor).unwrap_or(1).clamp(1, ids.len().max(1));
        let of = |partition: i32| {
            let start = first.wrapping_add(usize::try_from(partition).unwrap_or(0)) % ids.len().max(1);
            ids.iter().cycle().skip(start).take(factor).copied().collect()
        };
        partitions.map(of).collect()
    }

    /// Makes a topic by numbers.
    pub(crate) fn add_topic(
        &mut self,
        name: &str,
        partitions: i32,
        factor: i16,
        configs: BTreeMap<String, String>,
    ) -> Uuid {
        let replicas = self.replicas(self.created, 0..partitions.max(1), factor);
        self.place_topic(name, replicas, configs)
    }

    /// Makes a topic, given the replicas of each partition.
    pub(crate) fn place_topic(
        &mut self,
        name: &str,
        replicas: Vec<Vec<BrokerId>>,
        configs: BTreeMap<String, String>,
    ) -> Uuid {
        let id = Uuid(self.random.uuid());
        let partitions = replicas.into_iter().map(|replicas| self.new_partition(replicas)).collect();
        self.topics.insert(TopicState { name: Utf8Bytes::copy_from(name), id, configs, partitions });
        self.created += 1;
        id
    }

    /// Adds partitions to a topic.
    pub(crate) fn place_partitions(&mut self, name: &str, replicas: Vec<Vec<BrokerId>>) {
        let partitions: Vec<_> = replicas.into_iter().map(|replicas| self.new_partition(replicas)).collect();
        if let Some(topic) = self.topics.get_mut(name) {
            topic.partitions.extend(partitions);
        }
    }

    fn new_partition(&self, replicas: Vec<BrokerId>) -> PartitionState {
        let leader = replicas.iter().copied().find(|replica| self.is_up(*replica));
        let mut log = Log::new(self.synthetic.clone());
        log.began(0);
        PartitionState { leader, leader_epoch: 0, replicas, log, waiting: Default::default() }
    }

    /// Removes a topic, and gives its id.
    pub(crate) fn remove_topic(&mut self, name: &str) -> Option<Uuid> {
        let topic = self.topics.remove(name)?;
        for partition in topic.partitions {
            self.wake_all(partition.waiting);
        }
        Some(topic.id)
    }

    /// Gives the partitions of a broker that went to another replica that is up, and those without a leader to one that
    /// came.
    pub(crate) fn elect(&mut self) {
        let up: Vec<BrokerId> = self.brokers.values().filter(|broker| broker.up).map(|broker| broker.id).collect();
        let mut woken = Vec::new();
        for topic in self.topics.iter_mut() {
            for partition in &mut topic.partitions {
                if partition.leader.is_some_and(|leader| up.contains(&leader)) {
                    continue;
                }
                let leader = partition.replicas.iter().copied().find(|replica| up.contains(replica));
                if leader != partition.leader {
                    partition.lead(leader);
                    woken.extend(partition.waiting.iter().copied());
                }
            }
        }
        self.wake_all(woken);
    }

    /// The leader that a client should go to (KIP-951).
    pub(crate) fn leader_hint(&self, topic: &str, partition: i32) -> Option<(BrokerId, i32)> {
        let partition = self.topics.partition(topic, partition)?;
        Some((partition.leader?, partition.leader_epoch))
    }
}

impl PartitionState {
    /// A new leader, or the same one again, begins an epoch.
    pub(crate) fn lead(&mut self, leader: Option<BrokerId>) {
        self.leader = leader;
        self.leader_epoch = self.leader_epoch.saturating_add(1);
        if leader.is_some() {
            self.log.began(self.leader_epoch);
        }
    }
}
