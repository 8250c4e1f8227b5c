//! Consuming assigned partitions: from where, which, in what order, and under control.

use std::collections::BTreeMap;

use ottla::Start;

use super::support::{client, consumer, nothing_comes, producer, send, take, texts, topic, within};
use crate::cluster;

#[tokio::test]
async fn every_start_is_where_it_says() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "starts", 1).await;
    let producer = producer(&client);
    for (timestamp, value) in [(1_000, "a"), (2_000, "b"), (3_000, "c")] {
        let record = ottla::NewRecord::to(&topic).timestamp(timestamp).value(value);
        within(producer.send(record)).await.unwrap();
    }
    for (start, expected) in [
        (Start::Beginning, "a"),
        (Start::Offset(1), "b"),
        (Start::Timestamp(1_001), "b"),
        (Start::Timestamp(3_000), "c"),
    ] {
        let mut consumer = consumer(&client, &topic, [0], start);
        assert_eq!(texts(&take(&mut consumer, 1).await), [expected], "{start:?}");
    }
    let mut consumer = consumer(&client, &topic, [0], Start::End);
    assert!(nothing_comes(&mut consumer).await);
    send(&producer, &topic, 0, &["d"]).await;
    assert_eq!(texts(&take(&mut consumer, 1).await), ["d"]);
}

#[tokio::test]
async fn all_records_of_many_partitions_come_once_and_in_order() {
    let cluster = cluster::three().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "partitions", 12).await;
    let producer = producer(&client);
    let values: Vec<String> = (0..3_000).map(|number| number.to_string()).collect();
    let records = (0..)
        .zip(&values)
        .map(|(number, value): (i32, _)| ottla::NewRecord::to(&topic).partition(number % 12).value(value));
    let sent = within(producer.send_all(records)).await.unwrap();
    assert!(sent.iter().all(Result::is_ok));
    let mut consumer = consumer(&client, &topic, 0..12, Start::Beginning);
    let mut by_partition: BTreeMap<i32, Vec<String>> = BTreeMap::new();
    for record in take(&mut consumer, 3_000).await {
        by_partition.entry(record.partition).or_default().extend(texts(&[record]));
    }
    for partition in 0..12 {
        let expected: Vec<_> =
            (0..3_000).filter(|number| number % 12 == partition).map(|number| number.to_string()).collect();
        assert_eq!(by_partition.get(&partition), Some(&expected));
    }
    assert!(nothing_comes(&mut consumer).await);
}

#[tokio::test]
async fn batches_move_the_position_past_what_they_hold() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "batches", 1).await;
    send(&producer(&client), &topic, 0, &["a", "b", "c"]).await;
    let mut consumer = consumer(&client, &topic, [0], Start::Beginning);
    let control = consumer.control();
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let batch = within(consumer.recv_batch()).await.unwrap().unwrap();
        assert_eq!((batch.topic().name(), batch.partition()), (topic.as_str(), 0));
        for record in &batch {
            seen.push(record.value().unwrap().to_vec());
        }
        assert_eq!(control.position(&topic, 0), Some(batch.next_offset()));
    }
    assert_eq!(seen, [b"a", b"b", b"c"]);
}

#[tokio::test]
async fn seeking_back_brings_the_same_records_again() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "seek", 1).await;
    send(&producer(&client), &topic, 0, &["a", "b", "c"]).await;
    let mut consumer = consumer(&client, &topic, [0], Start::Beginning);
    assert_eq!(texts(&take(&mut consumer, 2).await), ["a", "b"]);
    let control = consumer.control();
    control.seek(&topic, 0, Start::Offset(0)).unwrap();
    assert_eq!(texts(&take(&mut consumer, 3).await), ["a", "b", "c"]);
}

#[tokio::test]
async fn a_paused_partition_gives_nothing_until_it_is_resumed() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "pause", 2).await;
    let producer = producer(&client);
    let mut consumer = consumer(&client, &topic, 0..2, Start::Beginning);
    let control = consumer.control();
    let paused = [(topic.as_str(), 0)];
    control.pause(&paused).unwrap();
    send(&producer, &topic, 0, &["paused"]).await;
    send(&producer, &topic, 1, &["not paused"]).await;
    assert_eq!(texts(&take(&mut consumer, 1).await), ["not paused"]);
    assert!(nothing_comes(&mut consumer).await);
    control.resume(&paused).unwrap();
    assert_eq!(texts(&take(&mut consumer, 1).await), ["paused"]);
}

#[tokio::test]
async fn a_wait_that_is_given_up_loses_nothing() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "cancel", 1).await;
    let producer = producer(&client);
    let mut consumer = consumer(&client, &topic, [0], Start::Beginning);
    for number in 0..20 {
        let _ = tokio::time::timeout(std::time::Duration::from_millis(number), consumer.recv_batch()).await;
        send(&producer, &topic, 0, &[&number.to_string()]).await;
        assert_eq!(texts(&take(&mut consumer, 1).await), [number.to_string()]);
    }
}
