//! Producing: what was acknowledged is there, once, in order, byte for byte.

use std::time::Duration;

use ottla::{CompressionType, ErrorKind, NewRecord, Outcome, Producer, ProducerConfig, Start};

use super::support::{client, consumer, producer, take, texts, topic, unique, within};
use crate::cluster;

#[tokio::test]
async fn an_acknowledged_record_is_where_its_metadata_says() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "where", 3).await;
    let producer = producer(&client);
    let written = within(producer.send(NewRecord::to(&topic).key("k").value("v"))).await.unwrap();
    assert_eq!(written.topic, *topic.as_str());
    let mut consumer = consumer(&client, &topic, [written.partition], Start::Offset(written.offset.unwrap()));
    let record = take(&mut consumer, 1).await.remove(0);
    assert_eq!((record.key(), record.value()), (Some(&b"k"[..]), Some(&b"v"[..])));
    assert_eq!((record.partition, Some(record.offset)), (written.partition, written.offset));
    assert_eq!(record.timestamp(), written.timestamp);
}

#[tokio::test]
async fn pipelined_records_keep_their_order() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "order", 2).await;
    // Small batches, so that many are on their way.
    let config = ProducerConfig::default().batch_size_bytes(200).linger(Duration::ZERO);
    let producer = Producer::new(&client, config).unwrap();
    let mut receipts = Vec::new();
    for number in 0..500 {
        let record = NewRecord::to(&topic).partition(number % 2).value(number.to_string());
        receipts.push(within(producer.enqueue(record)).await.unwrap());
    }
    let mut last = [-1; 2];
    for receipt in receipts {
        let written = within(receipt).await.unwrap();
        let partition = usize::try_from(written.partition).unwrap();
        assert_eq!(written.offset, Some(last[partition] + 1));
        last[partition] += 1;
    }
    for partition in 0..2 {
        let mut consumer = consumer(&client, &topic, [partition], Start::Beginning);
        let expected: Vec<_> =
            (0..500).filter(|number| number % 2 == partition).map(|number| number.to_string()).collect();
        assert_eq!(texts(&take(&mut consumer, 250).await), expected);
    }
}

#[tokio::test]
async fn sending_many_gives_a_result_for_each() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "many", 1).await;
    let producer = producer(&client);
    let lines: Vec<String> = (0..200).map(|number| format!("line {number}")).collect();
    let results = within(producer.send_all(lines.iter().map(|line| NewRecord::to(&topic).value(line)))).await.unwrap();
    let offsets: Vec<_> = results.into_iter().map(|result| result.unwrap().offset.unwrap()).collect();
    assert_eq!(offsets, (0..200).collect::<Vec<_>>());
    let mut consumer = consumer(&client, &topic, [0], Start::Beginning);
    assert_eq!(texts(&take(&mut consumer, 200).await), lines);
}

#[tokio::test]
async fn null_and_empty_are_told_apart_and_headers_keep_order_and_duplicates() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "nulls", 1).await;
    let producer = producer(&client);
    let binary: Vec<u8> = (0..=255).collect();
    let records = [
        NewRecord::to(&topic),
        NewRecord::to(&topic).key("").value(""),
        NewRecord::to(&topic).key(&binary).value(&binary),
        NewRecord::to(&topic).value("h").header("a", "1").null_header("a").header("b", "").header("a", &binary),
    ];
    for result in within(producer.send_all(records)).await.unwrap() {
        result.unwrap();
    }
    let mut consumer = consumer(&client, &topic, [0], Start::Beginning);
    let records = take(&mut consumer, 4).await;
    assert_eq!((records[0].key(), records[0].value()), (None, None));
    assert_eq!((records[1].key(), records[1].value()), (Some(&b""[..]), Some(&b""[..])));
    assert_eq!((records[2].key(), records[2].value()), (Some(&binary[..]), Some(&binary[..])));
    let headers: Vec<_> =
        records[3].headers().map(|header| (header.key.to_vec(), header.value.map(<[u8]>::to_vec))).collect();
    let expected = [
        (b"a".to_vec(), Some(b"1".to_vec())),
        (b"a".to_vec(), None),
        (b"b".to_vec(), Some(Vec::new())),
        (b"a".to_vec(), Some(binary)),
    ];
    assert_eq!(headers, expected);
}

#[tokio::test]
async fn every_codec_brings_back_what_went_in() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    for codec in [
        CompressionType::None,
        CompressionType::Gzip,
        CompressionType::Snappy,
        CompressionType::Lz4,
        CompressionType::Zstd,
    ] {
        let topic = topic(&client, "codec", 1).await;
        let producer = Producer::new(&client, ProducerConfig::default().compression(codec)).unwrap();
        let values: Vec<String> =
            (0..300).map(|number| format!("{} {number}", "again and ".repeat(number % 40))).collect();
        let sent =
            within(producer.send_all(values.iter().map(|value| NewRecord::to(&topic).value(value)))).await.unwrap();
        assert!(sent.iter().all(Result::is_ok), "{codec:?}: {sent:?}");
        let mut consumer = consumer(&client, &topic, [0], Start::Beginning);
        assert_eq!(texts(&take(&mut consumer, 300).await), values, "{codec:?}");
    }
}

#[tokio::test]
async fn equal_keys_go_to_the_same_partition() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "keys", 7).await;
    let producer = producer(&client);
    for key in ["a", "b", "c", "d", "e"] {
        let first = within(producer.send(NewRecord::to(&topic).key(key).value("1"))).await.unwrap();
        let second = within(producer.send(NewRecord::to(&topic).key(key).value("2"))).await.unwrap();
        assert_eq!(first.partition, second.partition, "{key}");
    }
}

#[tokio::test]
async fn a_record_that_is_too_large_is_refused_and_the_next_is_taken() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "large", 1).await;
    let config = ProducerConfig::default().max_request_size_bytes(10_000);
    let producer = Producer::new(&client, config).unwrap();
    let large = vec![b'x'; 20_000];
    let error = within(producer.send(NewRecord::to(&topic).value(&large))).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Misuse, Outcome::DidNotHappen), "{error}");
    assert!(within(producer.send(NewRecord::to(&topic).value("small"))).await.is_ok());
}

#[tokio::test]
async fn a_partition_that_is_not_there_is_an_error_at_once() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "partitions", 2).await;
    let producer = producer(&client);
    let error = within(producer.send(NewRecord::to(&topic).partition(2).value("v"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse, "{error}");
}

#[tokio::test]
async fn a_topic_that_cannot_be_had_fails_in_time() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let producer = Producer::new(&client, ProducerConfig::default().max_block(Duration::from_secs(2))).unwrap();
    let error = within(producer.send(NewRecord::to("no/such topic").value("v"))).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::DidNotHappen);
    assert!(error.to_string().contains("no/such topic"), "{error}");
}

#[tokio::test]
async fn a_flush_does_not_wait_out_the_linger() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "flush", 1).await;
    let producer = Producer::new(&client, ProducerConfig::default().linger(Duration::from_secs(30))).unwrap();
    let receipt = within(producer.enqueue(NewRecord::to(&topic).value("v"))).await.unwrap();
    let began = std::time::Instant::now();
    within(producer.flush()).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(20));
    assert!(receipt.outcome().unwrap().is_ok());
}

#[tokio::test]
async fn closing_delivers_what_was_queued_and_refuses_what_comes_after() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "close", 1).await;
    let producer = producer(&client);
    let receipt = within(producer.enqueue(NewRecord::to(&topic).value("v"))).await.unwrap();
    within(producer.close(Duration::from_secs(30))).await.unwrap();
    assert_eq!(within(receipt).await.unwrap().offset, Some(0));
    let error = within(producer.send(NewRecord::to(&topic).value("w"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
}

#[tokio::test]
async fn a_dropped_producer_still_delivers_what_was_queued() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "drop", 1).await;
    let producer = producer(&client);
    let receipt = within(producer.enqueue(NewRecord::to(&topic).value("v"))).await.unwrap();
    drop(producer);
    assert!(within(receipt).await.is_ok());
}

#[tokio::test]
async fn a_topic_is_made_when_a_record_comes_for_it() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = unique("made");
    let written = within(producer(&client).send(NewRecord::to(&topic).value("v"))).await.unwrap();
    assert_eq!(written.offset, Some(0));
}
