//! A producer as a `Sink`, for what comes as a `Stream`.
//!
//!     cargo run --example produce_sink
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use futures_util::{SinkExt, StreamExt, stream};
use ottla::{Client, ClientConfig, NewRecord, Producer, ProducerConfig};
use ottla_mock::MockCluster;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cluster = MockCluster::start(3).await?;
    let client = Client::new(&cluster.bootstrap_servers(), ClientConfig::default())?;
    let producer = Producer::new(&client, ProducerConfig::default())?;

    let numbers = stream::iter(0..1_000);
    let records = numbers.map(|number| Ok(NewRecord::to("numbers").value(number.to_string())));
    let mut sink = producer.sink();
    // Ends when all are acknowledged, or with the first failure.
    records.forward(&mut sink).await?;

    sink.feed(NewRecord::to("numbers").value("one more")).await?;
    sink.flush().await?;
    println!("all written");
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_runs() {
        super::main().unwrap();
    }
}
