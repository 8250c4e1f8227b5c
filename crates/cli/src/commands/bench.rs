//! `ottla bench`: how fast, and at what cost. Prints one line of JSON.

mod consume;
mod produce;
mod report;
mod values;

use clap::{Args, Subcommand};
use ottla::NewTopic;

use super::produce::Compression;
use super::topic::wait_for_leaders;
use crate::args::Connection;
use crate::failure::{Failure, Outcome};
use crate::session::Session;

/// What to measure.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Produce as fast as the cluster takes it, and wait for every acknowledgement
    Produce(Arguments),
    /// Consume all partitions from the beginning
    Consume(Arguments),
}

/// What to measure with.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The topic; it is created where it is not there
    #[arg(long, default_value = "bench")]
    topic: String,
    /// How many records
    #[arg(short, long = "n", value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    n: u64,
    /// The bytes of each value, for producing
    #[arg(long, default_value_t = 100)]
    size: usize,
    /// The partitions of the topic if it has to be created
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(i32).range(1..))]
    partitions: i32,
    /// How long a batch waits for more records, for producing
    #[arg(long, default_value_t = 5)]
    linger_ms: u64,
    /// How batches are compressed, for producing
    #[arg(long, value_enum, default_value_t = Compression::None)]
    compression: Compression,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// Measures.
pub(crate) async fn run(outer: &Connection, command: Command) -> Outcome {
    match command {
        Command::Produce(arguments) => produce::run(&arguments.connection.within(outer), &arguments).await,
        Command::Consume(arguments) => consume::run(&arguments.connection.within(outer), &arguments).await,
    }
}

/// Makes the topic where it is not there.
async fn prepare(session: &Session, arguments: &Arguments) -> Outcome {
    session.reach().await?;
    let topic = NewTopic::new(&arguments.topic).partitions(arguments.partitions);
    match session.admin.create_topic(topic).await {
        Err(error) if error.code() != Some(ottla::ErrorCode::TOPIC_ALREADY_EXISTS) => {
            return Err(Failure::client(format_args!("topic {} is not created", arguments.topic), &error));
        }
        _ => {}
    }
    wait_for_leaders(session, &arguments.topic).await?;
    Ok(())
}
