//! Partitioners by the names that other clients have for them.

use std::num::NonZeroU32;

use ottla_core::properties::PropertyValue;

use super::keyed::KeyHash;
use super::{EmptyKeys, Keyless, Partitioner};

/// librdkafka's. What it calls random sticks to one partition for some milliseconds; here it is [`Keyless::Sticky`].
impl Partitioner {
    /// librdkafka's `consistent`: CRC-32 of the key, and the same partition for all records that have none or an empty one.
    pub fn consistent() -> Self {
        Self::keyed(KeyHash::CRC32).keyless(Keyless::AsEmptyKey)
    }

    /// librdkafka's default, `consistent_random`: CRC-32 of keys that are not empty.
    pub fn consistent_random() -> Self {
        Self::keyed(KeyHash::CRC32).empty_keys(EmptyKeys::AreKeyless)
    }

    /// librdkafka's `murmur2`: Java's hash, and the partition of the empty key for records without one.
    pub fn murmur2() -> Self {
        Self::keyed(KeyHash::MURMUR2).keyless(Keyless::AsEmptyKey)
    }

    /// librdkafka's `murmur2_random`: the same as [`java`](Self::java).
    pub fn murmur2_random() -> Self {
        Self::java()
    }

    /// librdkafka's `fnv1a`: sarama's hash, and the partition of the empty key for records without one.
    pub fn fnv1a() -> Self {
        Self::keyed(KeyHash::FNV1A).keyless(Keyless::AsEmptyKey)
    }

    /// librdkafka's `fnv1a_random`: sarama's hash.
    pub fn fnv1a_random() -> Self {
        Self::keyed(KeyHash::FNV1A)
    }
}

/// sarama's. Records without a key go to a partition at random, each by itself; empty keys are hashed.
impl Partitioner {
    /// `NewHashPartitioner`, sarama's default: FNV-1a, the remainder without its sign.
    pub fn sarama_hash() -> Self {
        Self::keyed(KeyHash::FNV1A).keyless(Keyless::Random)
    }

    /// `NewReferenceHashPartitioner`: FNV-1a with the sign bit cleared. kafka-go's `ReferenceHash` does the same.
    pub fn sarama_reference_hash() -> Self {
        Self::keyed(KeyHash::FNV1A_REFERENCE).keyless(Keyless::Random)
    }

    /// `NewConsistentCRCHashPartitioner`: CRC-32 of keys, those that are empty included.
    pub fn sarama_crc() -> Self {
        Self::keyed(KeyHash::CRC32).keyless(Keyless::Random)
    }

    /// `NewMurmur2Partitioner`: Java's hash. kafka-go's `Murmur2Balancer` does the same.
    pub fn sarama_murmur2() -> Self {
        Self::keyed(KeyHash::MURMUR2).keyless(Keyless::Random)
    }
}

/// kafka-go's, where none of the others does the same.
impl Partitioner {
    /// `Hash`: sarama's hash, and the partitions in turn for records without a key.
    pub fn kafka_go_hash() -> Self {
        Self::keyed(KeyHash::FNV1A).keyless(Keyless::RoundRobin(NonZeroU32::MIN))
    }

    /// `CRC32Balancer`: CRC-32 of keys that are not empty, all others at random, each by itself.
    pub fn kafka_go_crc32() -> Self {
        Self::consistent_random().keyless(Keyless::Random)
    }
}

impl PropertyValue for Partitioner {
    fn parse(_key: &str, text: &str) -> Result<Self, String> {
        // Java reads an empty class name as none.
        let class = text.strip_prefix("org.apache.kafka.clients.producer.").unwrap_or(text);
        Ok(match class.strip_prefix("internals.").unwrap_or(class) {
            "" | "DefaultPartitioner" => Self::java(),
            "RoundRobinPartitioner" => Self::round_robin(),
            "UniformStickyPartitioner" => Self::sticky(),
            "random" => Self::random(),
            "consistent" => Self::consistent(),
            "consistent_random" => Self::consistent_random(),
            "murmur2" => Self::murmur2(),
            "murmur2_random" => Self::murmur2_random(),
            "fnv1a" => Self::fnv1a(),
            "fnv1a_random" => Self::fnv1a_random(),
            _ => {
                let java = "DefaultPartitioner, RoundRobinPartitioner, UniformStickyPartitioner";
                let librdkafka = "random, consistent, consistent_random, murmur2, murmur2_random, fnv1a, fnv1a_random";
                return Err(format!(
                    "must be one of Java's ({java}) or of librdkafka's ({librdkafka}); others are set in the program"
                ));
            }
        })
    }
}

#[cfg(test)]
mod tests;
