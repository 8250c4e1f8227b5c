//! CreateTopics, asked of the controller.

use bytes::Bytes;
use ottla_core::call::{Progress, Target};
use ottla_core::error::{Error, ErrorKind, Outcome, Result};
use ottla_core::versions::Versions;
use ottla_protocol::Utf8Bytes;
use ottla_protocol::messages::create_topics::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig, CreateTopicsRequest, CreateTopicsResponse,
};
use ottla_types::{BrokerId, ErrorCode, Topic, Uuid};

use crate::call::{Ask, Encoded, Items, decoded, encoded, refused};

/// A topic to be created.
///
/// ```
/// use ottla_admin::NewTopic;
///
/// let topic = NewTopic::new("orders").partitions(12).replication_factor(3).config("retention.ms", "86400000");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a topic is created by handing this to an admin handle"]
pub struct NewTopic {
    name: Topic,
    partitions: i32,
    replication_factor: i16,
    assignments: Vec<Vec<BrokerId>>,
    configs: Vec<(String, Option<String>)>,
}

/// A topic that was created.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CreatedTopic {
    /// Its id; nil from brokers before 2.8.
    pub id: Uuid,
    /// How many partitions it has, where the broker tells (from 2.4 on).
    pub partitions: Option<i32>,
    /// How many replicas each partition has, where the broker tells (from 2.4 on).
    pub replication_factor: Option<i16>,
}

impl NewTopic {
    /// A topic with the cluster's default number of partitions and replicas (`num.partitions`,
    /// `default.replication.factor`), which brokers before 2.4 do not offer.
    pub fn new(name: impl Into<Topic>) -> Self {
        Self { name: name.into(), partitions: -1, replication_factor: -1, assignments: Vec::new(), configs: Vec::new() }
    }

    /// How many partitions.
    pub fn partitions(mut self, partitions: i32) -> Self {
        self.partitions = partitions;
        self
    }

    /// How many replicas each partition has, the leader among them.
    pub fn replication_factor(mut self, replication_factor: i16) -> Self {
        self.replication_factor = replication_factor;
        self
    }

    /// The brokers of the next partition, from 0 on, the preferred leader first. Takes the place of both numbers.
    pub fn assign(mut self, brokers: impl IntoIterator<Item = BrokerId>) -> Self {
        self.assignments.push(brokers.into_iter().collect());
        self
    }

    /// A setting of the topic's, such as `cleanup.policy`.
    pub fn config(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.configs.push((key.into(), Some(value.into())));
        self
    }

    /// The name.
    pub fn name(&self) -> &Topic {
        &self.name
    }

    fn to_wire(&self) -> CreatableTopic {
        let assigned = !self.assignments.is_empty();
        CreatableTopic {
            name: Utf8Bytes::copy_from(self.name.name()),
            // Both must be −1 beside an assignment.
            num_partitions: if assigned { -1 } else { self.partitions },
            replication_factor: if assigned { -1 } else { self.replication_factor },
            assignments: (0..)
                .zip(&self.assignments)
                .map(|(partition_index, brokers)| CreatableReplicaAssignment {
                    partition_index,
                    broker_ids: brokers.as_slice().into(),
                    ..Default::default()
                })
                .collect(),
            configs: self
                .configs
                .iter()
                .map(|(key, value)| CreatableTopicConfig {
                    name: Utf8Bytes::copy_from(key),
                    value: value.as_deref().map(Utf8Bytes::copy_from),
                    ..Default::default()
                })
                .collect(),
            ..Default::default()
        }
    }

    fn needs_defaults(&self) -> bool {
        self.assignments.is_empty() && (self.partitions == -1 || self.replication_factor == -1)
    }
}

#[derive(Debug)]
pub(crate) struct CreateTopics {
    topics: Items<NewTopic, CreatedTopic>,
    timeout_ms: i32,
    /// Whether a request is without an answer; if so when the next is made, the earlier may have been carried out.
    unanswered: bool,
    lost: bool,
}

impl CreateTopics {
    pub(crate) fn new(topics: impl IntoIterator<Item = NewTopic>, timeout_ms: i32) -> Self {
        Self { topics: Items::new(topics), timeout_ms, unanswered: false, lost: false }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.topics.open().next().is_none()
    }
}

impl Ask for CreateTopics {
    type Answer = Vec<(Topic, Result<CreatedTopic>)>;

    fn target(&self) -> Target {
        Target::Controller
    }

    fn encode(&mut self, versions: &Versions, client_id: Option<&str>) -> Result<Encoded> {
        let version = versions.pick::<CreateTopicsRequest>()?;
        if version < 4
            && let Some(topic) = self.topics.open().find(|topic| topic.needs_defaults())
        {
            return Err(Error::new(
                ErrorKind::Incompatible,
                format!("{}: brokers before 2.4 must be told the number of partitions and replicas", topic.name),
            ));
        }
        self.lost |= std::mem::replace(&mut self.unanswered, true);
        let request = CreateTopicsRequest {
            topics: self.topics.open().map(NewTopic::to_wire).collect(),
            timeout_ms: self.timeout_ms,
            ..Default::default()
        };
        encoded(&request, version, client_id)
    }

    fn read(&mut self, version: i16, body: &Bytes) -> Result<Progress> {
        self.unanswered = false;
        let lost = self.lost;
        let response = decoded::<CreateTopicsResponse>(version, body)?;
        for one in &response.topics {
            self.topics.settle(
                |topic| one.name == *topic.name.name(),
                one.error_code,
                |topic| {
                    if one.error_code.is_ok() {
                        return Ok(CreatedTopic {
                            id: one.topic_id,
                            partitions: (one.num_partitions >= 0).then_some(one.num_partitions),
                            replication_factor: (one.replication_factor >= 0).then_some(one.replication_factor),
                        });
                    }
                    let doing = format!("creating topic {}", topic.name);
                    let error = refused(one.error_code, doing, one.error_message.as_deref());
                    let ours = lost && one.error_code == ErrorCode::TOPIC_ALREADY_EXISTS;
                    Err(if ours { error.with_outcome(Outcome::MayHaveHappened) } else { error })
                },
            );
        }
        Ok(self.topics.progress())
    }

    fn conclude(self, result: Result<()>) -> Result<Self::Answer> {
        let each = self.topics.conclude(result, |topic| format!("creating topic {}", topic.name));
        Ok(each.into_iter().map(|(topic, result)| (topic.name, result)).collect())
    }
}

#[cfg(test)]
mod tests;
