//! gzip, snappy, lz4 and zstd as Kafka frames them, each with a bound on its output.
//!
//! A Kafka record batch carries its records compressed by one of four codecs, and each has a framing of its own:
//!
//! | codec | framing written | also read |
//! |---|---|---|
//! | gzip | one gzip member | several members in a row |
//! | snappy | xerial's: a 16-byte header, then blocks of at most 32 KiB of input with big-endian lengths | raw snappy, several xerial streams in a row |
//! | lz4 | LZ4 frame 1.5.1: independent blocks of 64 KiB, no content size, no checksum | linked blocks, checksums, larger blocks, the header checksum of Kafka before 0.10 |
//! | zstd | one frame without content size or checksum | any frames |
//!
//! Sizes that compressed data declares are never believed: [`decompress`] takes the most bytes that may come out, and
//! answers [`CompressionError::OutputLimit`] instead of taking more memory.
//!
//! ```
//! use ottla_compression::{Codec, Compression, CompressionError, compress, decompress};
//!
//! let plain = b"a record, a record, a record, a record".repeat(10);
//! let mut packed = Vec::new();
//! compress(&Compression::from(Codec::Zstd), &plain, &mut packed)?;
//! let mut back = Vec::new();
//! decompress(Codec::Zstd, &packed, &mut back, 1 << 20)?;
//! assert_eq!(back, plain);
//! assert_eq!(decompress(Codec::Zstd, &packed, &mut back, 100), Err(CompressionError::OutputLimit { limit: 100 }));
//! # Ok::<(), CompressionError>(())
//! ```
//!
//! Who compresses often keeps a [`Compressor`] and a [`Decompressor`], which keep their contexts and tables from call
//! to call, and hands in the same output buffers again.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        reason = "compressed data comes from outside and must not be able to make us panic"
    )
)]

mod codec;
mod error;

mod compressor;
mod decompressor;

mod bounded;
mod gzip;
mod lz4;
mod snappy;
mod zstd;

#[cfg(test)]
mod tests;

pub use codec::{Codec, Compression};
pub use compressor::{Compressor, compress};
pub use decompressor::{Decompressor, decompress};
pub use error::CompressionError;
