//! What news of topics and leaders means for what is queued.

use std::sync::Arc;

use ottla_core::clock::Now;
use ottla_core::cluster::{Cluster, TopicState};
use ottla_core::error::Error;
use ottla_core::io::Demand;
use ottla_core::retry::verdict;
use ottla_types::{BrokerId, Uuid};

use crate::machine::ProducerMachine;
use crate::partition::Partition;
use crate::topics::Standing;

impl ProducerMachine {
    /// Takes over a newer view of the cluster.
    pub(crate) fn on_cluster(&mut self, now: Now, cluster: Arc<Cluster>) {
        for index in 0..self.topics.len() {
            self.on_topic_view(now, &cluster, index);
        }
        self.cluster = cluster;
    }

    /// Takes over what a view of the cluster says of a topic, if it is news.
    pub(crate) fn on_topic_view(&mut self, now: Now, cluster: &Cluster, index: usize) {
        let Some(entry) = self.topics.get_mut(index) else { return };
        let Some(view) = cluster.topic(&entry.topic) else { return };
        if view.revision <= entry.revision {
            return;
        }
        entry.revision = view.revision;
        match &view.state {
            TopicState::Known(info) => {
                let recreated = !entry.id.is_nil() && !info.id.is_nil() && entry.id != info.id;
                entry.standing = Standing::Known;
                entry.failures = 0;
                let before = entry.partitions.len();
                while entry.partitions.len() < info.partitions.len() {
                    let number = entry.count();
                    entry.partitions.push(self.partitions.len());
                    self.partitions.push(Partition::new(index, number));
                }
                let leaders = info.partitions.iter().enumerate().filter(|(_, partition)| partition.leader.is_some());
                let available: Vec<i32> = leaders.filter_map(|(number, _)| i32::try_from(number).ok()).collect();
                if available != entry.available || entry.partitions.len() != before {
                    entry.available = available;
                    entry.on_other_partitions();
                }
                let partitions = entry.partitions.clone();
                if info.id != Uuid::NIL {
                    self.topics.identify(index, info.id);
                }
                for (number, partition) in partitions.into_iter().enumerate() {
                    if recreated {
                        self.on_recreated(partition);
                    }
                    let told = info.partitions.get(number);
                    let leader = told.and_then(|told| told.leader);
                    let epoch = told.map_or(-1, |told| told.leader_epoch);
                    self.set_leader(now, partition, leader, epoch);
                }
                let mut answers = Vec::new();
                self.accumulator.on_topic(index, &Ok(()), &mut answers);
                self.tell(answers);
            }
            TopicState::Failed { code, .. } => {
                entry.failures = entry.failures.saturating_add(1);
                let again = verdict(*code).is_retriable();
                entry.standing = if again { Standing::Unknown(Some(*code)) } else { Standing::Refused(*code) };
                entry.available.clear();
                entry.on_other_partitions();
                let (failures, name) = (entry.failures, entry.topic.clone());
                let partitions = entry.partitions.clone();
                if again {
                    let work = partitions.iter().filter_map(|partition| self.partitions.get(*partition));
                    let needed = work.into_iter().any(Partition::has_work) || self.accumulator.is_awaited(index);
                    if needed && !std::mem::replace(&mut entry.asking, true) {
                        let pause = self.settings.backoff.pause(failures, &mut self.random);
                        self.topic_pauses.insert((now.after(pause), index));
                    }
                    for partition in partitions {
                        self.set_leader(now, partition, None, -1);
                    }
                } else {
                    let error = Error::broker(*code, format!("topic `{name}` cannot be written to"));
                    let mut answers = Vec::new();
                    self.accumulator.on_topic(index, &Err(error.clone()), &mut answers);
                    self.tell(answers);
                    for partition in partitions {
                        self.set_leader(now, partition, None, -1);
                        self.fail_waiting(now, partition, &error);
                    }
                }
            }
        }
    }

    /// The topic was deleted and made anew: its log knows nothing of the sequences that were used.
    fn on_recreated(&mut self, index: usize) {
        let Some(partition) = self.partitions.get_mut(index) else { return };
        partition.leader_epoch = -1;
        partition.renew();
        self.recover(index);
    }

    fn set_leader(&mut self, now: Now, index: usize, leader: Option<BrokerId>, epoch: i32) {
        let Some(partition) = self.partitions.get_mut(index) else { return };
        let older = leader.is_some() && epoch >= 0 && epoch < partition.leader_epoch;
        if older {
            return;
        }
        let same = leader.is_some() && partition.leader == leader && partition.leader_epoch == epoch;
        if same {
            return;
        }
        partition.leader = leader;
        if leader.is_some() {
            partition.leader_epoch = epoch;
        }
        partition.proven = false;
        partition.listed = false;
        if let Some(at) = partition.retry_at.take() {
            self.pauses.remove(&(at, index));
        }
        match leader {
            Some(broker) => {
                if let (Some(after), true) = (&mut partition.hurried_after, partition.open.is_some()) {
                    // What was on its way to the old leader does not matter any more.
                    *after = 0;
                    self.broker(broker).hurried.push_back(index);
                }
                self.list(index);
                self.dirty.insert(broker);
            }
            None => {
                if partition.has_work() {
                    self.pause(now, index);
                }
            }
        }
    }

    /// Says that what is known of a topic is wrong.
    pub(crate) fn demand_stale(&mut self, topic: usize) {
        if let Some(entry) = self.topics.get(topic) {
            let demand = Demand::Stale { topic: entry.topic.clone(), revision: entry.revision };
            if !self.out.demands.contains(&demand) {
                self.out.demands.push_back(demand);
            }
        }
    }
}
