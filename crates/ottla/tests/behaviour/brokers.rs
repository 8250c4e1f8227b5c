//! Brokers that go and come back while records are on their way.

use std::collections::BTreeSet;
use std::time::Duration;

use ottla::{NewRecord, NewTopic, Producer, ProducerConfig, Start};

use super::support::{client, consumer, take, texts, topic_with, unique, within};
use crate::cluster;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_survive_brokers_that_end_one_after_another() {
    const RECORDS: usize = 4_000;
    let mut cluster = cluster::three().await;
    let client = client(cluster.bootstrap());
    let topic = NewTopic::new(unique("survive")).partitions(6).replication_factor(3).config("min.insync.replicas", "2");
    let topic = topic_with(&client, topic).await;
    let producer = Producer::new(&client, ProducerConfig::default().batch_size_bytes(2_000)).unwrap();

    let sending = tokio::spawn({
        let topic = topic.clone();
        async move {
            let mut receipts = Vec::new();
            for number in 0..RECORDS {
                let partition = i32::try_from(number % 6).unwrap();
                let record = NewRecord::to(&topic).partition(partition).value(number.to_string());
                receipts.push(producer.enqueue(record).await.unwrap());
                if number % 20 == 0 {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
            for receipt in receipts {
                receipt.await.unwrap();
            }
        }
    });
    for broker in 1..=3 {
        cluster.kill(broker).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        cluster.start(broker).await;
    }
    tokio::time::timeout(Duration::from_secs(120), sending).await.expect("all is sent in time").unwrap();

    let mut consumer = consumer(&client, &topic, 0..6, Start::Beginning);
    let mut last = [None; 6];
    let mut seen = BTreeSet::new();
    for record in take(&mut consumer, RECORDS).await {
        let number: usize = texts(std::slice::from_ref(&record))[0].parse().unwrap();
        assert!(seen.insert(number), "{number} came twice");
        let last = &mut last[usize::try_from(record.partition).unwrap()];
        assert!(last.is_none_or(|last| last < number), "{number} came after {last:?}");
        *last = Some(number);
    }
    assert_eq!(seen.len(), RECORDS);
    let _ = within(consumer.close(Duration::from_secs(5))).await;
}
