//! A batch whose records are found, to be kept: one buffer, and where each record stands in it.

#[cfg(test)]
mod tests;

use bytes::Bytes;
use ottla_compression::{Codec, Decompressor};

use super::iter::index_records;
use super::{BatchHeader, RawBatch, RecordError, RecordRanges, RecordView};

/// The records of one batch, owned: their bytes once, and 40 bytes for each record that tell where it is.
///
/// Records that were not compressed stay in the buffer that they came in, which lives as long as this; nothing is
/// copied. Everything was checked when it was made, so that reading cannot fail.
///
/// ```
/// use bytes::Bytes;
/// use ottla_protocol::records::{BatchBuilder, Decompressor, NO_HEADERS, OwnedBatch, batches};
///
/// let mut builder = BatchBuilder::new(Vec::new());
/// builder.append(1_700_000_000_000, Some(b"key"), Some(b"value"), NO_HEADERS)?;
/// let mut batch = builder.build();
/// batch.seal();
/// let fetched = Bytes::from(batch.into_inner());
///
/// let mut decompressor = Decompressor::new();
/// let mut kept = Vec::new();
/// for batch in batches(&fetched) {
///     kept.push(OwnedBatch::open(&batch?, &fetched, &mut decompressor, 1 << 20)?);
/// }
/// assert_eq!(kept[0].get(0).and_then(|record| record.value), Some(&b"value"[..]));
/// # Ok::<(), ottla_protocol::records::RecordError>(())
/// ```
#[derive(Clone)]
pub struct OwnedBatch {
    header: BatchHeader,
    payload: Bytes,
    records: Vec<RecordRanges>,
}

impl std::fmt::Debug for OwnedBatch {
    /// The header and the sizes of the records.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let records: Vec<_> = self.iter().collect();
        f.debug_struct("OwnedBatch").field("header", &self.header).field("records", &records).finish()
    }
}

impl OwnedBatch {
    /// Does all there is to do before records can be read: verifies the CRC, decompresses if it must (to `limit` bytes
    /// at most), and finds and checks the records. `fetched` is what [`batches`](super::batches) cut the batch out of; of
    /// other bytes no part is kept, but the records are copied.
    ///
    /// # Errors
    ///
    /// Those of [`RawBatch::open`].
    pub fn open(
        batch: &RawBatch<'_>,
        fetched: &Bytes,
        decompressor: &mut Decompressor,
        limit: usize,
    ) -> Result<Self, RecordError> {
        batch.verify_crc()?;
        let payload = if batch.codec()? == Codec::None {
            let range = batch.payload_range();
            match fetched.get(range.clone()) {
                Some(there) if std::ptr::eq(there, batch.payload()) => fetched.slice(range),
                _ => Bytes::copy_from_slice(batch.payload()),
            }
        } else {
            let mut payload = Vec::new();
            batch.decompress(decompressor, &mut payload, limit)?;
            payload.into()
        };
        let records = index_records(batch.header(), &payload)?;
        Ok(Self { header: *batch.header(), payload, records })
    }

    /// What the batch's header says.
    pub const fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// The number of records.
    pub const fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are no records, as where compaction has removed them all.
    pub const fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The record at this place among the others, if there is one.
    pub fn get(&self, place: usize) -> Option<RecordView<'_>> {
        self.records.get(place).map(|record| record.view(&self.payload))
    }

    /// The records in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = RecordView<'_>> + DoubleEndedIterator {
        self.records.iter().map(|record| record.view(&self.payload))
    }

    /// The bytes of all records, decompressed.
    pub const fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// Where the parts of each record are in [`OwnedBatch::payload`].
    pub fn ranges(&self) -> &[RecordRanges] {
        &self.records
    }
}
