//! gzip, snappy, lz4 and zstd as Kafka frames them, each with a bound on its output.
//!
//! A Kafka record batch carries its records compressed by one of four codecs, and each has a framing of its own:
//!
//! | codec | framing written | also read |
//! |---|---|---|
//! | gzip | one gzip member | several members in a row |
//! | snappy | xerial's: a 16-byte header, then blocks of at most 32 KiB of input with big-endian lengths | raw snappy, several xerial streams in a row |
//! | lz4 | LZ4 frame 1.5.1: independent blocks of 64 KiB, no content size, no checksum; for message sets of format v0 with the header checksum of Kafka before 0.10 ([`Compressor::compress_v0`]) | several frames in a row, linked blocks, checksums, larger blocks, that old header checksum |
//! | zstd | one frame without content size or checksum | any frames in a row, with windows of up to 128 MiB |
//!
//! Sizes that compressed data declares are never believed: [`decompress`] takes the most bytes that may come out, and
//! answers [`CompressionError::OutputLimit`] instead of taking more memory. [`Decompressor::decompress_pieces`] hands
//! the output on while it comes, for who wants only its beginning or its length.
//!
//! ```
//! # fn main() -> Result<(), ottla_compression::CompressionError> {
//! # #[cfg(feature = "zstd")] {
//! use ottla_compression::{Codec, Compression, CompressionError, compress, decompress};
//!
//! let plain = b"a record, a record, a record, a record".repeat(10);
//! let mut packed = Vec::new();
//! compress(&Compression::from(Codec::Zstd), &plain, &mut packed)?;
//! let mut back = Vec::new();
//! decompress(Codec::Zstd, &packed, &mut back, 1 << 20)?;
//! assert_eq!(back, plain);
//! assert_eq!(decompress(Codec::Zstd, &packed, &mut back, 100), Err(CompressionError::OutputLimit { limit: 100 }));
//! # }
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! | feature | default | brings | by |
//! |---|---|---|---|
//! | `gzip` | yes | gzip | zlib-rs |
//! | `snappy` | yes | snappy | snap |
//! | `lz4` | yes | lz4 | lz4_flex, and for levels other than the default an encoder of this crate |
//! | `zstd` | yes | zstd | the C library, which needs a C compiler |
//! | `zstd-decode` | no | zstd, decompression alone | ruzstd, in Rust; not used where `zstd` is on too |
//!
//! A codec that is off is [`CompressionError::NotCompiledIn`], which names the feature; [`Codec::can_compress`] and
//! [`Codec::can_decompress`] tell beforehand. Without `zstd` the crate is Rust alone, and builds for
//! `wasm32-unknown-unknown`.
//!
//! # Reuse
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
#[cfg(feature = "gzip")]
mod gzip;
#[cfg(feature = "lz4")]
mod lz4;
#[cfg(any(test, all(feature = "zstd-decode", not(feature = "zstd"))))]
mod pure_zstd;
#[cfg(feature = "snappy")]
mod snappy;
#[cfg(feature = "zstd")]
mod zstd;
#[cfg(any(test, feature = "zstd", feature = "zstd-decode"))]
mod zstd_frame;

#[cfg(test)]
mod tests;

pub use codec::{Codec, Compression};
pub use compressor::{Compressor, compress};
pub use decompressor::{Decompressor, decompress};
pub use error::CompressionError;

// The examples of the page on crates.io are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
