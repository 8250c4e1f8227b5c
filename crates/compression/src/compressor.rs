//! Compressing, with contexts kept from call to call.

#[cfg(feature = "gzip")]
use crate::gzip;
#[cfg(feature = "lz4")]
use crate::lz4;
#[cfg(feature = "snappy")]
use crate::snappy;
#[cfg(feature = "zstd")]
use crate::zstd;
use crate::{Codec, Compression, CompressionError};

/// Compresses with any codec and keeps each codec's context, made when it is first needed.
///
/// A context weighs up to a few hundred KiB (zstd at high levels: tens of MiB), and making it anew costs as much as
/// compressing some ten KiB.
#[derive(Default)]
pub struct Compressor {
    #[cfg(feature = "gzip")]
    gzip: Option<gzip::Encoder>,
    #[cfg(feature = "snappy")]
    snappy: Option<snappy::Encoder>,
    #[cfg(feature = "lz4")]
    lz4: Option<lz4::Encoder>,
    #[cfg(feature = "zstd")]
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
    /// [`CompressionError::NotCompiledIn`] if the codec's feature is off; [`CompressionError::Failed`] if the codec's
    /// library fails, which means that it got no memory. `out` is then as it was before.
    pub fn compress(
        &mut self,
        compression: &Compression,
        input: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), CompressionError> {
        let before = out.len();
        let result = self.encode(compression, input, out);
        if result.is_err() {
            out.truncate(before);
        }
        result
    }

    /// As [`Compressor::compress`], for the inner messages of a message set of format v0: the header checksum of an LZ4
    /// frame covers the frame's magic number too, as Kafka before 0.10 computed it and those brokers want it.
    ///
    /// ```
    /// use ottla_compression::{Codec, Compressor, decompress};
    ///
    /// # fn main() -> Result<(), ottla_compression::CompressionError> {
    /// # #[cfg(feature = "lz4")] {
    /// let mut frame = Vec::new();
    /// Compressor::new().compress_v0(&Codec::Lz4.into(), b"messages", &mut frame)?;
    /// assert_eq!(frame[6], 0x1a, "where 0x82 would be right");
    /// let mut back = Vec::new();
    /// decompress(Codec::Lz4, &frame, &mut back, 100)?;
    /// assert_eq!(back, b"messages");
    /// # }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Compressor::compress`], and [`CompressionError::NotInFormat`] for zstd.
    pub fn compress_v0(
        &mut self,
        compression: &Compression,
        input: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), CompressionError> {
        let codec = compression.codec();
        if codec == Codec::Zstd {
            return Err(CompressionError::NotInFormat { codec, magic: 0 });
        }
        #[cfg(feature = "lz4")]
        let before = out.len();
        self.compress(compression, input, out)?;
        #[cfg(feature = "lz4")]
        if codec == Codec::Lz4 {
            lz4::make_v0(out.get_mut(before..).unwrap_or_default());
        }
        Ok(())
    }

    fn encode(&mut self, compression: &Compression, input: &[u8], out: &mut Vec<u8>) -> Result<(), CompressionError> {
        match compression.codec() {
            Codec::None => {
                out.extend_from_slice(input);
                Ok(())
            }
            #[cfg(feature = "gzip")]
            Codec::Gzip => self.gzip.get_or_insert_with(gzip::Encoder::new).encode(compression.level(), input, out),
            #[cfg(feature = "snappy")]
            Codec::Snappy => self.snappy.get_or_insert_with(snappy::Encoder::new).encode(input, out),
            #[cfg(feature = "lz4")]
            Codec::Lz4 => self.lz4.get_or_insert_with(lz4::Encoder::new).encode(compression.level(), input, out),
            #[cfg(feature = "zstd")]
            Codec::Zstd => zstd::Encoder::kept(&mut self.zstd)?.encode(compression.level(), input, out),
            #[cfg(not(all(feature = "gzip", feature = "snappy", feature = "lz4", feature = "zstd")))]
            codec => Err(CompressionError::NotCompiledIn { codec, feature: codec.name() }),
        }
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
