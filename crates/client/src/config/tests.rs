//! Bootstrap addresses and what settings allow.

use std::time::Duration;

use ottla_core::properties::Properties;

use super::{ClientConfig, MetadataRecovery, parse_bootstrap};

#[test]
fn bootstrap_servers_are_names_or_addresses_with_or_without_a_port() {
    let parsed = parse_bootstrap("kafka:1234, 10.0.0.1 ,[::1]:9,[fe80::1]").unwrap();
    let expected = [("kafka", 1234), ("10.0.0.1", 9092), ("::1", 9), ("fe80::1", 9092)];
    assert_eq!(parsed, expected.map(|(host, port)| (host.to_owned(), port)));
}

#[test]
fn every_bootstrap_server_that_is_wrong_is_named() {
    for wrong in ["a:b", ":9092", "host:0", "host:70000", "[::1", "a b:1", "PLAINTEXT://host:9092"] {
        let text = parse_bootstrap(&format!("fine:1,{wrong}")).unwrap_err().to_string();
        assert!(text.contains(wrong) && !text.contains("fine"), "{text}");
    }
    assert!(parse_bootstrap(" , ").is_err());
}

#[test]
fn settings_are_read_under_their_names_and_checked_together() {
    let text = "request.timeout.ms=1500\nmetadata.recovery.strategy=none\nsocket.send.buffer.bytes=4096";
    let mut properties = Properties::parse(text).unwrap();
    let config = ClientConfig::from_properties(&mut properties).unwrap();
    assert_eq!(config.request_timeout, Duration::from_millis(1500));
    assert_eq!(config.metadata_recovery, MetadataRecovery::None);
    assert_eq!(config.send_buffer_bytes, 4096);
    assert!(config.check().is_ok());
    let wrong = ClientConfig::default().request_timeout(Duration::ZERO).receive_message_max_bytes(1);
    let text = wrong.check().unwrap_err().to_string();
    assert!(text.contains("request.timeout.ms") && text.contains("receive.message.max.bytes"), "{text}");
}
