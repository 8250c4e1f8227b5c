//! A cluster for as long as a value lives, and what becomes of it when the run that held it is ended first.

use std::process::Command;

use super::{Options, State, up};
use crate::util::{self, Result};

/// Names of such clusters are `run-PROCESS-NAME`, so that two runs at a time do not touch each other's, and the next
/// one sees which were left behind.
const PREFIX: &str = "run-";

/// A cluster that goes down when this is dropped.
#[derive(Debug)]
pub struct Running(pub State);

impl Running {
    /// Starts a cluster, under a name of this run's. Those that earlier runs left behind are taken down first.
    pub fn start(options: Options) -> Result<Self> {
        take_down_left_behind()?;
        let name = format!("{PREFIX}{}-{}", std::process::id(), options.name);
        Ok(Self(up(&Options { name, ..options })?))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // What tests killed and restarted has other process ids by now.
        let state = State::load(&self.0.name).unwrap_or_else(|_| self.0.clone());
        if let Err(error) = state.down() {
            eprintln!("cluster {:?} did not go down: {error}", self.0.name);
        }
    }
}

fn take_down_left_behind() -> Result<()> {
    for cluster in State::all()? {
        let owner = cluster.name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
        if owner.is_some_and(|pid| !runs(pid)) {
            println!("taking down {:?}, left behind by a run that was ended", cluster.name);
            cluster.down()?;
        }
    }
    Ok(())
}

fn runs(pid: &str) -> bool {
    util::raw_output(Command::new("kill").args(["-0", pid])).is_ok_and(|output| output.status.success())
}
