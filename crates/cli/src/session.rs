//! From the command line to a client: bootstrap servers, properties, and a first word with the cluster.

use std::time::Duration;

use ottla::raw;
use ottla::{
    Admin, AdminConfig, Client, ClientConfig, ClusterDescription, ConsumerConfig, ErrorCode, ProducerConfig,
    Properties, SettingKey, TopicDescription,
};

use ottla::raw::Utf8Bytes;
use ottla::raw::messages::metadata::{MetadataRequest, MetadataRequestTopic};

use crate::args::Connection;
use crate::failure::{Failure, Outcome, note};

/// How long to try to reach a cluster.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a command that is done waits for its connections to close.
const CLOSING: Duration = Duration::from_secs(5);

/// How long a topic may take to be known to every broker after it was created.
const SPREADING: Duration = Duration::from_secs(2);

/// What a broker answers about a topic that it is making.
const RETRIABLE: [ErrorCode; 2] = [ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, ErrorCode::LEADER_NOT_AVAILABLE];

/// A client, and what is left of the properties for what is built on it.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) admin: Admin,
    bootstrap: String,
    properties: Properties,
    /// The settings of all that is made of them.
    used: Vec<&'static SettingKey>,
    /// Whether a topic may be made by producing to it.
    create: bool,
    patience: Duration,
}

impl Session {
    /// Reads the settings and makes a client. Nothing is sent yet.
    pub(crate) fn open(connection: &Connection) -> Outcome<Self> {
        let wrong = |error: ottla::Error| Failure::usage(error);
        let mut properties = match &connection.properties_file {
            Some(path) => Properties::read(path).map_err(wrong)?,
            None => Properties::new(),
        };
        for (key, value) in &connection.properties {
            properties.set(key, value);
        }
        let listed = properties.take("bootstrap.servers");
        let listed = properties.take("metadata.broker.list").or(listed);
        let given = connection.brokers.clone().or(listed);
        let Some(bootstrap) = given.or_else(|| std::env::var("OTTLA_BROKERS").ok()) else {
            return Err(Failure::usage("no brokers are given")
                .advise("give --brokers host:port or set OTTLA_BROKERS; `ottla quickstart` needs none"));
        };
        let create = properties.clone().take("allow.auto.create.topics").is_none_or(|value| value == "true");
        let config = ClientConfig::from_properties(&mut properties).map_err(wrong)?;
        let client = Client::new(&bootstrap, config).map_err(wrong)?;
        let patience = connection.connect_timeout.map_or(PATIENCE, Duration::from_secs);
        let admin = Admin::with_config(&client, AdminConfig::default().default_api_timeout(patience));
        let used = ClientConfig::KEYS.iter().collect();
        Ok(Self { client, admin, bootstrap, properties, used, create, patience })
    }

    /// The settings for a producer.
    pub(crate) fn producer_config(&mut self) -> Outcome<ProducerConfig> {
        self.used.extend(ProducerConfig::KEYS);
        ProducerConfig::from_properties(&mut self.properties).map_err(Failure::usage)
    }

    /// The settings for a consumer.
    pub(crate) fn consumer_config(&mut self) -> Outcome<ConsumerConfig> {
        self.used.extend(ConsumerConfig::KEYS);
        ConsumerConfig::from_properties(&mut self.properties).map_err(Failure::usage)
    }

    /// Sets a property that an option of the command stands for.
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        self.properties.set(key, value);
    }

    /// What the command line or the file says of a property.
    pub(crate) fn property(&self, key: &str) -> Option<String> {
        self.properties.clone().take(key)
    }

    /// Ends the reading of settings: those that ottla knows and this command has no use for are mentioned, those that it
    /// does not know are an error.
    pub(crate) fn finish_settings(&mut self) -> Outcome {
        let mut properties = std::mem::take(&mut self.properties);
        let used = |key: &str| self.used.iter().any(|setting| names(setting).any(|name| name == key));
        for setting in [ProducerConfig::KEYS, ConsumerConfig::KEYS].concat() {
            for key in names(&setting).filter(|key| !used(key)) {
                if properties.take(key).is_some() {
                    note(format_args!("`{key}` has no effect here"));
                }
            }
        }
        properties.finish().map_err(|error| {
            Failure::usage(error)
                .advise("settings have Kafka's names: https://kafka.apache.org/documentation/#configuration")
        })
    }

    /// Has a first word with the cluster, so that one that cannot be reached is found out soon.
    pub(crate) async fn reach(&self) -> Outcome<ClusterDescription> {
        self.admin.describe_cluster().await.map_err(|error| {
            let seconds = self.patience.as_secs();
            Failure::unreachable(
                format_args!("no broker of {} could be reached within {seconds} s", self.bootstrap),
                &error,
            )
        })
    }

    /// Describes a topic. One that is not there may have been created a moment ago, through another broker.
    pub(crate) async fn topic(&self, name: &str) -> Outcome<TopicDescription> {
        self.topic_within(name, SPREADING).await
    }

    /// Describes a topic for producing to it: one that is not there is created where client and cluster allow that.
    pub(crate) async fn topic_or_make(&self, name: &str) -> Outcome<TopicDescription> {
        if !self.create {
            return self.topic(name).await;
        }
        let absent = match self.admin.describe_topic(name).await {
            Ok(topic) => return Ok(topic),
            Err(error) if error.code() == Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) => error,
            Err(error) => return Err(self.unusable(name, &error)),
        };
        let topics = vec![MetadataRequestTopic { name: Some(Utf8Bytes::copy_from(name)), ..Default::default() }];
        let request = MetadataRequest { topics: Some(topics), allow_auto_topic_creation: true, ..Default::default() };
        let answer = raw::send_within(&self.client, raw::Target::Any, request, self.patience)
            .await
            .map_err(|error| self.unusable(name, &error))?;
        let created = answer
            .topics
            .first()
            .is_some_and(|topic| topic.error_code.is_ok() || RETRIABLE.contains(&topic.error_code));
        if created { self.topic_within(name, SPREADING).await } else { Err(self.unusable(name, &absent)) }
    }

    fn unusable(&self, name: &str, error: &ottla::Error) -> Failure {
        Failure::client(format_args!("topic {name} cannot be used at {}", self.bootstrap), error)
    }

    /// Describes a topic that should be there within `patience`.
    pub(crate) async fn topic_within(&self, name: &str, patience: Duration) -> Outcome<TopicDescription> {
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            let error = match self.admin.describe_topic(name).await {
                Ok(topic) => return Ok(topic),
                Err(error) => error,
            };
            let absent = error.code() == Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
            if !absent || tokio::time::Instant::now() >= deadline {
                return Err(self.unusable(name, &error));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Closes the client. What is not closed in time is left to the end of the process.
    pub(crate) async fn close(self) {
        let _ = self.client.close(CLOSING).await;
    }
}

/// A setting's name and its other names.
fn names(setting: &SettingKey) -> impl Iterator<Item = &'static str> + use<> {
    std::iter::once(setting.key).chain(setting.aliases.iter().copied())
}
