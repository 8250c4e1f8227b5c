//! `send_all` and `enqueue_all`: the records of an iterator, with a result for each.
//!
//!     cargo run --example produce_all
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::time::Duration;

use ottla::{Client, ClientConfig, NewRecord, Producer, ProducerConfig};
use ottla_mock::MockCluster;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cluster = MockCluster::start(3).await?;
    let client = Client::new(&cluster.bootstrap_servers(), ClientConfig::default())?;
    let producer = Producer::new(&client, ProducerConfig::default())?;
    let topic = client.topic("lines");
    let lines: Vec<String> = (0..10_000).map(|number| format!("line {number}")).collect();

    // Records borrow what they are made of: nothing is copied but into the batch.
    let results = producer.send_all(lines.iter().map(|line| NewRecord::to(&topic).value(line))).await?;
    for (line, result) in lines.iter().zip(&results) {
        if let Err(error) = result {
            println!("{line}: {error}");
        }
    }

    // One receipt for all of them: the outcomes can be waited for later, while more is queued.
    let first = producer.enqueue_all(lines[..5_000].iter().map(|line| NewRecord::to(&topic).value(line))).await?;
    let second = producer.enqueue_all(lines[5_000..].iter().map(|line| NewRecord::to(&topic).value(line))).await?;
    producer.flush().await?;
    let written = first.await.iter().chain(&second.await).filter(|result| result.is_ok()).count();
    println!("{written} of {} written", lines.len());

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
