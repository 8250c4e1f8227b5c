//! Clusters of test runs that were ended before they could take them down.

use std::process::Command;

use crate::cluster::State;
use crate::util::{self, Result};

const PREFIX: &str = "test-";

/// The name of a cluster of this run: two runs at a time do not touch each other's.
pub fn cluster_name(what: &str) -> String {
    format!("{PREFIX}{}-{what}", std::process::id())
}

/// Takes down the clusters of runs that have ended.
pub fn take_down() -> Result<()> {
    for cluster in State::all()? {
        let runner = cluster.name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
        if runner.is_some_and(|pid| !runs(pid)) {
            println!("taking down {:?}, left behind by a run that was ended", cluster.name);
            cluster.down()?;
        }
    }
    Ok(())
}

fn runs(pid: &str) -> bool {
    util::raw_output(Command::new("kill").args(["-0", pid])).is_ok_and(|output| output.status.success())
}
