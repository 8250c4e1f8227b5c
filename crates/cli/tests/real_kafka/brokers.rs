//! A file goes through a cluster whose brokers end one after another.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use super::clusters::{Cluster, formatter_property, three, unique};
use super::run::text;

const PARTITIONS: usize = 6;

/// Lines of 100 bytes.
fn lines(count: usize) -> Vec<String> {
    let line = |number: usize| {
        let mut line = format!("{number:08} ");
        let mut state = number as u64 + 1;
        while line.len() < 99 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let _ = write!(line, "{:x}", state >> 40);
        }
        line.truncate(99);
        line
    };
    (0..count).map(line).collect()
}

/// Takes lines of `partition<TAB>value` apart, and checks that they are the lines that went in: all of them, each once,
/// and in order within every partition.
fn check(output: &str, expected: &[String]) {
    let mut partitions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in output.lines() {
        let (partition, value) = line.split_once('\t').unwrap();
        partitions.entry(partition).or_default().push(value);
    }
    assert!(partitions.len() <= PARTITIONS);
    for (partition, values) in &partitions {
        assert!(values.is_sorted(), "partition {partition} is out of order");
    }
    let mut all: Vec<&str> = partitions.into_values().flatten().collect();
    all.sort_unstable();
    assert!(all == expected, "{} lines came out of {}", all.len(), expected.len());
}

fn produce_while_brokers_end(cluster: &Cluster, topic: &str, lines: &[String], what: &str) {
    let mut running = cluster.ottla(&["produce", topic]).start();
    let mut stdin = running.child.stdin.take().unwrap();
    let input: Vec<Vec<u8>> =
        lines.chunks(lines.len().div_ceil(60)).map(|chunk| (chunk.join("\n") + "\n").into_bytes()).collect();
    // Paced, so that there is input for as long as brokers end and come back.
    let feeding = std::thread::spawn(move || {
        for piece in input {
            stdin.write_all(&piece).unwrap();
            std::thread::sleep(Duration::from_millis(200));
        }
    });
    for broker in 1..=3 {
        std::thread::sleep(Duration::from_secs(1));
        cluster.broker(what, broker);
        std::thread::sleep(Duration::from_millis(500));
        cluster.broker("start", broker);
    }
    feeding.join().unwrap();
    let ended = running.end().success();
    assert!(ended.stderr.contains(&format!("{} acknowledged, 0 failed", lines.len())), "{}", ended.stderr);
}

#[test]
fn a_file_survives_brokers_that_are_killed_one_after_another() {
    let cluster = three();
    let topic = unique("killed");
    let create = ["topic", "create", &topic, "--partitions", "6", "--replication-factor", "3"];
    cluster.output(&[&create[..], &["--config", "min.insync.replicas=2"]].concat(), b"");
    let lines = lines(60_000);
    produce_while_brokers_end(&cluster, &topic, &lines, "kill");

    let ours = cluster.output(&["consume", &topic, "--exit-at-end", "--format", r"%p\t%s\n"], b"");
    check(&text(&ours), &lines);
    let count = lines.len().to_string();
    let java = ["--topic", &topic, "--from-beginning", "--max-messages", &count, "--timeout-ms", "30000"];
    let java =
        cluster.tool("console-consumer", &[&java[..], &[formatter_property(), "print.partition=true"]].concat(), b"");
    check(&text(&java), &lines);
}
