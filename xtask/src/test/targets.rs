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

/// The kinds that the workspace has targets of. A target that nobody would run, or that would run without what it needs, is an error.
pub fn opt_in() -> Result<Vec<OptIn>> {
    let metadata = metadata(util::cargo().args(["metadata", "--format-version=1", "--no-deps"]))?;
    let mut found = Vec::new();
    for package in list(&metadata["packages"]) {
        for target in list(&package["targets"]) {
            if target["kind"][0] != "test" {
                continue;
            }
            let name = target["name"].as_str().unwrap_or_default();
            let kind = [OptIn::RealKafka, OptIn::Peers].into_iter().find(|kind| kind.name() == name);
            let kind = match (kind, target["test"] == true) {
                (Some(kind), false) => kind,
                (None, true) => continue,
                (Some(_), true) => {
                    return Err(format!("test target {name:?} of {} lacks `test = false`", package["name"]).into());
                }
                (None, false) => {
                    return Err(
                        format!("no step runs {name:?} of {}, which has `test = false`", package["name"]).into()
                    );
                }
            };
            if !found.contains(&kind) {
                found.push(kind);
            }
        }
    }
    found.sort_by_key(|kind| kind.name());
    Ok(found)
}
