//! `cargo xtask cluster`: real Kafka clusters from Maven, on loopback, under `target/kafka/`: without ZooKeeper from Kafka
//! 3.0 on, with one before.

pub mod java;
mod maven;
mod process;
mod ready;
mod release;
mod running;
mod settings;
mod state;
mod tool;
mod up;
mod zookeeper;

use std::time::Duration;

use crate::flags::Flags;
use crate::util::Result;

pub use maven::{is_there as maven_is_there, libs};
pub use running::Running;
pub use state::State;
pub use tool::command as java_tool;
pub use up::{Options, up};

/// The Kafka version that everything is tested against first.
pub const NEWEST: &str = "4.3.1";
/// The Kafka version that stands for the years before 4.0.
pub const OLDER: &str = "3.9.2";

/// How long a broker may take to come up; a loaded machine with two cores needs much of it.
const PATIENCE: Duration = Duration::from_secs(120);

const USAGE: &str = "\
usage: cargo xtask cluster ACTION [--name NAME] [flags]

  up       start brokers, wait until all are ready, print the bootstrap servers
           [--kafka 4.3.1] [--brokers 1] [--partitions 1] [--heap MIB] [--set key=value]...
  down     end what `up` started and remove its data  [--all: every cluster]
  status   say which clusters there are and how their brokers fare
  kill     end a broker at once (SIGKILL)             --broker ID
  stop     let a broker shut down (SIGTERM), wait     --broker ID
  start    start a broker that has ended, wait        --broker ID [--no-wait]
  pause    stop a broker's time (SIGSTOP)             --broker ID
  resume   let it go on (SIGCONT)                     --broker ID
  tool     run one of Kafka's Java tools against the cluster:
           tool console-producer|console-consumer|topics|dump-log|CLASS [-- ARGUMENTS]

Kafka is anything from 0.10.2.2 to the newest; versions before 3.0 get a ZooKeeper, which stays out of `--broker`.
Several clusters can be up at once, told apart by --name (default: `default`). The state of each, with ids, ports,
process ids and folders, is in target/kafka/clusters/NAME/state.json.
";

/// Runs one action on a cluster.
pub fn run(args: Vec<String>) -> Result<()> {
    let flags = Flags::parse(
        args,
        &["name", "kafka", "brokers", "partitions", "heap", "set", "broker"],
        &["all", "no-wait", "help"],
    )?;
    let name = flags.value("name").unwrap_or("default");
    match flags.words.first().map(String::as_str) {
        Some("up") => {
            let state = up(&options(&flags)?)?;
            println!("{}", state.bootstrap());
            Ok(())
        }
        Some("down") if flags.is_set("all") => State::all()?.iter().try_for_each(State::down),
        Some("down") => State::load(name)?.down(),
        Some("status") => status(),
        Some("kill") => State::load(name)?.kill(broker(&flags)?),
        Some("stop") => State::load(name)?.stop(broker(&flags)?, PATIENCE),
        Some("start") => {
            let wait = (!flags.is_set("no-wait")).then_some(PATIENCE);
            State::load(name)?.start(broker(&flags)?, wait)
        }
        Some("pause") => State::load(name)?.signal(broker(&flags)?, "STOP"),
        Some("resume") => State::load(name)?.signal(broker(&flags)?, "CONT"),
        Some("tool") => tool::run(&State::load(name)?, &flags),
        Some("help") | None => {
            print!("{USAGE}");
            Ok(())
        }
        Some(other) => Err(format!("no action named {other:?}\n\n{USAGE}").into()),
    }
}

fn options(flags: &Flags) -> Result<Options> {
    let defaults = Options::default();
    let mut settings = Vec::new();
    for setting in flags.all("set") {
        let (key, value) = setting.split_once('=').ok_or_else(|| format!("--set wants key=value, not {setting:?}"))?;
        settings.push((key.to_owned(), value.to_owned()));
    }
    Ok(Options {
        name: flags.value("name").map_or(defaults.name, str::to_owned),
        kafka: flags.value("kafka").map_or(defaults.kafka, str::to_owned),
        brokers: flags.parsed("brokers", defaults.brokers)?,
        partitions: flags.parsed("partitions", defaults.partitions)?,
        heap_mib: flags.parsed("heap", defaults.heap_mib)?,
        settings,
    })
}

fn broker(flags: &Flags) -> Result<i32> {
    if flags.value("broker").is_none() {
        return Err("which broker? give --broker ID".into());
    }
    flags.parsed("broker", 0)
}

fn status() -> Result<()> {
    let clusters = State::all()?;
    if clusters.is_empty() {
        println!("no clusters");
    }
    for cluster in clusters {
        println!("{}: Kafka {}, {}", cluster.name, cluster.kafka, cluster.bootstrap());
        if let Some(zookeeper) = &cluster.zookeeper {
            let running = process::look(zookeeper);
            println!("  ZooKeeper port {} pid {}: {running}", zookeeper.port, zookeeper.pid);
        }
        for broker in &cluster.brokers {
            let running = process::look(broker);
            let sees = match ready::registered_brokers(cluster.question(), broker.port) {
                Ok(ids) => format!("sees brokers {ids:?}"),
                Err(error) => format!("does not answer: {error}"),
            };
            let (id, port, pid, data) = (broker.id, broker.port, broker.pid, broker.log_dir.display());
            println!("  broker {id} port {port} pid {pid}: {running}, {sees}, data in {data}");
        }
    }
    Ok(())
}
