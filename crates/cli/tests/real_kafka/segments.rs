//! What brokers stored, read by `ottla log dump` and by Kafka's own tool.

use serde_json::Value;

use super::clusters::{Cluster, single, with_version};
use super::run::{ottla, text};

/// Produces with these codecs, and compares what both tools say of the files.
fn dumped_as_by_kafka(cluster: &Cluster, config: &[&str], codecs: &[&str]) -> Vec<Value> {
    let sizes = ["--partitions", "1", "--replication-factor", "1"];
    let topic = cluster.topic("dumped", &[&sizes[..], config].concat());
    for codec in codecs {
        let lines: String = (0..50).map(|line| format!("{codec}-{line}\n")).collect();
        cluster.tool("console-producer", &["--topic", &topic, "--compression-codec", codec], lines.as_bytes());
    }
    let segment = cluster.log_dir(1).join(format!("{topic}-0")).join("00000000000000000000.log");
    let segment = segment.to_str().unwrap();
    let dumped = text(&ottla(&["log", "dump", "--records", "--output", "json", segment]).end().success().stdout);
    let batches: Vec<Value> = dumped.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let values: Vec<_> = batches
        .iter()
        .flat_map(|batch| batch["records"].as_array().unwrap())
        .map(|record| record["value"].as_str().unwrap().to_owned())
        .collect();
    let expected: Vec<_> = codecs.iter().flat_map(|codec| (0..50).map(move |line| format!("{codec}-{line}"))).collect();
    assert_eq!(values, expected);
    let theirs = text(&cluster.tool("dump-log", &["--files", segment], b""));
    let places: Vec<_> = theirs.lines().filter_map(position).collect();
    let ours: Vec<_> = batches.iter().map(|batch| batch["position"].as_u64().unwrap()).collect();
    assert_eq!(ours, places, "{theirs}");
    batches
}

/// The place in a line of Kafka's tool: `... position: 123 ...`, `... position 123 ...`.
fn position(line: &str) -> Option<u64> {
    let (_, rest) = line.split_once(" position:")?;
    rest.split_whitespace().next()?.parse().ok()
}

#[test]
fn segments_of_record_batches_are_dumped_as_kafka_does() {
    dumped_as_by_kafka(&single(), &[], &["none", "lz4", "zstd"]);
}

#[test]
fn control_records_of_a_quorum_are_named() {
    let log = single().log_dir(1).join("__cluster_metadata-0").join("00000000000000000000.log");
    // The broker writes to it meanwhile, so that it may end in the middle of a batch.
    let dumped = ottla(&["log", "dump", "--records", log.to_str().unwrap()]).end();
    let dumped = text(&dumped.stdout);
    assert!(dumped.contains(", LEADER_CHANGE {\"version\":"), "{dumped}");
    assert!(!dumped.contains("DAMAGED"), "{dumped}");
}

#[test]
fn segments_of_message_sets_are_dumped_as_kafka_does() {
    let cluster = with_version("0.10.2.2");
    for (version, magic, codecs) in [("0.10.2", 1, ["none", "snappy"]), ("0.9.0", 0, ["gzip", "lz4"])] {
        let config = format!("message.format.version={version}");
        let batches = dumped_as_by_kafka(&cluster, &["--config", &config], &codecs);
        assert!(batches.iter().all(|batch| batch["magic"] == magic), "{batches:?}");
    }
}
