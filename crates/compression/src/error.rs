//! The one error of this crate: small, comparable, and naming the codec.

use crate::Codec;

/// Why data could not be compressed or decompressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompressionError {
    /// Decompressing would give more bytes than the caller allows.
    #[error("decompressed data exceeds the limit of {limit} bytes")]
    OutputLimit {
        /// The limit that was given, in bytes.
        limit: usize,
    },
    /// The compressed data ends too early.
    #[error("{codec} data is truncated")]
    Truncated {
        /// The codec it was read as.
        codec: Codec,
    },
    /// The compressed data is not what the codec's format allows, or a checksum in it is wrong.
    #[error("{codec} data is corrupt: {reason}")]
    Corrupt {
        /// The codec it was read as.
        codec: Codec,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The codec's library could not do its work, as when it gets no memory.
    #[error("{codec} failed: {reason}")]
    Failed {
        /// The codec that failed.
        codec: Codec,
        /// What it said.
        reason: &'static str,
    },
    /// A number that stands for no codec.
    #[error("{id} is no compression codec's number")]
    UnknownCodec {
        /// The number.
        id: u8,
    },
    /// A compression level that the codec does not have.
    #[error("{codec} has no compression level {level}")]
    UnknownLevel {
        /// The codec.
        codec: Codec,
        /// The level that was asked for.
        level: i32,
    },
    /// A name that stands for no codec.
    #[error("no such compression codec; there are none, gzip, snappy, lz4 and zstd")]
    UnknownName,
}
