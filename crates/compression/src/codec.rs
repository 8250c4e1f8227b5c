//! Which codec, and how hard it should try.

#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::CompressionError;

/// A compression codec, by the numbers and names that Kafka gives them (`compression.type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Codec {
    /// Not compressed.
    #[default]
    None = 0,
    /// gzip (RFC 1952).
    Gzip = 1,
    /// Snappy in xerial's framing, as snappy-java writes it.
    Snappy = 2,
    /// LZ4 frames.
    Lz4 = 3,
    /// Zstandard frames (KIP-110, brokers from 2.1).
    Zstd = 4,
}

impl Codec {
    /// Every codec, by number.
    pub const ALL: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

    /// The number that stands for it in the attributes of a record batch: 0 to 4.
    pub const fn id(self) -> u8 {
        self as u8
    }

    /// The codec of a number.
    ///
    /// # Errors
    ///
    /// [`CompressionError::UnknownCodec`] above 4.
    pub const fn from_id(id: u8) -> Result<Self, CompressionError> {
        match id {
            0 => Ok(Codec::None),
            1 => Ok(Codec::Gzip),
            2 => Ok(Codec::Snappy),
            3 => Ok(Codec::Lz4),
            4 => Ok(Codec::Zstd),
            _ => Err(CompressionError::UnknownCodec { id }),
        }
    }

    /// Its name in Kafka's configuration: `none`, `gzip`, `snappy`, `lz4`, `zstd`.
    pub const fn name(self) -> &'static str {
        match self {
            Codec::None => "none",
            Codec::Gzip => "gzip",
            Codec::Snappy => "snappy",
            Codec::Lz4 => "lz4",
            Codec::Zstd => "zstd",
        }
    }

    /// Whether this build can compress with it: see the crate's features.
    pub const fn can_compress(self) -> bool {
        match self {
            Codec::None => true,
            Codec::Gzip => cfg!(feature = "gzip"),
            Codec::Snappy => cfg!(feature = "snappy"),
            Codec::Lz4 => cfg!(feature = "lz4"),
            Codec::Zstd => cfg!(feature = "zstd"),
        }
    }

    /// Whether this build can decompress it.
    pub const fn can_decompress(self) -> bool {
        match self {
            Codec::Zstd => cfg!(any(feature = "zstd", feature = "zstd-decode")),
            codec => codec.can_compress(),
        }
    }

    /// The levels that Kafka's setting for this codec accepts (KIP-390); `None` where there is nothing to set.
    ///
    /// gzip has −1 for its default besides 1 to 9 (`compression.gzip.level`), lz4 1 to 17 (`compression.lz4.level`),
    /// zstd −131072 to 22 (`compression.zstd.level`).
    pub const fn levels(self) -> Option<RangeInclusive<i32>> {
        match self {
            Codec::None | Codec::Snappy => None,
            Codec::Gzip => Some(-1..=9),
            Codec::Lz4 => Some(1..=17),
            Codec::Zstd => Some(-131_072..=22),
        }
    }

    /// Kafka's default level: −1 for gzip (which is 6), 9 for lz4, 3 for zstd.
    pub const fn default_level(self) -> Option<i32> {
        match self {
            Codec::None | Codec::Snappy => None,
            Codec::Gzip => Some(-1),
            Codec::Lz4 => Some(9),
            Codec::Zstd => Some(3),
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Codec {
    type Err = CompressionError;

    /// Reads Kafka's name for a codec, whatever its case.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Codec::ALL
            .into_iter()
            .find(|codec| codec.name().eq_ignore_ascii_case(name))
            .ok_or(CompressionError::UnknownName)
    }
}

/// A codec and its level, in range by construction.
///
/// The default is not to compress, as Kafka's `compression.type` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Compression {
    codec: Codec,
    level: Option<i32>,
}

impl Compression {
    /// Not compressed.
    pub const NONE: Compression = Compression::new(Codec::None);

    /// A codec at Kafka's default level.
    pub const fn new(codec: Codec) -> Self {
        Self { codec, level: codec.default_level() }
    }

    /// A codec at a level of [`Codec::levels`] (`compression.gzip.level`, `compression.lz4.level`,
    /// `compression.zstd.level`).
    ///
    /// As in Kafka, lz4's default level 9 is a fast encoder, and every other level one that searches harder, the more so
    /// the higher it is, up to 12; the levels above are like 12.
    ///
    /// # Errors
    ///
    /// [`CompressionError::UnknownLevel`] for a level out of range, for gzip's 0, and for any level of a codec that has
    /// none.
    pub fn with_level(codec: Codec, level: i32) -> Result<Self, CompressionError> {
        let stored = codec == Codec::Gzip && level == 0;
        match codec.levels() {
            Some(levels) if levels.contains(&level) && !stored => Ok(Self { codec, level: Some(level) }),
            _ => Err(CompressionError::UnknownLevel { codec, level }),
        }
    }

    /// The codec.
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// The level; `None` where the codec has none.
    pub const fn level(&self) -> Option<i32> {
        self.level
    }

    /// Whether this compresses nothing.
    pub const fn is_none(&self) -> bool {
        matches!(self.codec, Codec::None)
    }
}

impl From<Codec> for Compression {
    fn from(codec: Codec) -> Self {
        Self::new(codec)
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            Some(level) if Some(level) != self.codec.default_level() => write!(f, "{} level {level}", self.codec),
            _ => self.codec.fmt(f),
        }
    }
}
