//! Cutting fetched bytes into batches.

#[cfg(test)]
mod tests;

use ottla_compression::{Codec, Decompressor};

use super::{BatchHeader, RecordError, RecordFault, RecordIter, check_records, edit};

/// Bytes up to and including the magic of any format.
const UP_TO_MAGIC: usize = 17;
/// The least that a length field may say: the header of a message of format v0.
const LEAST_LENGTH: i32 = 14;

/// Cuts bytes into batches, as a Fetch response or a log segment holds them, one after the other.
///
/// The last may be cut short, since a broker fills a response to the byte: that ends the iteration without an error,
/// and [`Batches::remainder`] shows it. An error ends it too, except for [`RecordError::Legacy`], whose message is
/// passed over.
pub const fn batches(bytes: &[u8]) -> Batches<'_> {
    Batches { bytes, position: 0 }
}

/// The batches of fetched bytes: see [`batches`].
#[derive(Clone)]
pub struct Batches<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl std::fmt::Debug for Batches<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batches").field("position", &self.position).field("len", &self.bytes.len()).finish()
    }
}

impl<'a> Batches<'a> {
    /// How many bytes were read as batches so far.
    pub const fn position(&self) -> usize {
        self.position
    }

    /// The bytes that were not read. After the end these are a batch that was cut short, or none.
    #[inline]
    pub fn remainder(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    /// The next batch, where all of it is there.
    #[inline]
    fn read(&mut self) -> Result<Option<RawBatch<'a>>, RecordError> {
        let position = self.position;
        let rest = self.remainder();
        let Some(length) = rest.get(8..).and_then(<[u8]>::first_chunk::<4>) else { return Ok(None) };
        let length = i32::from_be_bytes(*length);
        if length < LEAST_LENGTH {
            return Err(RecordError::Length { position, length });
        }
        let Some(magic) = rest.get(UP_TO_MAGIC.wrapping_sub(1)) else { return Ok(None) };
        let magic = magic.cast_signed();
        if !(0..=BatchHeader::MAGIC).contains(&magic) {
            return Err(RecordError::Magic { position, magic });
        }
        let len = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(BatchHeader::OVERHEAD);
        let Some(bytes) = rest.get(..len) else { return Ok(None) };
        if magic < BatchHeader::MAGIC {
            self.position = position.saturating_add(len);
            return Err(RecordError::Legacy { position, magic });
        }
        let Some(header) = BatchHeader::read(bytes) else { return Err(RecordError::Length { position, length }) };
        if header.count < 0 {
            return Err(RecordFault::Count.at(header.base_offset, position));
        }
        if header.last_offset_delta < 0 {
            return Err(RecordFault::LastOffset.at(header.base_offset, position));
        }
        self.position = position.saturating_add(len);
        Ok(Some(RawBatch { header, bytes, position }))
    }
}

impl<'a> Iterator for Batches<'a> {
    type Item = Result<RawBatch<'a>, RecordError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let result = self.read();
        if let Err(error) = &result
            && !matches!(error, RecordError::Legacy { .. })
        {
            // nothing behind it can be believed
            self.bytes = self.bytes.get(..self.position).unwrap_or_default();
        }
        result.transpose()
    }
}

/// A batch of format v2, all of which is there; its CRC and its records are still to be checked.
#[derive(Clone, Copy)]
pub struct RawBatch<'a> {
    header: BatchHeader,
    bytes: &'a [u8],
    position: usize,
}

impl std::fmt::Debug for RawBatch<'_> {
    /// The header and the place; of the records nothing.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawBatch")
            .field("position", &self.position)
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

impl<'a> RawBatch<'a> {
    /// What its header says.
    #[inline]
    pub const fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// All of its bytes.
    #[inline]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Where it begins, in bytes from the start of what was read.
    pub const fn position(&self) -> usize {
        self.position
    }

    /// Its records, compressed or not.
    #[inline]
    pub fn payload(&self) -> &'a [u8] {
        self.bytes.get(BatchHeader::LEN..).unwrap_or_default()
    }

    /// Where its records stand, compressed or not, in what was read.
    pub const fn payload_range(&self) -> std::ops::Range<usize> {
        self.position.saturating_add(BatchHeader::LEN)..self.position.saturating_add(self.bytes.len())
    }

    /// How its records are compressed.
    ///
    /// # Errors
    ///
    /// [`RecordError::Compression`] for a number that stands for no codec.
    #[inline]
    pub fn codec(&self) -> Result<Codec, RecordError> {
        Ok(self.header.attributes.codec()?)
    }

    /// Compares its CRC with its bytes.
    ///
    /// # Errors
    ///
    /// [`RecordError::Crc`] if they differ.
    #[inline]
    pub fn verify_crc(&self) -> Result<(), RecordError> {
        let (stored, computed) = (self.header.crc, edit::crc(self.bytes));
        if stored == computed {
            return Ok(());
        }
        Err(RecordError::Crc { base_offset: self.header.base_offset, stored, computed })
    }

    /// Appends its records to `out`, decompressed: at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// [`RecordError::Compression`]; its `OutputLimit` if the records take more. `out` is then as it was.
    pub fn decompress(
        &self,
        decompressor: &mut Decompressor,
        out: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), RecordError> {
        Ok(decompressor.decompress(self.codec()?, self.payload(), out, limit)?)
    }

    /// Does all there is to do before its records can be read: verifies the CRC, decompresses into `scratch` if it must
    /// (dropping what was there, and within `limit` bytes), and checks the records.
    ///
    /// # Errors
    ///
    /// Those of [`RawBatch::verify_crc`], [`RawBatch::decompress`] and [`check_records`].
    pub fn open<'b>(
        &self,
        decompressor: &mut Decompressor,
        scratch: &'b mut Vec<u8>,
        limit: usize,
    ) -> Result<RecordIter<'b>, RecordError>
    where
        'a: 'b,
    {
        self.verify_crc()?;
        let payload = if self.codec()? == Codec::None {
            self.payload()
        } else {
            scratch.clear();
            self.decompress(decompressor, scratch, limit)?;
            scratch
        };
        check_records(&self.header, payload)?;
        Ok(RecordIter::new(&self.header, payload))
    }
}
