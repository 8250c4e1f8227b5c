//! The clusters that the runner started, and its tools.

use std::env;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use super::run::{self, Run};

/// One of the runner's clusters.
pub(crate) struct Cluster {
    bootstrap: String,
    name: String,
}

/// Of one broker.
pub(crate) fn single() -> Cluster {
    find("OTTLA_KAFKA_SINGLE")
}

/// Of three brokers.
pub(crate) fn three() -> Cluster {
    find("OTTLA_KAFKA_THREE")
}

fn find(variable: &str) -> Cluster {
    let missing = "the runner sets it: run `cargo xtask test`";
    Cluster {
        bootstrap: env::var(variable).expect(missing),
        name: env::var(format!("{variable}_NAME")).expect(missing),
    }
}

/// A name that no other test uses.
pub(crate) fn unique(name: &str) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    format!("{name}-{}-{}", since.as_nanos(), std::process::id())
}

impl Cluster {
    /// The command, told where this cluster is.
    pub(crate) fn ottla(&self, arguments: &[&str]) -> Run {
        let mut run = run::ottla(arguments);
        run.command.env("OTTLA_BROKERS", &self.bootstrap);
        run
    }

    /// Runs the command and expects success; gives its output.
    pub(crate) fn output(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        self.ottla(arguments).input(input).end().success().stdout
    }

    /// Kills, stops or starts a broker.
    pub(crate) fn broker(&self, what: &str, broker: i32) {
        let mut command = xtask();
        command.args(["cluster", what, "--name", &self.name, "--broker", &broker.to_string()]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Runs one of Kafka's own tools and gives its output.
    pub(crate) fn tool(&self, tool: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let mut command = xtask();
        command.args(["cluster", "tool", tool, "--name", &self.name, "--"]).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }
}

/// The option by which Kafka's own consumer takes properties of its output, which was renamed in Kafka 4.2.
pub(crate) fn formatter_property() -> &'static str {
    if env::var("OTTLA_KAFKA_VERSION").is_ok_and(|version| version.starts_with("3.")) {
        "--property"
    } else {
        "--formatter-property"
    }
}

fn xtask() -> Command {
    Command::new(env::var("OTTLA_XTASK").expect("the runner sets it: run `cargo xtask test`"))
}
