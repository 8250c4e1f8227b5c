//! The producer on a real client and sockets, against the mock cluster.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::disallowed_methods, reason = "an application runs on tokio, whatever the producer does")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ottla_client::{Client, ClientConfig};
use ottla_core::error::{ErrorKind, Outcome};
use ottla_mock::{ApiKey, Fault, MockCluster, MockConfig};
use ottla_producer::{
    Acks, CompressionType, CustomPartitioner, NewBatch, NewRecord, Partitioner, Producer, ProducerConfig,
    RecordToPartition,
};
use ottla_protocol::VersionRange;
use ottla_types::{BrokerId, ErrorCode, Topic};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

async fn cluster(brokers: u16) -> MockCluster {
    MockCluster::start_with(MockConfig::new(brokers).default_partitions(3), 0).await.unwrap()
}

fn client(cluster: &MockCluster) -> Client {
    Client::new(&cluster.bootstrap_servers(), ClientConfig::default()).unwrap()
}

fn producer(cluster: &MockCluster, config: ProducerConfig) -> Producer {
    Producer::new(&client(cluster), config).unwrap()
}

/// All values of a topic, partition by partition.
fn values(cluster: &MockCluster, topic: &str) -> Vec<Vec<String>> {
    let partitions = cluster.state().partitions(topic).unwrap();
    let of = |partition| {
        let records = cluster.records(topic, partition).unwrap();
        records.into_iter().map(|record| String::from_utf8(record.value.unwrap().to_vec()).unwrap()).collect()
    };
    (0..partitions).map(of).collect()
}

#[tokio::test]
async fn a_record_is_written_with_its_key_headers_and_timestamp() {
    let cluster = cluster(1).await;
    let producer = producer(&cluster, ProducerConfig::default());
    let record = NewRecord::to("orders").key("k").value("v").header("h", "1").null_header("h").timestamp(1234);
    let metadata = producer.send(record.partition(2)).await.unwrap();
    assert_eq!((metadata.partition, metadata.offset, metadata.timestamp), (2, Some(0), 1234));
    let stored = cluster.records("orders", 2).unwrap().remove(0);
    assert_eq!((stored.key.as_deref(), stored.value.as_deref()), (Some(&b"k"[..]), Some(&b"v"[..])));
    assert_eq!(stored.headers, [("h".to_owned(), Some("1".into())), ("h".to_owned(), None)]);
    assert_eq!(stored.timestamp, 1234);
    assert!(stored.producer.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_records_of_many_tasks_arrive_once_and_in_order() {
    let cluster = cluster(3).await;
    let producer = producer(&cluster, ProducerConfig::default().batch_size_bytes(2_000));
    let tasks = (0..4).map(|task| {
        let producer = producer.clone();
        tokio::spawn(async move {
            let values: Vec<String> = (0..2_000).map(|number| format!("{task}:{number}")).collect();
            let partition = task % 3;
            let records = values.iter().map(|value| NewRecord::to("orders").value(value).partition(partition));
            producer.send_all(records).await.unwrap()
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        assert!(task.await.unwrap().iter().all(Result::is_ok));
    }
    let written = values(&cluster, "orders");
    assert_eq!(written.iter().map(Vec::len).sum::<usize>(), 8_000);
    for task in 0..4 {
        let prefix = format!("{task}:");
        let partition = &written[task % 3];
        let own: Vec<usize> = partition.iter().filter_map(|value| value.strip_prefix(&prefix)?.parse().ok()).collect();
        assert_eq!(own, (0..2_000).collect::<Vec<_>>());
    }
}

/// Stays with a partition for a batch, then takes the next.
#[derive(Default)]
struct BatchByBatch {
    batches: AtomicUsize,
}

impl CustomPartitioner for BatchByBatch {
    fn partition(&self, _: &RecordToPartition<'_>, partitions: &[i32]) -> i32 {
        partitions[self.batches.load(Ordering::Relaxed) % partitions.len()]
    }

    fn watches_batches(&self) -> bool {
        true
    }

    fn on_new_batch(&self, _: &Topic, _: i32) -> NewBatch {
        self.batches.fetch_add(1, Ordering::Relaxed);
        NewBatch::ChooseAgain
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partitioner_of_ones_own_serves_many_tasks_short_of_memory_at_once() {
    let cluster = cluster(3).await;
    let config = ProducerConfig::default().partitioner(Partitioner::custom(BatchByBatch::default()));
    let config = config.batch_size_bytes(1_000).buffer_memory_bytes(20_000).max_request_size_bytes(10_000);
    let producer = producer(&cluster, config);
    let tasks = (0..4).map(|task| {
        let producer = producer.clone();
        tokio::spawn(async move {
            if task % 2 == 0 {
                let values: Vec<String> = (0..1_000).map(|number| format!("{task}:{number}")).collect();
                let records = values.iter().map(|value| NewRecord::to("orders").value(value));
                return producer.send_all(records).await.unwrap().iter().all(Result::is_ok);
            }
            let mut receipts = Vec::new();
            for number in 0..1_000 {
                let value = format!("{task}:{number}");
                receipts.push(producer.enqueue(NewRecord::to("orders").value(value)).await.unwrap());
            }
            producer.flush().await.unwrap();
            receipts.iter().all(|receipt| receipt.outcome().unwrap().is_ok())
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        assert!(task.await.unwrap());
    }
    let counts: Vec<usize> = values(&cluster, "orders").iter().map(Vec::len).collect();
    assert_eq!(counts.iter().sum::<usize>(), 4_000);
    assert!(counts.iter().all(|count| *count > 500), "{counts:?}");
    assert_eq!(producer.buffered_bytes(), 0);
}

#[tokio::test]
async fn every_codec_is_read_back() {
    let cluster = cluster(1).await;
    for (index, codec) in [
        CompressionType::None,
        CompressionType::Gzip,
        CompressionType::Snappy,
        CompressionType::Lz4,
        CompressionType::Zstd,
    ]
    .into_iter()
    .enumerate()
    {
        let topic = format!("codec-{index}");
        let producer = producer(&cluster, ProducerConfig::default().compression(codec));
        let lines: Vec<String> = (0..500).map(|line| format!("line {line} {}", "abc".repeat(20))).collect();
        let records = lines.iter().map(|line| NewRecord::to(&topic).value(line).partition(0));
        let results = producer.send_all(records).await.unwrap();
        assert!(results.iter().all(Result::is_ok), "{codec:?}");
        assert_eq!(values(&cluster, &topic)[0], lines, "{codec:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_doubled_or_reordered_over_cut_connections_and_moved_leaders() {
    let cluster = cluster(3).await;
    cluster.create_topic("orders", 2).unwrap();
    let config = ProducerConfig::default().batch_size_bytes(500).retry_backoff(Duration::from_millis(10));
    let producer = producer(&cluster, config);
    cluster.inject(Fault::disconnect().after_applying().api(ApiKey::PRODUCE).one_in(15).always());
    cluster.inject(Fault::disconnect().api(ApiKey::PRODUCE).one_in(15).always());
    cluster.inject(Fault::error(ErrorCode::NOT_ENOUGH_REPLICAS).api(ApiKey::PRODUCE).one_in(20).always());
    let values_sent: Vec<String> = (0..1_000).map(|number| number.to_string()).collect();
    let mut receipts = Vec::new();
    for (number, value) in values_sent.iter().enumerate() {
        if number % 300 == 150 {
            cluster.state().move_leader_on("orders", 0).unwrap();
        }
        if number % 20 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        receipts.push(producer.enqueue(NewRecord::to("orders").value(value).partition(0)).await.unwrap());
    }
    for (number, receipt) in receipts.into_iter().enumerate() {
        let metadata = tokio::time::timeout(Duration::from_secs(60), receipt).await.unwrap().unwrap();
        if let Some(offset) = metadata.offset {
            assert_eq!(usize::try_from(offset).unwrap(), number);
        }
    }
    assert_eq!(values(&cluster, "orders")[0], values_sent);
}

#[tokio::test]
async fn a_stopped_broker_ends_in_time_with_the_cause() {
    let cluster = cluster(1).await;
    let config = ProducerConfig::default()
        .delivery_timeout(Duration::from_secs(1))
        .request_timeout(Duration::from_millis(900))
        .linger(Duration::ZERO);
    let producer = producer(&cluster, config);
    producer.send(NewRecord::to("orders").value("a")).await.unwrap();
    cluster.stop_broker(BrokerId(1)).unwrap();
    let error = producer.send(NewRecord::to("orders").value("b")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.to_string().contains("delivery.timeout.ms"), "{error}");
    cluster.start_broker(BrokerId(1)).unwrap();
    producer.send(NewRecord::to("orders").value("c")).await.unwrap();
}

#[tokio::test]
async fn a_broker_that_never_answers_leaves_the_outcome_open() {
    let cluster = cluster(1).await;
    let config = ProducerConfig::default()
        .delivery_timeout(Duration::from_millis(700))
        .request_timeout(Duration::from_millis(600))
        .linger(Duration::ZERO);
    let producer = producer(&cluster, config);
    producer.send(NewRecord::to("orders").value("a")).await.unwrap();
    cluster.inject(Fault::no_answer().api(ApiKey::PRODUCE).always());
    let error = producer.send(NewRecord::to("orders").value("b")).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::MayHaveHappened), "{error}");
}

#[tokio::test]
async fn a_topic_that_is_not_there_waits_no_longer_than_max_block() {
    let config = MockConfig::new(1).auto_create_topics(false);
    let cluster = MockCluster::start_with(config, 0).await.unwrap();
    let producer = producer(&cluster, ProducerConfig::default().max_block(Duration::from_millis(300)));
    let error = producer.send(NewRecord::to("orders").value("a")).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION), "{error}");
    cluster.create_topic("orders", 1).unwrap();
    let patient = Producer::new(&client(&cluster), ProducerConfig::default()).unwrap();
    patient.send(NewRecord::to("orders").value("a")).await.unwrap();
}

#[tokio::test]
async fn fewer_acks_and_older_brokers_work() {
    let config = MockConfig::new(1).api_versions(ApiKey::PRODUCE, VersionRange::new(3, 7));
    let cluster = MockCluster::start_with(config, 0).await.unwrap();
    for (number, acks) in [Acks::None, Acks::Leader, Acks::All].into_iter().enumerate() {
        let producer = producer(&cluster, ProducerConfig::default().acks(acks));
        let metadata = producer.send(NewRecord::to("orders").value("a").partition(0)).await.unwrap();
        let offset = (acks != Acks::None).then(|| i64::try_from(number).unwrap());
        assert_eq!(metadata.offset, offset);
        producer.close(Duration::from_secs(5)).await.unwrap();
        for _ in 0..200 {
            if cluster.records("orders", 0).unwrap().len() > number {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(cluster.records("orders", 0).unwrap().len(), number + 1);
    }
}

#[tokio::test]
async fn what_a_dropped_producer_had_queued_is_sent() {
    let cluster = cluster(1).await;
    let client = client(&cluster);
    let producer = Producer::new(&client, ProducerConfig::default().linger(Duration::from_secs(20))).unwrap();
    let receipt = producer.enqueue(NewRecord::to("orders").value("a").partition(0)).await.unwrap();
    drop((producer, client));
    receipt.await.unwrap();
    assert_eq!(values(&cluster, "orders")[0], ["a"]);
}

#[test]
fn when_the_runtime_ends_every_receipt_does() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (receipt, producer) = runtime.block_on(async {
        let cluster = cluster(1).await;
        let producer = producer(&cluster, ProducerConfig::default());
        producer.send(NewRecord::to("orders").value("a")).await.unwrap();
        cluster.inject(Fault::no_answer().api(ApiKey::PRODUCE).always());
        let receipt = producer.enqueue(NewRecord::to("orders").value("b")).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        (receipt, producer)
    });
    drop(runtime);
    let outcome = receipt.outcome().expect("an outcome");
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Closed);
    assert!(producer.try_enqueue(NewRecord::to("orders").value("c")).is_err());
}

/// Keeps the numbers of records that warnings tell of.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<u64>>>);

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN && metadata.target().starts_with("ottla_producer")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Visit for Warnings {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "records" {
            self.0.lock().unwrap().push(value);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

#[test]
fn one_warning_says_how_many_records_of_a_dropped_producer_the_end_of_the_runtime_abandoned() {
    let warnings = Warnings::default();
    let _guard = tracing::subscriber::set_default(warnings.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let receipts = runtime.block_on(async {
        let cluster = cluster(1).await;
        let producer = producer(&cluster, ProducerConfig::default());
        producer.send(NewRecord::to("orders").value("a")).await.unwrap();
        cluster.inject(Fault::no_answer().api(ApiKey::PRODUCE).always());
        let mut receipts = Vec::new();
        for value in ["b", "c", "d"] {
            receipts.push(producer.enqueue(NewRecord::to("orders").value(value)).await.unwrap());
        }
        drop(producer);
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(receipts.iter().all(|receipt| receipt.outcome().is_none()));
        receipts
    });
    assert!(warnings.0.lock().unwrap().is_empty());
    drop(runtime);
    assert_eq!(*warnings.0.lock().unwrap(), [3]);
    for receipt in receipts {
        let error = receipt.outcome().expect("an outcome").unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Closed, Outcome::MayHaveHappened));
    }
}

#[tokio::test]
async fn deliveries_tell_of_what_the_cluster_refuses_and_of_what_nobody_knows() {
    let cluster = cluster(1).await;
    let config = ProducerConfig::default()
        .delivery_timeout(Duration::from_millis(700))
        .request_timeout(Duration::from_millis(600))
        .linger(Duration::ZERO);
    let (tagged, mut deliveries) = producer(&cluster, config).with_deliveries::<char>();
    let record = |tag: char| NewRecord::to("orders").partition(0).value(tag.to_string());
    tagged.enqueue(record('a'), 'a').await.unwrap();
    assert_eq!(deliveries.recv().await.unwrap().result.unwrap().offset, Some(0));

    cluster.inject(Fault::error(ErrorCode::TOPIC_AUTHORIZATION_FAILED).api(ApiKey::PRODUCE).times(1));
    tagged.enqueue(record('b'), 'b').await.unwrap();
    let refused = deliveries.recv().await.unwrap();
    let error = refused.result.unwrap_err();
    assert_eq!((refused.tag, error.kind(), error.outcome()), ('b', ErrorKind::Authorization, Outcome::DidNotHappen));

    cluster.inject(Fault::no_answer().api(ApiKey::PRODUCE).always());
    tagged.enqueue(record('c'), 'c').await.unwrap();
    drop(tagged);
    let unknown = deliveries.recv().await.unwrap();
    let error = unknown.result.unwrap_err();
    assert_eq!((unknown.tag, error.kind(), error.outcome()), ('c', ErrorKind::Timeout, Outcome::MayHaveHappened));
    assert!(deliveries.recv().await.is_none());
}
