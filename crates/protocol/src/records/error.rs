//! Why records cannot be read, or not be appended.

use std::error::Error;
use std::fmt;

use ottla_compression::CompressionError;

/// Why a batch or its records cannot be read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordError {
    /// A batch's length field is smaller than its format's header: where the next batch begins is not known.
    Length {
        /// Where the batch begins, in bytes from the start of what was read.
        position: usize,
        /// What the field says.
        length: i32,
    },
    /// A format that Kafka never had.
    Magic {
        /// Where the batch begins, in bytes from the start of what was read.
        position: usize,
        /// What the field says.
        magic: i8,
    },
    /// A message of a message set v0 or v1 (before Kafka 0.11), to be read with [`super::legacy`].
    Legacy {
        /// Where the message begins, in bytes from the start of what was read.
        position: usize,
        /// 0 or 1.
        magic: i8,
    },
    /// The batch, or the message of an old format, is not what was written.
    Crc {
        /// The batch's base offset, or the message's offset.
        base_offset: i64,
        /// The CRC-32C in its header; for a message its CRC-32.
        stored: u32,
        /// That of its bytes.
        computed: u32,
    },
    /// The batch's header or one of its records makes no sense.
    Malformed {
        /// The batch's base offset.
        base_offset: i64,
        /// Where the record begins that makes no sense, in bytes from the start of the decompressed records; for the
        /// batch's header, and for a message of an old format, where that begins in what was read.
        position: usize,
        /// What makes no sense.
        fault: RecordFault,
    },
    /// A format older than v2 cannot say it.
    NotInFormat {
        /// The format, 0 or 1.
        magic: i8,
        /// What it cannot say.
        what: NewerFeature,
    },
    /// The records could not be compressed or decompressed.
    Compression(CompressionError),
    /// A record does not fit into a batch, whose size and counts are int32s.
    TooLarge,
}

/// What message sets of the formats v0 and v1 cannot say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NewerFeature {
    /// Headers of a record (KIP-82).
    Headers,
    /// Compression with zstd (KIP-110).
    Zstd,
    /// A producer id, its epoch and sequences (KIP-98).
    Idempotence,
    /// Belonging to a transaction (KIP-98).
    Transactions,
    /// Control records (KIP-98).
    ControlRecords,
}

impl fmt::Display for NewerFeature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Headers => "headers of records",
            Self::Zstd => "zstd",
            Self::Idempotence => "producer ids and sequences",
            Self::Transactions => "transactions",
            Self::ControlRecords => "control records",
        })
    }
}

/// What is wrong inside a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordFault {
    /// The number of records is negative or more than the bytes could hold.
    Count,
    /// The last offset is before the base offset.
    LastOffset,
    /// A record's offset is not above the one before, or beyond the batch's last.
    Offset,
    /// A record is longer than what is left, or shorter than its parts.
    RecordLength,
    /// A varint is cut short or goes on for too long.
    Varint,
    /// A key, a value or a header has a length that does not fit.
    Field,
    /// The number of a record's headers does not fit.
    HeaderCount,
    /// Bytes follow the last record.
    TrailingBytes,
    /// The records take more than the 2 GiB that positions can tell.
    Size,
    /// A control record without the key or value that it must have.
    Control,
    /// A message of format v0 or v1 whose parts do not fit it, or that holds what it must not.
    Message,
    /// A compressed message of format v0 or v1 inside of a compressed one.
    Nested,
}

impl RecordFault {
    /// The error of a batch with this fault.
    pub(crate) const fn at(self, base_offset: i64, position: usize) -> RecordError {
        RecordError::Malformed { base_offset, position, fault: self }
    }
}

impl fmt::Display for RecordFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Count => "its number of records is impossible",
            Self::LastOffset => "its last offset is before its base offset",
            Self::Offset => "a record's offset is out of order",
            Self::RecordLength => "a record's length is wrong",
            Self::Varint => "a varint is malformed",
            Self::Field => "a key, value or header does not fit its record",
            Self::HeaderCount => "a record's number of headers is impossible",
            Self::TrailingBytes => "bytes follow its last record",
            Self::Size => "its records are too large",
            Self::Control => "a control record is malformed",
            Self::Message => "a message of an old format is malformed",
            Self::Nested => "a compressed message holds another",
        })
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { position, length } => write!(f, "a batch of length {length} at byte {position}"),
            Self::Magic { position, magic } => write!(f, "a batch of unknown format {magic} at byte {position}"),
            Self::Legacy { position, magic } => write!(f, "a message of format v{magic} at byte {position}"),
            Self::Crc { base_offset, stored, computed } => {
                write!(f, "the batch at offset {base_offset} has CRC {computed:08x} and should have {stored:08x}")
            }
            Self::Malformed { base_offset, position, fault } => {
                write!(f, "the batch at offset {base_offset} is bad: {fault}, at byte {position}")
            }
            Self::NotInFormat { magic, what } => write!(f, "message sets of format v{magic} do not know {what}"),
            Self::Compression(_) => f.write_str("the records cannot be compressed or decompressed"),
            Self::TooLarge => f.write_str("the record does not fit into a batch"),
        }
    }
}

impl Error for RecordError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Compression(error) => Some(error),
            _ => None,
        }
    }
}

impl From<CompressionError> for RecordError {
    fn from(error: CompressionError) -> Self {
        Self::Compression(error)
    }
}
