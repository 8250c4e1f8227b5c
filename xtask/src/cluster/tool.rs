//! Kafka's own Java tools, run with the jars of a cluster's version.

use std::process::Command;

use super::{State, java};
use crate::flags::Flags;
use crate::util::{self, Result};

/// Short names, and the classes behind them in Kafka 3.x and 4.x.
const TOOLS: [(&str, &str, &str); 5] = [
    ("console-producer", "kafka.tools.ConsoleProducer", "org.apache.kafka.tools.ConsoleProducer"),
    (
        "console-consumer",
        "org.apache.kafka.tools.consumer.ConsoleConsumer",
        "org.apache.kafka.tools.consumer.ConsoleConsumer",
    ),
    ("topics", "org.apache.kafka.tools.TopicCommand", "org.apache.kafka.tools.TopicCommand"),
    ("configs", "kafka.admin.ConfigCommand", "kafka.admin.ConfigCommand"),
    ("dump-log", "kafka.tools.DumpLogSegments", "org.apache.kafka.tools.DumpLogSegments"),
];

/// The heap of a tool.
const HEAP_MIB: u32 = 256;

/// Runs a tool in place of this command: same input and output, and its status decides ours. `--bootstrap-server` is
/// added unless it was given.
pub fn run(cluster: &State, flags: &Flags) -> Result<()> {
    let name = flags.words.get(1).ok_or("which tool? a short name or a class; see `cluster help`")?;
    let addressed = flags.rest.iter().any(|arg| arg.starts_with("--bootstrap-server"));
    let mut command = if addressed { unaddressed(cluster, name) } else { command(cluster, name) };
    util::run(command.args(&flags.rest))
}

/// The command for a tool, with the cluster's address where the tool takes one.
pub fn command(cluster: &State, name: &str) -> Command {
    let mut command = unaddressed(cluster, name);
    if name != "dump-log" {
        command.arg("--bootstrap-server").arg(cluster.bootstrap());
    }
    command
}

fn unaddressed(cluster: &State, name: &str) -> Command {
    let mut command = java::command(&cluster.java, &cluster.libs, HEAP_MIB);
    command.args(cluster.logging_arguments("ERROR")).arg("-XX:TieredStopAtLevel=1");
    command.arg(class(name, &cluster.kafka));
    command
}

fn class<'a>(name: &'a str, kafka: &str) -> &'a str {
    match TOOLS.iter().find(|(short, ..)| *short == name) {
        Some((_, older, _)) if kafka.starts_with("3.") => older,
        Some((.., newer)) => newer,
        None => name,
    }
}
