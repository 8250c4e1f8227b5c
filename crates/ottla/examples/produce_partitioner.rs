//! A partitioner of one's own: large customers have a partition each, all others share the last one.
//!
//!     cargo run --example produce_partitioner
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::time::Duration;

use ottla::{
    Client, ClientConfig, CustomPartitioner, NewRecord, Partitioner, Producer, ProducerConfig, RecordToPartition,
};
use ottla_mock::{MockCluster, MockConfig};

struct LargeCustomersFirst {
    large: Vec<&'static str>,
}

impl CustomPartitioner for LargeCustomersFirst {
    fn partition(&self, record: &RecordToPartition<'_>, partitions: &[i32]) -> i32 {
        let last = partitions.last().copied().unwrap_or(0);
        let key = record.key().unwrap_or_default();
        let place = self.large.iter().position(|customer| customer.as_bytes() == key);
        place.and_then(|place| partitions.get(place).copied()).unwrap_or(last)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cluster = MockCluster::start_with(MockConfig::new(3).default_partitions(4), 0).await?;
    let client = Client::new(&cluster.bootstrap_servers(), ClientConfig::default())?;
    let partitioner = Partitioner::custom(LargeCustomersFirst { large: vec!["acme", "globex"] });
    let producer = Producer::new(&client, ProducerConfig::default().partitioner(partitioner))?;

    let mut partitions = Vec::new();
    for customer in ["acme", "globex", "initech", "acme"] {
        let written = producer.send(NewRecord::to("orders").key(customer).value("one more")).await?;
        println!("{customer}: partition {}", written.partition);
        partitions.push(written.partition);
    }
    assert_eq!(partitions, [0, 1, 3, 0]);
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
