//! `send`: one record at a time, acknowledged before the next line of the program; and what to do when it is not.
//!
//!     cargo run --example produce_send
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::time::Duration;

use ottla::{Client, ClientConfig, NewRecord, Outcome, Producer, ProducerConfig};
use ottla_mock::MockCluster;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cluster = MockCluster::start(3).await?;
    let client = Client::new(&cluster.bootstrap_servers(), ClientConfig::default())?;
    let producer = Producer::new(&client, ProducerConfig::default())?;

    let written = producer.send(NewRecord::to("orders").key("ada").value("one tea").header("source", "shop")).await?;
    println!("partition {}, offset {:?}", written.partition, written.offset);

    // Tasks that send at the same time share requests: a handle is cloned for each.
    let tasks = (0..100).map(|number| {
        let producer = producer.clone();
        tokio::spawn(async move { producer.send(NewRecord::to("orders").value(number.to_string())).await })
    });
    for task in tasks.collect::<Vec<_>>() {
        match task.await? {
            Ok(_) => {}
            // Not in the log, and never will be: sending it again cannot double it.
            Err(error) if error.outcome() == Outcome::DidNotHappen => println!("not written: {error}"),
            // The cluster did not say. Only who reads the topic can know.
            Err(error) => println!("may be written: {error}"),
        }
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
