//! Many records at a time: produced without waiting for each, read batch by batch.
//!
//!     cargo run --example pipeline
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::time::Duration;

use ottla::{
    Admin, Client, ClientConfig, CompressionType, Consumer, ConsumerConfig, NewRecord, NewTopic, Outcome, Producer,
    ProducerConfig, Start,
};
use ottla_mock::MockCluster;

const RECORDS: usize = 100_000;
const PARTITIONS: i32 = 6;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cluster = MockCluster::start(3).await?;
    let client = Client::new(&cluster.bootstrap_servers(), ClientConfig::default())?;
    Admin::new(&client)
        .create_topic(NewTopic::new("measurements").partitions(PARTITIONS).replication_factor(3))
        .await?;

    let config = ProducerConfig::default().compression(CompressionType::Lz4).linger(Duration::from_millis(5));
    let producer = Producer::new(&client, config)?;
    // A handle of the topic spares a look-up by name for each record.
    let topic = client.topic("measurements");
    let lines: Vec<String> = (0..RECORDS).map(|number| format!("measurement number {number}")).collect();

    // Waits for room in the buffer where there is none, never for an acknowledgement.
    let receipts = producer.enqueue_all(lines.iter().map(|line| NewRecord::to(&topic).value(line))).await?;
    for result in receipts.await {
        match result {
            Ok(_) => {}
            Err(error) if error.outcome() == Outcome::MayHaveHappened => println!("maybe written: {error}"),
            Err(error) => println!("not written: {error}"),
        }
    }
    producer.close(Duration::from_secs(30)).await?;
    println!("{RECORDS} records produced");

    let from = (0..PARTITIONS).map(|partition| ((&topic, partition), Start::Beginning));
    let mut consumer = Consumer::assign(&client, from, ConsumerConfig::default())?;
    let (mut records, mut bytes) = (0, 0);
    while records < RECORDS
        && let Some(batch) = consumer.recv_batch().await?
    {
        // Records of a batch are borrowed from it: nothing is copied.
        for record in &batch {
            records += 1;
            bytes += record.value().map_or(0, <[u8]>::len);
        }
    }
    println!("{records} records consumed, {bytes} bytes of values");
    Ok(())
}
