//! Kafka's own Java tools, run with the jars of a cluster's version.

use std::process::Command;

use super::{State, java, release::Release};
use crate::flags::Flags;
use crate::util::{self, Result};

/// The first release that has it, and its name.
type Class = ((u32, u32), &'static str);

/// Short names, each with the classes behind it and the first release of each, newest first.
const TOOLS: [(&str, &[Class]); 5] = [
    (
        "console-producer",
        &[((4, 0), "org.apache.kafka.tools.ConsoleProducer"), ((0, 0), "kafka.tools.ConsoleProducer")],
    ),
    (
        "console-consumer",
        &[((3, 8), "org.apache.kafka.tools.consumer.ConsoleConsumer"), ((0, 0), "kafka.tools.ConsoleConsumer")],
    ),
    ("topics", &[((3, 7), "org.apache.kafka.tools.TopicCommand"), ((0, 0), "kafka.admin.TopicCommand")]),
    ("configs", &[((0, 0), "kafka.admin.ConfigCommand")]),
    ("dump-log", &[((4, 0), "org.apache.kafka.tools.DumpLogSegments"), ((0, 0), "kafka.tools.DumpLogSegments")]),
];

/// The heap of a tool.
const HEAP_MIB: u32 = 256;

/// How tools are told where the cluster is.
const ADDRESSES: [&str; 3] = ["--bootstrap-server", "--broker-list", "--zookeeper"];

/// Runs a tool in place of this command: same input and output, and its status decides ours. The cluster's address is
/// added unless one was given.
pub fn run(cluster: &State, flags: &Flags) -> Result<()> {
    let name = flags.words.get(1).ok_or("which tool? a short name or a class; see `cluster help`")?;
    let addressed = flags.rest.iter().any(|arg| ADDRESSES.iter().any(|address| arg.starts_with(address)));
    let mut command = if addressed { unaddressed(cluster, name)? } else { command(cluster, name)? };
    util::run(command.args(&flags.rest))
}

/// The command for a tool, with the cluster's address where the tool takes one.
pub fn command(cluster: &State, name: &str) -> Result<Command> {
    let mut command = unaddressed(cluster, name)?;
    let release = cluster.release()?;
    match (name, &cluster.zookeeper) {
        ("dump-log", _) => {}
        ("console-producer", _) if !release.is_from(2, 5) => {
            command.arg("--broker-list").arg(cluster.bootstrap());
        }
        ("topics" | "configs", Some(zookeeper)) if !release.is_from(2, 2) => {
            command.arg("--zookeeper").arg(format!("127.0.0.1:{}", zookeeper.port));
        }
        _ => {
            command.arg("--bootstrap-server").arg(cluster.bootstrap());
        }
    }
    Ok(command)
}

fn unaddressed(cluster: &State, name: &str) -> Result<Command> {
    let mut command = java::command(&cluster.java, &cluster.libs, HEAP_MIB);
    command.args(cluster.logging_arguments("ERROR")).arg("-XX:TieredStopAtLevel=1");
    command.arg(class(name, cluster.release()?));
    Ok(command)
}

fn class(name: &str, release: Release) -> &str {
    let classes = TOOLS.iter().find(|(short, _)| *short == name).map_or(&[][..], |(_, classes)| classes);
    let found = classes.iter().find(|((major, minor), _)| release.is_from(*major, *minor));
    found.map_or(name, |(_, class)| class)
}
