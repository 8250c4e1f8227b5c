//! franz-go and sarama.

use std::process::Command;

use serde_json::Value;

use crate::mock::{Mock, PARTITIONS, run};

const RECORDS: u64 = 20_000;

/// Runs a client of benches/compare/go-bench and hands back its JSON line.
fn go_bench(mock: &Mock, client: &str, mode: &str, topic: &str, more: &[&str]) -> Value {
    let program = std::env::var_os("OTTLA_GO_BENCH").expect("OTTLA_GO_BENCH names the program, see docs/testing.md");
    let (partitions, records) = (PARTITIONS.to_string(), RECORDS.to_string());
    let mut command = Command::new(program);
    command.args([client, mode, "--bs", &mock.bootstrap, "--topic", topic, "--parts", &partitions, "--n", &records]);
    serde_json::from_str(&run(command.args(more))).expect("one JSON line")
}

fn one_produces_and_the_other_consumes(producer: &str, consumer: &str, compression: &str) {
    let mock = Mock::start();
    mock.create_topic("orders");
    let produced = go_bench(&mock, producer, "produce", "orders", &["--comp", compression]);
    assert_eq!(produced["errors"], 0, "{produced}");
    let consumed = go_bench(&mock, consumer, "consume", "orders", &[]);
    assert_eq!(consumed["errors"], 0, "{consumed}");
    assert!(consumed["n"].as_u64() >= Some(RECORDS), "{consumed}");
}

#[test]
fn franz_go_produces_uncompressed_and_sarama_consumes() {
    one_produces_and_the_other_consumes("franz-go", "sarama", "none");
}

#[test]
fn franz_go_produces_zstd_and_franz_go_consumes() {
    one_produces_and_the_other_consumes("franz-go", "franz-go", "zstd");
}

#[test]
fn sarama_produces_lz4_and_franz_go_consumes() {
    one_produces_and_the_other_consumes("sarama", "franz-go", "lz4");
}

#[test]
fn sarama_produces_snappy_and_sarama_consumes() {
    one_produces_and_the_other_consumes("sarama", "sarama", "snappy");
}

#[test]
fn every_record_that_franz_go_awaits_is_acknowledged() {
    let mock = Mock::start();
    mock.create_topic("orders");
    let awaited = go_bench(&mock, "franz-go", "await", "orders", &["--tasks", "64"]);
    assert_eq!(awaited["errors"], 0, "{awaited}");
}
