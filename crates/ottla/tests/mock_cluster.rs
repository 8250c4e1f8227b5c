//! ottla on the mock cluster, over TCP.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

#[path = "behaviour/all.rs"]
mod behaviour;

/// Mock clusters, one for each test.
mod cluster {
    use ottla_mock::{BrokerId, MockCluster};

    pub(crate) struct Cluster {
        mock: MockCluster,
        bootstrap: String,
    }

    pub(crate) async fn single() -> Cluster {
        start(1).await
    }

    pub(crate) async fn three() -> Cluster {
        start(3).await
    }

    async fn start(brokers: u16) -> Cluster {
        let mock = MockCluster::start(brokers).await.unwrap();
        Cluster { bootstrap: mock.bootstrap_servers(), mock }
    }

    impl Cluster {
        pub(crate) fn bootstrap(&self) -> &str {
            &self.bootstrap
        }

        /// Ends a broker at once.
        pub(crate) async fn kill(&mut self, broker: i32) {
            self.mock.stop_broker(BrokerId(broker)).unwrap();
        }

        /// Brings a broker back.
        pub(crate) async fn start(&mut self, broker: i32) {
            self.mock.start_broker(BrokerId(broker)).unwrap();
        }
    }
}
