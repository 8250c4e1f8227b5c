//! ottla on real Kafka: the same behaviour as on the mock cluster, and records to and from Kafka's own client. See
//! docs/testing.md for how it is run.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

#[path = "behaviour/all.rs"]
mod behaviour;
#[path = "real_kafka/java.rs"]
mod java;
#[path = "real_kafka/line.rs"]
mod line;
#[path = "real_kafka/records_java.rs"]
mod records_java;

/// The clusters that the runner started, shared by all tests.
mod cluster {
    use std::env;
    use std::process::Command;

    pub(crate) struct Cluster {
        bootstrap: String,
        name: &'static str,
    }

    pub(crate) async fn single() -> Cluster {
        find("OTTLA_KAFKA_SINGLE", "OTTLA_KAFKA_SINGLE_NAME")
    }

    pub(crate) async fn three() -> Cluster {
        find("OTTLA_KAFKA_THREE", "OTTLA_KAFKA_THREE_NAME")
    }

    fn find(bootstrap: &'static str, name: &'static str) -> Cluster {
        let missing = "the runner sets it: run `cargo xtask test`";
        Cluster { bootstrap: env::var(bootstrap).expect(missing), name }
    }

    impl Cluster {
        pub(crate) fn bootstrap(&self) -> &str {
            &self.bootstrap
        }

        /// Ends a broker at once.
        pub(crate) async fn kill(&mut self, broker: i32) {
            self.xtask("kill", broker).await;
        }

        /// Brings a broker back, and waits until it answers.
        pub(crate) async fn start(&mut self, broker: i32) {
            self.xtask("start", broker).await;
        }

        async fn xtask(&self, what: &'static str, broker: i32) {
            let (xtask, name) = (env::var("OTTLA_XTASK").unwrap(), env::var(self.name).unwrap());
            let mut command = Command::new(xtask);
            command.args(["cluster", what, "--name", &name, "--broker", &broker.to_string()]);
            let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
    }
}
