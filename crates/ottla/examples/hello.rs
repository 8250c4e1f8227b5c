//! One record into an embedded cluster, and out of it again.
//!
//!     cargo run --example hello
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use ottla::{Client, ClientConfig, Consumer, ConsumerConfig, NewRecord, Producer, ProducerConfig, Start};
use ottla_mock::MockCluster;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In your program: the addresses of your brokers.
    let cluster = MockCluster::start(3).await?;
    let client = Client::new(&cluster.bootstrap_servers(), ClientConfig::default())?;

    let producer = Producer::new(&client, ProducerConfig::default())?;
    let written = producer.send(NewRecord::to("greetings").key("world").value("hello")).await?;
    println!("written to partition {} at offset {:?}", written.partition, written.offset);

    let from = [(("greetings", written.partition), Start::Beginning)];
    let mut consumer = Consumer::assign(&client, from, ConsumerConfig::default())?;
    if let Some(record) = consumer.recv().await? {
        println!(
            "read {:?} = {:?}",
            record.key().map(String::from_utf8_lossy),
            record.value().map(String::from_utf8_lossy)
        );
    }
    Ok(())
}
