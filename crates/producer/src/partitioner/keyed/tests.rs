//! The vectors that the peers publish in their own tests.

use super::{HashArithmetic, KeyHash, fnv1a};

const EACH: [KeyHash; 4] = [KeyHash::MURMUR2, KeyHash::FNV1A, KeyHash::FNV1A_REFERENCE, KeyHash::CRC32];

/// sarama's `TestMurmur2Partitioner`, which has them from Java; kafka-python's `test_murmur2_java_compatibility`.
#[test]
fn murmur2_is_that_of_java() {
    let of_100 = [("foo", 16), ("bar", 45), ("baz", 80), ("kafka", 80), ("sarama", 11)];
    for (key, partition) in of_100 {
        assert_eq!(KeyHash::MURMUR2.partition(key.as_bytes(), 100), partition, "{key}");
    }
    let of_1000 = [("", 681), ("a", 524), ("ab", 434), ("abc", 107), ("123456789", 566), ("\x00 ", 742)];
    for (key, partition) in of_1000 {
        assert_eq!(KeyHash::MURMUR2.partition(key.as_bytes(), 1000), partition, "{key}");
    }
}

/// librdkafka's `0048-partitioner.c`, with the 7 and 17 partitions of that.
#[test]
fn each_hash_of_librdkafka_gives_its_partitions() {
    const LONG: &str = "this is another string with more length to it perhaps";
    let vectors: [(KeyHash, [(&str, u32); 4]); 3] = [
        (KeyHash::CRC32, [("", 0), ("23456", 0xb1b4_51d7), (LONG, 0xb015_0df7), ("hejsan", 0xd077_037e)]),
        (KeyHash::MURMUR2, [("", 0x106e_08d9), ("23456", 0x058d_780f), (LONG, 0x4f77_03da), ("hejsan", 0x5ec1_9395)]),
        (KeyHash::FNV1A, [("", 0x7ee3_623b), ("23456", 0x27e6_f469), (LONG, 0x155e_3e5f), ("hejsan", 0x17b1_e27a)]),
    ];
    for (hash, keys) in vectors {
        for (key, value) in keys {
            for count in [7_u8, 17] {
                let partition = hash.partition(key.as_bytes(), count.into());
                assert_eq!(
                    partition.unsigned_abs(),
                    value % u32::from(count),
                    "{hash:?} of {key:?}, {count} partitions"
                );
            }
        }
    }
}

/// librdkafka's `unittest_fnv1a`, whose values came from Go; it prints them without their sign.
#[test]
fn fnv1a_is_that_of_go() {
    const LONG: &str = "PreAmbleWillBeRemoved,ThePrePartThatIs";
    let vectors = [
        ("kafka", 0x0d33_c4e1),
        ("giberish123456789", 0x77a5_8295),
        ("1234", 0x023b_dd03),
        ("234", 0x2dea_3cd2),
        ("34", 0x740f_a83e),
        ("4", 0x310c_a263),
        (LONG, 0x65cb_d69c),
        (&LONG[1..], 0x6e49_c79a),
        (&LONG[2..], 0x69ee_d356),
        (&LONG[3..], 0x6abc_c023),
        ("", 0x7ee3_623b),
    ];
    for (key, value) in vectors {
        assert_eq!(fnv1a(key.as_bytes()).cast_signed().unsigned_abs(), value, "{key}");
    }
}

/// sarama's `TestConsistentCRCHashPartitioner`.
#[test]
fn crc32_is_unsigned_as_sarama_has_it() {
    let vectors = [
        ("abc123def456", 57),
        ("SheetJS", 26),
        ("9e8c7f4cf45857cfff7645d6", 24),
        ("3900446192ff85a5f67da10c", 75),
        ("0f4407b7a67d6d27de372198", 50),
    ];
    for (key, partition) in vectors {
        assert_eq!(KeyHash::CRC32.partition(key.as_bytes(), 100), partition, "{key}");
    }
}

/// kafka-go's `TestHashBalancer` and `TestReferenceHashBalancer`.
#[test]
fn both_forms_of_fnv1a_are_those_of_kafka_go() {
    let vectors = [("blah", 2, 0), ("blah", 3, 1)];
    for (key, count, partition) in vectors {
        assert_eq!(KeyHash::FNV1A.partition(key.as_bytes(), count), partition, "{key} of {count}");
        assert_eq!(KeyHash::FNV1A_REFERENCE.partition(key.as_bytes(), count), partition, "{key} of {count}");
    }
    assert_eq!(KeyHash::FNV1A.partition(b"boop", 3), 2);
    assert_eq!(KeyHash::FNV1A_REFERENCE.partition(b"castle", 3), 2);
    // The highest bit of its hash is set.
    assert_eq!(KeyHash::FNV1A.partition(b"20", 16), 1);
    assert_eq!(KeyHash::FNV1A_REFERENCE.partition(b"20", 16), 15);
}

/// sarama's `TestHashPartitionerMinInt32`: a hash whose magnitude is no signed number.
#[test]
fn the_least_hash_has_a_partition() {
    const LEAST: &[u8] = b"1468509572224";
    assert_eq!(fnv1a(LEAST), 1 << 31);
    assert_eq!(KeyHash::FNV1A.partition(LEAST, 50), 48);
    assert_eq!(KeyHash::FNV1A_REFERENCE.partition(LEAST, 50), 0);
}

#[test]
fn the_arithmetic_is_that_of_signed_remainders() {
    for hash in [0_u32, 1, 17, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_fffe, 0xffff_ffff, 0x9747_b28c] {
        for count in [1, 2, 3, 7, 12, 1000, i32::MAX] {
            let signed = i64::from(hash.cast_signed()) % i64::from(count);
            let [remainder, masked, unsigned] =
                [HashArithmetic::SignedRemainder, HashArithmetic::Masked, HashArithmetic::Unsigned]
                    .map(|arithmetic| i64::from(arithmetic.partition(hash, count)));
            assert_eq!(remainder, signed.abs());
            assert_eq!(masked, i64::from(hash & 0x7fff_ffff) % i64::from(count));
            assert_eq!(unsigned, i64::from(hash) % i64::from(count));
        }
    }
}

#[test]
fn a_key_always_goes_to_a_partition_that_exists() {
    for hash in EACH {
        for count in 1..50 {
            for key in 0_u32..200 {
                let partition = hash.partition(&key.to_be_bytes(), count);
                assert!((0..count).contains(&partition), "{hash:?}");
            }
        }
    }
}

#[test]
fn without_partitions_the_answer_is_zero() {
    for hash in EACH {
        assert_eq!([hash.partition(b"k", 0), hash.partition(b"k", -7)], [0, 0]);
    }
}
