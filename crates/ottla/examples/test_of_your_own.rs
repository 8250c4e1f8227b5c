//! How to test a program that uses ottla: an unmodified client on an in-memory cluster, under tokio's paused clock. No
//! ports are opened, and a wait of 30 s takes no time.
//!
//!     cargo test --example test_of_your_own
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use ottla::{Client, NewRecord, Producer, ProducerConfig};

/// What is tested: a part of some program.
async fn take_order(client: &Client, customer: &str, order: &str) -> ottla::Result<i64> {
    let producer = Producer::new(client, ProducerConfig::default())?;
    let written = producer.send(NewRecord::to("orders").key(customer).value(order)).await?;
    Ok(written.offset.unwrap_or(-1))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cluster = ottla_mock::MockCluster::start(1).await?;
    let client = Client::new(&cluster.bootstrap_servers(), ottla::ClientConfig::default())?;
    println!("order taken at offset {}", take_order(&client, "ada", "one tea").await?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;
    use std::time::Duration;

    use ottla::{ClientConfig, Connecting, Connector};
    use ottla_mock::{ApiKey, Fault, MockCluster, MockConfig};

    use super::{Client, take_order};

    /// Connects a client to the cluster without sockets.
    struct InMemory(MockCluster);

    impl Connector for InMemory {
        fn connect<'a>(&'a self, host: &'a str, port: u16) -> Connecting<'a> {
            Box::pin(async move {
                let stream: Result<_, io::Error> = self.0.connect(host, port);
                Ok(Box::new(stream?) as Box<_>)
            })
        }
    }

    fn cluster_and_client() -> (MockCluster, Client) {
        let cluster = MockCluster::in_memory(MockConfig::new(3));
        let client = Client::with_connector(
            &cluster.bootstrap_servers(),
            ClientConfig::default(),
            Arc::new(InMemory(cluster.clone())),
        );
        (cluster, client.unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn orders_get_offsets_one_after_another() {
        let (cluster, client) = cluster_and_client();
        assert_eq!(take_order(&client, "ada", "one tea").await.unwrap(), 0);
        assert_eq!(take_order(&client, "ada", "two teas").await.unwrap(), 1);
        let records = cluster.records("orders", 0).unwrap();
        assert_eq!(records[1].value.as_deref(), Some(&b"two teas"[..]));
    }

    #[tokio::test(start_paused = true)]
    async fn an_order_whose_answer_is_lost_is_taken_once() {
        let (cluster, client) = cluster_and_client();
        cluster.inject(Fault::disconnect().after_applying().api(ApiKey::PRODUCE).times(1));
        take_order(&client, "ada", "one tea").await.unwrap();
        assert_eq!(cluster.records("orders", 0).unwrap().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_cluster_takes_no_time_to_test() {
        let (cluster, client) = cluster_and_client();
        cluster.inject(Fault::delay(Duration::from_secs(20)).api(ApiKey::PRODUCE).times(1));
        let began = tokio::time::Instant::now();
        take_order(&client, "ada", "one tea").await.unwrap();
        assert!(began.elapsed() >= Duration::from_secs(20));
    }
}
