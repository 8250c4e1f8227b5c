//! The producer's settings, and the check that they go together.

use std::time::Duration;

use ottla_core::backoff::BackoffPolicy;
use ottla_core::config::Violations;
use ottla_core::error::Result;
use ottla_core::properties::PropertyValue;
use ottla_core::settings;
use ottla_protocol::records::{Codec, Compression};

use crate::partitioner::Partitioner;

/// How many copies of a record must exist before it counts as acknowledged (`acks`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Acks {
    /// The broker does not answer: an acknowledgement means that the record was handed to the socket, and its offset is
    /// not known (`acks=0`).
    None,
    /// The leader has it (`acks=1`). A leader that dies before its followers copied it takes the record along.
    Leader,
    /// All in-sync replicas have it (`acks=all`).
    #[default]
    All,
}

impl Acks {
    /// The number on the wire.
    pub(crate) fn code(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Leader => 1,
            Self::All => -1,
        }
    }
}

impl PropertyValue for Acks {
    fn parse(_key: &str, text: &str) -> std::result::Result<Self, String> {
        match text {
            "0" => Ok(Self::None),
            "1" => Ok(Self::Leader),
            "all" | "-1" => Ok(Self::All),
            _ => Err("must be 0, 1 or all".to_owned()),
        }
    }
}

/// The codec of record batches (`compression.type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CompressionType {
    /// Not compressed.
    #[default]
    None,
    /// gzip; level by [`ProducerConfig::gzip_level`].
    Gzip,
    /// Snappy.
    Snappy,
    /// LZ4; level by [`ProducerConfig::lz4_level`].
    Lz4,
    /// Zstandard, which brokers take from 2.1 on; level by [`ProducerConfig::zstd_level`].
    Zstd,
}

impl PropertyValue for CompressionType {
    fn parse(_key: &str, text: &str) -> std::result::Result<Self, String> {
        match text {
            "none" => Ok(Self::None),
            "gzip" => Ok(Self::Gzip),
            "snappy" => Ok(Self::Snappy),
            "lz4" => Ok(Self::Lz4),
            "zstd" => Ok(Self::Zstd),
            _ => Err("must be none, gzip, snappy, lz4 or zstd".to_owned()),
        }
    }
}

settings! {
    /// Settings of a [`Producer`](crate::Producer). The defaults are those of Kafka 4 but for `batch.size`, where Kafka
    /// has 16 KiB: larger batches cost less on both sides, and with a linger of 5 ms they only arise under load.
    pub struct ProducerConfig {
        /// How many copies a record must have before it counts as acknowledged.
        acks: Acks = Acks::All, "acks" | "request.required.acks";
        /// Whether the broker drops what it has already, so that retries neither double nor reorder records. Not set, it
        /// is on where `acks` is all, and off otherwise; asking for it with other `acks` is an error.
        enable_idempotence: Option<bool> = None, "enable.idempotence";
        /// How long a batch waits for more records. A batch that is full leaves at once, and so does one with an awaited
        /// [`send`](crate::Producer::send) when no request is on its way to its broker.
        linger: Duration = Duration::from_millis(5), "linger.ms" | "queue.buffering.max.ms";
        /// The size in bytes at which a batch is full, before compression.
        batch_size_bytes: usize = 256 * 1024, "batch.size";
        /// How many bytes of records may wait or be on their way; beyond it `send` and `enqueue` wait.
        buffer_memory_bytes: usize = 32 * 1024 * 1024, "buffer.memory";
        /// How long `send` and `enqueue` wait for buffer memory, and for a topic to become known.
        max_block: Duration = Duration::from_secs(60), "max.block.ms";
        /// From the opening of a record's batch to its outcome, retries included.
        delivery_timeout: Duration = Duration::from_secs(120), "delivery.timeout.ms" | "message.timeout.ms";
        /// How long the broker has for one request; past it the connection is closed and the request retried.
        request_timeout: Duration = Duration::from_secs(30), "request.timeout.ms";
        /// The largest record, and the largest Produce request of more than one batch, in bytes before compression.
        max_request_size_bytes: usize = 1024 * 1024, "max.request.size" | "message.max.bytes";
        /// Requests that may be on their way to one broker, and batches of one partition; at most 5 with idempotence.
        max_in_flight_requests: u32 = 5, "max.in.flight.requests.per.connection" | "max.in.flight";
        /// How batches are compressed.
        compression: CompressionType = CompressionType::None, "compression.type" | "compression.codec";
        /// The level of gzip: 1 to 9, or -1 for gzip's own default.
        gzip_level: i32 = -1, "compression.gzip.level";
        /// The level of LZ4: 1 to 17.
        lz4_level: i32 = 9, "compression.lz4.level";
        /// The level of Zstandard: -131072 to 22.
        zstd_level: i32 = 3, "compression.zstd.level";
        /// How the partition of a record is chosen that names none.
        partitioner: Partitioner = Partitioner::java(), "partitioner.class" | "partitioner";
        /// Whether keys play no part in that, where they would be hashed: all records go where those without a key go.
        partitioner_ignore_keys: bool = false, "partitioner.ignore.keys";
        /// Whether partitions for which batches wait get fewer of the records without a key, and so slow brokers.
        adaptive_partitioning: bool = true, "partitioner.adaptive.partitioning.enable";
        /// With adaptive partitioning: partitions whose broker has been taking nothing for longer get none of the records
        /// without a key until it does. Zero turns that off.
        partitioner_availability_timeout: Duration = Duration::ZERO, "partitioner.availability.timeout.ms";
        /// How often a batch is sent again; what ends the retries is normally `delivery.timeout.ms`.
        retries: u32 = 2_147_483_647, "retries" | "message.send.max.retries";
        /// The first pause before a batch is sent again.
        retry_backoff: Duration = Duration::from_millis(100), "retry.backoff.ms";
        /// The longest pause before a batch is sent again.
        retry_backoff_max: Duration = Duration::from_secs(1), "retry.backoff.max.ms";
    }
}

/// What a configuration comes down to, once checked.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) acks: Acks,
    pub(crate) idempotent: bool,
    pub(crate) linger: Duration,
    pub(crate) batch_size: usize,
    pub(crate) buffer_memory: usize,
    pub(crate) max_block: Duration,
    pub(crate) delivery_timeout: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) max_request_size: usize,
    pub(crate) max_in_flight: usize,
    pub(crate) compression: Compression,
    pub(crate) partitioner: Partitioner,
    pub(crate) adaptive_partitioning: bool,
    pub(crate) partitioner_availability_timeout: Duration,
    pub(crate) retries: u32,
    pub(crate) backoff: BackoffPolicy,
}

impl ProducerConfig {
    /// Checks the whole configuration.
    ///
    /// # Errors
    /// `Config`, naming every violation.
    pub(crate) fn settings(&self) -> Result<Settings> {
        let mut violations = Violations::new();
        let idempotent = self.enable_idempotence.unwrap_or(self.acks == Acks::All);
        if idempotent {
            let needed = "needed by `enable.idempotence`, which can be set to false";
            violations.require(self.acks == Acks::All, "acks", self.acks.code(), format_args!("all is {needed}"));
            let in_flight = self.max_in_flight_requests;
            let key = "max.in.flight.requests.per.connection";
            violations.require(in_flight <= 5, key, in_flight, format_args!("at most 5 is {needed}"));
            violations.require(self.retries > 0, "retries", self.retries, format_args!("at least 1 is {needed}"));
        }
        let in_flight = self.max_in_flight_requests;
        violations.require(in_flight > 0, "max.in.flight.requests.per.connection", in_flight, "at least 1");
        let range = |name: &str, value: usize, most: usize, violations: &mut Violations| {
            violations.require((1..=most).contains(&value), name, value, format_args!("1 to {most}"));
        };
        // Batches and requests are counted in int32 on the wire; half of it leaves room for headers.
        range("batch.size", self.batch_size_bytes, 1 << 30, &mut violations);
        range("max.request.size", self.max_request_size_bytes, 1 << 30, &mut violations);
        range("buffer.memory", self.buffer_memory_bytes, usize::MAX, &mut violations);
        violations.require(
            self.delivery_timeout >= self.linger.saturating_add(self.request_timeout),
            "delivery.timeout.ms",
            self.delivery_timeout.as_millis(),
            "at least `linger.ms` and `request.timeout.ms` together",
        );
        let whole = !self.request_timeout.is_zero();
        violations.require(whole, "request.timeout.ms", self.request_timeout.as_millis(), "more than 0");
        let (codec, key, level) = match self.compression {
            CompressionType::None => (Codec::None, "", None),
            CompressionType::Gzip => (Codec::Gzip, "compression.gzip.level", Some(self.gzip_level)),
            CompressionType::Snappy => (Codec::Snappy, "", None),
            CompressionType::Lz4 => (Codec::Lz4, "compression.lz4.level", Some(self.lz4_level)),
            CompressionType::Zstd => (Codec::Zstd, "compression.zstd.level", Some(self.zstd_level)),
        };
        let mut compression = Compression::new(codec);
        if let Some(level) = level {
            match Compression::with_level(codec, level) {
                Ok(leveled) => compression = leveled,
                Err(error) => violations.add(key, level, error),
            }
        }
        violations.finish()?;
        let partitioner = self.partitioner.clone();
        let partitioner = if self.partitioner_ignore_keys { partitioner.ignoring_keys() } else { partitioner };
        Ok(Settings {
            acks: self.acks,
            idempotent,
            linger: self.linger,
            batch_size: self.batch_size_bytes,
            buffer_memory: self.buffer_memory_bytes,
            max_block: self.max_block,
            delivery_timeout: self.delivery_timeout,
            request_timeout: self.request_timeout,
            max_request_size: self.max_request_size_bytes,
            max_in_flight: self.max_in_flight_requests as usize,
            compression,
            partitioner,
            adaptive_partitioning: self.adaptive_partitioning,
            partitioner_availability_timeout: self.partitioner_availability_timeout,
            retries: self.retries,
            backoff: BackoffPolicy { initial: self.retry_backoff, max: self.retry_backoff_max },
        })
    }
}

#[cfg(test)]
mod tests;
