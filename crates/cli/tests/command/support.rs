//! The command against a cluster in this process.

use ottla_mock::{MockCluster, MockConfig};

pub(crate) use super::run::{Run, ottla, text};

/// A mock cluster that lives for one test.
pub(crate) struct Cluster {
    pub(crate) mock: MockCluster,
    _runtime: tokio::runtime::Runtime,
}

/// A cluster of so many brokers.
pub(crate) fn cluster(brokers: u16) -> Cluster {
    cluster_with(MockConfig::new(brokers))
}

/// A cluster with these settings.
pub(crate) fn cluster_with(config: MockConfig) -> Cluster {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mock = runtime.block_on(MockCluster::start_with(config, 0)).unwrap();
    Cluster { mock, _runtime: runtime }
}

impl Cluster {
    /// The command, told where this cluster is.
    pub(crate) fn ottla(&self, arguments: &[&str]) -> Run {
        let mut run = ottla(arguments);
        run.command.env("OTTLA_BROKERS", self.mock.bootstrap_servers());
        run
    }

    /// Runs the command and expects success; gives its output.
    pub(crate) fn output(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        self.ottla(arguments).input(input).end().success().stdout
    }

    /// Creates a topic.
    pub(crate) fn topic(&self, name: &str, partitions: i32) {
        self.mock.create_topic(name, partitions).unwrap();
    }
}
