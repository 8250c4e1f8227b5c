//! `enqueue` and `try_enqueue`: records one after another without waiting for acknowledgements, which come by receipts.
//!
//!     cargo run --example produce_enqueue
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::time::Duration;

use ottla::{Client, ClientConfig, NewRecord, Producer, ProducerConfig};
use ottla_mock::MockCluster;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cluster = MockCluster::start(3).await?;
    let client = Client::new(&cluster.bootstrap_servers(), ClientConfig::default())?;
    let producer = Producer::new(&client, ProducerConfig::default())?;
    // A handle of the topic spares a look-up by name for each record.
    let topic = client.topic("measurements");

    // Waits only where there is no room in the buffer memory, or the topic is not known yet.
    let mut receipts = Vec::new();
    for number in 0..1_000 {
        receipts.push(producer.enqueue(NewRecord::to(&topic).value(number.to_string())).await?);
    }

    // Never waits: what cannot be taken now comes back with the reason.
    match producer.try_enqueue(NewRecord::to(&topic).value("from a place that must not wait")) {
        Ok(receipt) => receipts.push(receipt),
        Err(rejected) => println!("{:?} was not taken: {}", rejected.value.value_bytes(), rejected.error),
    }

    // Who does not need a receipt drops it: the record is sent all the same, and `flush` tells of failures.
    drop(producer.enqueue(NewRecord::to(&topic).value("one of many")).await?);
    producer.flush().await?;

    for receipt in receipts {
        receipt.await?;
    }
    producer.close(Duration::from_secs(30)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_runs() {
        super::main().unwrap();
    }
}
