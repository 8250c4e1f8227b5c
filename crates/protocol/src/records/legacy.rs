//! Message sets of the formats v0 and v1, which brokers before 0.11 knew alone and old topics still hold.
//!
//! A message is an offset (8 bytes), a length (4), a CRC-32 (4) of all that follows, the magic, attributes, in v1 a
//! timestamp (8), then key and value, each behind an int32 length. A compressed message has a message set for its value:
//! in v0 with absolute offsets, in v1 with offsets relative to each other, of which the last is that of the wrapper.
//!
//! * [`upgrade`] reads them by writing them anew as batches of format v2, so that whoever reads records knows one format
//!   only.
//! * [`MessageSetBuilder`] writes them, for brokers before 0.11.
//! * [`downgrade`] turns what newer brokers hold into them, as those brokers did for old consumers.
//!
//! What they cannot say is [`RecordError::NotInFormat`]: headers, zstd, producer ids and sequences, transactions,
//! control records; v0 has no timestamps either.

mod builder;
mod downgrade;
mod message;
#[cfg(test)]
mod tests;
mod upgrade;

#[cfg(doc)]
use super::RecordError;

pub use builder::MessageSetBuilder;
pub use downgrade::{Downgrade, Downgraded, downgrade};
pub use upgrade::upgrade;

/// A format of messages from before record batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MessageFormat {
    /// Without timestamps: all that brokers before 0.10 know.
    V0,
    /// With timestamps, and relative offsets inside of compressed messages: brokers from 0.10 on (KIP-31, KIP-32).
    V1,
}

impl MessageFormat {
    /// Its number on the wire: 0 or 1.
    pub const fn magic(self) -> i8 {
        match self {
            Self::V0 => 0,
            Self::V1 => 1,
        }
    }

    /// The format of a number; `None` for all but 0 and 1.
    pub const fn from_magic(magic: i8) -> Option<Self> {
        match magic {
            0 => Some(Self::V0),
            1 => Some(Self::V1),
            _ => None,
        }
    }

    /// Which format a broker wants by the version of Produce that it takes: v0 up to version 1, v1 in version 2, and
    /// `None`, which is batches of format v2, from version 3 on.
    pub const fn for_produce(version: i16) -> Option<Self> {
        match version {
            ..=1 => Some(Self::V0),
            2 => Some(Self::V1),
            3.. => None,
        }
    }

    /// Which format a consumer expects by its version of Fetch: v0 up to version 1, v1 up to version 3, and `None`,
    /// which is batches of format v2, from version 4 on.
    pub const fn for_fetch(version: i16) -> Option<Self> {
        match version {
            ..=1 => Some(Self::V0),
            2 | 3 => Some(Self::V1),
            4.. => None,
        }
    }
}

/// Whether bytes begin with a message of format v0 or v1.
pub fn is_legacy(bytes: &[u8]) -> bool {
    matches!(bytes.get(16), Some(0 | 1))
}
