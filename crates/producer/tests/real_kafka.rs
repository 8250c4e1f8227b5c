//! The producer against real Kafka: `cargo xtask test` starts the clusters and sets the environment.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::disallowed_methods, reason = "an application runs on tokio, whatever the producer does")]

use std::time::Duration;

use ottla_client::{Client, ClientConfig};
use ottla_producer::{CompressionType, NewRecord, Producer, ProducerConfig};

fn client(name: &str) -> Client {
    let bootstrap = std::env::var(name).unwrap_or_else(|_| panic!("{name} is to be set; `cargo xtask test` does"));
    Client::new(&bootstrap, ClientConfig::default()).unwrap()
}

#[tokio::test]
async fn records_get_consecutive_offsets_with_every_codec() {
    let client = client("OTTLA_KAFKA_SINGLE");
    for codec in [
        CompressionType::None,
        CompressionType::Gzip,
        CompressionType::Snappy,
        CompressionType::Lz4,
        CompressionType::Zstd,
    ] {
        let producer = Producer::new(&client, ProducerConfig::default().compression(codec)).unwrap();
        let topic = client.topic("producer-codecs");
        let lines: Vec<String> = (0..1_000).map(|line| format!("line {line} {}", "abc".repeat(20))).collect();
        let records = lines.iter().map(|line| NewRecord::to(&topic).key("k").value(line).partition(0));
        let results = producer.send_all(records).await.unwrap();
        let offsets: Vec<i64> = results.into_iter().map(|result| result.unwrap().offset.unwrap()).collect();
        assert!(offsets.windows(2).all(|pair| pair[1] == pair[0] + 1), "{codec:?}");
        producer.close(Duration::from_secs(10)).await.unwrap();
    }
}

#[tokio::test]
async fn awaited_sends_of_many_tasks_to_three_brokers_are_acknowledged() {
    let client = client("OTTLA_KAFKA_THREE");
    let producer = Producer::new(&client, ProducerConfig::default()).unwrap();
    let tasks: Vec<_> = (0..50)
        .map(|task| {
            let producer = producer.clone();
            tokio::spawn(async move {
                for number in 0..20 {
                    let key = format!("{task}");
                    let value = format!("{task}-{number}");
                    let metadata =
                        producer.send(NewRecord::to("producer-tasks").key(&key).value(&value)).await.unwrap();
                    assert!(metadata.offset.is_some());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    producer.close(Duration::from_secs(10)).await.unwrap();
}

#[tokio::test]
async fn a_record_that_the_topic_does_not_take_fails_naming_the_settings() {
    let client = client("OTTLA_KAFKA_SINGLE");
    let config = ProducerConfig::default().max_request_size_bytes(8 << 20).buffer_memory_bytes(64 << 20);
    let producer = Producer::new(&client, config).unwrap();
    let value = vec![7_u8; 3 << 20];
    let error = producer.send(NewRecord::to("producer-large").value(&value)).await.unwrap_err();
    assert!(error.to_string().contains("max.message.bytes"), "{error}");
    producer.send(NewRecord::to("producer-large").value("small")).await.unwrap();
}
