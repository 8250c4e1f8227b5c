//! Compressing, with contexts kept from call to call.

use crate::{Codec, Compression, CompressionError, gzip, lz4, snappy, zstd};

/// Compresses with any codec and keeps each codec's context, made when it is first needed.
///
/// A context weighs up to a few hundred KiB (zstd at high levels: tens of MiB), and making it anew costs as much as
/// compressing some ten KiB.
#[derive(Default)]
pub struct Compressor {
    gzip: Option<gzip::Encoder>,
    snappy: Option<snappy::Encoder>,
    lz4: Option<lz4::Encoder>,
    zstd: Option<zstd::Encoder>,
}

impl Compressor {
    /// A compressor without any context yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends `input`, compressed and framed, to `out`. Compressing with [`Codec::None`] copies.
    ///
    /// # Errors
    ///
    /// [`CompressionError::Failed`] if the codec's library fails, which means that it got no memory. `out` is then as it
    /// was before.
    pub fn compress(
        &mut self,
        compression: &Compression,
        input: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), CompressionError> {
        let before = out.len();
        let level = compression.level();
        let result = match compression.codec() {
            Codec::None => {
                out.extend_from_slice(input);
                Ok(())
            }
            Codec::Gzip => self.gzip.get_or_insert_with(gzip::Encoder::new).encode(level, input, out),
            Codec::Snappy => self.snappy.get_or_insert_with(snappy::Encoder::new).encode(input, out),
            Codec::Lz4 => self.lz4.get_or_insert_with(lz4::Encoder::new).encode(input, out),
            Codec::Zstd => match zstd::Encoder::kept(&mut self.zstd) {
                Ok(encoder) => encoder.encode(level, input, out),
                Err(error) => Err(error),
            },
        };
        if result.is_err() {
            out.truncate(before);
        }
        result
    }
}

impl std::fmt::Debug for Compressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compressor").finish_non_exhaustive()
    }
}

/// Appends `input`, compressed and framed as Kafka wants it, to `out`, with a context for this call alone.
///
/// # Errors
///
/// As [`Compressor::compress`].
pub fn compress(compression: &Compression, input: &[u8], out: &mut Vec<u8>) -> Result<(), CompressionError> {
    Compressor::new().compress(compression, input, out)
}
