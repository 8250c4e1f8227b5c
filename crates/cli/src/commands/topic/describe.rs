//! `ottla topic describe`: partitions, leaders, replicas and offsets.

use clap::Args;
use ottla::{ListedOffset, OffsetSpec, PartitionDescription, TopicDescription, TopicPartition};
use serde_json::json;

use crate::args::Connection;
use crate::commands::cluster::Form;
use crate::failure::{Failure, Outcome, explain, note};
use crate::output;
use crate::session::Session;
use crate::table::{list, table};

/// What to describe.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The topics' names
    #[arg(required = true)]
    names: Vec<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    output: Form,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

struct Partition {
    description: PartitionDescription,
    start: Option<i64>,
    end: Option<i64>,
}

/// Describes them.
pub(crate) async fn run(session: &Session, arguments: &Arguments) -> Outcome {
    let mut described = Vec::new();
    for name in &arguments.names {
        let topic = session.topic(name).await?;
        let partitions = with_offsets(session, &topic).await?;
        described.push((topic, partitions));
    }
    let text = match arguments.output {
        Form::Json => {
            let topics: Vec<_> = described.iter().map(|(topic, partitions)| in_json(topic, partitions)).collect();
            format!("{}\n", json!(topics))
        }
        Form::Text => {
            let topics: Vec<_> = described.iter().map(|(topic, partitions)| in_text(topic, partitions)).collect();
            topics.join("\n")
        }
    };
    output::print(&text)
}

async fn with_offsets(session: &Session, topic: &TopicDescription) -> Outcome<Vec<Partition>> {
    // Without a leader nobody can tell.
    let led = topic.partitions.iter().filter(|partition| partition.leader.is_some());
    let asked: Vec<_> = led
        .flat_map(|partition| {
            let partition = TopicPartition::new(&topic.topic, partition.partition);
            [(partition.clone(), OffsetSpec::Earliest), (partition, OffsetSpec::Latest)]
        })
        .collect();
    let found = session
        .admin
        .list_offsets(asked.iter().cloned())
        .await
        .map_err(|error| Failure::client(format_args!("offsets of {} cannot be found", topic.topic), &error))?;
    let mut offsets = std::collections::BTreeMap::new();
    for ((partition, spec), (_, result)) in asked.into_iter().zip(found) {
        match result {
            Ok(offset) => drop(offsets.insert((partition.partition, spec == OffsetSpec::Latest), offset)),
            Err(error) => note(format_args!("the offsets of {partition} are not known: {}", explain(&error))),
        }
    }
    let offset = |partition: &PartitionDescription, latest| -> Option<i64> {
        let listed: &Option<ListedOffset> = offsets.get(&(partition.partition, latest))?;
        listed.map(|listed| listed.offset)
    };
    Ok(topic
        .partitions
        .iter()
        .map(|partition| Partition {
            start: offset(partition, false),
            end: offset(partition, true),
            description: partition.clone(),
        })
        .collect())
}

fn in_json(topic: &TopicDescription, partitions: &[Partition]) -> serde_json::Value {
    let partitions: Vec<_> = partitions
        .iter()
        .map(|Partition { description, start, end }| {
            json!({
                "partition": description.partition,
                "leader": description.leader.map(|id| id.0),
                "leader_epoch": description.leader_epoch,
                "replicas": description.replicas.iter().map(|id| id.0).collect::<Vec<_>>(),
                "in_sync_replicas": description.in_sync_replicas.iter().map(|id| id.0).collect::<Vec<_>>(),
                "offline_replicas": description.offline_replicas.iter().map(|id| id.0).collect::<Vec<_>>(),
                "log_start_offset": start,
                "high_watermark": end,
            })
        })
        .collect();
    json!({
        "topic": topic.topic.name(),
        "id": topic.id.to_string(),
        "internal": topic.internal,
        "partitions": partitions,
    })
}

fn in_text(topic: &TopicDescription, partitions: &[Partition]) -> String {
    let or_dash = |number: Option<i64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    let rows = partitions.iter().map(|Partition { description, start, end }| {
        [
            description.partition.to_string(),
            description.leader.map_or_else(|| "none".to_owned(), |id| id.to_string()),
            list(&description.replicas),
            list(&description.in_sync_replicas),
            or_dash(*start),
            or_dash(*end),
        ]
    });
    let id = if topic.id.is_nil() { String::new() } else { format!(", id {}", topic.id) };
    let internal = if topic.internal { ", internal" } else { "" };
    format!(
        "topic {}{id}{internal}\n\n{}",
        topic.topic,
        table(["PARTITION", "LEADER", "REPLICAS", "IN SYNC", "START", "END"], rows)
    )
}
