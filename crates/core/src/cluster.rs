//! The view of the cluster: brokers, controller, and topics by name and by id. Immutable; a change makes a new view that
//! shares what did not change.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use ottla_types::{BrokerId, ErrorCode, Topic, Uuid};

use crate::error::Error;
use crate::io::CoordinatorKind;

/// One view of the cluster. [`revision`](Self::revision) only grows.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    /// Counts the views.
    pub revision: u64,
    /// The cluster's id, once known.
    pub id: Option<Arc<str>>,
    /// The controller, as far as the cluster tells.
    pub controller: Option<BrokerId>,
    /// The brokers that are alive, as the last answer told, and those that a coordinator or leader was said to be since.
    pub brokers: Arc<BTreeMap<BrokerId, Broker>>,
    /// The addresses that the client was given, as brokers with ids of their own; see [`bootstrap_id`].
    pub bootstrap: Arc<[Broker]>,
    /// Why this view cannot be brought up to date: set once every broker that may be asked has failed, unset by an answer.
    pub trouble: Option<Trouble>,
    groups: Arc<BTreeMap<Arc<str>, CoordinatorView>>,
    transactions: Arc<BTreeMap<Arc<str>, CoordinatorView>>,
    topics: BTreeMap<Topic, Arc<TopicView>>,
    names: BTreeMap<Uuid, Topic>,
}

/// The id that stands for the bootstrap address of this index: below −1, which is Kafka's own "none".
pub fn bootstrap_id(index: usize) -> BrokerId {
    BrokerId(i32::try_from(index).map_or(i32::MIN, |index| (-2_i32).saturating_sub(index)))
}

/// Why no broker could be asked.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// The last failure, which names the address.
    pub error: Error,
    /// When this began.
    pub since: Instant,
}

/// What is known of one coordinator.
#[derive(Clone, Debug)]
pub struct CoordinatorView {
    /// The cluster's revision at which this was learned.
    pub revision: u64,
    /// Known, or failed.
    pub state: CoordinatorState,
}

/// Whether a coordinator is known.
#[derive(Clone, Debug)]
pub enum CoordinatorState {
    /// This broker is it.
    Known(BrokerId),
    /// The lookup was answered with an error. Where [`Error::is_retriable`] it is repeated for as long as somebody wants it.
    Failed {
        /// The answer.
        error: Error,
        /// When lookups of this key began to fail.
        since: Instant,
    },
}

/// A broker's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// Its id.
    pub id: BrokerId,
    /// Its advertised host name or address.
    pub host: Arc<str>,
    /// Its port.
    pub port: u16,
    /// Its rack, where set (`broker.rack`).
    pub rack: Option<Arc<str>>,
}

/// What is known of a topic. Absence is data: a topic that failed says since when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicView {
    /// The name.
    pub topic: Topic,
    /// The cluster's revision at which this view of the topic was made or confirmed anew.
    pub revision: u64,
    /// Known, or failed.
    pub state: TopicState,
}

/// Whether a topic is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicState {
    /// The topic exists.
    Known(TopicInfo),
    /// The broker answered with an error.
    Failed {
        /// The answer.
        code: ErrorCode,
        /// When this code was first seen in a row.
        since: Instant,
    },
}

/// A topic that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicInfo {
    /// Its id (KIP-516); nil from brokers before 2.8.
    pub id: Uuid,
    /// Whether it is one of Kafka's own.
    pub internal: bool,
    /// Its partitions: the index is the partition.
    pub partitions: Vec<PartitionInfo>,
}

/// One partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionInfo {
    /// `NONE`, or why there is no leader.
    pub error: ErrorCode,
    /// The leader, where there is one.
    pub leader: Option<BrokerId>,
    /// The leader's epoch, or −1 from brokers that do not tell (before 2.1).
    pub leader_epoch: i32,
    /// All replicas, the preferred one first.
    pub replicas: Vec<BrokerId>,
    /// Replicas in sync.
    pub in_sync_replicas: Vec<BrokerId>,
    /// Replicas that are offline.
    pub offline_replicas: Vec<BrokerId>,
}

impl Cluster {
    /// A view in which only the bootstrap addresses (host, port) are known.
    pub fn bootstrap(addresses: impl IntoIterator<Item = (Arc<str>, u16)>) -> Self {
        let brokers = addresses.into_iter().enumerate();
        let brokers = brokers.map(|(index, (host, port))| Broker { id: bootstrap_id(index), host, port, rack: None });
        Self { bootstrap: brokers.collect(), ..Self::default() }
    }

    /// A broker's address, be it a bootstrap address or a member of the cluster.
    pub fn broker(&self, id: BrokerId) -> Option<&Broker> {
        if id.0 < -1 { self.bootstrap.iter().find(|broker| broker.id == id) } else { self.brokers.get(&id) }
    }

    /// What is known of a coordinator. `None` until a lookup that was demanded is answered, and again while a coordinator
    /// that was said to be wrong is looked up anew.
    pub fn coordinator(&self, kind: CoordinatorKind, key: &str) -> Option<&CoordinatorView> {
        match kind {
            CoordinatorKind::Group => self.groups.get(key),
            CoordinatorKind::Transaction => self.transactions.get(key),
        }
    }

    /// The broker that is known to be a coordinator.
    pub fn coordinator_id(&self, kind: CoordinatorKind, key: &str) -> Option<BrokerId> {
        match self.coordinator(kind, key)?.state {
            CoordinatorState::Known(broker) => Some(broker),
            CoordinatorState::Failed { .. } => None,
        }
    }

    /// Puts in, or takes out, what is known of a coordinator. For the metadata machine and for tests.
    pub fn set_coordinator(&mut self, kind: CoordinatorKind, key: &Arc<str>, view: Option<CoordinatorView>) {
        let map = Arc::make_mut(match kind {
            CoordinatorKind::Group => &mut self.groups,
            CoordinatorKind::Transaction => &mut self.transactions,
        });
        match view {
            Some(view) => map.insert(Arc::clone(key), view),
            None => map.remove(key),
        };
    }

    /// A topic by name.
    pub fn topic(&self, topic: &Topic) -> Option<&Arc<TopicView>> {
        self.topics.get(topic)
    }

    /// A topic's name by its id.
    pub fn name_of(&self, id: Uuid) -> Option<&Topic> {
        self.names.get(&id)
    }

    /// A topic that exists.
    pub fn known(&self, topic: &Topic) -> Option<&TopicInfo> {
        match &self.topics.get(topic)?.state {
            TopicState::Known(info) => Some(info),
            TopicState::Failed { .. } => None,
        }
    }

    /// A partition of a topic that exists.
    pub fn partition(&self, topic: &Topic, partition: i32) -> Option<&PartitionInfo> {
        self.known(topic)?.partitions.get(usize::try_from(partition).ok()?)
    }

    /// All topics in the view, by name.
    pub fn topics(&self) -> impl Iterator<Item = &Arc<TopicView>> {
        self.topics.values()
    }

    /// Puts a topic's new view in place of the old one. For the metadata machine and for tests.
    pub fn insert_topic(&mut self, view: TopicView) {
        self.forget_topic(&view.topic.clone());
        if let TopicState::Known(info) = &view.state
            && !info.id.is_nil()
        {
            self.names.insert(info.id, view.topic.clone());
        }
        self.topics.insert(view.topic.clone(), Arc::new(view));
    }

    /// Takes a topic out of the view.
    pub fn forget_topic(&mut self, topic: &Topic) {
        if let Some(old) = self.topics.remove(topic)
            && let TopicState::Known(info) = &old.state
        {
            self.names.remove(&info.id);
        }
    }
}

impl TopicView {
    /// The topic's description where it exists.
    pub fn known(&self) -> Option<&TopicInfo> {
        match &self.state {
            TopicState::Known(info) => Some(info),
            TopicState::Failed { .. } => None,
        }
    }
}
