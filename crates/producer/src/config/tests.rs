//! Defaults, property names and what does not go together.

use std::time::Duration;

use ottla_core::properties::Properties;

use super::{Acks, CompressionType, ProducerConfig};

#[test]
fn the_defaults_are_idempotent_and_go_together() {
    let settings = ProducerConfig::default().settings().unwrap();
    assert!(settings.idempotent);
    assert_eq!(settings.acks, Acks::All);
    assert_eq!(settings.linger, Duration::from_millis(5));
}

#[test]
fn fewer_acks_turn_idempotence_off_only_where_it_was_not_asked_for() {
    let settings = ProducerConfig::default().acks(Acks::Leader).settings().unwrap();
    assert!(!settings.idempotent);
    let error = ProducerConfig::default().acks(Acks::Leader).enable_idempotence(Some(true)).settings().unwrap_err();
    assert!(error.to_string().contains("`acks` = `1`"), "{error}");
}

#[test]
fn all_violations_are_reported_at_once() {
    let config = ProducerConfig::default()
        .max_in_flight_requests(6)
        .batch_size_bytes(0)
        .delivery_timeout(Duration::from_secs(1))
        .compression(CompressionType::Zstd)
        .zstd_level(99);
    let text = config.settings().unwrap_err().to_string();
    for key in ["max.in.flight.requests.per.connection", "batch.size", "delivery.timeout.ms", "compression.zstd.level"]
    {
        assert!(text.contains(key), "{key} is not in: {text}");
    }
}

#[test]
fn java_and_librdkafka_names_are_read() {
    let mut properties = Properties::parse(
        "acks=all\nenable.idempotence=true\nqueue.buffering.max.ms=0.5\ncompression.type=lz4\nbatch.size=1000\nretries=3",
    )
    .unwrap();
    let config = ProducerConfig::from_properties(&mut properties).unwrap();
    properties.finish().unwrap();
    assert_eq!(config.linger, Duration::from_micros(500));
    assert_eq!(config.compression, CompressionType::Lz4);
    assert_eq!((config.batch_size_bytes, config.retries), (1000, 3));
}

#[test]
fn partitioners_are_read_by_their_names_in_java_and_librdkafka() {
    let text = "partitioner.class=org.apache.kafka.clients.producer.RoundRobinPartitioner\n\
                partitioner.ignore.keys=true\npartitioner.adaptive.partitioning.enable=false\n\
                partitioner.availability.timeout.ms=250";
    let mut properties = Properties::parse(text).unwrap();
    let config = ProducerConfig::from_properties(&mut properties).unwrap();
    properties.finish().unwrap();
    assert_eq!(format!("{:?}", config.partitioner), "RoundRobin(1)");
    assert!(config.partitioner_ignore_keys && !config.adaptive_partitioning);
    assert_eq!(config.partitioner_availability_timeout, Duration::from_millis(250));
    let mut properties = Properties::parse("partitioner=consistent_random").unwrap();
    let config = ProducerConfig::from_properties(&mut properties).unwrap();
    assert!(format!("{:?}", config.partitioner).contains("Crc32"));
    let mut properties = Properties::parse("partitioner=by_taste").unwrap();
    let error = ProducerConfig::from_properties(&mut properties).unwrap_err().to_string();
    assert!(error.contains("`partitioner` = `by_taste`") && error.contains("murmur2_random"), "{error}");
}
