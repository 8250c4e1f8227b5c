//! What is in the logs reaches librdkafka, once and in order, whatever happens.

use std::time::Duration;

use ottla_mock::{ApiKey, BrokerId, ErrorCode, Fault, MockConfig, MockRecord, VersionRange};
use rdkafka::consumer::Consumer;
use rdkafka::{Offset, TopicPartitionList};

use crate::fixture::{Fixture, LONG, Plain, TOPIC, delivered, receive, send};

/// Batches of ten records, `count` in all, in every partition.
fn filled(config: MockConfig, partitions: i32, count: usize) -> Fixture {
    let fixture = Fixture::new(config, partitions);
    for partition in 0..partitions {
        append(&fixture.cluster, partition, 0..count);
    }
    fixture
}

fn append(cluster: &ottla_mock::MockCluster, partition: i32, numbers: std::ops::Range<usize>) {
    let records: Vec<_> = numbers.map(|n| MockRecord::value(format!("{partition}/{n}"))).collect();
    for batch in records.chunks(10) {
        cluster.append(TOPIC, partition, batch).unwrap();
    }
}

/// Checks that every partition came whole and in order.
fn check(received: &[(i32, i64, Plain)], partitions: i32, count: usize) {
    for partition in 0..partitions {
        let of_it = received.iter().filter(|(from, _, _)| *from == partition);
        let (offsets, records): (Vec<i64>, Vec<Plain>) =
            of_it.map(|(_, offset, plain)| (*offset, plain.clone())).unzip();
        assert!(offsets.iter().copied().eq(0..count as i64), "partition {partition}: {offsets:?}");
        let expected: Vec<_> = (0..count).map(|n| Plain::value(format!("{partition}/{n}"))).collect();
        assert_eq!(records, expected);
    }
}

#[test]
fn it_reads_what_it_wrote_with_every_codec() {
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let fixture = Fixture::new(MockConfig::new(1), 1);
        let (producer, outcomes) = fixture.producer(&[("compression.codec", codec)]);
        let mut records = Plain::awkward();
        records.extend((0..500).map(|n| Plain::value(format!("record {n}"))));
        send(&producer, 0, &records);
        delivered(&producer, &outcomes, records.len());
        let received = receive(&fixture.consumer(&[]), records.len());
        assert!(received.into_iter().map(|(_, _, plain)| plain).eq(records), "{codec}");
    }
}

#[test]
fn many_partitions_of_many_brokers_come_whole_and_in_order() {
    let fixture = filled(MockConfig::new(3), 12, 500);
    let received = receive(&fixture.consumer(&[]), 6_000);
    check(&received, 12, 500);
}

#[test]
fn records_that_come_later_are_waited_for() {
    let fixture = filled(MockConfig::new(1), 2, 10);
    let consumer = fixture.consumer(&[]);
    let mut received = receive(&consumer, 20);
    let late = fixture.meanwhile(|cluster| {
        for from in [10, 20, 30] {
            std::thread::sleep(Duration::from_millis(50));
            append(&cluster, 0, from..from + 10);
            append(&cluster, 1, from..from + 10);
        }
    });
    received.extend(receive(&consumer, 60));
    late.join().unwrap();
    check(&received, 2, 40);
}

#[test]
fn small_limits_cut_batches_and_lose_nothing() {
    let fixture = filled(MockConfig::new(1), 3, 300);
    let consumer = fixture.consumer(&[("fetch.message.max.bytes", "500"), ("queued.min.messages", "1")]);
    let received = receive(&consumer, 900);
    check(&received, 3, 300);
}

#[test]
fn leaders_that_move_and_brokers_that_go_are_followed() {
    let fixture = filled(MockConfig::new(3), 3, 1_000);
    let consumer = fixture.consumer(&[("fetch.message.max.bytes", "1000"), ("queued.min.messages", "1")]);
    let mover = fixture.meanwhile(|cluster| {
        for round in 0..6 {
            std::thread::sleep(Duration::from_millis(20));
            cluster.state().move_leader_on(TOPIC, round % 3).unwrap();
        }
        for broker in [1, 2, 3].map(BrokerId) {
            cluster.stop_broker(broker).unwrap();
            std::thread::sleep(Duration::from_millis(50));
            cluster.start_broker(broker).unwrap();
        }
    });
    let received = receive(&consumer, 3_000);
    mover.join().unwrap();
    check(&received, 3, 1_000);
}

#[test]
fn errors_and_disconnects_are_retried() {
    let fixture = filled(MockConfig::new(1), 2, 500);
    for code in [
        ErrorCode::NOT_LEADER_OR_FOLLOWER,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode::KAFKA_STORAGE_ERROR,
        ErrorCode::UNKNOWN_LEADER_EPOCH,
    ] {
        fixture.cluster.inject(Fault::error(code).api(ApiKey::FETCH).partition(TOPIC, 1).one_in(3).times(2));
    }
    fixture.cluster.inject(Fault::disconnect().api(ApiKey::FETCH).one_in(4).times(4));
    fixture.cluster.inject(Fault::disconnect().after_applying().api(ApiKey::FETCH).one_in(4).times(4));
    let consumer = fixture.consumer(&[("fetch.message.max.bytes", "1000"), ("queued.min.messages", "1")]);
    let received = receive(&consumer, 1_000);
    check(&received, 2, 500);
    assert!(fixture.cluster.state().requests().connections() > 8, "eight were cut");
}

#[test]
fn brokers_of_old_versions_are_enough() {
    for fetch in [4, 7, 10, 11, 12, 13, 15, 16] {
        let config = MockConfig::new(1).api_versions(ApiKey::FETCH, VersionRange::new(4, fetch));
        let fixture = filled(config, 2, 50);
        check(&receive(&fixture.consumer(&[]), 100), 2, 50);
    }
}

#[test]
fn offsets_are_found_by_time_and_at_both_ends() {
    let fixture = Fixture::new(MockConfig::new(1), 1);
    for n in 0..10_i64 {
        fixture.cluster.append(TOPIC, 0, &[MockRecord::value("x").at(1_000 + n * 10)]).unwrap();
    }
    fixture.cluster.state().delete_records(TOPIC, 0, 3).unwrap();
    let consumer = fixture.consumer(&[]);
    assert_eq!(consumer.fetch_watermarks(TOPIC, 0, LONG).unwrap(), (3, 10));
    let mut asked = TopicPartitionList::new();
    asked.add_partition_offset(TOPIC, 0, Offset::Offset(1_055)).unwrap();
    let found = consumer.offsets_for_times(asked, LONG).unwrap();
    assert_eq!(found.find_partition(TOPIC, 0).unwrap().offset(), Offset::Offset(6));
}

#[test]
fn aborted_records_are_hidden() {
    use ottla_mock::ProducerId;
    let fixture = Fixture::new(MockConfig::new(1), 1);
    // Only a transactional producer writes such batches, and the cluster has no transactions: so by hand.
    let transactional = |values: &[&str]| {
        let fixture = Fixture::new(MockConfig::new(1), 1);
        let records: Vec<_> = values.iter().map(|value| MockRecord::value(value.to_string())).collect();
        fixture.cluster.append(TOPIC, 0, &records).unwrap();
        let mut batch = fixture.cluster.state().batches(TOPIC, 0).unwrap()[0].to_vec();
        batch[22] |= 1 << 4;
        batch[43..51].copy_from_slice(&77_i64.to_be_bytes());
        batch[51..53].copy_from_slice(&0_i16.to_be_bytes());
        batch[53..57].copy_from_slice(&0_i32.to_be_bytes());
        let crc = crc32c(&batch[21..]);
        batch[17..21].copy_from_slice(&crc.to_be_bytes());
        batch
    };
    {
        let mut state = fixture.cluster.state();
        for (values, commit) in [(["a", "b"], false), (["c", "d"], true)] {
            state.append_batch(TOPIC, 0, &transactional(&values)).unwrap();
            state.end_transaction(TOPIC, 0, (ProducerId(77), 0), commit).unwrap();
        }
        state.append(TOPIC, 0, &[MockRecord::value("e")]).unwrap();
    }
    let values = |isolation: &str, count| {
        let received = receive(&fixture.consumer(&[("isolation.level", isolation)]), count);
        received.into_iter().map(|(_, offset, plain)| (offset, plain)).collect::<Vec<_>>()
    };
    let expected = |values: &[(i64, &str)]| {
        values.iter().map(|(offset, value)| (*offset, Plain::value(*value))).collect::<Vec<_>>()
    };
    assert_eq!(values("read_committed", 3), expected(&[(3, "c"), (4, "d"), (6, "e")]));
    let all = [(0, "a"), (1, "b"), (3, "c"), (4, "d"), (6, "e")];
    assert_eq!(values("read_uncommitted", 5), expected(&all));
}

/// CRC-32C, bit by bit.
fn crc32c(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0x82f6_3b78 & 0_u32.wrapping_sub(crc & 1));
        }
    }
    !crc
}
