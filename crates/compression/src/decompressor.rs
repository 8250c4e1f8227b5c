//! Decompressing within a limit, whole or in pieces, with contexts kept from call to call.

use std::ops::ControlFlow;

use crate::bounded::Bounded;
#[cfg(feature = "gzip")]
use crate::gzip;
#[cfg(feature = "lz4")]
use crate::lz4;
#[cfg(all(feature = "zstd-decode", not(feature = "zstd")))]
use crate::pure_zstd as zstd;
#[cfg(feature = "snappy")]
use crate::snappy;
#[cfg(feature = "zstd")]
use crate::zstd;
use crate::{Codec, CompressionError};

/// A buffer larger than this is not kept from call to call.
const KEEP: usize = 1 << 20;

/// Decompresses any codec and keeps the codecs' contexts, made when they are first needed.
#[derive(Default)]
pub struct Decompressor {
    #[cfg(feature = "gzip")]
    gzip: Option<gzip::Decoder>,
    #[cfg(feature = "snappy")]
    snappy: Option<snappy::Decoder>,
    #[cfg(any(feature = "zstd", feature = "zstd-decode"))]
    zstd: Option<zstd::Decoder>,
    /// Where pieces are gathered.
    buffer: Vec<u8>,
}

impl Decompressor {
    /// A decompressor without any context yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends what `input` decompresses to onto `out`: at most `limit` bytes, and no memory is reserved for more.
    ///
    /// Members, streams or frames in a row count as one.
    ///
    /// # Errors
    ///
    /// [`CompressionError::OutputLimit`] if there is more, [`CompressionError::Truncated`] or
    /// [`CompressionError::Corrupt`] if the input is damaged, [`CompressionError::NotCompiledIn`] if the codec's feature
    /// is off, [`CompressionError::Failed`] if zstd gets no memory for its window. `out` is then as it was before.
    pub fn decompress(
        &mut self,
        codec: Codec,
        input: &[u8],
        out: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), CompressionError> {
        let before = out.len();
        let result = self.decode(codec, input, &mut Bounded::new(out, limit));
        if result.is_err() {
            out.truncate(before);
        }
        result
    }

    /// Hands what `input` decompresses to piece by piece to `sink`: at most `limit` bytes in all, of which never more
    /// than about 128 KiB and a block of the codec are in memory: at most 4 MiB for lz4, a whole stream for raw snappy, and
    /// for zstd the window that a frame declares or, where `limit` leaves less than that, the whole output. A sink that
    /// breaks ends it, and the answer says so.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use ottla_compression::{Codec, Decompressor, compress};
    ///
    /// # fn main() -> Result<(), ottla_compression::CompressionError> {
    /// # #[cfg(feature = "gzip")] {
    /// let mut packed = Vec::new();
    /// compress(&Codec::Gzip.into(), &vec![7; 10_000_000], &mut packed)?;
    /// let mut len = 0;
    /// Decompressor::new().decompress_pieces(Codec::Gzip, &packed, usize::MAX, |piece| {
    ///     len += piece.len();
    ///     ControlFlow::Continue(())
    /// })?;
    /// assert_eq!(len, 10_000_000);
    /// # }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Decompressor::decompress`]. `sink` has then seen what was sound before, but a checksum behind it may be what
    /// was wrong.
    pub fn decompress_pieces(
        &mut self,
        codec: Codec,
        input: &[u8],
        limit: usize,
        mut sink: impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, CompressionError> {
        if codec == Codec::None {
            let enough = input.len() <= limit;
            let flow = if input.is_empty() || !enough { ControlFlow::Continue(()) } else { sink(input) };
            return if enough { Ok(flow) } else { Err(CompressionError::OutputLimit { limit }) };
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut pieces = Bounded::in_pieces(&mut buffer, limit, &mut sink);
        let result = self.decode(codec, input, &mut pieces);
        let result = pieces.end(result);
        if buffer.capacity() <= KEEP {
            self.buffer = buffer;
        }
        result
    }

    fn decode(&mut self, codec: Codec, input: &[u8], out: &mut Bounded<'_>) -> Result<(), CompressionError> {
        match codec {
            Codec::None => out.extend(input),
            #[cfg(feature = "gzip")]
            Codec::Gzip => self.gzip.get_or_insert_with(gzip::Decoder::new).decode(input, out),
            #[cfg(feature = "snappy")]
            Codec::Snappy => self.snappy.get_or_insert_with(snappy::Decoder::new).decode(input, out),
            #[cfg(feature = "lz4")]
            Codec::Lz4 => lz4::decode(input, out),
            #[cfg(any(feature = "zstd", feature = "zstd-decode"))]
            Codec::Zstd => {
                let result = zstd::Decoder::kept(&mut self.zstd).and_then(|decoder| decoder.decode(input, out));
                if result.is_err() {
                    // a damaged frame may have asked for a large window, which the context would keep
                    self.zstd = None;
                }
                result
            }
            #[cfg(not(all(
                feature = "gzip",
                feature = "snappy",
                feature = "lz4",
                any(feature = "zstd", feature = "zstd-decode")
            )))]
            codec => Err(CompressionError::NotCompiledIn { codec, feature: codec.name() }),
        }
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
