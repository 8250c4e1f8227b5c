//! A cluster on a runtime of its own, and clients for it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ottla_mock::{MockCluster, MockConfig, StoredRecord};
use rdkafka::client::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::{Offset, message::Header};
use tokio::runtime::Runtime;

/// How long anything may take.
pub const LONG: Duration = Duration::from_secs(60);

pub const TOPIC: &str = "events";

/// A running cluster with one topic.
pub struct Fixture {
    pub cluster: MockCluster,
    runtime: Runtime,
}

/// What became of each record that was sent: the partition and offset, or the error.
#[derive(Clone, Default)]
pub struct Outcomes(Arc<Mutex<Vec<Outcome>>>);

type Outcome = Result<(i32, i64), KafkaError>;

/// A record as it is sent and as it comes back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plain {
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Fixture {
    pub fn new(config: MockConfig, partitions: i32) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let cluster = runtime.block_on(MockCluster::start_with(config, 0)).unwrap();
        cluster.create_topic(TOPIC, partitions).unwrap();
        Self { cluster, runtime }
    }

    fn config(&self, settings: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.cluster.bootstrap_servers());
        config.set("retry.backoff.ms", "10").set("reconnect.backoff.ms", "10").set("reconnect.backoff.max.ms", "100");
        config.set("topic.metadata.refresh.fast.interval.ms", "20");
        settings.iter().for_each(|(key, value)| {
            config.set(*key, *value);
        });
        config
    }

    pub fn client_config(&self) -> ClientConfig {
        self.config(&[])
    }

    pub fn producer(&self, settings: &[(&str, &str)]) -> (BaseProducer<Outcomes>, Outcomes) {
        let outcomes = Outcomes::default();
        let mut config = self.config(&[("enable.idempotence", "true"), ("linger.ms", "1")]);
        settings.iter().for_each(|(key, value)| {
            config.set(*key, *value);
        });
        (config.create_with_context(outcomes.clone()).unwrap(), outcomes)
    }

    /// A consumer of all partitions from the beginning. It must be in a group, by its own rules, and never asks for it.
    pub fn consumer(&self, settings: &[(&str, &str)]) -> BaseConsumer {
        let mut config = self.config(&[("group.id", "nobody"), ("enable.auto.commit", "false")]);
        // What it sleeps by default, half a second and a second, is most of a test.
        config.set("fetch.error.backoff.ms", "20").set("fetch.queue.backoff.ms", "1");
        settings.iter().for_each(|(key, value)| {
            config.set(*key, *value);
        });
        let consumer: BaseConsumer = config.create().unwrap();
        let mut assignment = TopicPartitionList::new();
        for partition in 0..self.cluster.state().partitions(TOPIC).unwrap() {
            assignment.add_partition_offset(TOPIC, partition, Offset::Beginning).unwrap();
        }
        consumer.assign(&assignment).unwrap();
        consumer
    }

    /// Something that happens to the cluster while a client works.
    pub fn meanwhile(&self, act: impl FnOnce(MockCluster) + Send + 'static) -> std::thread::JoinHandle<()> {
        let cluster = self.cluster.clone();
        let handle = self.runtime.handle().clone();
        std::thread::spawn(move || {
            let _entered = handle.enter();
            act(cluster);
        })
    }
}

impl Outcomes {
    pub fn take(&self) -> Vec<Outcome> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl ClientContext for Outcomes {}

impl ProducerContext for Outcomes {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, _: ()) {
        let outcome = match result {
            Ok(message) => Ok((message.partition(), message.offset())),
            Err((error, _)) => Err(error.clone()),
        };
        self.0.lock().unwrap().push(outcome);
    }
}

impl Plain {
    pub fn value(value: impl Into<Vec<u8>>) -> Self {
        Self { value: Some(value.into()), ..Self::default() }
    }

    /// What tends to go wrong: nothing, empty, binary, headers twice, headers of nothing.
    pub fn awkward() -> Vec<Self> {
        let header = |key: &str, value: Option<&[u8]>| (key.to_owned(), value.map(<[u8]>::to_vec));
        let binary: Vec<u8> = (0..=255).collect();
        vec![
            Self::default(),
            Self { key: Some(Vec::new()), value: Some(Vec::new()), headers: Vec::new() },
            Self { key: Some(binary.clone()), value: Some(binary.repeat(40)), headers: Vec::new() },
            Self {
                key: None,
                value: Some(b"with headers".to_vec()),
                headers: vec![
                    header("twice", Some(b"1")),
                    header("twice", Some(b"2")),
                    header("null", None),
                    header("empty", Some(b"")),
                ],
            },
            Self { key: Some(b"tombstone".to_vec()), value: None, headers: Vec::new() },
        ]
    }
}

impl From<StoredRecord> for Plain {
    fn from(record: StoredRecord) -> Self {
        let headers = record.headers.into_iter().map(|(key, value)| (key, value.map(Vec::from)));
        Self { key: record.key.map(Vec::from), value: record.value.map(Vec::from), headers: headers.collect() }
    }
}

/// Sends records to a partition.
pub fn send(producer: &BaseProducer<Outcomes>, partition: i32, records: &[Plain]) {
    for record in records {
        let mut headers = OwnedHeaders::new();
        for (key, value) in &record.headers {
            headers = headers.insert(Header { key, value: value.as_deref() });
        }
        let mut sent = BaseRecord::<[u8], [u8]>::to(TOPIC).partition(partition).headers(headers);
        if let Some(key) = &record.key {
            sent = sent.key(key);
        }
        if let Some(value) = &record.value {
            sent = sent.payload(value);
        }
        producer.send(sent).map_err(|(error, _)| error).unwrap();
        producer.poll(Duration::ZERO);
    }
}

/// Waits for all records, and for `count` outcomes without an error.
pub fn delivered(producer: &BaseProducer<Outcomes>, outcomes: &Outcomes, count: usize) -> Vec<(i32, i64)> {
    producer.flush(LONG).unwrap();
    let outcomes: Vec<_> = outcomes.take().into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes.len(), count);
    outcomes
}

/// Receives this many records: partition, offset, record.
pub fn receive(consumer: &BaseConsumer, count: usize) -> Vec<(i32, i64, Plain)> {
    let begun = Instant::now();
    let mut received = Vec::new();
    while received.len() < count {
        assert!(begun.elapsed() < LONG, "{} of {count} records after {LONG:?}", received.len());
        match consumer.poll(Duration::from_millis(100)) {
            None => {}
            // Brokers that go away are reported and come back.
            Some(Err(error)) => println!("consumer: {error}"),
            Some(Ok(message)) => {
                let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
                let plain = Plain {
                    key: message.key().map(<[u8]>::to_vec),
                    value: message.payload().map(<[u8]>::to_vec),
                    headers: headers.map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec))).collect(),
                };
                received.push((message.partition(), message.offset(), plain));
            }
        }
    }
    received
}
