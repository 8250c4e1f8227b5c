//! Kafka's own vectors, and librdkafka's.

use super::murmur2;

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

/// The vectors of librdkafka's `unittest_murmur2`, made by Java: keys that begin at any address, and each rest.
#[test]
fn every_rest_of_a_key_counts() {
    const LONG: &str = "PreAmbleWillBeRemoved,ThePrePartThatIs";
    let vectors = [
        ("kafka", 0xd067_cf64),
        ("giberish123456789", 0x8f55_2b0c),
        ("1234", 0x9fc9_7b14),
        ("234", 0xe7c0_09ca),
        ("34", 0x8739_30da),
        ("4", 0x5a4b_5ca1),
        (LONG, 0x7842_4f1c),
        (&LONG[1..], 0x4a62_b377),
        (&LONG[2..], 0xe0e4_e09e),
        (&LONG[3..], 0x62b8_b43f),
        ("", 0x106e_08d9),
    ];
    for (key, hash) in vectors {
        assert_eq!(murmur2(key.as_bytes()), hash, "{key}");
    }
}
