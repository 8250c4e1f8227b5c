//! Which partition a record goes to: [`Partitioner`], the setting.
//!
//! A partition that the record names itself always wins. Else the partitioner of the producer decides:
//!
//! | here | decides |
//! |---|---|
//! | [`keyed`] | the partition of a key |
//! | [`sticky`], [`load`] | where records without a key go, and which brokers are slow |
//! | [`least_bytes`] | which partition got the least |
//! | [`chooser`] | all of this for one topic |
//! | [`custom`], [`foreign`] | what users write themselves, and how it runs outside of the lock |
//! | [`names`] | partitioners by the names of Java and librdkafka, and those of other clients |

pub(crate) mod chooser;
pub(crate) mod custom;
pub(crate) mod foreign;
pub(crate) mod keyed;
pub(crate) mod least_bytes;
pub(crate) mod load;
pub(crate) mod murmur2;
mod names;
pub(crate) mod sticky;

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

pub use custom::{CustomPartitioner, InvalidPartition, Needs, NewBatch, RecordToPartition};
pub use keyed::{HashArithmetic, KeyHash};

/// How the partition of a record is chosen that names none (`partitioner.class`, librdkafka's `partitioner`).
///
/// The default is Java's: keys by murmur2, records without a key stay with one partition until enough bytes went to it
/// (KIP-794). Clients choose differently, so who takes over a topic from another client takes its partitioner too, or the
/// records of a key part ways:
///
/// | their partitioner | here |
/// |---|---|
/// | Java's default | [`java`](Self::java) |
/// | Java's `RoundRobinPartitioner`, `UniformStickyPartitioner` | [`round_robin`](Self::round_robin), [`sticky`](Self::sticky) |
/// | librdkafka's default, `consistent_random`, and so that of confluent-kafka in any language | [`consistent_random`](Self::consistent_random) |
/// | librdkafka's `consistent`, `murmur2`, `murmur2_random`, `fnv1a`, `fnv1a_random`, `random` | the functions of these names |
/// | sarama's default, `NewHashPartitioner` | [`sarama_hash`](Self::sarama_hash) |
/// | sarama's `NewReferenceHashPartitioner` | [`sarama_reference_hash`](Self::sarama_reference_hash) |
/// | sarama's `NewCustomHashPartitioner`, `NewCustomPartitioner` | [`keyed`](Self::keyed) with [`KeyHash::custom`] |
/// | sarama's `NewConsistentCRCHashPartitioner`, `NewMurmur2Partitioner` | [`sarama_crc`](Self::sarama_crc), [`sarama_murmur2`](Self::sarama_murmur2) |
/// | sarama's `NewManualPartitioner` | [`manual`](Self::manual) |
/// | kafka-go's default, `RoundRobin` with its chunks | [`round_robin`](Self::round_robin), [`round_robin_in_chunks`](Self::round_robin_in_chunks) |
/// | kafka-go's `Hash` | [`kafka_go_hash`](Self::kafka_go_hash) |
/// | kafka-go's `ReferenceHash`, `Murmur2Balancer` | as sarama's |
/// | kafka-go's `CRC32Balancer` | [`kafka_go_crc32`](Self::kafka_go_crc32), with `Consistent` [`consistent`](Self::consistent) |
/// | kafka-go's `LeastBytes` | [`least_bytes`](Self::least_bytes) |
///
/// What does not hash a key chooses among the partitions that have a leader, as long as there is one.
///
/// ```
/// use ottla_producer::{Keyless, Partitioner, ProducerConfig};
///
/// let as_sarama = ProducerConfig::default().partitioner(Partitioner::sarama_hash());
/// // The same for keys, and larger batches of records that have none.
/// let larger = ProducerConfig::default().partitioner(Partitioner::sarama_hash().keyless(Keyless::Sticky));
/// ```
#[derive(Clone)]
pub struct Partitioner(pub(crate) Kind);

#[derive(Clone)]
pub(crate) enum Kind {
    Keyed { hash: KeyHash, keyless: Keyless, empty: EmptyKeys },
    Keyless(Keyless),
    LeastBytes,
    Manual,
    Custom(Arc<dyn CustomPartitioner>),
}

/// Where records without a key go, when keys are hashed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Keyless {
    /// Together to one partition, until enough bytes went there and a batch is closed; then to another one, the less likely
    /// the more batches wait for it (KIP-794). Gives the largest batches.
    #[default]
    Sticky,
    /// Each to a partition at random.
    Random,
    /// In turn, so many in a row.
    RoundRobin(NonZeroU32),
    /// All to the partition that the empty key belongs to.
    AsEmptyKey,
}

/// What a key of no bytes is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmptyKeys {
    /// A key like others: hashed.
    #[default]
    AreKeys,
    /// As no key.
    AreKeyless,
}

impl Default for Partitioner {
    fn default() -> Self {
        Self::java()
    }
}

impl fmt::Debug for Partitioner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Keyed { hash, keyless, empty } => {
                f.debug_struct("Keyed").field("hash", hash).field("keyless", keyless).field("empty", empty).finish()
            }
            Kind::Keyless(keyless) => keyless.fmt(f),
            Kind::LeastBytes => f.write_str("LeastBytes"),
            Kind::Manual => f.write_str("Manual"),
            Kind::Custom(_) => f.write_str("Custom"),
        }
    }
}

impl Partitioner {
    /// Java's default: murmur2 for keys, [`Keyless::Sticky`] for records without.
    pub fn java() -> Self {
        Self::keyed(KeyHash::MURMUR2)
    }

    /// Keys by a hash, [`Keyless::Sticky`] for records without.
    pub fn keyed(hash: KeyHash) -> Self {
        Self(Kind::Keyed { hash, keyless: Keyless::Sticky, empty: EmptyKeys::AreKeys })
    }

    /// All records as [`Keyless::Sticky`], with or without a key.
    pub fn sticky() -> Self {
        Self(Kind::Keyless(Keyless::Sticky))
    }

    /// Each record at random, with or without a key.
    pub fn random() -> Self {
        Self(Kind::Keyless(Keyless::Random))
    }

    /// The partitions in turn, a record each, with or without a key.
    pub fn round_robin() -> Self {
        Self::round_robin_in_chunks(NonZeroU32::MIN)
    }

    /// The partitions in turn, so many records each.
    pub fn round_robin_in_chunks(records: NonZeroU32) -> Self {
        Self(Kind::Keyless(Keyless::RoundRobin(records)))
    }

    /// The partition that got the fewest bytes of keys and values from this producer. The count begins anew when partitions
    /// gain or lose their leader.
    pub fn least_bytes() -> Self {
        Self(Kind::LeastBytes)
    }

    /// The partition that the record names. A record that names none is refused.
    pub fn manual() -> Self {
        Self(Kind::Manual)
    }

    /// What users write themselves.
    pub fn custom(partitioner: impl CustomPartitioner) -> Self {
        Self(Kind::Custom(Arc::new(partitioner)))
    }

    /// The same, with records without a key going elsewhere. Changes nothing where keys are not hashed.
    #[must_use]
    pub fn keyless(mut self, to: Keyless) -> Self {
        if let Kind::Keyed { keyless, .. } = &mut self.0 {
            *keyless = to;
        }
        self
    }

    /// The same, with another view of keys of no bytes. Changes nothing where keys are not hashed.
    #[must_use]
    pub fn empty_keys(mut self, are: EmptyKeys) -> Self {
        if let Kind::Keyed { empty, .. } = &mut self.0 {
            *empty = are;
        }
        self
    }

    /// The same without regard to keys (`partitioner.ignore.keys`).
    pub(crate) fn ignoring_keys(self) -> Self {
        match self.0 {
            Kind::Keyed { keyless: Keyless::AsEmptyKey, .. } => Self::sticky(),
            Kind::Keyed { keyless, .. } => Self(Kind::Keyless(keyless)),
            _ => self,
        }
    }
}
