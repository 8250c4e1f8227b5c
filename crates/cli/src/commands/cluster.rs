//! `ottla cluster`: what the cluster is made of.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::args::Connection;
use crate::failure::Outcome;
use crate::output;
use crate::session::Session;
use crate::table::table;

/// What to show.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the cluster's id, controller and brokers
    Info(Arguments),
}

/// How to show it.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    output: Form,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// How descriptions are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// Shows it.
pub(crate) async fn run(outer: &Connection, command: Command) -> Outcome {
    let Command::Info(arguments) = command;
    let mut session = Session::open(&arguments.connection.within(outer))?;
    session.finish_settings()?;
    let cluster = session.reach().await?;
    let controller = cluster.controller.map(|id| id.0);
    let text = match arguments.output {
        Form::Json => {
            let brokers: Vec<_> = cluster
                .brokers
                .iter()
                .map(|broker| json!({"id": broker.id.0, "host": broker.host, "port": broker.port, "rack": broker.rack}))
                .collect();
            format!("{}\n", json!({"cluster_id": cluster.cluster_id, "controller": controller, "brokers": brokers}))
        }
        Form::Text => {
            let id = cluster.cluster_id.as_deref().unwrap_or("not known");
            let row = |broker: &ottla::BrokerDescription| {
                [
                    broker.id.to_string(),
                    format!("{}:{}", broker.host, broker.port),
                    broker.rack.clone().unwrap_or_else(|| "-".to_owned()),
                    if Some(broker.id.0) == controller { "yes".to_owned() } else { String::new() },
                ]
            };
            let brokers = table(["BROKER", "ADDRESS", "RACK", "CONTROLLER"], cluster.brokers.iter().map(row));
            format!("cluster {id}\n\n{brokers}")
        }
    };
    output::print(&text)?;
    session.close().await;
    Ok(())
}
