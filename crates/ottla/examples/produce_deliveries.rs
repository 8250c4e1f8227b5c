//! `with_deliveries`: one task hands records in, another reads what became of them, each with the record and a tag.
//!
//!     cargo run --example produce_deliveries
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use ottla::{Client, ClientConfig, Delivery, NewRecord, Outcome, Producer, ProducerConfig};
use ottla_mock::MockCluster;

/// What the program wants to know again when a record's outcome comes: anything that is `Send` and `'static`.
#[derive(Debug)]
struct Order {
    number: u32,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cluster = MockCluster::start(3).await?;
    let client = Client::new(&cluster.bootstrap_servers(), ClientConfig::default())?;
    let producer = Producer::new(&client, ProducerConfig::default())?;
    let (tagged, mut deliveries) = producer.with_deliveries::<Order>();

    let handing_in = tokio::spawn(async move {
        for number in 0..1_000 {
            let record = NewRecord::to("orders").key(number.to_string()).value("one tea");
            if let Err(rejected) = tagged.enqueue(record, Order { number }).await {
                let (_, order) = rejected.value;
                println!("{order:?} was not taken: {}", rejected.error);
            }
        }
        // The last handle is dropped here, so that the stream ends after the last outcome.
    });

    let mut written = 0;
    while let Some(Delivery { record, tag, result, .. }) = deliveries.recv().await {
        match result {
            Ok(_) => written += 1,
            Err(error) if error.outcome() == Outcome::DidNotHappen => {
                // The record is here as it was handed in, and can be handed in again.
                println!(
                    "{tag:?}, order {}, was not written: {error}; its key was {:?}",
                    tag.number,
                    record.key_bytes()
                );
            }
            Err(error) => println!("{tag:?} may be written: {error}"),
        }
    }
    handing_in.await?;
    println!("{written} written");
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_runs() {
        super::main().unwrap();
    }
}
