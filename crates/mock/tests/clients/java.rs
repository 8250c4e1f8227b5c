//! The client of Kafka itself, by Kafka's tools.

use std::path::PathBuf;
use std::process::Command;

use ottla_mock::{ApiKey, ErrorCode, Fault, MockRecord};

use crate::fixture::{Fixture, PARTITIONS, TOPIC, run};

/// One of Kafka's tools.
fn tool(class: &str) -> Command {
    let java = std::env::var_os("OTTLA_JAVA").expect("OTTLA_JAVA names Java, see docs/testing.md");
    let libs = std::env::var_os("OTTLA_KAFKA_LIBS").expect("OTTLA_KAFKA_LIBS names Kafka's jars, see docs/testing.md");
    let mut command = Command::new(java);
    command.args(["-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp"]).arg(PathBuf::from(libs).join("*"));
    command.arg(format!("org.apache.kafka.tools.{class}"));
    command
}

/// Lets Kafka's performance tool send records, and checks that each is there once.
fn arrives_once(fixture: &Fixture, records: u64) {
    let settings = format!("bootstrap.servers={}", fixture.cluster.bootstrap_servers());
    let mut producer = tool("ProducerPerformance");
    producer.args(["--topic", TOPIC, "--num-records", &records.to_string(), "--record-size", "100"]);
    producer.args(["--throughput", "10000", "--command-property", &settings, "linger.ms=1", "batch.size=2000"]);
    producer.args(["retry.backoff.ms=20", "reconnect.backoff.ms=20"]);
    let printed = run(&mut producer, "");
    assert!(printed.contains(&format!("{records} records sent")), "{printed}");
    assert_eq!(fixture.stored(), records, "{printed}");
}

#[test]
fn every_record_arrives_once_when_connections_are_cut() {
    let fixture = Fixture::new();
    let faults = fixture.cut(ApiKey::PRODUCE);
    arrives_once(&fixture, 20_000);
    assert!(fixture.happened(&faults), "every cut happened");
}

#[test]
fn every_record_arrives_once_when_leaders_move_and_brokers_go() {
    let fixture = Fixture::new();
    let unrest = fixture.unrest();
    arrives_once(&fixture, 20_000);
    drop(unrest);
}

#[test]
fn every_record_arrives_once_when_brokers_refuse_for_a_while() {
    let fixture = Fixture::new();
    let codes = [
        (ErrorCode::NOT_ENOUGH_REPLICAS, false),
        (ErrorCode::NOT_LEADER_OR_FOLLOWER, false),
        (ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND, true),
        (ErrorCode::REQUEST_TIMED_OUT, true),
    ];
    // Not before every partition knows the producer: brokers before 4.5 take any first sequence, so where a first batch
    // is refused and the second one gets in, the first never does (KAFKA-15591). And one at a time: a batch that was
    // written is known again only as long as no five others follow it.
    let mut faults = Vec::new();
    for (round, (code, after)) in (1_usize..).zip(codes.into_iter().cycle().take(12)) {
        let fault = Fault::error(code).api(ApiKey::PRODUCE).skip(30 * u32::try_from(round).unwrap() + 70);
        faults.push(fixture.cluster.inject(if after { fault.after_applying() } else { fault }));
    }
    arrives_once(&fixture, 20_000);
    assert!(fixture.happened(&faults), "every error happened");
}

#[test]
fn everything_is_consumed_when_leaders_move_and_brokers_go() {
    const RECORDS: usize = 2_000;
    let fixture = Fixture::new();
    let lines: Vec<String> = (0..RECORDS).map(|n| format!("record {n}")).collect();
    for batch in lines.chunks(10) {
        let records: Vec<_> = batch.iter().map(|line| MockRecord::value(line.clone())).collect();
        for partition in 0..PARTITIONS {
            fixture.cluster.append(TOPIC, partition, &records).unwrap();
        }
    }
    let unrest = fixture.unrest();
    fixture.cut(ApiKey::FETCH);
    let mut consumer = tool("consumer.ConsoleConsumer");
    consumer.args(["--bootstrap-server", &fixture.cluster.bootstrap_servers(), "--topic", TOPIC, "--partition", "0"]);
    consumer.args(["--offset", "earliest", "--max-messages", &RECORDS.to_string()]);
    consumer.args(["--command-property", "max.partition.fetch.bytes=1000"]);
    let printed = run(&mut consumer, "");
    drop(unrest);
    assert!(printed.lines().eq(&lines), "{printed}");
}

#[test]
fn topics_are_created_grown_listed_and_deleted() {
    let fixture = Fixture::new();
    let topics = |arguments: &[&str]| {
        let mut command = tool("TopicCommand");
        run(command.args(["--bootstrap-server", &fixture.cluster.bootstrap_servers()]).args(arguments), "")
    };
    topics(&["--create", "--topic", "made", "--partitions", "3", "--replication-factor", "2"]);
    topics(&["--alter", "--topic", "made", "--partitions", "5"]);
    let described = topics(&["--describe", "--topic", "made"]);
    assert!(described.contains("PartitionCount: 5\tReplicationFactor: 2"), "{described}");
    topics(&["--delete", "--topic", "made"]);
    assert_eq!(topics(&["--list"]).trim(), TOPIC);
}

#[test]
fn offsets_are_told() {
    let fixture = Fixture::new();
    fixture.cluster.append(TOPIC, 2, &[MockRecord::value("a").at(5), MockRecord::value("b").at(9)]).unwrap();
    let offsets = |time: &str| {
        let mut command = tool("GetOffsetShell");
        command.args(["--bootstrap-server", &fixture.cluster.bootstrap_servers(), "--topic", TOPIC, "--time", time]);
        let printed = run(&mut command, "");
        let mut lines: Vec<String> = printed.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let expected: Vec<_> = (0..PARTITIONS)
        .map(|partition| format!("{TOPIC}:{partition}:{}", if partition == 2 { 2 } else { 0 }))
        .collect();
    assert_eq!(offsets("latest"), expected);
    assert_eq!(offsets("6"), [format!("{TOPIC}:2:1")]);
}
