//! What this machine has of the programs that some tests need.

use crate::cluster;
use crate::util;

/// What is missing for each kind of test; `None` where nothing is.
#[derive(Debug)]
pub struct Needs {
    kafka: Option<String>,
    go: Option<String>,
    librdkafka: Option<String>,
}

impl Needs {
    /// Looks for each program by starting it.
    pub fn look() -> Self {
        let java = cluster::java::find().err().map(|error| error.to_string());
        let mvn = (!cluster::maven_is_there()).then(|| "no mvn".to_owned());
        let go = (!util::succeeds("go", &["version"])).then(|| "no go".to_owned());
        let tools = [("make", "--version"), ("cc", "--version"), ("c++", "--version")];
        let librdkafka = tools
            .iter()
            .find(|(tool, argument)| !util::succeeds(tool, &[argument]))
            .map(|(tool, _)| format!("no {tool}"));
        // Brokers take signals by name and `kill`.
        let unix = (!cfg!(unix)).then(|| "only on Unix".to_owned());
        Self { kafka: unix.or(java).or(mvn), go, librdkafka }
    }

    /// Java and Maven, for brokers and for Kafka's own tools.
    pub fn missing_for_kafka(&self) -> Option<&str> {
        self.kafka.as_deref()
    }

    /// Go, for its clients.
    pub fn missing_for_go(&self) -> Option<&str> {
        self.go.as_deref()
    }

    /// What librdkafka's own build wants.
    pub fn missing_for_librdkafka(&self) -> Option<&str> {
        self.librdkafka.as_deref()
    }
}
