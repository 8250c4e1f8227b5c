//! Kafka's own client on the same topics: what either writes the other reads, byte for byte.

use ottla::raw::{self, Target};
use ottla::{
    Admin, Client, CompressionType, Consumer, ConsumerConfig, IsolationLevel, NewRecord, NewTopic, Producer,
    ProducerConfig, Record, Start,
};
use ottla_protocol::Utf8Bytes;
use ottla_protocol::messages::fetch::{FetchPartition, FetchRequest, FetchTopic};

use crate::behaviour::support::{client, nothing_comes, take, topic_with, unique, within};
use crate::cluster;
use crate::line::Line;
use crate::records_java::{consume, produce};

const PARTITIONS: i32 = 3;

/// Each codec with its name in `compression.type` and its number in a batch's attributes.
const CODECS: [(CompressionType, &str, u8); 5] = [
    (CompressionType::None, "none", 0),
    (CompressionType::Gzip, "gzip", 1),
    (CompressionType::Snappy, "snappy", 2),
    (CompressionType::Lz4, "lz4", 3),
    (CompressionType::Zstd, "zstd", 4),
];

/// A topic of its own, on brokers that take the records' large ones.
async fn topic(client: &Client, name: &str) -> String {
    topic_with(client, NewTopic::new(unique(name)).partitions(PARTITIONS)).await
}

/// Sorted by partition, and else as they came: what is kept of the order from client to client.
fn by_partition(mut lines: Vec<Line>) -> Vec<Line> {
    lines.sort_by_key(|line| line.partition);
    lines
}

/// Fails with the first line that is not as expected: all of them would be some megabytes of digits.
fn assert_same(got: Vec<Line>, expected: Vec<Line>, what: &str) {
    let (got, expected) = (by_partition(got), by_partition(expected));
    for (number, (got, expected)) in got.iter().zip(&expected).enumerate() {
        assert!(got == expected, "{what}: record {number} is\n{}\nin place of\n{}", got.brief(), expected.brief());
    }
    assert_eq!(got.len(), expected.len(), "{what}");
}

/// The codec of the first batch in a partition, as the broker keeps it.
async fn stored_codec(client: &Client, topic: &str, partition: i32) -> u8 {
    let wanted = FetchPartition { partition, partition_max_bytes: 1 << 20, ..FetchPartition::default() };
    // Newer versions go by the id, older ones by the name.
    let topic_id = within(Admin::new(client).describe_topic(topic)).await.unwrap().id;
    let name = Utf8Bytes::copy_from(topic);
    let topics = vec![FetchTopic { topic: name, topic_id, partitions: vec![wanted], ..FetchTopic::default() }];
    let request = FetchRequest { max_wait_ms: 1_000, min_bytes: 1, topics, ..FetchRequest::default() };
    let response = within(raw::send(client, Target::Leader(topic.into(), partition), request)).await.unwrap();
    let partition = &response.responses[0].partitions[0];
    assert!(partition.error_code.is_ok(), "{:?}", partition.error_code);
    let records = partition.records.as_ref().unwrap();
    // The low byte of the attributes: after base offset, length, leader epoch, magic and checksum.
    records[22] & 0b111
}

async fn written(client: &Client, topic: &str, config: ProducerConfig, lines: &[Line]) {
    let producer = Producer::new(client, config).unwrap();
    let records = lines.iter().map(|line| line.to_record(topic));
    for result in within(producer.send_all(records)).await.unwrap() {
        result.unwrap();
    }
    within(producer.close(std::time::Duration::from_secs(30))).await.unwrap();
}

async fn read(client: &Client, topic: &str, config: ConsumerConfig, count: usize) -> Vec<Line> {
    let partitions = (0..PARTITIONS).map(|partition| ((topic, partition), Start::Beginning));
    let mut consumer = Consumer::assign(client, partitions, config).unwrap();
    let records = take(&mut consumer, count).await;
    assert!(nothing_comes(&mut consumer).await, "more than {count} records came");
    records.iter().map(Line::from_record).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn java_reads_what_ottla_writes_with_every_codec() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    for (codec, name, number) in CODECS {
        let topic = topic(&client, &format!("to-java-{name}")).await;
        let lines = Line::various(u64::from(number), PARTITIONS);
        let config = ProducerConfig::default().compression(codec).batch_size_bytes(200_000);
        written(&client, &topic, config, &lines).await;
        assert_eq!(stored_codec(&client, &topic, 1).await, number, "{name}");
        let got = consume(cluster.bootstrap(), &topic, &[]).await;
        assert_same(got, lines, name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ottla_reads_what_java_writes_with_every_codec() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    for (_, name, number) in CODECS {
        let topic = topic(&client, &format!("from-java-{name}")).await;
        let lines = Line::various(u64::from(number) + 100, PARTITIONS);
        let compression = format!("compression.type={name}");
        // Java's record counts as larger than it is where it is compressed well, hence the larger limit.
        let properties = [&compression, "linger.ms=50", "batch.size=200000", "max.request.size=2000000"];
        produce(cluster.bootstrap(), &topic, &properties, &Line::text(&lines)).await;
        assert_eq!(stored_codec(&client, &topic, 1).await, number, "{name}");
        let got = read(&client, &topic, ConsumerConfig::default(), lines.len()).await;
        assert_same(got, lines, name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_java_aborted_is_not_read_committed() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "transactions").await;
    let lines = Line::various(7, PARTITIONS);
    let (committed, aborted) = lines.split_at(lines.len() / 2);
    let (first, last) = committed.split_at(committed.len() / 2);
    let input = [&Line::text(first), "commit\n", &Line::text(aborted), "abort\n", &Line::text(last)].concat();
    let id = format!("transactional.id={topic}");
    produce(cluster.bootstrap(), &topic, &[&id, "compression.type=lz4", "max.request.size=2000000"], &input).await;

    let config = ConsumerConfig::default().isolation_level(IsolationLevel::ReadCommitted);
    let got = read(&client, &topic, config, committed.len()).await;
    assert_same(got, committed.to_vec(), "committed");
    let config = ConsumerConfig::default().isolation_level(IsolationLevel::ReadUncommitted);
    let got = read(&client, &topic, config, lines.len()).await;
    assert_same(got, [first, aborted, last].concat(), "uncommitted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_go_to_the_partitions_that_java_sends_them_to() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic_with(&client, NewTopic::new(unique("keys")).partitions(7)).await;
    let keys: Vec<Vec<u8>> = (0..200_usize).map(|number| vec![number as u8; number % 23]).collect();
    let by_java: String = keys.iter().map(|key| Line::keyed(key).unplaced()).collect();
    produce(cluster.bootstrap(), &topic, &[], &by_java).await;
    let producer = Producer::new(&client, ProducerConfig::default()).unwrap();
    let records = keys.iter().map(|key| NewRecord::to(&topic).key(key));
    let ours = within(producer.send_all(records)).await.unwrap();
    let ours: Vec<i32> = ours.into_iter().map(|result| result.unwrap().partition).collect();

    let partitions = (0..7).map(|partition| ((topic.as_str(), partition), Start::Beginning));
    let mut consumer = Consumer::assign(&client, partitions, ConsumerConfig::default()).unwrap();
    let records: Vec<Record> = take(&mut consumer, 2 * keys.len()).await;
    for (key, partition) in keys.iter().zip(ours) {
        let places: Vec<i32> =
            records.iter().filter(|record| record.key() == Some(key)).map(|record| record.partition).collect();
        assert!(places.iter().all(|place| *place == partition), "{key:?}: {places:?}, ours {partition}");
    }
}
