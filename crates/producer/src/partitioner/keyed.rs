//! The partition of a key: a hash, and the way from 32 bits to a partition, in which clients differ as much.

use std::fmt;
use std::sync::Arc;

use crc_fast::crc32_iso_hdlc;

use super::murmur2::murmur2;

/// How a key becomes a partition.
///
/// ```
/// use ottla_producer::{HashArithmetic, KeyHash};
///
/// assert_eq!(KeyHash::MURMUR2.partition(b"foo", 100), 16);
/// // sarama's `NewCustomHashPartitioner`: its arithmetic with a hash of one's own.
/// let sum = KeyHash::custom(HashArithmetic::SignedRemainder, |key| key.iter().map(|byte| u32::from(*byte)).sum());
/// assert_eq!(sum.partition(b"ab", 100), 95);
/// ```
#[derive(Clone)]
pub struct KeyHash {
    function: Function,
    arithmetic: HashArithmetic,
}

#[derive(Clone)]
enum Function {
    Murmur2,
    Fnv1a,
    Crc32,
    Custom(Arc<CustomHash>),
}

type CustomHash = dyn Fn(&[u8]) -> u32 + Send + Sync;

/// From a hash of 32 bits to one of `n` partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashArithmetic {
    /// The sign bit is cleared, then the remainder taken: Java, sarama's reference hash (`WithAbsFirst`).
    Masked,
    /// The remainder of the hash as a signed number, then that without its sign: sarama's hash.
    SignedRemainder,
    /// The remainder of the hash as an unsigned number: librdkafka's CRC-32 (sarama's `WithHashUnsigned`).
    Unsigned,
}

impl KeyHash {
    /// Java's: murmur2 with the sign bit cleared.
    pub const MURMUR2: Self = Self { function: Function::Murmur2, arithmetic: HashArithmetic::Masked };
    /// sarama's `NewHashPartitioner`, kafka-go's `Hash` and librdkafka's `fnv1a`: FNV-1a, the remainder without its sign.
    pub const FNV1A: Self = Self { function: Function::Fnv1a, arithmetic: HashArithmetic::SignedRemainder };
    /// sarama's `NewReferenceHashPartitioner` and kafka-go's `ReferenceHash`: FNV-1a with the sign bit cleared.
    pub const FNV1A_REFERENCE: Self = Self { function: Function::Fnv1a, arithmetic: HashArithmetic::Masked };
    /// librdkafka's `consistent`, kafka-go's `CRC32Balancer`, sarama's `NewConsistentCRCHashPartitioner`: CRC-32, unsigned.
    pub const CRC32: Self = Self { function: Function::Crc32, arithmetic: HashArithmetic::Unsigned };

    /// A hash of one's own. It runs on the caller's thread, without any lock of the producer's.
    pub fn custom(arithmetic: HashArithmetic, hash: impl Fn(&[u8]) -> u32 + Send + Sync + 'static) -> Self {
        Self { function: Function::Custom(Arc::new(hash)), arithmetic }
    }

    /// The partition of `partitions` that a key belongs to. With no partitions the answer is 0.
    pub fn partition(&self, key: &[u8], partitions: i32) -> i32 {
        let hash = match &self.function {
            Function::Murmur2 => murmur2(key),
            Function::Fnv1a => fnv1a(key),
            Function::Crc32 => crc32_iso_hdlc(key),
            Function::Custom(hash) => hash(key),
        };
        self.arithmetic.partition(hash, partitions)
    }

    /// Whether it is that of Java, which [`partition_for_key`] gives at once.
    #[inline]
    pub(crate) fn is_murmur2(&self) -> bool {
        matches!(self.function, Function::Murmur2)
    }

    /// Whether it is a user's code.
    pub(crate) fn is_foreign(&self) -> bool {
        matches!(self.function, Function::Custom(_))
    }
}

impl HashArithmetic {
    #[inline]
    fn partition(self, hash: u32, partitions: i32) -> i32 {
        let Some(count) = u32::try_from(partitions).ok().filter(|count| *count > 0) else { return 0 };
        let partition = match self {
            Self::Masked => (hash & 0x7fff_ffff) % count,
            // |h rem n| is |h| rem n; of -2³¹, too, the magnitude is there when it is unsigned.
            Self::SignedRemainder => hash.cast_signed().unsigned_abs() % count,
            Self::Unsigned => hash % count,
        };
        partition.cast_signed()
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let function = match &self.function {
            Function::Murmur2 => "Murmur2",
            Function::Fnv1a => "Fnv1a",
            Function::Crc32 => "Crc32",
            Function::Custom(_) => "Custom",
        };
        f.debug_struct("KeyHash").field("function", &function).field("arithmetic", &self.arithmetic).finish()
    }
}

/// What [`KeyHash::MURMUR2`] gives.
#[inline]
pub(crate) fn partition_for_key(key: &[u8], partitions: i32) -> i32 {
    HashArithmetic::Masked.partition(murmur2(key), partitions)
}

/// FNV-1a of 32 bits; the crate `fnv` has only that of 64.
fn fnv1a(key: &[u8]) -> u32 {
    key.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests;
