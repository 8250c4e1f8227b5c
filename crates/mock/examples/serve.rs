//! Serves a mock cluster on loopback until it is killed: `serve [--brokers N] [--port P] [--partitions K] [--topic NAME]…
//! [--discard] [--synthetic RECORDS]`. The first line that it prints is the bootstrap servers.
#![allow(clippy::print_stdout, reason = "the address is its output")]

use ottla_mock::{MockCluster, MockConfig, Storage, SyntheticRecords};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut brokers, mut port, mut partitions, mut topics) = (1, 0, 1, Vec::new());
    let (mut storage, mut synthetic) = (Storage::Keep, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--brokers" => brokers = value()?.parse()?,
            "--port" => port = value()?.parse()?,
            "--partitions" => partitions = value()?.parse()?,
            "--topic" => topics.push(value()?),
            "--discard" => storage = Storage::Discard,
            "--synthetic" => {
                let records = value()?.parse()?;
                synthetic = Some(SyntheticRecords { records, value_bytes: 100, batch_records: 5_000 });
            }
            other => return Err(format!("{other} is not an option").into()),
        }
    }
    let mut config = MockConfig::new(brokers).default_partitions(partitions).storage(storage);
    if let Some(synthetic) = synthetic {
        config = config.synthetic(synthetic);
    }
    let cluster = MockCluster::start_with(config, port).await?;
    for topic in topics {
        cluster.create_topic(&topic, partitions)?;
    }
    println!("{}", cluster.bootstrap_servers());
    std::future::pending().await
}
