//! Which crate may depend on which, and which must do without tokio.

use super::Findings;
use crate::util::{self, Result, list, metadata};

/// For each crate the crates of ours that it may depend on, apart from its tests. `types` is open to all.
const ARROWS: [(&str, &[&str]); 16] = [
    ("ottla-types", &[]),
    ("ottla-compression", &[]),
    ("ottla-protocol", &["compression"]),
    ("ottla-core", &["protocol"]),
    ("ottla-group", &["core", "protocol"]),
    ("ottla-client", &["core", "protocol"]),
    ("ottla-producer", &["client", "core", "protocol"]),
    ("ottla-consumer", &["client", "group", "core", "protocol"]),
    ("ottla-admin", &["client", "core", "protocol"]),
    ("ottla", &["client", "producer", "consumer", "admin", "protocol"]),
    ("ottla-mock", &["protocol"]),
    ("ottla-simulation", &["client", "core", "group", "producer", "consumer", "admin", "mock", "protocol"]),
    ("ottla-cli", &["ottla", "mock", "protocol"]),
    ("ottla-benches", &["ottla", "protocol", "compression", "group", "producer", "consumer", "mock"]),
    ("ottla-fuzz", &["protocol", "compression", "core", "group", "producer", "consumer"]),
    ("xtask", &[]),
];

/// Crates without `types`, which all others may use.
const ALONE: [&str; 3] = ["ottla-types", "ottla-compression", "xtask"];

/// Crates that decide, and so must not be able to do.
const PURE: [&str; 5] = ["ottla-types", "ottla-compression", "ottla-protocol", "ottla-core", "ottla-group"];

/// Checks the arrows of every workspace of ours, and the trees of the pure crates.
pub fn check(findings: &mut Findings) -> Result<()> {
    let mut packages = packages("Cargo.toml")?;
    if util::root().join("fuzz/Cargo.toml").exists() {
        packages.extend(self::packages("fuzz/Cargo.toml")?);
    }
    for (name, dependencies) in &packages {
        let Some((_, allowed)) = ARROWS.iter().find(|(crate_name, _)| crate_name == name) else {
            findings.errors.push(format!("crate {name} is in no arrow of xtask/src/tidy/arrows.rs"));
            continue;
        };
        for dependency in dependencies {
            let short = dependency.strip_prefix("ottla-").unwrap_or(dependency);
            let types = short == "types" && !ALONE.contains(&name.as_str());
            if !types && !allowed.contains(&short) {
                findings.errors.push(format!("{name} must not depend on {dependency}"));
            }
        }
    }
    for name in PURE.into_iter().filter(|pure| packages.iter().any(|(name, _)| name == pure)) {
        let arguments = ["tree", "-p", name, "-e", "normal", "--prefix", "none", "--all-features", "--target", "all"];
        let tree = util::output(util::cargo().args(arguments))?;
        if tree.lines().any(|line| line.starts_with("tokio ")) {
            findings.errors.push(format!("{name} has tokio in its tree: cargo tree -p {name} -e normal -i tokio"));
        }
    }
    Ok(())
}

/// Each package of a workspace with the packages of ours that it depends on outside its tests.
fn packages(manifest: &str) -> Result<Vec<(String, Vec<String>)>> {
    let arguments = ["metadata", "--format-version=1", "--no-deps", "--manifest-path", manifest];
    let metadata = metadata(util::cargo().args(arguments))?;
    let mut found = Vec::new();
    for package in list(&metadata["packages"]) {
        let ours = list(&package["dependencies"]).iter().filter(|dependency| {
            // A normal dependency's kind is null.
            dependency["kind"].is_null() && dependency["path"].is_string()
        });
        let names = ours.filter_map(|dependency| dependency["name"].as_str().map(str::to_owned)).collect();
        found.push((package["name"].as_str().unwrap_or_default().to_owned(), names));
    }
    Ok(found)
}
