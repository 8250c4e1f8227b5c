//! Metadata, asked of any broker: which topics there are, and what they are made of.

use bytes::Bytes;
use ottla_core::call::{Progress, Target};
use ottla_core::error::{Error, ErrorKind, Result};
use ottla_core::retry;
use ottla_core::versions::Versions;
use ottla_protocol::Utf8Bytes;
use ottla_protocol::messages::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse, MetadataResponsePartition, MetadataResponseTopic,
};
use ottla_types::{BrokerId, ErrorCode, Topic, Uuid};

use crate::call::{Ask, Encoded, Items, decoded, encoded, refused};

/// A topic that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TopicListing {
    /// Its name.
    pub topic: Topic,
    /// Its id; nil from brokers before 2.8.
    pub id: Uuid,
    /// Whether it is one of Kafka's own.
    pub internal: bool,
    /// How many partitions it has.
    pub partitions: usize,
    /// How many replicas its first partition has.
    pub replication_factor: usize,
}

/// What a topic is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TopicDescription {
    /// Its name.
    pub topic: Topic,
    /// Its id; nil from brokers before 2.8.
    pub id: Uuid,
    /// Whether it is one of Kafka's own.
    pub internal: bool,
    /// Its partitions, in their order.
    pub partitions: Vec<PartitionDescription>,
}

/// One partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartitionDescription {
    /// Its index.
    pub partition: i32,
    /// Its leader, where it has one.
    pub leader: Option<BrokerId>,
    /// The leader's epoch; brokers before 2.1 do not tell.
    pub leader_epoch: Option<i32>,
    /// All replicas, the preferred leader first.
    pub replicas: Vec<BrokerId>,
    /// The replicas in sync.
    pub in_sync_replicas: Vec<BrokerId>,
    /// The replicas that are offline.
    pub offline_replicas: Vec<BrokerId>,
}

#[derive(Debug)]
pub(crate) struct DescribeTopics {
    topics: Items<Topic, TopicDescription>,
    /// Whether the broker was asked for all topics, so that what it leaves out is not there.
    all: bool,
}

impl DescribeTopics {
    pub(crate) fn new(topics: impl IntoIterator<Item = Topic>) -> Self {
        Self { topics: Items::new(topics), all: false }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.topics.open().next().is_none()
    }
}

impl Ask for DescribeTopics {
    type Answer = Vec<(Topic, Result<TopicDescription>)>;

    fn target(&self) -> Target {
        Target::Any
    }

    fn encode(&mut self, versions: &Versions, client_id: Option<&str>) -> Result<Encoded> {
        let topics = self
            .topics
            .open()
            .map(|topic| MetadataRequestTopic { name: Some(Utf8Bytes::copy_from(topic.name())), ..Default::default() });
        let version = versions.pick::<MetadataRequest>()?;
        // Before version 4 (brokers before 0.11) a question about a topic may create it; one about all creates none.
        self.all = version < 4;
        let request = if self.all {
            all_topics(version)
        } else {
            MetadataRequest { topics: Some(topics.collect()), allow_auto_topic_creation: false, ..Default::default() }
        };
        encoded(&request, version, client_id)
    }

    fn read(&mut self, version: i16, body: &Bytes) -> Result<Progress> {
        let response = decoded::<MetadataResponse>(version, body)?;
        for one in &response.topics {
            let Some(name) = &one.name else { continue };
            let is = |topic: &Topic| *name == *topic.name();
            // "Not there" is an answer to this question, whatever is best for other requests.
            if one.error_code == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION || !retry::verdict(one.error_code).is_retriable()
            {
                self.topics.decide(is, |topic| description(topic, one));
            } else {
                self.topics.settle(is, one.error_code, |topic| description(topic, one));
            }
        }
        if self.all {
            let told = |topic: &Topic| response.topics.iter().any(|one| one.name.as_deref() == Some(topic.name()));
            let missing: Vec<Topic> = self.topics.open().filter(|topic| !told(topic)).cloned().collect();
            for name in missing {
                self.topics.decide(
                    |topic| *topic == name,
                    |topic| Err(refused(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, doing(topic), None)),
                );
            }
        }
        Ok(self.topics.progress())
    }

    fn conclude(self, result: Result<()>) -> Result<Self::Answer> {
        Ok(self.topics.conclude(result, doing))
    }
}

#[derive(Debug, Default)]
pub(crate) struct ListTopics {
    answer: Option<Vec<TopicListing>>,
}

impl Ask for ListTopics {
    type Answer = Vec<TopicListing>;

    fn target(&self) -> Target {
        Target::Any
    }

    fn encode(&mut self, versions: &Versions, client_id: Option<&str>) -> Result<Encoded> {
        let version = versions.pick::<MetadataRequest>()?;
        encoded(&all_topics(version), version, client_id)
    }

    fn read(&mut self, version: i16, body: &Bytes) -> Result<Progress> {
        let response = decoded::<MetadataResponse>(version, body)?;
        let listing = |one: &MetadataResponseTopic| {
            // One without a name, or that is being deleted, is no topic to list.
            let name = one.name.as_ref().filter(|_| one.error_code != ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
            Some(TopicListing {
                topic: Topic::from(name.as_str()),
                id: one.topic_id,
                internal: one.is_internal,
                partitions: one.partitions.len(),
                replication_factor: one.partitions.first().map_or(0, |first| first.replica_nodes.len()),
            })
        };
        let mut listings: Vec<_> = response.topics.iter().filter_map(listing).collect();
        listings.sort_by(|one, other| one.topic.cmp(&other.topic));
        self.answer = Some(listings);
        Ok(Progress::Done)
    }

    fn conclude(self, result: Result<()>) -> Result<Self::Answer> {
        result.map_err(|error| error.within("listing topics"))?;
        self.answer.ok_or_else(|| Error::new(ErrorKind::Internal, "listing topics ended without an answer"))
    }
}

fn all_topics(version: i16) -> MetadataRequest {
    // Null asks for all, but in version 0 an empty list does.
    MetadataRequest { topics: if version == 0 { Some(Vec::new()) } else { None }, ..Default::default() }
}

fn doing(topic: &Topic) -> String {
    format!("describing topic {topic}")
}

fn description(topic: &Topic, one: &MetadataResponseTopic) -> Result<TopicDescription> {
    if !one.error_code.is_ok() {
        return Err(refused(one.error_code, doing(topic), None));
    }
    let partition = |part: &MetadataResponsePartition| PartitionDescription {
        partition: part.partition_index,
        // A partition's error code only says why some of this is missing.
        leader: (part.leader_id.0 >= 0).then_some(part.leader_id),
        leader_epoch: (part.leader_epoch >= 0).then_some(part.leader_epoch),
        replicas: part.replica_nodes.to_vec(),
        in_sync_replicas: part.isr_nodes.to_vec(),
        offline_replicas: part.offline_replicas.to_vec(),
    };
    let mut partitions: Vec<_> = one.partitions.iter().map(partition).collect();
    partitions.sort_by_key(|part| part.partition);
    Ok(TopicDescription { topic: topic.clone(), id: one.topic_id, internal: one.is_internal, partitions })
}

#[cfg(test)]
mod tests;
