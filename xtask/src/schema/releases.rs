//! Which release of Kafka brought which version of an API: asked of the client jar of every release.
//!
//! The answers become `crates/protocol/schema/RELEASES`, a line an API: its key, then for each release that raised its
//! highest version that version and the release, `13:4.1`. Versions below are as old, or older.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{jar, write};
use crate::cluster::java;
use crate::util;

/// Every feature release since the first that the client speaks to, and how it is called. Patch releases bring no versions.
const RELEASES: [(&str, &str); 29] = [
    ("0.10.0.0", "0.10.0"),
    ("0.10.1.0", "0.10.1"),
    ("0.10.2.0", "0.10.2"),
    ("0.11.0.0", "0.11.0"),
    ("1.0.0", "1.0"),
    ("1.1.0", "1.1"),
    ("2.0.0", "2.0"),
    ("2.1.0", "2.1"),
    ("2.2.0", "2.2"),
    ("2.3.0", "2.3"),
    ("2.4.0", "2.4"),
    ("2.5.0", "2.5"),
    ("2.6.0", "2.6"),
    ("2.7.0", "2.7"),
    ("2.8.0", "2.8"),
    ("3.0.0", "3.0"),
    ("3.1.0", "3.1"),
    ("3.2.0", "3.2"),
    ("3.3.0", "3.3"),
    ("3.4.0", "3.4"),
    ("3.5.0", "3.5"),
    ("3.6.0", "3.6"),
    ("3.7.0", "3.7"),
    ("3.8.0", "3.8"),
    ("3.9.0", "3.9"),
    ("4.0.0", "4.0"),
    ("4.1.0", "4.1"),
    ("4.2.0", "4.2"),
    ("4.3.0", "4.3"),
];

/// What the clients of some releases cannot load their list of APIs without.
const BESIDES: [&str; 4] = [
    "org.slf4j:slf4j-api:1.7.36",
    "com.fasterxml.jackson.core:jackson-databind:2.10.5.1",
    "com.fasterxml.jackson.core:jackson-core:2.10.5",
    "com.fasterxml.jackson.core:jackson-annotations:2.10.5",
];

/// Asks all jars, and writes the table.
pub(super) fn run() -> Result<(), String> {
    java::find_compiler().map_err(|error| error.to_string())?;
    let java = java::find().map_err(|error| error.to_string())?;
    let besides = BESIDES.iter().map(|coordinates| jar(coordinates)).collect::<Result<Vec<PathBuf>, _>>()?;
    let mut raised: BTreeMap<i16, Vec<(i16, &str)>> = BTreeMap::new();
    for (version, name) in RELEASES {
        let clients = jar(&format!("org.apache.kafka:kafka-clients:{version}"))?;
        for (key, high) in highest(&java, &clients, &besides)? {
            let known = raised.entry(key).or_default();
            if known.last().is_none_or(|(before, _)| *before < high) {
                known.push((high, name));
            }
        }
    }
    let mut text = String::new();
    for (key, versions) in &raised {
        let _ = write!(text, "{key}");
        for (high, release) in versions {
            let _ = write!(text, " {high}:{release}");
        }
        text.push('\n');
    }
    write(&crate::codegen::protocol_crate().join("schema/RELEASES"), &text)?;
    println!("{} APIs in {} releases", raised.len(), RELEASES.len());
    Ok(())
}

/// The highest stable version of every API that a jar knows.
fn highest(java: &Path, clients: &PathBuf, besides: &[PathBuf]) -> Result<Vec<(i16, i16)>, String> {
    let mut command = Command::new(java);
    let class_path = std::env::join_paths(std::iter::once(clients).chain(besides));
    command.arg("-cp").arg(class_path.map_err(|error| error.to_string())?);
    command.arg(util::root().join("xtask/releases/ApiVersionsOfRelease.java"));
    let printed = util::output(&mut command).map_err(|error| error.to_string())?;
    let line = |line: &str| {
        let columns: Vec<&str> = line.split('\t').collect();
        Some((columns.first()?.parse().ok()?, columns.get(3)?.parse().ok()?))
    };
    printed.lines().map(|text| line(text).ok_or_else(|| format!("{}: {text}", clients.display()))).collect()
}
