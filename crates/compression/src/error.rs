//! The one error of this crate: small, comparable, and naming the codec.

use std::error::Error;
use std::fmt;

use crate::Codec;

/// Why data could not be compressed or decompressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CompressionError {
    /// Decompressing would give more bytes than the caller allows.
    OutputLimit {
        /// The limit that was given, in bytes.
        limit: usize,
    },
    /// The compressed data ends too early.
    Truncated {
        /// The codec it was read as.
        codec: Codec,
    },
    /// The compressed data is not what the codec's format allows, or a checksum in it is wrong.
    Corrupt {
        /// The codec it was read as.
        codec: Codec,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The codec's library could not do its work, as when it gets no memory.
    Failed {
        /// The codec that failed.
        codec: Codec,
        /// What it said.
        reason: &'static str,
    },
    /// This build does not have the codec, or only the half of it that decompresses.
    NotCompiledIn {
        /// The codec.
        codec: Codec,
        /// The feature of `ottla-compression` that brings it, which crates above pass on under the same name.
        feature: &'static str,
    },
    /// Message sets before format v2 do not know the codec: zstd came with Kafka 2.1 (KIP-110).
    NotInFormat {
        /// The codec.
        codec: Codec,
        /// The format, 0 or 1.
        magic: i8,
    },
    /// A number that stands for no codec.
    UnknownCodec {
        /// The number.
        id: u8,
    },
    /// A compression level that the codec does not have: see [`Codec::levels`].
    UnknownLevel {
        /// The codec.
        codec: Codec,
        /// The level that was asked for.
        level: i32,
    },
    /// A name that stands for no codec.
    UnknownName,
}

impl fmt::Display for CompressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutputLimit { limit } => write!(f, "decompressed data exceeds the limit of {limit} bytes"),
            Self::Truncated { codec } => write!(f, "{codec} data is truncated"),
            Self::Corrupt { codec, reason } => write!(f, "{codec} data is corrupt: {reason}"),
            Self::Failed { codec, reason } => write!(f, "{codec} failed: {reason}"),
            Self::NotCompiledIn { codec, feature } => {
                write!(f, "{codec} is not compiled in: it needs the feature `{feature}`")
            }
            Self::NotInFormat { codec, magic } => write!(f, "message sets of format v{magic} do not know {codec}"),
            Self::UnknownCodec { id } => write!(f, "{id} is no compression codec's number"),
            Self::UnknownLevel { codec, level } => match codec.levels() {
                Some(levels) => write!(
                    f,
                    "{codec} has no compression level {level}, only {} to {}{}",
                    levels.start(),
                    levels.end(),
                    if *codec == Codec::Gzip { " without 0" } else { "" }
                ),
                None => write!(f, "{codec} has no compression levels, and {level} was asked for"),
            },
            Self::UnknownName => f.write_str("no such compression codec; there are none, gzip, snappy, lz4 and zstd"),
        }
    }
}

impl Error for CompressionError {}
