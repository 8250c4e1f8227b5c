//! Kafka's own vectors.

use super::{murmur2, partition_for_key};

/// The vectors of Kafka's own `UtilsTest.testMurmur2`.
#[test]
fn hashes_are_those_of_java() {
    let vectors: [(&[u8], i32); 6] = [
        (b"21", -973_932_308),
        (b"foobar", -790_332_482),
        (b"a-little-bit-long-string", -985_981_536),
        (b"a-little-bit-longer-string", -1_486_304_829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        (b"abc", 479_470_107),
    ];
    for (key, hash) in vectors {
        assert_eq!(murmur2(key).cast_signed(), hash, "{}", String::from_utf8_lossy(key));
    }
}

#[test]
fn a_key_always_goes_to_a_partition_that_exists() {
    for count in 1..50 {
        for key in 0_u32..200 {
            let partition = partition_for_key(&key.to_be_bytes(), count);
            assert!((0..count).contains(&partition));
        }
    }
    assert_eq!(partition_for_key(b"x", 0), 0);
    assert_eq!(partition_for_key(b"x", -4), 0);
}

#[test]
fn the_empty_key_is_a_key() {
    assert_eq!(murmur2(b"").cast_signed(), 275_646_681);
}
