//! Starting a cluster: jars, free ports, formatted storage or ZooKeeper, processes, and waiting until all brokers see
//! each other.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::process::{self, Life};
use super::state::{Broker, State};
use super::zookeeper::ZooKeeper;
use super::{NEWEST, PATIENCE, java, maven, ready, release::Release, settings};
use crate::util::{self, Result};

/// The id of every cluster started here: it tells nothing apart, but storage must be formatted with one.
const CLUSTER_ID: &str = "b3R0bGEtdW5kZXItdGVzdA";

/// What kind of cluster to start.
#[derive(Debug, Clone)]
pub struct Options {
    pub name: String,
    /// The Kafka version.
    pub kafka: String,
    /// How many brokers.
    pub brokers: u16,
    /// Partitions of a topic that is created by being asked for.
    pub partitions: u32,
    /// The limit of each broker's heap.
    pub heap_mib: u32,
    /// Broker properties that override ours.
    pub settings: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: "default".into(),
            kafka: NEWEST.into(),
            brokers: 1,
            partitions: 1,
            heap_mib: 384,
            settings: Vec::new(),
        }
    }
}

/// Starts a cluster and waits until it is ready. When it does not get ready, what was started is ended again, but its
/// folder is left to be looked at.
pub fn up(options: &Options) -> Result<State> {
    if options.brokers == 0 {
        return Err("a cluster has at least one broker".into());
    }
    if let Ok(earlier) = State::load(&options.name) {
        if earlier.brokers.iter().any(|broker| process::look(broker) != Life::Ended) {
            return Err(format!("cluster {:?} is up already: {}", options.name, earlier.bootstrap()).into());
        }
        earlier.down()?;
    }
    let java = java::find()?;
    let libs = maven::libs(&options.kafka)?;
    let dir = State::dir_of(&options.name);
    if dir.exists() {
        std::fs::remove_dir_all(&dir)?;
    }
    let mut state = plan(options, java, libs, dir)?;
    util::write(&state.dir.join("log4j2.properties"), settings::LOG4J2)?;
    util::write(&state.dir.join("log4j.properties"), settings::LOG4J)?;
    for broker in &state.brokers {
        let properties = settings::server_properties(&state, broker, options.partitions, &options.settings);
        util::write(&broker.config, &properties)?;
        if state.zookeeper.is_none() {
            format_storage(&state, broker)?;
        }
    }
    if let Some(zookeeper) = &state.zookeeper {
        util::write(&zookeeper.config, &zookeeper.properties())?;
    }
    let started = start_all(&mut state);
    if started.is_err() {
        state.kill_all()?;
    }
    started.map(|()| state)
}

fn start_all(state: &mut State) -> Result<()> {
    if let Some(mut zookeeper) = state.zookeeper.clone() {
        zookeeper.pid = process::spawn(state, &zookeeper)?;
        state.zookeeper = Some(zookeeper.clone());
        state.save()?;
        zookeeper.wait(PATIENCE)?;
    }
    for at in 0..state.brokers.len() {
        state.brokers[at].pid = process::spawn(state, &state.brokers[at])?;
        // Saved after each, so that `down` finds every process even if this one is ended meanwhile.
        state.save()?;
    }
    let everyone = state.brokers.iter().map(|broker| broker.id).collect();
    ready::wait(state.question(), &state.brokers, &everyone, PATIENCE)
}

fn plan(options: &Options, java: PathBuf, libs: PathBuf, dir: PathBuf) -> Result<State> {
    let count = usize::from(options.brokers);
    let mut ports = free_ports(2 * count)?;
    let others = ports.split_off(count);
    let (zookeeper, controllers) = if Release::parse(&options.kafka)?.wants_zookeeper() {
        (others.first().map(|port| ZooKeeper::new(&dir, *port)), vec![0; count])
    } else {
        (None, others)
    };
    let both = ports.into_iter().zip(controllers);
    let brokers = both.zip(1..).map(|((port, controller), id)| broker(&dir, id, port, controller)).collect();
    Ok(State {
        name: options.name.clone(),
        kafka: options.kafka.clone(),
        dir,
        java,
        libs,
        heap_mib: options.heap_mib,
        zookeeper,
        brokers,
    })
}

fn broker(dir: &Path, id: i32, port: u16, controller_port: u16) -> Broker {
    Broker {
        id,
        host: "127.0.0.1".into(),
        port,
        controller_port,
        pid: 0,
        config: dir.join(format!("broker-{id}.properties")),
        log_dir: dir.join(format!("data-{id}")),
        log: dir.join(format!("broker-{id}.log")),
    }
}

fn format_storage(state: &State, broker: &Broker) -> Result<()> {
    let mut command = java::command(&state.java, &state.libs, 128);
    command.arg("-XX:TieredStopAtLevel=1").args(state.logging_arguments("WARN"));
    command.args(["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c"]).arg(&broker.config);
    util::output(&mut command)?;
    Ok(())
}

/// Ports that nothing listens on. They lie below the range from which the system hands out ports by itself: a broker
/// that is down for a while would lose one of those to any outgoing connection, even to a client's own attempt to
/// reconnect, which on loopback then connects to itself.
fn free_ports(count: usize) -> Result<Vec<u16>> {
    const FIRST: u16 = 20_000;
    const SPAN: u16 = 12_000;
    // Different at each call, so that clusters that start at the same time seldom try the same ports.
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.subsec_nanos());
    let offset = (u64::from(nanos / 1000) * 31 + u64::from(std::process::id())) % u64::from(SPAN);
    let mut held = Vec::new();
    for step in 0..SPAN {
        let port = FIRST + u16::try_from((offset + u64::from(step)) % u64::from(SPAN))?;
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            held.push((port, listener));
        }
        if held.len() == count {
            return Ok(held.into_iter().map(|(port, _)| port).collect());
        }
    }
    Err(format!("no {count} free ports from {FIRST} to {}", FIRST + SPAN).into())
}
