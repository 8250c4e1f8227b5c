//! `cargo xtask bench compare`: clients by turns on one real broker, so that what the machine does meanwhile meets all
//! of them alike; medians over the rounds.

use std::process::Stdio;

use serde_json::Value;

use super::clients::Client;
use super::table::{self, Run};
use crate::cluster::{Options, Running, State, java_tool};
use crate::flags::Flags;
use crate::util::{self, Result};

const USAGE: &str = "\
usage: cargo xtask bench compare [flags]

  --clients A,B,...    (default ottla,rdkafka) known: ottla rdkafka krafka kacrab confluent-kafka rskafka franz-go
                       sarama kafka-go java; the first is the one that the others are compared with
  --client NAME=CMD    any further client: its command with {mode} {brokers} {topic} {n} {size} {partitions}
                       {linger-ms} {compression}, printing a JSON line as `ottla bench` does; repeatable
  --modes M,...        produce, consume (default both)
  --rounds N           rounds that count (default 5), after one that does not
  --n N                records (default 1000000)
  --size BYTES         of a value (default 100)
  --partitions N       (default 12)
  --linger-ms N        (default 5)
  --compression C      none, gzip, snappy, lz4, zstd (default none)
";

/// The broker's heap; more than tests give it, so that its collector has no part in the figures.
const HEAP_MIB: u32 = 1024;

/// What to run.
struct Plan {
    clients: Vec<Client>,
    rounds: u32,
    n: u64,
    size: u64,
    partitions: u32,
    linger_ms: u64,
    compression: String,
}

/// Runs the comparison and prints a table for each mode.
pub fn run(args: Vec<String>) -> Result<()> {
    let valued = ["clients", "client", "modes", "rounds", "n", "size", "partitions", "linger-ms", "compression"];
    let flags = Flags::parse(args, &valued, &["help"])?;
    if flags.is_set("help") {
        print!("{USAGE}");
        return Ok(());
    }
    let plan = Plan {
        clients: clients(&flags)?,
        rounds: flags.parsed("rounds", 5)?,
        n: flags.parsed("n", 1_000_000)?,
        size: flags.parsed("size", 100)?,
        partitions: flags.parsed("partitions", 12)?,
        linger_ms: flags.parsed("linger-ms", 5)?,
        compression: flags.value("compression").unwrap_or("none").to_owned(),
    };
    let modes = flags.value("modes").unwrap_or("produce,consume");
    let cluster = Running::start(Options { name: "bench".into(), heap_mib: HEAP_MIB, ..Options::default() })?;
    let mut tables = Vec::new();
    for mode in modes.split(',') {
        tables.push(table::render(mode, &plan.measure(mode, &cluster.0)?));
    }
    println!(
        "\nmedians of {} rounds, {} records of {} bytes, {} partitions, linger {} ms, compression {}, Kafka {}\n",
        plan.rounds, plan.n, plan.size, plan.partitions, plan.linger_ms, plan.compression, cluster.0.kafka
    );
    println!("{}", tables.join("\n"));
    Ok(())
}

fn clients(flags: &Flags) -> Result<Vec<Client>> {
    let names = flags.value("clients").unwrap_or("ottla,rdkafka");
    let built: Result<Vec<Client>> = names.split(',').map(Client::build).collect();
    let mut clients = built?;
    for text in flags.all("client") {
        clients.push(Client::custom(text)?);
    }
    Ok(clients)
}

impl Plan {
    /// The runs of each client in one mode.
    fn measure(&self, mode: &str, cluster: &State) -> Result<Vec<(String, Vec<Run>)>> {
        let filled = "consumed";
        if mode == "consume" {
            // All read the same records, in batches that the last of the clients made.
            create_topic(cluster, filled, self.partitions)?;
            if let Some(client) = self.clients.last() {
                self.once(client, "produce", filled, cluster)?;
            }
        }
        let mut runs: Vec<(String, Vec<Run>)> =
            self.clients.iter().map(|client| (client.name.clone(), Vec::new())).collect();
        for round in 0..=self.rounds {
            let mut order: Vec<usize> = (0..self.clients.len()).collect();
            // Whoever goes first each time would always find the broker idle.
            order.rotate_left(usize::try_from(round)? % self.clients.len());
            for at in order {
                let client = &self.clients[at];
                let topic = if mode == "consume" { filled.to_owned() } else { format!("{mode}-{round}-{at}") };
                if mode != "consume" {
                    create_topic(cluster, &topic, self.partitions)?;
                }
                let run = self.once(client, mode, &topic, cluster)?;
                // The first round warms the broker up.
                if round > 0 {
                    runs[at].1.push(run);
                }
                if mode != "consume" {
                    delete_topic(cluster, &topic)?;
                }
            }
        }
        Ok(runs)
    }

    fn once(&self, client: &Client, mode: &str, topic: &str, cluster: &State) -> Result<Run> {
        let values = [
            ("mode", mode.to_owned()),
            ("brokers", cluster.bootstrap()),
            ("topic", topic.to_owned()),
            ("n", self.n.to_string()),
            ("size", self.size.to_string()),
            ("partitions", self.partitions.to_string()),
            ("linger-ms", self.linger_ms.to_string()),
            ("compression", self.compression.clone()),
        ];
        let mut command = client.command(&values);
        let printed = util::output(command.stderr(Stdio::piped()))?;
        let line = printed.lines().rev().find(|line| line.starts_with('{'));
        let line: Value = serde_json::from_str(line.ok_or_else(|| format!("{}: no JSON line", client.name))?)?;
        println!("{line}");
        Run::read(&line).ok_or_else(|| format!("{}: a figure is missing in {line}", client.name).into())
    }
}

fn create_topic(cluster: &State, topic: &str, partitions: u32) -> Result<()> {
    let partitions = partitions.to_string();
    let arguments = ["--create", "--topic", topic, "--partitions", &partitions, "--replication-factor", "1"];
    util::output(java_tool(cluster, "topics")?.args(arguments)).map(drop)
}

fn delete_topic(cluster: &State, topic: &str) -> Result<()> {
    util::output(java_tool(cluster, "topics")?.args(["--delete", "--topic", topic])).map(drop)
}
