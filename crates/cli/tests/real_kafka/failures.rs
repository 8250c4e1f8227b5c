//! What real brokers refuse ends in time, with a message and an exit status.

use std::time::{Duration, Instant};

use crate::clusters;

#[test]
fn a_topic_that_is_not_there_is_not_made_where_the_client_does_not_want_it() {
    let cluster = clusters::single();
    let name = clusters::unique("absent");
    let began = Instant::now();
    let produce = ["produce", &name, "-X", "allow.auto.create.topics=false"];
    cluster.ottla(&produce).input(b"x\n").end().failure(1, &[&name, "UNKNOWN_TOPIC_OR_PARTITION", "topic create"]);
    cluster.ottla(&["consume", &name, "-e"]).end().failure(1, &[&name, "UNKNOWN_TOPIC_OR_PARTITION", "topic list"]);
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

#[test]
fn a_topic_that_is_not_there_is_not_made_where_the_brokers_do_not_want_it() {
    let cluster = clusters::with_property("auto.create.topics.enable=false");
    let name = clusters::unique("absent");
    let began = Instant::now();
    cluster.ottla(&["produce", &name]).input(b"x\n").end().failure(1, &[&name, "UNKNOWN_TOPIC_OR_PARTITION"]);
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

#[test]
fn a_record_over_the_topics_limit_fails_and_the_others_do_not() {
    let cluster = clusters::single();
    let topic = cluster.topic("large", &["--config", "max.message.bytes=10000"]);
    let input = format!("before\n{}\nafter\n", "x".repeat(20_000));
    // Each record in a batch of its own, which is what the broker measures.
    let ended = cluster.ottla(&["produce", &topic, "-p", "0", "-X", "batch.size=1"]).input(input.as_bytes()).end();
    ended.failure(1, &["2 acknowledged, 1 failed", "record 2", "MESSAGE_TOO_LARGE", "max.message.bytes"]);
    let got = cluster.ottla(&["consume", &topic, "-e"]).end().success();
    assert_eq!(got.stdout, b"before\nafter\n");
}

#[test]
fn batches_under_the_topics_limit_are_taken_where_those_over_it_are_refused() {
    let cluster = clusters::single();
    let topic = cluster.topic("split", &["--config", "max.message.bytes=2000"]);
    let input: String = (0..2_000).map(|number| format!("{}\n", crate::lines::line(number))).collect();
    let produce = ["produce", &topic, "-p", "0", "-X"];
    let refused = cluster.ottla(&[&produce[..], &["batch.size=100000"]].concat()).input(input.as_bytes()).end();
    refused.failure(1, &["0 acknowledged", "MESSAGE_TOO_LARGE", "lower `batch.size`"]);
    cluster.output(&[&produce[..], &["batch.size=1900"]].concat(), input.as_bytes());
    let got = cluster.output(&["consume", &topic, "-e"], b"");
    assert!(got == input.as_bytes(), "{} bytes came of {}", got.len(), input.len());
}
