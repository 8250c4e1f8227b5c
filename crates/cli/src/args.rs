//! The command line: what can be asked of `ottla`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::{commands, failure};

/// Records into and out of Kafka from a shell.
#[derive(Debug, Parser)]
#[command(name = "ottla", version, after_help = failure::HELP, max_term_width = 120)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How to reach the cluster. The options may stand before the command and behind it.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// Bootstrap servers: host:port of one broker or more, comma separated; the others are found through them [env:
    /// OTTLA_BROKERS]
    #[arg(short, long, value_name = "HOST:PORT,...")]
    pub(crate) brokers: Option<String>,

    /// A setting by Kafka's name, such as linger.ms=5; may be given more than once
    #[arg(short = 'X', long = "property", value_name = "KEY=VALUE", value_parser = property)]
    pub(crate) properties: Vec<(String, String)>,

    /// A file of such settings; where -X names one as well, that counts
    #[arg(short = 'F', long, value_name = "FILE")]
    pub(crate) properties_file: Option<PathBuf>,

    /// How long to try to reach the cluster at the start, in seconds [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) connect_timeout: Option<u64>,
}

impl Connection {
    /// What a command's own options say, and where they do not, those before the command.
    pub(crate) fn within(&self, outer: &Self) -> Self {
        let inner = self.clone();
        let outer = outer.clone();
        Self {
            brokers: inner.brokers.or(outer.brokers),
            properties: [outer.properties, inner.properties].concat(),
            properties_file: inner.properties_file.or(outer.properties_file),
            connect_timeout: inner.connect_timeout.or(outer.connect_timeout),
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show records going into and out of an embedded cluster; needs nothing else
    Quickstart,
    /// Write records from standard input, a file or the command line
    Produce(commands::produce::Arguments),
    /// Print records
    Consume(commands::consume::Arguments),
    /// List, describe, create and delete topics
    #[command(subcommand)]
    Topic(commands::topic::Command),
    /// Show the cluster
    #[command(subcommand)]
    Cluster(commands::cluster::Command),
    /// Look at Kafka's messages: decode them, list them; needs no cluster
    #[command(subcommand)]
    Protocol(commands::protocol::Command),
    /// Look into the files that brokers store records in; needs no cluster
    #[command(subcommand)]
    Log(commands::log::Command),
    /// Serve a mock cluster on loopback until SIGTERM or SIGINT
    Mock(commands::mock::Arguments),
    /// Measure producing and consuming; prints one line of JSON
    #[command(subcommand)]
    Bench(commands::bench::Command),
    /// Print the completion script of a shell
    Completions(commands::completions::Arguments),
}

/// `KEY=VALUE`.
pub(crate) fn property(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.trim().to_owned())),
        _ => Err("it is of the form KEY=VALUE, such as linger.ms=5".to_owned()),
    }
}

/// `NAME=VALUE` of a header, whose value may be anything.
pub(crate) fn header(text: &str) -> Result<(String, Option<String>), String> {
    match text.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), Some(value.to_owned()))),
        None if !text.is_empty() => Ok((text.to_owned(), None)),
        None => Err("it is of the form NAME=VALUE, or NAME for a null value".to_owned()),
    }
}

#[cfg(test)]
mod tests;
