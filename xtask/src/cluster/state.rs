//! What is known of a cluster that was started: kept as JSON, so that later commands and tests reach its brokers.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::process::{self, Life, Server};
use super::ready::{self, Question};
use super::release::Release;
use super::zookeeper::ZooKeeper;
use crate::util::{self, Result};

/// A cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    pub name: String,
    /// The Kafka version.
    pub kafka: String,
    /// The cluster's folder, with everything below and this state.
    pub dir: PathBuf,
    /// The Java that runs it.
    pub java: PathBuf,
    /// The folder with Kafka's jars.
    pub libs: PathBuf,
    /// The limit of each broker's heap.
    pub heap_mib: u32,
    /// In clusters of the years when there was one.
    #[serde(default)]
    pub zookeeper: Option<ZooKeeper>,
    pub brokers: Vec<Broker>,
}

/// One broker; without ZooKeeper it is a controller as well.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Broker {
    pub id: i32,
    pub host: String,
    pub port: u16,
    /// 0 with ZooKeeper.
    pub controller_port: u16,
    /// The process that ran it last.
    pub pid: u32,
    /// Its properties file.
    pub config: PathBuf,
    /// Its data.
    pub log_dir: PathBuf,
    /// What it printed.
    pub log: PathBuf,
}

impl Server for Broker {
    fn name(&self) -> String {
        format!("broker {}", self.id)
    }

    fn pid(&self) -> u32 {
        self.pid
    }

    fn class(&self) -> &'static str {
        "kafka.Kafka"
    }

    fn config(&self) -> &Path {
        &self.config
    }

    fn log(&self) -> &Path {
        &self.log
    }
}

impl State {
    /// The folder of the cluster with this name.
    pub fn dir_of(name: &str) -> PathBuf {
        clusters().join(name)
    }

    /// The cluster with this name.
    pub fn load(name: &str) -> Result<Self> {
        let path = Self::dir_of(name).join("state.json");
        if !path.exists() {
            return Err(format!("no cluster named {name:?}; start one with `cargo xtask cluster up`").into());
        }
        Self::read(&path)
    }

    /// Every cluster there is.
    pub fn all() -> Result<Vec<Self>> {
        let Ok(folders) = std::fs::read_dir(clusters()) else { return Ok(Vec::new()) };
        let mut paths: Vec<_> = folders.flatten().map(|folder| folder.path().join("state.json")).collect();
        paths.retain(|path| path.exists());
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    fn read(path: &Path) -> Result<Self> {
        serde_json::from_str(&util::read(path)?)
            .map_err(|error| format!("{} is not a cluster's state: {error}", path.display()).into())
    }

    /// The file that `save` writes.
    pub fn path(&self) -> PathBuf {
        self.dir.join("state.json")
    }

    /// Writes the state in one step, so that a reader never sees half of it.
    pub fn save(&self) -> Result<()> {
        let partial = self.dir.join(format!("state.json.{}", std::process::id()));
        util::write(&partial, &format!("{}\n", serde_json::to_string_pretty(self)?))?;
        std::fs::rename(&partial, self.path())?;
        Ok(())
    }

    /// The addresses of all brokers, as `bootstrap.servers` wants them.
    pub fn bootstrap(&self) -> String {
        let addresses: Vec<_> = self.brokers.iter().map(|broker| format!("{}:{}", broker.host, broker.port)).collect();
        addresses.join(",")
    }

    /// What its version is like.
    pub fn release(&self) -> Result<Release> {
        Release::parse(&self.kafka)
    }

    /// What to ask its brokers for who is there.
    pub fn question(&self) -> Question {
        if self.zookeeper.is_some() { Question::Metadata } else { Question::DescribeCluster }
    }

    /// The options that tell Kafka's logging up to 3.x and of 4.x where its configuration is, and from which level.
    pub fn logging_arguments(&self, level: &str) -> [String; 3] {
        [
            format!("-Dlog4j2.configurationFile={}", self.dir.join("log4j2.properties").display()),
            format!("-Dlog4j.configuration=file:{}", self.dir.join("log4j.properties").display()),
            format!("-Dottla.log={level}"),
        ]
    }

    fn broker(&self, id: i32) -> Result<&Broker> {
        let ids: Vec<_> = self.brokers.iter().map(|broker| broker.id).collect();
        let found = self.brokers.iter().find(|broker| broker.id == id);
        found.ok_or_else(|| format!("cluster {:?} has no broker {id}, only {ids:?}", self.name).into())
    }

    /// Ends a broker as a power cut would.
    pub fn kill(&self, id: i32) -> Result<()> {
        let broker = self.broker(id)?;
        process::signal(broker, "KILL")?;
        process::wait_for_end(broker, Duration::from_secs(10))
    }

    /// Asks a broker to shut down and waits until it has.
    pub fn stop(&self, id: i32, patience: Duration) -> Result<()> {
        let broker = self.broker(id)?;
        process::signal(broker, "TERM")?;
        process::wait_for_end(broker, patience)
    }

    /// Sends a broker's process a signal.
    pub fn signal(&self, id: i32, signal: &str) -> Result<()> {
        process::signal(self.broker(id)?, signal)
    }

    /// Starts a broker that has ended, on its old port and data; with `patience`, waits until it is registered, which
    /// takes a majority of the brokers to be up.
    pub fn start(&mut self, id: i32, patience: Option<Duration>) -> Result<()> {
        let broker = self.broker(id)?.clone();
        if process::look(&broker) != Life::Ended {
            return Err(format!("broker {id} runs already (process {})", broker.pid).into());
        }
        if let Some(zookeeper) = &self.zookeeper {
            zookeeper.wait_for_end_of_session(id, patience.unwrap_or(Duration::from_secs(30)))?;
        }
        let pid = process::spawn(self, &broker)?;
        for broker in self.brokers.iter_mut().filter(|broker| broker.id == id) {
            broker.pid = pid;
        }
        self.save()?;
        match patience {
            Some(patience) => {
                ready::wait(self.question(), &[self.broker(id)?.clone()], &BTreeSet::from([id]), patience)
            }
            None => Ok(()),
        }
    }

    /// Ends everything that still runs.
    pub fn kill_all(&self) -> Result<()> {
        for broker in self.brokers.iter().filter(|broker| process::look(*broker) != Life::Ended) {
            // Nothing is to be kept, so nothing needs to be shut down in order; and one broker of three, asked to
            // shut down in order after the others, would wait for a quorum in vain.
            process::signal(broker, "KILL")?;
        }
        if let Some(zookeeper) = self.zookeeper.as_ref().filter(|server| process::look(*server) != Life::Ended) {
            process::signal(zookeeper, "KILL")?;
            process::wait_for_end(zookeeper, Duration::from_secs(10))?;
        }
        for broker in &self.brokers {
            process::wait_for_end(broker, Duration::from_secs(10))?;
        }
        Ok(())
    }

    /// Ends everything that still runs, and removes the cluster's folder.
    pub fn down(&self) -> Result<()> {
        self.kill_all()?;
        std::fs::remove_dir_all(&self.dir)
            .map_err(|error| format!("cannot remove {}: {error}", self.dir.display()).into())
    }
}

fn clusters() -> PathBuf {
    util::target_dir().join("kafka").join("clusters")
}
