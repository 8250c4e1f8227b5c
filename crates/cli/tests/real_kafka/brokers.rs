//! Brokers that end or stand still while lines go in and come out: each line arrives once, in order.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::clusters::{self, Cluster, formatter_property};
use crate::lines::{Feed, check};
use crate::run::{Running, text};

/// As many as the log should hold where everything went well.
fn lines() -> usize {
    if std::env::var_os("OTTLA_TEST_FULL").is_some() { 1_000_000 } else { 20_000 }
}

const PARTITIONS: usize = 6;

fn replicated(cluster: &Cluster, name: &str) -> String {
    let partitions = PARTITIONS.to_string();
    let arguments = ["--partitions", &partitions, "--replication-factor", "3", "--config", "min.insync.replicas=2"];
    cluster.topic(name, &arguments)
}

/// Starts to produce and to consume what was produced.
fn start(cluster: &Cluster, topic: &str, lines: usize, properties: &[&str]) -> (Running, Feed, Running) {
    let consumer = cluster.ottla(&["consume", topic, "-n", &lines.to_string(), "--format", "%p %s\\n"]).start();
    let mut producer = cluster.ottla(&[&["produce", topic], properties].concat()).start();
    let feed = Feed::slowly(producer.child.stdin.take().unwrap(), lines);
    (producer, feed, consumer)
}

/// Expects each line in all that can be read from the topic, and in what was read while things happened.
fn finish(cluster: &Cluster, topic: &str, lines: usize, (producer, feed, consumer): (Running, Feed, Running)) {
    let fed = feed.finish();
    let produced = producer.end().success();
    fed.unwrap();
    assert!(produced.stderr.contains(&format!("{lines} acknowledged, 0 failed")), "{}", produced.stderr);
    check("consumed meanwhile", &consumer.end().success().stdout, ' ', lines);
    let consumed = cluster.ottla(&["consume", topic, "-e", "--format", "%p %s\\n"]).end().success();
    check("consumed at the end", &consumed.stdout, ' ', lines);
}

/// What Java says that the topic holds: the same lines, and no record more.
fn check_with_java(cluster: &Cluster, topic: &str, lines: usize) {
    let count = lines.to_string();
    let bounds = ["--from-beginning", "--max-messages", &count, "--timeout-ms", "60000"];
    let arguments = [&["--topic", topic, formatter_property(), "print.partition=true"], &bounds[..]].concat();
    check("Java", &cluster.tool("console-consumer", &arguments, b""), '\t', lines);
    let ends = text(&cluster.tool("org.apache.kafka.tools.GetOffsetShell", &["--topic", topic], b""));
    let ends: Vec<usize> = ends.lines().map(|line| line.rsplit(':').next().unwrap().parse().unwrap()).collect();
    assert_eq!((ends.len(), ends.iter().sum()), (PARTITIONS, lines), "{ends:?}");
}

#[test]
fn lines_survive_brokers_that_are_killed_one_after_another() {
    let (cluster, lines) = (clusters::three(), lines());
    let topic = replicated(&cluster, "killed");
    let running = start(&cluster, &topic, lines, &[]);
    // Long enough for the cluster to move the leaders away, not at all, and in between.
    for (broker, seconds) in [(1, 6), (2, 0), (3, 2)] {
        sleep(Duration::from_secs(1));
        let gone = cluster.kill(broker);
        sleep(Duration::from_secs(seconds));
        drop(gone);
    }
    finish(&cluster, &topic, lines, running);
    check_with_java(&cluster, &topic, lines);
}

#[test]
fn lines_survive_brokers_that_stand_still_for_a_while() {
    const LINES: usize = 20_000;
    let cluster = clusters::three();
    let topic = replicated(&cluster, "still");
    // Requests to a broker that stands still are given up, and sent again to whoever leads then.
    let running = start(&cluster, &topic, LINES, &["-X", "request.timeout.ms=2000", "-X", "linger.ms=0"]);
    // The cluster moves the leaders of a broker that is silent for four seconds.
    for (broker, seconds) in [(1, 3), (2, 8)] {
        sleep(Duration::from_secs(1));
        let still = cluster.pause(broker);
        sleep(Duration::from_secs(seconds));
        drop(still);
    }
    finish(&cluster, &topic, LINES, running);
}

#[test]
fn a_cluster_that_is_gone_for_good_fails_the_lines_in_time() {
    let cluster = clusters::with_property("num.partitions=1");
    let topic = cluster.topic("gone", &[]);
    let properties = ["-X", "delivery.timeout.ms=5000", "-X", "request.timeout.ms=2000", "-X", "max.block.ms=5000"];
    let mut producer = cluster.ottla(&[&["produce", &topic], &properties[..]].concat()).start();
    let feed = Feed::slowly(producer.child.stdin.take().unwrap(), 20_000);
    sleep(Duration::from_secs(2));
    let gone = cluster.kill(1);
    let began = Instant::now();
    let ended = producer.end().failure(3, &["is not acknowledged", "acknowledged, "]);
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert!(feed.finish().is_err(), "{}", ended.stderr);
    drop(gone);
}
