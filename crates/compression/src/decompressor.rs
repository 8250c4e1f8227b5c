//! Decompressing within a limit, with contexts kept from call to call.

use crate::bounded::Bounded;
use crate::{Codec, CompressionError, gzip, lz4, snappy, zstd};

/// Decompresses any codec and keeps zstd's context, made when it is first needed.
#[derive(Default)]
pub struct Decompressor {
    gzip: Option<gzip::Decoder>,
    snappy: Option<snappy::Decoder>,
    zstd: Option<zstd::Decoder>,
}

impl Decompressor {
    /// A decompressor without any context yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends what `input` decompresses to onto `out`: at most `limit` bytes, and no memory is reserved for more.
    ///
    /// # Errors
    ///
    /// [`CompressionError::OutputLimit`] if there is more, [`CompressionError::Truncated`] or
    /// [`CompressionError::Corrupt`] if the input is damaged, [`CompressionError::Failed`] if zstd gets no memory for
    /// its window. `out` is then as it was before.
    pub fn decompress(
        &mut self,
        codec: Codec,
        input: &[u8],
        out: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), CompressionError> {
        let before = out.len();
        let mut bounded = Bounded::new(out, limit);
        let result = match codec {
            Codec::None => bounded.extend(input),
            Codec::Gzip => self.gzip.get_or_insert_with(gzip::Decoder::new).decode(input, &mut bounded),
            Codec::Snappy => self.snappy.get_or_insert_with(snappy::Decoder::new).decode(input, &mut bounded),
            Codec::Lz4 => lz4::decode(input, &mut bounded),
            Codec::Zstd => match zstd::Decoder::kept(&mut self.zstd) {
                Ok(decoder) => decoder.decode(input, &mut bounded),
                Err(error) => Err(error),
            },
        };
        if result.is_err() {
            out.truncate(before);
            // a damaged frame may have asked for a window of 128 MiB, which the context would keep
            self.zstd = None;
        }
        result
    }
}

impl std::fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decompressor").finish_non_exhaustive()
    }
}

/// Appends what `input` decompresses to onto `out`, at most `limit` bytes, with a context for this call alone.
///
/// # Errors
///
/// As [`Decompressor::decompress`].
pub fn decompress(codec: Codec, input: &[u8], out: &mut Vec<u8>, limit: usize) -> Result<(), CompressionError> {
    Decompressor::new().decompress(codec, input, out, limit)
}
