//! Tests of the consumer's settings.

use std::time::Duration;

use ottla_core::error::ErrorKind;
use ottla_core::properties::Properties;

use crate::{ConsumerConfig, IsolationLevel, OffsetReset};

#[test]
fn the_defaults_are_allowed() {
    ConsumerConfig::default().validate().unwrap();
}

#[test]
fn kafkas_and_librdkafkas_names_are_read() {
    let text = "fetch.wait.max.ms=20\nmax.partition.fetch.bytes=5\nisolation.level=read_committed\n\
                auto.offset.reset=by_duration:P1DT2H\nclient.rack=east\ncheck.crcs=false";
    let mut properties = Properties::parse(text).unwrap();
    let config = ConsumerConfig::from_properties(&mut properties).unwrap();
    properties.finish().unwrap();
    assert_eq!(config.fetch_max_wait, Duration::from_millis(20));
    assert_eq!(config.max_partition_fetch_bytes, 5);
    assert_eq!(config.isolation_level, IsolationLevel::ReadCommitted);
    assert_eq!(config.auto_offset_reset, OffsetReset::ByDuration(Duration::from_secs(26 * 3600)));
    assert_eq!(config.client_rack.as_deref(), Some("east"));
    assert!(!config.check_crcs);
}

#[test]
fn every_violation_is_named() {
    let config = ConsumerConfig::default()
        .fetch_min_bytes(-1)
        .fetch_max_bytes(0)
        .fetch_buffer_bytes(0)
        .retry_backoff(Duration::from_secs(9))
        .request_timeout(Duration::ZERO);
    let error = config.validate().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    for key in ["fetch.min.bytes", "fetch.max.bytes", "fetch.buffer.bytes", "retry.backoff.ms", "request.timeout.ms"] {
        assert!(error.to_string().contains(key), "{key}: {error}");
    }
}
