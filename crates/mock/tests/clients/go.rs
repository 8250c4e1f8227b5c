//! franz-go and sarama.

use std::process::Command;

use ottla_mock::{ApiKey, MockRecord};

use crate::fixture::{Fixture, PARTITIONS, TOPIC, run};

const RECORDS: u64 = 20_000;

/// Runs a client of benches/compare/go-bench and hands back its JSON line.
fn go_bench(fixture: &Fixture, client: &str, mode: &str, more: &[&str]) -> String {
    let program = std::env::var_os("OTTLA_GO_BENCH").expect("OTTLA_GO_BENCH names the program, see docs/testing.md");
    let (partitions, records) = (PARTITIONS.to_string(), RECORDS.to_string());
    let mut command = Command::new(program);
    command.args([client, mode, "--bs", &fixture.cluster.bootstrap_servers(), "--topic", TOPIC]);
    command.args(["--parts", &partitions, "--n", &records]).args(more);
    run(&mut command, "")
}

fn arrives_once(client: &str, settings: &[&str], harm: impl FnOnce(&Fixture) -> Box<dyn FnOnce(&Fixture)>) {
    let fixture = Fixture::new();
    let harmed = harm(&fixture);
    // One record at a time from many tasks: many requests.
    let mut more = vec!["--tasks", "64"];
    more.extend(settings);
    let line = go_bench(&fixture, client, "await", &more);
    harmed(&fixture);
    assert!(line.contains("\"errors\":0"), "{line}");
    // One record more to warm up.
    assert_eq!(fixture.stored(), RECORDS + 1, "{line}");
}

fn cut(fixture: &Fixture) -> Box<dyn FnOnce(&Fixture)> {
    let faults = fixture.cut(ApiKey::PRODUCE);
    Box::new(move |fixture| assert!(fixture.happened(&faults), "every cut happened"))
}

fn unrest(fixture: &Fixture) -> Box<dyn FnOnce(&Fixture)> {
    let unrest = fixture.unrest();
    Box::new(|_| drop(unrest))
}

/// Checks that everything comes while leaders move and connections are cut.
fn comes_whole(client: &str, settings: &[&str]) {
    let fixture = Fixture::new();
    let value = vec![b'x'; 100];
    for partition in 0..PARTITIONS {
        let records = vec![MockRecord::value(value.clone()); 100];
        for _ in 0..RECORDS / 100 / PARTITIONS as u64 + 1 {
            fixture.cluster.append(TOPIC, partition, &records).unwrap();
        }
    }
    let unrest = fixture.unrest();
    fixture.cut(ApiKey::FETCH);
    let line = go_bench(&fixture, client, "consume", settings);
    drop(unrest);
    assert!(line.contains("\"errors\":0"), "{line}");
}

#[test]
fn every_record_of_franz_go_arrives_once_when_connections_are_cut() {
    arrives_once("franz-go", &[], cut);
}

#[test]
fn every_record_of_franz_go_arrives_once_when_leaders_move_and_brokers_go() {
    arrives_once("franz-go", &[], unrest);
}

#[test]
fn every_record_of_sarama_arrives_once_when_connections_are_cut() {
    arrives_once("sarama", &[], cut);
}

#[test]
fn every_record_of_sarama_arrives_once_when_leaders_move_and_brokers_go() {
    arrives_once("sarama", &[], unrest);
}

#[test]
fn franz_go_consumes_everything_when_leaders_move_and_brokers_go() {
    comes_whole("franz-go", &["--set", "fetch_max_partition_bytes=20000"]);
}

#[test]
fn sarama_consumes_everything_when_leaders_move_and_brokers_go() {
    comes_whole("sarama", &["--set", "fetch_default=20000"]);
}
