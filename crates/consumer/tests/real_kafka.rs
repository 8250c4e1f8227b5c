//! The consumer against real Kafka: `cargo xtask test` starts the clusters and sets the environment.

#![expect(clippy::disallowed_methods, reason = "tests use the runtime that applications use")]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::time::{Duration, Instant};

use bytes::Bytes;
use ottla_client::raw::{self, Target};
use ottla_client::{Client, ClientConfig};
use ottla_consumer::{Consumer, ConsumerConfig, IsolationLevel, PartitionState, Record, Start};
use ottla_core::io::CoordinatorKind;
use ottla_protocol::Utf8Bytes;
use ottla_protocol::messages::add_partitions_to_txn::{AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction};
use ottla_protocol::messages::create_topics::CreatableTopic;
use ottla_protocol::messages::delete_records::{DeleteRecordsPartition, DeleteRecordsTopic};
use ottla_protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use ottla_protocol::messages::{
    AddPartitionsToTxnRequest, CreateTopicsRequest, DeleteRecordsRequest, EndTxnRequest, InitProducerIdRequest,
    MetadataRequest, ProduceRequest,
};
use ottla_protocol::records::{Attributes, BatchBuilder, Codec, Compressor, NO_HEADERS, Producer};
use ottla_types::{ProducerId, Topic, Uuid};

fn bootstrap(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is to be set; `cargo xtask test` does"))
}

fn client(cluster: &str) -> Client {
    Client::new(&bootstrap(cluster), ClientConfig::default()).unwrap()
}

/// A topic that no earlier run has left, and its id.
async fn create(client: &Client, name: &str, partitions: i32, replicas: i16) -> (Topic, Uuid) {
    let stamp = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let name = format!("{name}-{stamp}");
    let topic = CreatableTopic {
        name: Utf8Bytes::copy_from(&name),
        num_partitions: partitions,
        replication_factor: replicas,
        ..Default::default()
    };
    let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 30_000, ..Default::default() };
    let answer = raw::send(client, Target::Controller, request).await.unwrap();
    assert!(answer.topics[0].error_code.is_ok(), "{:?}", answer.topics[0]);
    let id = answer.topics[0].topic_id;
    (Topic::from(name), id)
}

fn batch(values: &[&str], at: i64, codec: Codec, attributes: Attributes, producer: Producer) -> Bytes {
    let mut builder = BatchBuilder::new(Vec::new());
    for value in values {
        builder.append(at, Some(b"key"), Some(value.as_bytes()), NO_HEADERS).unwrap();
    }
    let mut batch = builder.build_with(attributes);
    batch.assign(producer);
    batch.compress(&codec.into(), &mut Compressor::new(), &mut Vec::new()).unwrap();
    batch.seal();
    batch.into_inner().into()
}

async fn produce(client: &Client, to: &(Topic, Uuid), partition: i32, records: Bytes, transaction: Option<&str>) {
    for _ in 0..100 {
        let data = PartitionProduceData { index: partition, records: Some(records.clone()), ..Default::default() };
        let topic = TopicProduceData {
            name: Utf8Bytes::copy_from(to.0.name()),
            topic_id: to.1,
            partition_data: vec![data],
            ..Default::default()
        };
        let request = ProduceRequest {
            transactional_id: transaction.map(Utf8Bytes::copy_from),
            acks: -1,
            timeout_ms: 10_000,
            topic_data: vec![topic],
            ..Default::default()
        };
        let answer = raw::send(client, Target::Leader(to.0.clone(), partition), request).await;
        // The leader of a topic that was just made does not know it yet.
        if answer.is_ok_and(|answer| answer.responses[0].partition_responses[0].error_code.is_ok()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nothing could be produced");
}

async fn plain(client: &Client, to: &(Topic, Uuid), partition: i32, values: &[&str], at: i64, codec: Codec) {
    let records = batch(values, at, codec, Attributes::default(), Producer::NONE);
    produce(client, to, partition, records, None).await;
}

fn one(client: &Client, topic: &Topic, start: Start, config: ConsumerConfig) -> Consumer {
    Consumer::assign(client, [((topic, 0), start)], config).unwrap()
}

async fn next(consumer: &mut Consumer) -> Record {
    tokio::time::timeout(Duration::from_secs(60), consumer.recv()).await.expect("a record in time").unwrap().unwrap()
}

async fn rest(consumer: &mut Consumer) -> Vec<(i64, String)> {
    consumer.control().until_end().unwrap();
    let mut found = Vec::new();
    while let Some(record) = consumer.recv().await.unwrap() {
        found.push((record.offset, String::from_utf8(record.value().unwrap().to_vec()).unwrap()));
    }
    found
}

#[tokio::test]
async fn starts_codecs_and_ends_are_what_kafka_says() {
    let client = client("OTTLA_KAFKA_SINGLE");
    let topic = create(&client, "consumer-starts", 2, 1).await;
    for (at, codec) in (0_i64..).zip(Codec::ALL) {
        plain(&client, &topic, 0, &["a", "b", "c", codec.name()], 1_000 + at * 100, codec).await;
    }
    for (start, first) in [
        (Start::Beginning, 0),
        (Start::Offset(6), 6),
        (Start::Tail(3), 17),
        (Start::Timestamp(1_150), 8),
        (Start::Timestamp(99_000), 20),
        (Start::End, 20),
    ] {
        let mut consumer = one(&client, &topic.0, start, ConsumerConfig::default());
        let found = rest(&mut consumer).await;
        assert_eq!(found.iter().map(|(offset, _)| *offset).collect::<Vec<_>>(), (first..20).collect::<Vec<_>>());
        for (offset, value) in found {
            let expected = ["a", "b", "c", Codec::ALL[offset as usize / 4].name()][offset as usize % 4];
            assert_eq!(value, expected);
        }
        let begin = Instant::now();
        consumer.close(Duration::from_secs(5)).await.unwrap();
        println!("{start:?}: closed in {:?}", begin.elapsed());
    }
    client.close(Duration::from_secs(5)).await.unwrap();
}

#[tokio::test]
async fn positions_that_retention_passed_follow_the_policy() {
    let client = client("OTTLA_KAFKA_SINGLE");
    let topic = create(&client, "consumer-retention", 1, 1).await;
    for _ in 0..5 {
        plain(&client, &topic, 0, &["a", "b"], 1_000, Codec::None).await;
    }
    let partition = DeleteRecordsPartition { partition_index: 0, offset: 6, ..Default::default() };
    let deleted = DeleteRecordsTopic {
        name: Utf8Bytes::copy_from(topic.0.name()),
        partitions: vec![partition],
        ..Default::default()
    };
    let request = DeleteRecordsRequest { topics: vec![deleted], timeout_ms: 10_000, ..Default::default() };
    let answer = raw::send(&client, Target::Leader(topic.0.clone(), 0), request).await.unwrap();
    assert!(answer.topics[0].partitions[0].error_code.is_ok());
    let mut consumer = one(&client, &topic.0, Start::Offset(2), ConsumerConfig::default());
    assert_eq!(next(&mut consumer).await.offset, 6);
    consumer.control().seek(topic.0.name(), 0, Start::Offset(1_000)).unwrap();
    tokio::time::timeout(Duration::from_secs(1), consumer.recv()).await.unwrap_err();
    plain(&client, &topic, 0, &["new"], 1_000, Codec::None).await;
    assert_eq!(next(&mut consumer).await.offset, 10);
}

#[tokio::test]
async fn only_committed_transactions_are_read() {
    let client = client("OTTLA_KAFKA_SINGLE");
    let topic = create(&client, "consumer-transactions", 1, 1).await;
    let id = topic.0.name();
    let coordinator = || Target::Coordinator(CoordinatorKind::Transaction, id.into());
    let name = || Utf8Bytes::copy_from(id);
    for (commit, value) in [(true, "committed 1"), (false, "aborted"), (true, "committed 2")] {
        let producer = loop {
            let request = InitProducerIdRequest {
                transactional_id: Some(name()),
                transaction_timeout_ms: 60_000,
                producer_id: ProducerId(-1),
                producer_epoch: -1,
                ..Default::default()
            };
            match raw::send(&client, coordinator(), request).await {
                Ok(answer) if answer.error_code.is_ok() => break (answer.producer_id, answer.producer_epoch),
                other => println!("asked again after {other:?}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        let partitions = AddPartitionsToTxnTopic { name: name(), partitions: vec![0], ..Default::default() };
        let transaction = AddPartitionsToTxnTransaction {
            transactional_id: name(),
            producer_id: producer.0,
            producer_epoch: producer.1,
            verify_only: false,
            topics: vec![partitions],
            ..Default::default()
        };
        let request = AddPartitionsToTxnRequest { transactions: vec![transaction], ..Default::default() };
        raw::send(&client, coordinator(), request).await.unwrap();
        let who = Producer { id: producer.0, epoch: producer.1, base_sequence: 0 };
        let attributes = Attributes::default().with_transactional(true);
        produce(&client, &topic, 0, batch(&[value], 1_000, Codec::None, attributes, who), Some(id)).await;
        let end = EndTxnRequest {
            transactional_id: name(),
            producer_id: producer.0,
            producer_epoch: producer.1,
            committed: commit,
            ..Default::default()
        };
        let answer = raw::send(&client, coordinator(), end).await.unwrap();
        assert!(answer.error_code.is_ok(), "{:?}", answer.error_code);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let committed = ConsumerConfig::default().isolation_level(IsolationLevel::ReadCommitted);
    let mut consumer = one(&client, &topic.0, Start::Beginning, committed);
    let found = rest(&mut consumer).await;
    assert_eq!(found, [(0, "committed 1".to_owned()), (4, "committed 2".to_owned())]);
    assert_eq!(consumer.control().position(id, 0), Some(6), "behind the last marker");
    let mut consumer = one(&client, &topic.0, Start::Beginning, ConsumerConfig::default());
    assert_eq!(rest(&mut consumer).await.len(), 3);
}

#[tokio::test]
async fn the_first_record_comes_soon() {
    let client = client("OTTLA_KAFKA_SINGLE");
    let topic = create(&client, "consumer-first", 1, 1).await;
    plain(&client, &topic, 0, &["a"; 100], 1_000, Codec::None).await;
    let mut best = Duration::MAX;
    for _ in 0..10 {
        let own = self::client("OTTLA_KAFKA_SINGLE");
        let begin = Instant::now();
        let mut consumer = one(&own, &topic.0, Start::Beginning, ConsumerConfig::default());
        next(&mut consumer).await;
        let first = begin.elapsed();
        let begin = Instant::now();
        consumer.control().seek(topic.0.name(), 0, Start::Offset(50)).unwrap();
        assert_eq!(next(&mut consumer).await.offset, 50);
        println!("first record {first:?} after the client was made, {:?} after a seek", begin.elapsed());
        best = best.min(first);
        own.close(Duration::from_secs(5)).await.unwrap();
    }
    // A few milliseconds where the machine is idle; tests must not fail where it is not.
    assert!(best < Duration::from_secs(1), "{best:?}");
}

/// Tests that end and stop brokers: they run one at a time, after the others.
mod brokers {
    use std::process::Command;
    use std::time::Duration;

    use super::{Codec, client, create, next, plain};
    use super::{Consumer, ConsumerConfig, MetadataRequest, PartitionState, Start, Target, raw};

    fn xtask(action: &str, broker: i32) {
        let xtask = std::env::var("OTTLA_XTASK").expect("OTTLA_XTASK is to be set; `cargo xtask test` does");
        let name = std::env::var("OTTLA_KAFKA_THREE_NAME").expect("OTTLA_KAFKA_THREE_NAME is to be set");
        let arguments = ["cluster", action, "--name", &name, "--broker", &broker.to_string()];
        assert!(Command::new(xtask).args(arguments).status().expect("xtask runs").success());
    }

    #[tokio::test]
    async fn a_leader_that_is_killed_costs_no_record() {
        let client = client("OTTLA_KAFKA_THREE");
        let topic = create(&client, "consumer-killed", 3, 3).await;
        let values: Vec<String> = (0..50).map(|number| format!("{number:0>100}")).collect();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        for _ in 0..20 {
            for partition in 0..3 {
                plain(&client, &topic, partition, &values, 1_000, Codec::None).await;
            }
        }
        let config = ConsumerConfig::default().max_partition_fetch_bytes(6_000).fetch_buffer_bytes(60_000);
        let partitions = (0..3).map(|partition| ((&topic.0, partition), Start::Beginning));
        let mut consumer = Consumer::assign(&client, partitions, config).unwrap();
        let mut expected = [0; 3];
        let mut killed = None;
        for count in 0..3_000 {
            if count == 700 {
                let metadata = raw::send(&client, Target::Any, MetadataRequest { topics: None, ..Default::default() })
                    .await
                    .unwrap();
                let found = metadata.topics.iter().find(|found| found.name.as_deref() == Some(topic.0.name())).unwrap();
                let leader =
                    found.partitions.iter().find(|partition| partition.partition_index == 0).unwrap().leader_id;
                xtask("kill", leader.0);
                killed = Some(leader.0);
            }
            let record = next(&mut consumer).await;
            let offset = &mut expected[record.partition as usize];
            assert_eq!(record.offset, *offset, "partition {}", record.partition);
            *offset += 1;
        }
        assert_eq!(expected, [1_000; 3]);
        xtask("start", killed.unwrap());
        plain(&client, &topic, 0, &["back"], 1_000, Codec::None).await;
        assert_eq!(next(&mut consumer).await.value(), Some(&b"back"[..]));
        assert!(consumer.control().partitions().iter().all(|partition| partition.state == PartitionState::Fetching));
        consumer.close(Duration::from_secs(5)).await.unwrap();
    }
}
