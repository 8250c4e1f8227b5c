//! The ZooKeeper of a cluster before Kafka 3.0: one server, in a process of its own, so that it outlives every broker.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::process::{self, Life, Server};
use crate::util::Result;

/// A ZooKeeper server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ZooKeeper {
    pub port: u16,
    pub pid: u32,
    /// Its properties file.
    pub config: PathBuf,
    /// Its data.
    pub data: PathBuf,
    /// What it printed.
    pub log: PathBuf,
}

impl ZooKeeper {
    /// One that is not started yet.
    pub fn new(dir: &Path, port: u16) -> Self {
        Self {
            port,
            pid: 0,
            config: dir.join("zookeeper.properties"),
            data: dir.join("data-zookeeper"),
            log: dir.join("zookeeper.log"),
        }
    }

    /// The text of its properties file.
    pub fn properties(&self) -> String {
        // Sessions last between 2 and 20 ticks. ZooKeeper 3.5 asks which of its short commands it may answer, and
        // would listen for HTTP besides.
        format!(
            "dataDir={}\nclientPort={}\nclientPortAddress=127.0.0.1\nmaxClientCnxns=0\ntickTime=500\n\
             4lw.commands.whitelist=ruok,dump\nadmin.enableServer=false\n",
            self.data.display(),
            self.port
        )
    }

    /// Waits until it answers.
    pub fn wait(&self, patience: Duration) -> Result<()> {
        self.until(patience, "did not get ready", || self.ask("ruok").is_ok_and(|answer| answer == "imok"))
    }

    /// Waits until it has forgotten a broker that was killed. Until then a broker of the same id refuses to start.
    pub fn wait_for_end_of_session(&self, broker: i32, patience: Duration) -> Result<()> {
        let node = format!("/brokers/ids/{broker}");
        let is_gone = || self.ask("dump").is_ok_and(|text| !text.lines().any(|line| line.trim() == node));
        self.until(patience, "still had the killed broker's session", is_gone)
    }

    fn until(&self, patience: Duration, problem: &str, mut done: impl FnMut() -> bool) -> Result<()> {
        let deadline = Instant::now() + patience;
        while !done() {
            let ended = process::look(self) == Life::Ended;
            if ended || Instant::now() > deadline {
                let problem = if ended { "does not run" } else { problem };
                let log = super::ready::tail(&self.log);
                return Err(format!("ZooKeeper {problem}; the end of {}:\n{log}", self.log.display()).into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Asks one of the commands of four letters.
    fn ask(&self, command: &str) -> std::io::Result<String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(command.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

impl Server for ZooKeeper {
    fn name(&self) -> String {
        "ZooKeeper".into()
    }

    fn pid(&self) -> u32 {
        self.pid
    }

    fn class(&self) -> &'static str {
        "org.apache.zookeeper.server.quorum.QuorumPeerMain"
    }

    fn config(&self) -> &Path {
        &self.config
    }

    fn log(&self) -> &Path {
        &self.log
    }
}
