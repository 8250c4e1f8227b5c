//! Names, and what becomes of null and empty keys under them.

use std::collections::BTreeSet;

use ottla_core::properties::PropertyValue;

use crate::partitioner::chooser::{Choices, Chooser, Route};
use crate::partitioner::{KeyHash, Partitioner};

const COUNT: i32 = 17;

/// Where a record with this key goes: the partitions of many tries, or none for the sticky choice.
fn routes(partitioner: &Partitioner, key: Option<&[u8]>) -> Option<BTreeSet<i32>> {
    let (mut chooser, mut random) = (Chooser::default(), fastrand::Rng::with_seed(1));
    let available: Vec<i32> = (0..COUNT).collect();
    let choices = Choices { count: COUNT, available: &available };
    let routes = (0..200).map(|_| match chooser.route(partitioner, key, None, choices, &mut random) {
        Route::To(partition) => Some(partition),
        _ => None,
    });
    routes.collect()
}

fn parse(name: &str) -> Partitioner {
    Partitioner::parse("partitioner.class", name).unwrap()
}

fn one(partition: i32) -> Option<BTreeSet<i32>> {
    Some([partition].into())
}

/// As the table in librdkafka's `0048-partitioner.c` has it: null, empty, and a key.
#[test]
fn null_and_empty_keys_go_where_librdkafka_has_them_go() {
    let crc32 = |key: &[u8]| one(KeyHash::CRC32.partition(key, COUNT));
    let murmur2 = |key: &[u8]| one(KeyHash::MURMUR2.partition(key, COUNT));
    let fnv1a = |key: &[u8]| one(KeyHash::FNV1A.partition(key, COUNT));
    let key = &b"hejsan"[..];
    let table = [
        ("consistent", [crc32(b""), crc32(b""), crc32(key)]),
        ("consistent_random", [None, None, crc32(key)]),
        ("murmur2", [murmur2(b""), murmur2(b""), murmur2(key)]),
        ("murmur2_random", [None, murmur2(b""), murmur2(key)]),
        ("fnv1a", [fnv1a(b""), fnv1a(b""), fnv1a(key)]),
        ("fnv1a_random", [None, fnv1a(b""), fnv1a(key)]),
    ];
    for (name, expected) in table {
        let partitioner = parse(name);
        for (key, expected) in [None, Some(&b""[..]), Some(key)].into_iter().zip(expected) {
            assert_eq!(routes(&partitioner, key), expected, "{name}, {key:?}");
        }
    }
    let all = (0..COUNT).collect();
    assert_eq!(routes(&parse("random"), Some(key)), Some(all));
}

#[test]
fn the_others_send_null_keys_in_turn_or_at_random_and_hash_empty_ones() {
    let all: BTreeSet<i32> = (0..COUNT).collect();
    for partitioner in [
        Partitioner::sarama_hash(),
        Partitioner::sarama_reference_hash(),
        Partitioner::sarama_crc(),
        Partitioner::sarama_murmur2(),
        Partitioner::kafka_go_hash(),
    ] {
        assert_eq!(routes(&partitioner, None), Some(all.clone()), "{partitioner:?}");
        assert_eq!(routes(&partitioner, Some(b"")).unwrap().len(), 1, "{partitioner:?}");
    }
    assert_eq!(routes(&Partitioner::kafka_go_crc32(), Some(b"")), Some(all));
}

#[test]
fn the_class_names_of_java_are_read() {
    let package = "org.apache.kafka.clients.producer";
    let key = Some(&b"key"[..]);
    let hashed = one(KeyHash::MURMUR2.partition(b"key", COUNT));
    for name in [format!("{package}.internals.DefaultPartitioner"), String::new()] {
        assert_eq!(routes(&parse(&name), key), hashed, "{name}");
        assert_eq!(routes(&parse(&name), None), None, "{name}");
    }
    assert_eq!(routes(&parse(&format!("{package}.UniformStickyPartitioner")), key), None);
    let all = (0..COUNT).collect();
    assert_eq!(routes(&parse(&format!("{package}.RoundRobinPartitioner")), key), Some(all));
}

#[test]
fn a_name_that_is_not_known_is_refused_with_those_that_are() {
    let error = Partitioner::parse("partitioner.class", "com.example.Mine").unwrap_err();
    for name in ["DefaultPartitioner", "UniformStickyPartitioner", "consistent_random", "fnv1a_random"] {
        assert!(error.contains(name), "{error}");
    }
}

#[test]
fn keys_can_be_left_out_of_account() {
    let key = Some(&b"key"[..]);
    assert_eq!(routes(&Partitioner::java().ignoring_keys(), key), None);
    assert_eq!(routes(&Partitioner::consistent().ignoring_keys(), key), None);
    assert_eq!(routes(&Partitioner::sarama_hash().ignoring_keys(), key).unwrap().len(), 17);
}
