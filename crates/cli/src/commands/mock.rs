//! `ottla mock`: a mock cluster on loopback, for tests and for trying things out.

use clap::Args;
use ottla_mock::{MockCluster, MockConfig};

use crate::failure::{Failure, Outcome, Status, note};
use crate::output;
use crate::signals::Signals;

/// What the cluster is like.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How many brokers
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=100))]
    brokers: u16,
    /// The first broker's port; the others listen on those that follow. 0 takes any that are free
    #[arg(long, value_name = "P", default_value_t = 0)]
    port: u16,
    /// How many partitions a topic gets that is made because a client asked for it
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(i32).range(1..=10_000))]
    partitions: i32,
}

/// Serves it until told to end. The first line of output is the bootstrap servers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let signals = Signals::listen();
    let config = MockConfig::new(arguments.brokers).default_partitions(arguments.partitions);
    let cluster = MockCluster::start_with(config, arguments.port).await.map_err(|error| {
        Failure::new(Status::NotDone, format_args!("the mock cluster cannot listen on loopback: {error}"))
            .advise("choose another --port, or none for any that are free")
    })?;
    output::print(&format!("{}\n", cluster.bootstrap_servers()))?;
    let signal = signals.wait().await;
    note(format_args!("mock cluster ended by {}", signal.name()));
    Ok(())
}
