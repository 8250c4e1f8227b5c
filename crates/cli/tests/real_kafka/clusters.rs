//! Clusters of real brokers: those that the runner started, shared by all tests, and those of a test's own.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::run::{Ended, Run, ottla, program, text};

/// A cluster.
pub(crate) struct Cluster {
    bootstrap: String,
    name: String,
    /// Held by those that are a test's own: one at a time, or a small machine starts nothing but clusters.
    own: Option<MutexGuard<'static, ()>>,
}

/// The shared cluster of one broker.
pub(crate) fn single() -> Cluster {
    Cluster { bootstrap: variable("OTTLA_KAFKA_SINGLE"), name: variable("OTTLA_KAFKA_SINGLE_NAME"), own: None }
}

/// The shared cluster of three brokers.
pub(crate) fn three() -> Cluster {
    Cluster { bootstrap: variable("OTTLA_KAFKA_THREE"), name: variable("OTTLA_KAFKA_THREE_NAME"), own: None }
}

/// A cluster of one broker with a property of its own, for as long as the value lives.
pub(crate) fn with_property(property: &str) -> Cluster {
    own(&["--kafka", &variable("OTTLA_KAFKA_VERSION"), "--set", property])
}

/// A cluster of one broker of this version, for as long as the value lives.
pub(crate) fn with_version(version: &str) -> Cluster {
    own(&["--kafka", version])
}

fn own(arguments: &[&str]) -> Cluster {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    // A test that failed has taken its cluster down.
    let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    // The runner knows its clusters by how their names begin, and takes down those that were left behind.
    let name = format!("{}-{}", variable("OTTLA_KAFKA_SINGLE_NAME"), unique("own"));
    let up = xtask(&[&["up", "--name", &name], arguments].concat(), b"");
    Cluster { bootstrap: text(&up).trim().to_owned(), name, own: Some(turn) }
}

/// A name that no other test uses, in this run or in another on the same cluster.
pub(crate) fn unique(name: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{name}-{}-{next}", SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis())
}

/// The option by which Kafka's own consumer takes properties of its output, which was renamed in Kafka 4.2.
pub(crate) fn formatter_property() -> &'static str {
    if variable("OTTLA_KAFKA_VERSION").starts_with("3.") { "--property" } else { "--formatter-property" }
}

pub(crate) fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: the runner sets it, run `cargo xtask test`"))
}

fn xtask(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new(variable("OTTLA_XTASK"));
    command.arg("cluster").args(arguments);
    program(command).input(input).end().success().stdout
}

impl Cluster {
    /// The addresses of its brokers.
    pub(crate) fn brokers(&self) -> impl Iterator<Item = &str> {
        self.bootstrap.split(',')
    }

    /// The command, told where this cluster is.
    pub(crate) fn ottla(&self, arguments: &[&str]) -> Run {
        let mut run = ottla(arguments);
        run.command.env("OTTLA_BROKERS", &self.bootstrap);
        run
    }

    /// Runs the command and expects success; gives its output.
    pub(crate) fn output(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        self.ottla(arguments).input(input).end().success().stdout
    }

    /// Creates a topic with a name of its own.
    pub(crate) fn topic(&self, name: &str, arguments: &[&str]) -> String {
        let name = unique(name);
        self.ottla(&[&["topic", "create", &name], arguments].concat()).end().success();
        name
    }

    /// Runs one of Kafka's own tools, which must succeed, and gives its output.
    pub(crate) fn tool(&self, tool: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        self.tool_at(None, tool, arguments, input).stdout
    }

    /// The same against another bootstrap server than one of the cluster's.
    pub(crate) fn tool_at(&self, server: Option<&str>, tool: &str, arguments: &[&str], input: &[u8]) -> Ended {
        let server = server.map(|server| ["--bootstrap-server", server]);
        let arguments = [server.as_ref().map_or(&[][..], |server| &server[..]), arguments].concat();
        let mut command = Command::new(variable("OTTLA_XTASK"));
        command.args(["cluster", "tool", tool, "--name", &self.name, "--"]).args(arguments);
        program(command).input(input).end().success()
    }

    /// Where a broker has its data.
    pub(crate) fn log_dir(&self, broker: i32) -> PathBuf {
        let status = text(&xtask(&["status"], b""));
        let own = status.lines().skip_while(|line| !line.starts_with(&format!("{}: ", self.name)));
        let mut brokers = own.filter(|line| line.starts_with(&format!("  broker {broker} ")));
        let line = brokers.next().unwrap_or_else(|| panic!("no broker {broker} of {} in: {status}", self.name));
        line.rsplit_once(", data in ").unwrap().1.into()
    }

    /// Ends a broker at once, until the value is dropped.
    pub(crate) fn kill(&self, broker: i32) -> Gone<'_> {
        self.signal("kill", broker);
        Gone { cluster: self, broker, back: "start" }
    }

    /// Stops a broker's time, until the value is dropped.
    pub(crate) fn pause(&self, broker: i32) -> Gone<'_> {
        self.signal("pause", broker);
        Gone { cluster: self, broker, back: "resume" }
    }

    fn signal(&self, what: &str, broker: i32) {
        xtask(&[what, "--name", &self.name, "--broker", &broker.to_string()], b"");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.own.is_some() {
            xtask(&["down", "--name", &self.name], b"");
        }
    }
}

/// A broker that is away. It comes back, and answers again, when this is dropped.
#[must_use = "the broker comes back when this is dropped"]
pub(crate) struct Gone<'a> {
    cluster: &'a Cluster,
    broker: i32,
    back: &'static str,
}

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.cluster.signal(self.back, self.broker);
    }
}
