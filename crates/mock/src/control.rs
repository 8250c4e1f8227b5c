//! What a test does to the cluster, and what it looks at.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use ottla_protocol::records::{BatchHeader, Producer, RecordError, end_transaction_batch};
use ottla_types::{BrokerId, ErrorCode, ProducerId, Uuid};

use crate::cluster::ClusterState;
use crate::fault::{Fault, FaultId};
use crate::records::{MockRecord, StoredRecord, encode};
use crate::seen::RequestsSeen;
use crate::topics::{PartitionState, is_valid_name};

/// Why the cluster cannot do what a test asks of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MockError {
    /// There is no such topic.
    UnknownTopic(String),
    /// There is no such partition.
    UnknownPartition(String, i32),
    /// There is no such broker.
    UnknownBroker(BrokerId),
    /// The broker is down.
    BrokerDown(BrokerId),
    /// The partition has no replica on that broker.
    NotReplica(BrokerId),
    /// The topic is there already.
    TopicExists(String),
    /// A topic cannot have that name.
    InvalidTopicName(String),
    /// The records or the batch cannot be.
    Records(RecordError),
    /// There are no records, or the bytes are no batch.
    NoBatch,
}

impl fmt::Display for MockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownTopic(topic) => write!(f, "there is no topic {topic:?}"),
            Self::UnknownPartition(topic, partition) => write!(f, "topic {topic:?} has no partition {partition}"),
            Self::UnknownBroker(id) => write!(f, "there is no broker {id}"),
            Self::BrokerDown(id) => write!(f, "broker {id} is down"),
            Self::NotReplica(id) => write!(f, "the partition has no replica on broker {id}"),
            Self::TopicExists(topic) => write!(f, "there is a topic {topic:?} already"),
            Self::InvalidTopicName(topic) => write!(f, "a topic cannot be called {topic:?}"),
            Self::Records(error) => write!(f, "the records cannot be written: {error}"),
            Self::NoBatch => f.write_str("there are no records"),
        }
    }
}

impl std::error::Error for MockError {}

/// One partition as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartitionInfo {
    /// None while no replica is up.
    pub leader: Option<BrokerId>,
    /// Its leader's epoch.
    pub leader_epoch: i32,
    /// The preferred leader first.
    pub replicas: Vec<BrokerId>,
    /// The first offset that can be read.
    pub log_start_offset: i64,
    /// The offset of the next record.
    pub high_watermark: i64,
    /// The offset before which no transaction is open.
    pub last_stable_offset: i64,
}

/// Topics.
impl ClusterState {
    /// Creates a topic with the cluster's default replication factor, and gives its id.
    ///
    /// # Errors
    ///
    /// When it exists, or cannot have this name.
    pub fn create_topic(&mut self, name: &str, partitions: i32) -> Result<Uuid, MockError> {
        self.create_topic_with(name, partitions, self.default_replication_factor(), BTreeMap::new())
    }

    /// Creates a topic with a replication factor and configs by Kafka's names (`cleanup.policy`, `max.message.bytes`,
    /// `message.timestamp.type` and `min.insync.replicas` have an effect), and gives its id.
    ///
    /// # Errors
    ///
    /// When it exists, or cannot have this name.
    pub fn create_topic_with(
        &mut self,
        name: &str,
        partitions: i32,
        replication_factor: i16,
        configs: BTreeMap<String, String>,
    ) -> Result<Uuid, MockError> {
        if !is_valid_name(name) {
            return Err(MockError::InvalidTopicName(name.to_owned()));
        }
        if self.topics.get(name).is_some() {
            return Err(MockError::TopicExists(name.to_owned()));
        }
        Ok(self.add_topic(name, partitions, replication_factor, configs))
    }

    /// Deletes a topic with all that is in it.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn delete_topic(&mut self, name: &str) -> Result<(), MockError> {
        self.remove_topic(name).ok_or_else(|| MockError::UnknownTopic(name.to_owned()))?;
        self.changed();
        Ok(())
    }

    /// The names of all topics, sorted.
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        self.topics.iter().map(|topic| topic.name.as_str())
    }

    /// The number of a topic's partitions; none where there is no such topic.
    pub fn partitions(&self, topic: &str) -> Option<i32> {
        self.topics.get(topic).and_then(|topic| i32::try_from(topic.partitions.len()).ok())
    }

    /// One partition as it is.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn partition(&self, topic: &str, partition: i32) -> Result<PartitionInfo, MockError> {
        let state = self.topics.partition(topic, partition).ok_or_else(|| unknown(topic, partition))?;
        Ok(PartitionInfo {
            leader: state.leader,
            leader_epoch: state.leader_epoch,
            replicas: state.replicas.clone(),
            log_start_offset: state.log.start(),
            high_watermark: state.log.end(),
            last_stable_offset: state.log.last_stable_offset(),
        })
    }
}

/// Brokers and leaders.
impl ClusterState {
    /// The ids of all brokers, up or down.
    pub fn brokers(&self) -> impl Iterator<Item = BrokerId> {
        self.brokers.keys().copied()
    }

    /// Where a broker listens; none where there is no such broker.
    pub fn address(&self, broker: BrokerId) -> Option<(&str, u16)> {
        self.brokers.get(&broker).map(|broker| (broker.host.as_str(), broker.port))
    }

    /// Tells where a broker listens: what clients are told in turn.
    ///
    /// # Errors
    ///
    /// When there is no such broker.
    pub fn set_address(&mut self, broker: BrokerId, host: &str, port: u16) -> Result<(), MockError> {
        let broker = self.brokers.get_mut(&broker).ok_or(MockError::UnknownBroker(broker))?;
        host.clone_into(&mut broker.host);
        broker.port = port;
        Ok(())
    }

    /// The broker that listens there.
    pub fn broker_at(&self, host: &str, port: u16) -> Option<BrokerId> {
        self.brokers.values().find(|broker| broker.host == host && broker.port == port).map(|broker| broker.id)
    }

    /// Whether a broker is up; false where there is no such broker.
    pub fn is_broker_up(&self, broker: BrokerId) -> bool {
        self.is_up(broker)
    }

    /// A broker goes down: its connections end, its fetch sessions are lost, and other replicas lead its partitions, each
    /// with a new epoch. A partition with no replica up has no leader.
    ///
    /// # Errors
    ///
    /// When there is no such broker.
    pub fn stop_broker(&mut self, broker: BrokerId) -> Result<(), MockError> {
        self.brokers.get_mut(&broker).ok_or(MockError::UnknownBroker(broker))?.up = false;
        self.disconnect_all(broker);
        self.expire_fetch_sessions(broker);
        self.elect();
        self.changed();
        Ok(())
    }

    /// A broker comes up again. It leads the partitions that had no leader, and no others.
    ///
    /// # Errors
    ///
    /// When there is no such broker.
    pub fn start_broker(&mut self, broker: BrokerId) -> Result<(), MockError> {
        self.brokers.get_mut(&broker).ok_or(MockError::UnknownBroker(broker))?.up = true;
        self.elect();
        self.changed();
        Ok(())
    }

    /// All connections of a broker end.
    pub fn disconnect_all(&mut self, broker: BrokerId) {
        let of_broker = self.connections.iter().filter(|(_, connection)| connection.broker == broker);
        let ids: Vec<_> = of_broker.map(|(id, _)| *id).collect();
        for id in ids {
            self.close(id);
        }
    }

    /// A broker forgets its fetch sessions.
    pub fn expire_fetch_sessions(&mut self, broker: BrokerId) {
        if let Some(sessions) = self.sessions.get_mut(&broker) {
            sessions.clear();
        }
    }

    /// How many fetch sessions a broker has.
    pub fn fetch_sessions(&self, broker: BrokerId) -> usize {
        self.sessions.get(&broker).map_or(0, crate::fetch_sessions::FetchSessions::len)
    }

    /// Another replica leads the partition, or the same one again, with the next epoch, which is given back. The old leader
    /// answers NOT_LEADER_OR_FOLLOWER from now on, and to those that know its epoch FENCED_LEADER_EPOCH.
    ///
    /// # Errors
    ///
    /// When there is no such partition, or it has no replica on that broker, or that broker is down.
    pub fn move_leader(&mut self, topic: &str, partition: i32, to: BrokerId) -> Result<i32, MockError> {
        if !self.is_up(to) {
            return Err(MockError::BrokerDown(to));
        }
        let state = self.partition_mut(topic, partition)?;
        if !state.replicas.contains(&to) {
            return Err(MockError::NotReplica(to));
        }
        state.lead(Some(to));
        let epoch = state.leader_epoch;
        self.wake(topic, partition);
        self.changed();
        Ok(epoch)
    }

    /// Another replica that is up leads the partition: the next one after the present leader. Gives the new leader and its
    /// epoch.
    ///
    /// # Errors
    ///
    /// When there is no such partition, or none of its brokers is up.
    pub fn move_leader_on(&mut self, topic: &str, partition: i32) -> Result<(BrokerId, i32), MockError> {
        let state = self.topics.partition(topic, partition).ok_or_else(|| unknown(topic, partition))?;
        let present = state.replicas.iter().position(|replica| Some(*replica) == state.leader).unwrap_or(0);
        let mut others = state.replicas.iter().cycle().skip(present + 1).take(state.replicas.len());
        let to = others.find(|replica| self.is_up(**replica)).copied();
        let to = to.ok_or(MockError::BrokerDown(state.leader.unwrap_or(BrokerId::NONE)))?;
        Ok((to, self.move_leader(topic, partition, to)?))
    }
}

/// Logs.
impl ClusterState {
    /// Writes records to a partition, as one batch of no producer, and gives the offset of the first.
    ///
    /// # Errors
    ///
    /// When there is no such partition, or no record.
    pub fn append(&mut self, topic: &str, partition: i32, records: &[MockRecord]) -> Result<i64, MockError> {
        if records.is_empty() {
            return Err(MockError::NoBatch);
        }
        let batch = encode(records, self.wall_ms()).map_err(MockError::Records)?;
        self.append_batch(topic, partition, &batch.into_inner())
    }

    /// Writes a batch to a partition as it is but for base offset and leader epoch, unchecked, so that it may be corrupt,
    /// and gives its base offset.
    ///
    /// # Errors
    ///
    /// When there is no such partition, or the bytes are fewer than the header of a batch has.
    pub fn append_batch(&mut self, topic: &str, partition: i32, batch: &[u8]) -> Result<i64, MockError> {
        let header = BatchHeader::read(batch).ok_or(MockError::NoBatch)?;
        let state = self.partition_mut(topic, partition)?;
        let epoch = state.leader_epoch;
        let base_offset = state.log.append(batch, &header, epoch, None);
        self.wake(topic, partition);
        self.changed();
        Ok(base_offset)
    }

    /// Ends the transaction that a producer has open in a partition, by a marker whose offset is given back: as a
    /// transaction coordinator would.
    ///
    /// # Errors
    ///
    /// When there is no such partition.
    pub fn end_transaction(
        &mut self,
        topic: &str,
        partition: i32,
        producer: (ProducerId, i16),
        commit: bool,
    ) -> Result<i64, MockError> {
        let producer = Producer { id: producer.0, epoch: producer.1, base_sequence: -1 };
        let marker = end_transaction_batch(commit, producer, 0, self.wall_ms(), Vec::new());
        let marker = marker.map_err(MockError::Records)?;
        let state = self.partition_mut(topic, partition)?;
        let (epoch, header) = (state.leader_epoch, *marker.header());
        let offset = state.log.append(marker.as_bytes(), &header, epoch, None);
        state.log.ended(producer.id, offset, commit);
        self.wake(topic, partition);
        self.changed();
        Ok(offset)
    }

    /// All records of a partition in order of their offsets, those of transactions and their markers included.
    ///
    /// # Errors
    ///
    /// When there is no such partition.
    pub fn records(&self, topic: &str, partition: i32) -> Result<Vec<StoredRecord>, MockError> {
        let state = self.topics.partition(topic, partition).ok_or_else(|| unknown(topic, partition))?;
        let start = state.log.start();
        let records = state.log.batches().flat_map(StoredRecord::all_of);
        Ok(records.filter(|record| record.offset >= start).collect())
    }

    /// All batches of a partition as they are stored.
    ///
    /// # Errors
    ///
    /// When there is no such partition.
    pub fn batches(&self, topic: &str, partition: i32) -> Result<Vec<Bytes>, MockError> {
        let state = self.topics.partition(topic, partition).ok_or_else(|| unknown(topic, partition))?;
        Ok(state.log.batches().cloned().collect())
    }

    /// Records before this offset are deleted, as by retention.
    ///
    /// # Errors
    ///
    /// When there is no such partition.
    pub fn delete_records(&mut self, topic: &str, partition: i32, before: i64) -> Result<(), MockError> {
        self.partition_mut(topic, partition)?.log.delete_before(before);
        self.wake(topic, partition);
        self.changed();
        Ok(())
    }

    /// Records from this offset on are lost, acknowledged or not, as when a replica that did not have them is elected
    /// (`unclean.leader.election.enable`); the epoch is a new one and the leader the same. Batches are lost whole.
    ///
    /// # Errors
    ///
    /// When there is no such partition.
    pub fn truncate(&mut self, topic: &str, partition: i32, offset: i64) -> Result<(), MockError> {
        let state = self.partition_mut(topic, partition)?;
        state.log.truncate(offset);
        state.lead(state.leader);
        self.wake(topic, partition);
        self.changed();
        Ok(())
    }

    /// A partition forgets its producers, as when their records expired (`producer.id.expiration.ms`).
    ///
    /// # Errors
    ///
    /// When there is no such partition.
    pub fn forget_producers(&mut self, topic: &str, partition: i32) -> Result<(), MockError> {
        self.partition_mut(topic, partition)?.log.producers.clear();
        Ok(())
    }

    fn partition_mut(&mut self, topic: &str, partition: i32) -> Result<&mut PartitionState, MockError> {
        self.topics.partition_mut(topic, partition).ok_or_else(|| unknown(topic, partition))
    }
}

/// Faults and what was seen.
impl ClusterState {
    /// Makes something go wrong from the next request on.
    pub fn inject(&mut self, fault: Fault) -> FaultId {
        self.faults.inject(fault)
    }

    /// Short for an error in the next answers of an API: `inject(Fault::error(code).api(api).times(times))`.
    pub fn inject_error(&mut self, api: ottla_protocol::ApiKey, code: ErrorCode, times: u32) -> FaultId {
        self.inject(Fault::error(code).api(api).times(times))
    }

    /// Takes a fault back; false if it is over already. What it did stays done: a connection that it silenced is silent.
    pub fn remove_fault(&mut self, fault: FaultId) -> bool {
        self.faults.remove(fault)
    }

    /// Takes all faults back.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// Whether a fault may still meet requests: false when it met all that it was to meet.
    pub fn is_fault_active(&self, fault: FaultId) -> bool {
        self.faults.is_active(fault)
    }

    /// What was asked so far.
    pub fn requests(&self) -> &RequestsSeen {
        &self.seen
    }

    /// Counts from zero again.
    pub fn forget_requests(&mut self) {
        self.seen = RequestsSeen::default();
    }
}

fn unknown(topic: &str, partition: i32) -> MockError {
    MockError::UnknownPartition(topic.to_owned(), partition)
}
