//! sarama's partitioners and kafka-go's balancers, which benches/compare/go-bench asks.

use std::process::Command;

use ottla_producer::{HashArithmetic, KeyHash, Partitioner};

use crate::keys::{assert_same, keys, ours, theirs};

/// Compares with the partitioner at this place in `partitions.go`.
fn same(place: usize, partitioner: &Partitioner) {
    let program = std::env::var_os("OTTLA_GO_BENCH").expect("OTTLA_GO_BENCH names the program, see docs/testing.md");
    let mut command = Command::new(program);
    command.arg("partitions");
    let mut keys = keys();
    // kafka-go's `CRC32Balancer` has no partition for the empty key.
    keys.retain(|key| place != 7 || !key.is_empty());
    let theirs = theirs(&mut command, &keys);
    let theirs = theirs.into_iter().map(|partitioners| partitioners[place]);
    assert_same(&keys, &ours(partitioner, &keys), theirs);
}

#[test]
fn keys_go_where_the_hash_of_sarama_sends_them() {
    same(0, &Partitioner::sarama_hash());
}

#[test]
fn keys_go_where_the_reference_hash_of_sarama_sends_them() {
    same(1, &Partitioner::sarama_reference_hash());
}

#[test]
fn keys_go_where_a_custom_hash_of_sarama_sends_them() {
    // Of a CRC-32 table of its own, so that nothing here is taken from what is tested.
    let table: [u32; 256] = std::array::from_fn(|byte| {
        (0..8).fold(byte as u32, |value, _| if value & 1 == 1 { value >> 1 ^ 0xedb8_8320 } else { value >> 1 })
    });
    let crc32 =
        move |key: &[u8]| !key.iter().fold(u32::MAX, |crc, byte| table[usize::from(crc as u8 ^ byte)] ^ crc >> 8);
    same(2, &Partitioner::keyed(KeyHash::custom(HashArithmetic::SignedRemainder, crc32)));
}

#[test]
fn keys_go_where_the_crc_hash_of_sarama_sends_them() {
    same(3, &Partitioner::sarama_crc());
}

#[test]
fn keys_go_where_the_murmur2_of_sarama_sends_them() {
    same(4, &Partitioner::sarama_murmur2());
}

#[test]
fn keys_go_where_the_hash_of_kafka_go_sends_them() {
    same(5, &Partitioner::kafka_go_hash());
}

#[test]
fn keys_go_where_the_reference_hash_of_kafka_go_sends_them() {
    same(6, &Partitioner::sarama_reference_hash());
}

#[test]
fn keys_go_where_the_crc32_of_kafka_go_sends_them() {
    same(7, &Partitioner::kafka_go_crc32());
}

#[test]
fn keys_go_where_the_consistent_crc32_of_kafka_go_sends_them() {
    same(8, &Partitioner::consistent());
}

#[test]
fn keys_go_where_the_murmur2_of_kafka_go_sends_them() {
    same(9, &Partitioner::sarama_murmur2());
}
