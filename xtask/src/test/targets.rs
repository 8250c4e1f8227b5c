//! Test targets that plain `cargo test` leaves alone (`test = false`), because they need more than Rust.

use crate::util::{self, Result, list, metadata};

/// A kind of such a target, known by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptIn {
    /// Tests against real brokers.
    RealKafka,
    /// Tests that other clients pass against our mock cluster.
    Peers,
}

impl OptIn {
    /// The name that its targets have.
    pub fn name(self) -> &'static str {
        match self {
            Self::RealKafka => "real_kafka",
            Self::Peers => "peers",
        }
    }
}

/// The kinds that the workspace has targets of. A target that nobody would run is an error.
pub fn opt_in() -> Result<Vec<OptIn>> {
    let metadata = metadata(util::cargo().args(["metadata", "--format-version=1", "--no-deps"]))?;
    let mut found = Vec::new();
    for package in list(&metadata["packages"]) {
        for target in list(&package["targets"]) {
            if target["kind"][0] != "test" || target["test"] == true {
                continue;
            }
            let name = target["name"].as_str().unwrap_or_default();
            let known = [OptIn::RealKafka, OptIn::Peers].into_iter().find(|kind| kind.name() == name);
            let kind = known.ok_or_else(|| {
                format!("test target {name:?} of {} has `test = false`, and no step runs it", package["name"])
            })?;
            if !found.contains(&kind) {
                found.push(kind);
            }
        }
    }
    found.sort_by_key(|kind| kind.name());
    Ok(found)
}
