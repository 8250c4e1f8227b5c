//! Topics and the cluster.

use super::support::{cluster, text};

#[test]
fn topics_are_created_listed_described_and_deleted() {
    let cluster = cluster(3);
    let create = [
        "topic",
        "create",
        "orders",
        "--partitions",
        "4",
        "--replication-factor",
        "3",
        "--config",
        "retention.ms=1000",
    ];
    let created = cluster.ottla(&create).end().success();
    assert!(created.stdout.is_empty());
    assert!(created.stderr.contains("created topic orders with 4 partitions"), "{}", created.stderr);
    cluster.ottla(&create).end().failure(1, &["TOPIC_ALREADY_EXISTS", "topic describe"]);
    cluster.ottla(&[&create[..], &["--if-not-exists"]].concat()).end().success();

    assert_eq!(text(&cluster.output(&["topic", "list"], b"")), "orders\n");
    let long = text(&cluster.output(&["topic", "list", "--long"], b""));
    let columns: Vec<_> = long.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(columns, ["orders", "4", "3"]);

    cluster.output(&["produce", "orders", "--partition", "2"], b"a\nb\n");
    let described = text(&cluster.output(&["topic", "describe", "orders"], b""));
    let row = described.lines().find(|line| line.trim_start().starts_with("2 ")).unwrap();
    let columns: Vec<_> = row.split_whitespace().collect();
    assert_eq!((columns.len(), columns[4], columns[5]), (6, "0", "2"), "{described}");
    let json = text(&cluster.output(&["topic", "describe", "orders", "--output", "json"], b""));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["partitions"][2]["high_watermark"], 2);
    assert_eq!(json[0]["partitions"][3]["replicas"].as_array().unwrap().len(), 3);

    let deleted = cluster.ottla(&["topic", "delete", "orders"]).end().success();
    assert!(deleted.stderr.contains("deleted topic orders"), "{}", deleted.stderr);
    assert!(cluster.output(&["topic", "list"], b"").is_empty());
}

#[test]
fn what_the_cluster_refuses_is_told_in_its_words() {
    let cluster = cluster(2);
    let create = ["topic", "create", "orders", "--partitions", "1", "--replication-factor", "3"];
    cluster.ottla(&create).end().failure(1, &["orders", "INVALID_REPLICATION_FACTOR", "cluster info"]);
    cluster.ottla(&["topic", "create", "no/such"]).end().failure(1, &["INVALID_TOPIC_EXCEPTION", "249"]);
}

#[test]
fn the_cluster_is_shown() {
    let cluster = cluster(3);
    let info = text(&cluster.output(&["cluster", "info"], b""));
    for address in cluster.mock.bootstrap_servers().split(',') {
        assert!(info.contains(address), "{info}");
    }
    let json = text(&cluster.output(&["cluster", "info", "--output", "json"], b""));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["brokers"].as_array().unwrap().len(), 3);
}
