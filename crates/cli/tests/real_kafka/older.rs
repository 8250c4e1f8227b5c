//! Brokers of earlier years, which find each other through ZooKeeper: each test has its own.

use super::clusters::{Cluster, unique, with_version};
use super::run::text;

/// What every version can do: tell what there is, and make topics.
fn describes_and_creates(cluster: &Cluster) -> String {
    let info = text(&cluster.output(&["cluster", "info"], b""));
    assert!(info.contains("127.0.0.1:"), "{info}");
    let topic = cluster.topic("older", &["--partitions", "2", "--replication-factor", "1"]);
    let topics = text(&cluster.output(&["topic", "list"], b""));
    assert!(topics.contains(&topic), "{topics}");
    topic
}

fn writes_and_reads(cluster: &Cluster, topic: &str) {
    for codec in ["none", "gzip", "snappy", "lz4"] {
        let line = unique(codec);
        let produce = ["produce", topic, "--partition", "1", "--compression", codec];
        cluster.output(&produce, format!("{line}\n").as_bytes());
        let read = text(&cluster.output(&["consume", topic, "-e"], b""));
        assert!(read.lines().any(|read| read == line), "{codec}: {read}");
    }
}

#[test]
fn kafka_2_8_is_written_and_read() {
    let cluster = with_version("2.8.2");
    let topic = describes_and_creates(&cluster);
    writes_and_reads(&cluster, &topic);
}

#[test]
fn kafka_1_1_is_written_and_read() {
    let cluster = with_version("1.1.1");
    let topic = describes_and_creates(&cluster);
    writes_and_reads(&cluster, &topic);
}

#[test]
fn kafka_0_10_is_described_and_read_and_refused_to_write_to() {
    let cluster = with_version("0.10.2.2");
    let topic = describes_and_creates(&cluster);
    for codec in ["gzip", "snappy", "lz4"] {
        let java = ["--topic", &topic, "--compression-codec", codec];
        cluster.tool("console-producer", &java, format!("{codec}\n").as_bytes());
    }
    let read = text(&cluster.output(&["consume", &topic, "-e"], b""));
    let mut lines: Vec<_> = read.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["gzip", "lz4", "snappy"]);
    // Message sets, which it would want, are not written.
    cluster.ottla(&["produce", &topic]).input(b"a\n").end().failure(1, &["does not offer InitProducerIdRequest"]);
    let plain = ["produce", &topic, "-X", "enable.idempotence=false"];
    cluster.ottla(&plain).input(b"a\n").end().failure(1, &["ProduceRequest is needed in versions 3 to"]);
}
