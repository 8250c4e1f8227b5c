//! The commands, each in a file of its own.

pub(crate) mod bench;
pub(crate) mod cluster;
pub(crate) mod completions;
pub(crate) mod consume;
pub(crate) mod log;
pub(crate) mod mock;
pub(crate) mod produce;
pub(crate) mod protocol;
pub(crate) mod quickstart;
pub(crate) mod topic;

use crate::args::{Arguments, Command};
use crate::failure::Outcome;

/// Runs what was asked for.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let outer = &arguments.connection;
    match arguments.command {
        Command::Quickstart => quickstart::run().await,
        Command::Produce(arguments) => produce::run(&arguments.connection.within(outer), arguments).await,
        Command::Consume(arguments) => consume::run(&arguments.connection.within(outer), arguments).await,
        Command::Topic(command) => topic::run(&command.connection().within(outer), command).await,
        Command::Cluster(command) => cluster::run(outer, command).await,
        Command::Mock(arguments) => mock::run(arguments).await,
        Command::Protocol(command) => protocol::run(&command),
        Command::Log(command) => log::run(command),
        Command::Bench(command) => bench::run(outer, command).await,
        Command::Completions(arguments) => completions::run(&arguments),
    }
}
