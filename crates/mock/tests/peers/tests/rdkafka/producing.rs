//! What librdkafka produces arrives, once and in order, whatever happens.

use std::time::Duration;

use ottla_mock::{ApiKey, BrokerId, ErrorCode, Fault, MockConfig, VersionRange};

use crate::fixture::{Fixture, Plain, TOPIC, delivered, send};

fn numbered(count: usize) -> Vec<Plain> {
    (0..count).map(|n| Plain::value(format!("record {n}"))).collect()
}

/// Sends 2,000 records to one partition in small batches, and checks that they arrived once and in order.
fn arrives_once_and_in_order(fixture: &Fixture, settings: &[(&str, &str)]) {
    let mut all = vec![("batch.num.messages", "20")];
    all.extend(settings);
    let (producer, outcomes) = fixture.producer(&all);
    let records = numbered(2_000);
    for part in records.chunks(20) {
        send(&producer, 0, part);
        std::thread::sleep(Duration::from_millis(1));
    }
    delivered(&producer, &outcomes, records.len());
    let stored: Vec<Plain> = fixture.cluster.records(TOPIC, 0).unwrap().into_iter().map(Plain::from).collect();
    assert_eq!(stored, records);
}

#[test]
fn records_are_stored_as_they_were_with_every_codec() {
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let fixture = Fixture::new(MockConfig::new(1), 1);
        let (producer, outcomes) = fixture.producer(&[("compression.codec", codec)]);
        let mut records = Plain::awkward();
        records.extend(numbered(1_000));
        send(&producer, 0, &records);
        let offsets = delivered(&producer, &outcomes, records.len());
        assert!(offsets.iter().map(|(_, offset)| *offset).eq(0..records.len() as i64), "{codec}");
        let stored: Vec<Plain> = fixture.cluster.records(TOPIC, 0).unwrap().into_iter().map(Plain::from).collect();
        assert_eq!(stored, records, "{codec}");
        let compressed = fixture.cluster.state().batches(TOPIC, 0).unwrap().iter().any(|batch| batch[22] & 7 != 0);
        assert_eq!(compressed, codec != "none", "{codec}");
    }
}

#[test]
fn a_topic_that_is_not_there_is_made() {
    let fixture = Fixture::new(MockConfig::new(3).default_partitions(4), 1);
    let (producer, outcomes) = fixture.producer(&[]);
    producer.send(rdkafka::producer::BaseRecord::<(), str>::to("other").payload("x")).map_err(|(e, _)| e).unwrap();
    delivered(&producer, &outcomes, 1);
    assert_eq!(fixture.cluster.state().partitions("other"), Some(4));
}

#[test]
fn lost_answers_and_lost_requests_leave_every_record_once() {
    let fixture = Fixture::new(MockConfig::new(1), 1);
    let faults = [Fault::disconnect(), Fault::disconnect().after_applying()];
    let faults = faults.map(|fault| fixture.cluster.inject(fault.api(ApiKey::PRODUCE).skip(1).one_in(4).times(5)));
    arrives_once_and_in_order(&fixture, &[]);
    assert!(faults.iter().all(|fault| !fixture.cluster.state().is_fault_active(*fault)), "all ten happened");
}

#[test]
fn errors_that_pass_are_retried() {
    let fixture = Fixture::new(MockConfig::new(1), 1);
    let codes = [
        ErrorCode::NOT_ENOUGH_REPLICAS,
        ErrorCode::NOT_LEADER_OR_FOLLOWER,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode::KAFKA_STORAGE_ERROR,
        ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
    ];
    for code in &codes[..4] {
        fixture.cluster.inject(Fault::error(*code).api(ApiKey::PRODUCE).partition(TOPIC, 0).skip(3).one_in(4).times(3));
    }
    let lost = Fault::error(ErrorCode::REQUEST_TIMED_OUT).after_applying();
    let lost = fixture.cluster.inject(lost.api(ApiKey::PRODUCE).skip(3).one_in(4).times(5));
    fixture.cluster.inject(Fault::error(codes[4]).api(ApiKey::INIT_PRODUCER_ID).times(2));
    arrives_once_and_in_order(&fixture, &[]);
    assert!(!fixture.cluster.state().is_fault_active(lost), "all five happened");
}

#[test]
fn leaders_that_move_are_followed() {
    let fixture = Fixture::new(MockConfig::new(3), 1);
    let mover = fixture.meanwhile(|cluster| {
        for _ in 0..10 {
            std::thread::sleep(Duration::from_millis(20));
            cluster.state().move_leader_on(TOPIC, 0).unwrap();
        }
    });
    arrives_once_and_in_order(&fixture, &[]);
    mover.join().unwrap();
    assert!(fixture.cluster.state().partition(TOPIC, 0).unwrap().leader_epoch >= 10);
}

#[test]
fn brokers_that_go_down_are_done_without() {
    let fixture = Fixture::new(MockConfig::new(3), 1);
    let breaker = fixture.meanwhile(|cluster| {
        for broker in [1, 2, 3].map(BrokerId) {
            std::thread::sleep(Duration::from_millis(50));
            cluster.stop_broker(broker).unwrap();
            std::thread::sleep(Duration::from_millis(50));
            cluster.start_broker(broker).unwrap();
        }
    });
    arrives_once_and_in_order(&fixture, &[]);
    breaker.join().unwrap();
}

#[test]
fn delays_and_throttling_only_take_time() {
    let fixture = Fixture::new(MockConfig::new(1), 1);
    let delay = Duration::from_millis(30);
    fixture.cluster.inject(Fault::delay(delay).api(ApiKey::PRODUCE).one_in(5).times(10));
    fixture.cluster.inject(Fault::delay(delay).after_applying().api(ApiKey::PRODUCE).one_in(5).times(10));
    fixture.cluster.inject(Fault::throttle(delay).api(ApiKey::PRODUCE).one_in(5).times(10));
    arrives_once_and_in_order(&fixture, &[]);
}

#[test]
fn a_silent_broker_is_given_up_and_asked_again() {
    let fixture = Fixture::new(MockConfig::new(1), 1);
    fixture.cluster.inject(Fault::no_answer().after_applying().api(ApiKey::PRODUCE).skip(5).times(2));
    arrives_once_and_in_order(&fixture, &[("request.timeout.ms", "300"), ("socket.timeout.ms", "1000")]);
}

#[test]
fn a_broker_of_old_versions_is_enough() {
    let old = MockConfig::new(1)
        .api_versions(ApiKey::PRODUCE, VersionRange::new(3, 3))
        .api_versions(ApiKey::METADATA, VersionRange::new(0, 4))
        .api_versions(ApiKey::INIT_PRODUCER_ID, VersionRange::new(0, 0))
        .api_versions(ApiKey::API_VERSIONS, VersionRange::new(0, 0));
    let fixture = Fixture::new(old, 1);
    arrives_once_and_in_order(&fixture, &[]);
    assert!(fixture.cluster.state().requests().count_version(ApiKey::PRODUCE, 3) > 0);
}

#[test]
fn without_acknowledgement_everything_arrives_on_a_quiet_day() {
    let fixture = Fixture::new(MockConfig::new(1), 1);
    let (producer, outcomes) = fixture.producer(&[("enable.idempotence", "false"), ("acks", "0")]);
    send(&producer, 0, &numbered(1_000));
    delivered(&producer, &outcomes, 1_000);
    let begun = std::time::Instant::now();
    while fixture.cluster.records(TOPIC, 0).unwrap().len() < 1_000 {
        assert!(begun.elapsed() < crate::fixture::LONG);
        std::thread::sleep(Duration::from_millis(5));
    }
}
