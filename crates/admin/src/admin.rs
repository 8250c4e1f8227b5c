//! The handle: each call is bounded by a deadline and shares the client's connections.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use ottla_client::Client;
use ottla_core::call::Caller;
use ottla_core::error::{Error, ErrorKind, Result};
use ottla_core::io::Io;
use ottla_types::{Topic, TopicPartition};

use crate::call::{Ask, ask};
use crate::cluster::{ClusterDescription, DescribeCluster};
use crate::config::AdminConfig;
use crate::offsets::{ListOffsets, ListedOffset, OffsetSpec};
use crate::topics::{
    CreateTopics, CreatedTopic, DeleteTopics, DescribeTopics, ListTopics, NewTopic, TopicDescription, TopicListing,
};

/// Administers a cluster. Cheap to clone.
///
/// Each call is sent when its future is first polled. **Cancel safety** of all of them: a future that is dropped before it
/// was polled did nothing; dropped later it recalls nothing, so that a topic may be created or deleted all the same.
#[derive(Clone)]
pub struct Admin(Arc<Inner>);

struct Inner {
    io: Arc<dyn Io>,
    caller: Caller,
    config: AdminConfig,
}

/// An admin handle on any [`Io`].
pub fn with_io(io: Arc<dyn Io>, config: AdminConfig) -> Admin {
    Admin(Arc::new(Inner { caller: Caller::new(Arc::clone(&io)), io, config }))
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}

impl Admin {
    /// An admin handle with the default settings.
    pub fn new(client: &Client) -> Self {
        Self::with_config(client, AdminConfig::default())
    }

    /// An admin handle.
    pub fn with_config(client: &Client, config: AdminConfig) -> Self {
        with_io(ottla_client::internal::io(client), config)
    }

    fn ask<A: Ask>(&self, question: A) -> impl Future<Output = Result<A::Answer>> + Send + 'static {
        ask(&self.0.caller, self.deadline(), self.0.config.request_timeout, question)
    }

    fn deadline(&self) -> Instant {
        self.0.io.now().after(self.0.config.default_api_timeout)
    }

    /// Milliseconds that a broker is given for one request.
    fn broker_timeout_ms(&self) -> i32 {
        let timeout = self.0.config.request_timeout.min(self.0.config.default_api_timeout);
        i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX)
    }

    /// Creates a topic and returns when its creation is decided. Brokers learn of it one after another: a producer or
    /// consumer that starts at once waits until they do.
    ///
    /// # Errors
    /// `Broker(TOPIC_ALREADY_EXISTS)`, whose outcome is `MayHaveHappened` where an earlier attempt of this very call went
    /// unanswered; `Broker` with what the cluster refuses; `Timeout`.
    ///
    /// **Cancel safety**: see [`Admin`].
    pub async fn create_topic(&self, topic: NewTopic) -> Result<CreatedTopic> {
        only(self.create_topics([topic]).await?)
    }

    /// Creates topics, with one result for each, in the order given.
    ///
    /// # Errors
    /// Of the call: `Timeout`, `Transport` and `Closed` end up in each topic's result; the call itself fails only where
    /// the client is closed.
    ///
    /// **Cancel safety**: see [`Admin`].
    pub async fn create_topics(
        &self,
        topics: impl IntoIterator<Item = NewTopic>,
    ) -> Result<Vec<(Topic, Result<CreatedTopic>)>> {
        let question = CreateTopics::new(topics, self.broker_timeout_ms());
        if question.is_empty() {
            return Ok(Vec::new());
        }
        self.ask(question).await
    }

    /// Deletes topics with all of their records, with one result for each, in the order given.
    ///
    /// # Errors
    /// As [`create_topics`](Self::create_topics); a topic's `Broker(UNKNOWN_TOPIC_OR_PARTITION)` has the outcome
    /// `MayHaveHappened` where an earlier attempt of this very call went unanswered.
    ///
    /// **Cancel safety**: see [`Admin`].
    pub async fn delete_topics(
        &self,
        topics: impl IntoIterator<Item = impl Into<Topic>>,
    ) -> Result<Vec<(Topic, Result<()>)>> {
        let question = DeleteTopics::new(topics.into_iter().map(Into::into), self.broker_timeout_ms());
        if question.is_empty() {
            return Ok(Vec::new());
        }
        self.ask(question).await
    }

    /// All topics that this client may see, by name; Kafka's own among them.
    ///
    /// # Errors
    /// `Timeout` and what the cluster refuses.
    ///
    /// **Cancel safety**: see [`Admin`].
    pub async fn list_topics(&self) -> Result<Vec<TopicListing>> {
        self.ask(ListTopics::default()).await
    }

    /// Topics with their partitions, leaders and replicas, with one result for each, in the order given. None is created.
    ///
    /// # Errors
    /// A topic's `Broker(UNKNOWN_TOPIC_OR_PARTITION)` where it is not there; the call's as
    /// [`create_topics`](Self::create_topics).
    ///
    /// **Cancel safety**: see [`Admin`].
    pub async fn describe_topics(
        &self,
        topics: impl IntoIterator<Item = impl Into<Topic>>,
    ) -> Result<Vec<(Topic, Result<TopicDescription>)>> {
        let question = DescribeTopics::new(topics.into_iter().map(Into::into));
        if question.is_empty() {
            return Ok(Vec::new());
        }
        self.ask(question).await
    }

    /// One topic with its partitions, leaders and replicas.
    ///
    /// # Errors
    /// As [`describe_topics`](Self::describe_topics).
    ///
    /// **Cancel safety**: see [`Admin`].
    pub async fn describe_topic(&self, topic: impl Into<Topic>) -> Result<TopicDescription> {
        only(self.describe_topics([topic]).await?)
    }

    /// The cluster's id, controller and brokers.
    ///
    /// # Errors
    /// `Timeout` and what the cluster refuses.
    ///
    /// **Cancel safety**: see [`Admin`].
    pub async fn describe_cluster(&self) -> Result<ClusterDescription> {
        self.ask(DescribeCluster::default()).await
    }

    /// Offsets of partitions, each asked of its leader, with one result for each, in the order given. There is none for
    /// a timestamp that no record has reached.
    ///
    /// # Errors
    /// Each partition's own: `Timeout`, and what its leader refuses.
    ///
    /// **Cancel safety**: see [`Admin`].
    pub async fn list_offsets(
        &self,
        partitions: impl IntoIterator<Item = (TopicPartition, OffsetSpec)>,
    ) -> Result<Vec<(TopicPartition, Result<Option<ListedOffset>>)>> {
        // All questions leave before the first answer is waited for; the connections carry them one behind the other.
        let asked: Vec<_> = partitions
            .into_iter()
            .map(|(partition, spec)| {
                (partition.clone(), self.ask(ListOffsets::new(partition, spec, self.broker_timeout_ms())))
            })
            .collect();
        let mut results = Vec::with_capacity(asked.len());
        for (partition, answer) in asked {
            results.push((partition, answer.await));
        }
        Ok(results)
    }
}

/// The result of the only item that was asked for.
fn only<R>(results: Vec<(Topic, Result<R>)>) -> Result<R> {
    match results.into_iter().next() {
        Some((_, result)) => result,
        None => Err(Error::new(ErrorKind::Internal, "a call over one topic gave no result")),
    }
}
