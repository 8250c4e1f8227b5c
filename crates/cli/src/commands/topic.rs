//! `ottla topic`: the topics of a cluster.

mod describe;

use std::time::Duration;

use clap::{Args, Subcommand};
use ottla::{NewTopic, TopicListing};
use serde_json::json;

use super::cluster::Form;
use crate::args::{self, Connection};
use crate::failure::{Failure, Outcome, Status, note};
use crate::output;
use crate::session::Session;
use crate::table::table;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the names of topics
    List(List),
    /// Show partitions, leaders, replicas and offsets
    Describe(describe::Arguments),
    /// Create a topic
    Create(Create),
    /// Delete topics with all of their records
    Delete(Delete),
}

impl Command {
    /// Where.
    pub(crate) fn connection(&self) -> &Connection {
        match self {
            Self::List(arguments) => &arguments.connection,
            Self::Describe(arguments) => &arguments.connection,
            Self::Create(arguments) => &arguments.connection,
            Self::Delete(arguments) => &arguments.connection,
        }
    }
}

/// What to list.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Kafka's own topics too
    #[arg(long)]
    internal: bool,
    /// Partitions and replicas beside the name
    #[arg(short, long)]
    long: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    output: Form,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// What to create.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// The topic's name
    name: String,
    /// How many partitions [default: the cluster's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    partitions: Option<i32>,
    /// How many replicas of each partition [default: the cluster's]
    #[arg(long, value_name = "R", value_parser = clap::value_parser!(i16).range(1..))]
    replication_factor: Option<i16>,
    /// A setting of the topic, such as retention.ms=86400000; may be given more than once
    #[arg(long, value_name = "K=V", value_parser = args::property)]
    config: Vec<(String, String)>,
    /// Succeed where the topic exists already, whatever it is like
    #[arg(long)]
    if_not_exists: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// What to delete.
#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// The topics' names
    #[arg(required = true)]
    names: Vec<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// How long a new topic may take until all of its partitions have leaders.
const LEADERS: Duration = Duration::from_secs(10);

/// Does it.
pub(crate) async fn run(connection: &Connection, command: Command) -> Outcome {
    let mut session = Session::open(connection)?;
    session.finish_settings()?;
    session.reach().await?;
    match command {
        Command::List(arguments) => list(&session, &arguments).await?,
        Command::Describe(arguments) => describe::run(&session, &arguments).await?,
        Command::Create(arguments) => create(&session, arguments).await?,
        Command::Delete(arguments) => delete(&session, arguments).await?,
    }
    session.close().await;
    Ok(())
}

async fn list(session: &Session, arguments: &List) -> Outcome {
    let topics =
        session.admin.list_topics().await.map_err(|error| Failure::client("topics cannot be listed", &error))?;
    let topics = topics.into_iter().filter(|topic| arguments.internal || !topic.internal);
    let text = match arguments.output {
        Form::Json => {
            let one = |topic: TopicListing| {
                json!({
                    "topic": topic.topic.name(),
                    "id": topic.id.to_string(),
                    "internal": topic.internal,
                    "partitions": topic.partitions,
                    "replication_factor": topic.replication_factor,
                })
            };
            format!("{}\n", json!(topics.map(one).collect::<Vec<_>>()))
        }
        Form::Text if arguments.long => {
            let row = |topic: TopicListing| {
                [topic.topic.to_string(), topic.partitions.to_string(), topic.replication_factor.to_string()]
            };
            table(["TOPIC", "PARTITIONS", "REPLICAS"], topics.map(row))
        }
        Form::Text => topics.map(|topic| format!("{}\n", topic.topic)).collect(),
    };
    output::print(&text)
}

async fn create(session: &Session, arguments: Create) -> Outcome {
    let name = arguments.name;
    let mut topic = NewTopic::new(&name);
    if let Some(partitions) = arguments.partitions {
        topic = topic.partitions(partitions);
    }
    if let Some(replication_factor) = arguments.replication_factor {
        topic = topic.replication_factor(replication_factor);
    }
    for (key, value) in arguments.config {
        topic = topic.config(key, value);
    }
    match session.admin.create_topic(topic).await {
        Ok(_) => {}
        Err(error) if arguments.if_not_exists && error.code() == Some(ottla::ErrorCode::TOPIC_ALREADY_EXISTS) => {
            note(format_args!("topic {name} exists already"));
            return Ok(());
        }
        Err(error) => return Err(Failure::client(format_args!("topic {name} is not created"), &error)),
    }
    let partitions = wait_for_leaders(session, &name).await?;
    note(format_args!("created topic {name} with {partitions} partition{}", if partitions == 1 { "" } else { "s" }));
    Ok(())
}

/// Waits until a new topic can be used, and gives its number of partitions.
pub(crate) async fn wait_for_leaders(session: &Session, name: &str) -> Outcome<usize> {
    let deadline = tokio::time::Instant::now() + LEADERS;
    loop {
        let topic = session.topic_within(name, LEADERS).await?;
        let without = topic.partitions.iter().filter(|partition| partition.leader.is_none()).count();
        if without == 0 {
            return Ok(topic.partitions.len());
        }
        if tokio::time::Instant::now() > deadline {
            note(format_args!("topic {name} is there, but {without} of its partitions have no leader yet"));
            return Ok(topic.partitions.len());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn delete(session: &Session, arguments: Delete) -> Outcome {
    let results = session
        .admin
        .delete_topics(arguments.names.iter().map(String::as_str))
        .await
        .map_err(|error| Failure::client("topics cannot be deleted", &error))?;
    let mut failed = false;
    for (topic, result) in results {
        match result {
            Ok(()) => note(format_args!("deleted topic {topic}")),
            Err(error) => {
                failed = true;
                Failure::client(format_args!("topic {topic} is not deleted"), &error).report();
            }
        }
    }
    if failed { Err(Failure::told(Status::NotDone)) } else { Ok(()) }
}
