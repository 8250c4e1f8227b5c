//! Record sets as inputs: the right checksums, and the five codecs.

use ottla_protocol::records::{BatchHeader, Codec, Decompressor, RecordError, RecordView, batches, edit};

/// The most that a batch may decompress to. One for all, since zstd's library reads some damaged frames as a stream that it
/// refuses to read at once, and which way it is asked depends on the bound.
pub const LIMIT: usize = 1 << 20;

/// Where what a message's CRC covers begins: the magic.
const LEGACY_COVERED: usize = 16;

/// The codec of a byte; all of them equally often.
pub fn codec(byte: u8) -> Codec {
    let codecs = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];
    codecs[usize::from(byte) % codecs.len()]
}

/// Gives every batch of format v2 the CRC that it should have.
pub fn seal_batches(set: &mut [u8]) {
    let ranges: Vec<_> =
        batches(set).flatten().map(|batch| batch.position()..batch.position() + batch.bytes().len()).collect();
    for range in ranges {
        edit::seal(&mut set[range]);
    }
}

/// Gives every message of the formats before v2 the CRC that it should have.
pub fn seal_messages(set: &mut [u8]) {
    let mut place = 0;
    while let Some(start) = set.get(place..place + LEGACY_COVERED) {
        let length = i32::from_be_bytes([start[8], start[9], start[10], start[11]]);
        let Ok(length) = usize::try_from(length) else { return };
        let end = place + 12 + length;
        let Some(covered) = set.get(place + LEGACY_COVERED..end) else { return };
        if covered.first().is_some_and(|magic| *magic < 2) {
            let crc = crc32fast::hash(covered).to_be_bytes();
            set[place + 12..place + LEGACY_COVERED].copy_from_slice(&crc);
        }
        place = end;
    }
}

/// A record, owned.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub offset: i64,
    pub timestamp: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<Header>,
}

/// A header, owned.
pub type Header = (Vec<u8>, Option<Vec<u8>>);

impl Record {
    /// A copy of what is borrowed.
    pub fn of(record: &RecordView<'_>) -> Self {
        let headers = record.headers().map(|header| (header.key.to_vec(), header.value.map(<[u8]>::to_vec)));
        Self {
            offset: record.offset,
            timestamp: record.timestamp,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: headers.collect(),
        }
    }

    /// Itself, wherever it is.
    pub fn contents(self) -> Self {
        Self { offset: 0, ..self }
    }
}

/// All records of a set of batches; what is cut short at the end is left alone.
pub fn records(set: &[u8]) -> Result<Vec<Record>, RecordError> {
    chosen(set, |_| true)
}

/// As [`records`], without control batches and batches that say that they have no records: what converts batches does not look into these.
pub fn data_records(set: &[u8]) -> Result<Vec<Record>, RecordError> {
    chosen(set, |header| !header.is_control() && !header.is_empty())
}

fn chosen(set: &[u8], choose: fn(&BatchHeader) -> bool) -> Result<Vec<Record>, RecordError> {
    let mut found = Vec::new();
    for batch in batches(set) {
        let batch = batch?;
        if choose(batch.header()) {
            let mut scratch = Vec::new();
            let records = batch.open(&mut Decompressor::new(), &mut scratch, LIMIT)?;
            found.extend(records.map(|record| Record::of(&record)));
        }
    }
    Ok(found)
}
