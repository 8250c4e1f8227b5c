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
