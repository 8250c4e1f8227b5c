//! A batch that was built: to be compressed, given to a producer, sealed and sent.

#[cfg(test)]
mod tests;

use ottla_compression::{Codec, Compression, Compressor};

use super::header::put;
use super::{Attributes, BatchHeader, Producer, RecordError, edit};

/// One whole batch of format v2 with its header, as it goes on the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct EncodedBatch {
    header: BatchHeader,
    /// Header and records; the header's bytes are those of `header`, the CRC that of the last [`EncodedBatch::seal`].
    bytes: Vec<u8>,
}

impl EncodedBatch {
    pub(crate) const fn from_parts(header: BatchHeader, bytes: Vec<u8>) -> Self {
        Self { header, bytes }
    }

    /// Takes a batch over from its bytes, as [`EncodedBatch::into_inner`] gave them or as it was read; the bytes come
    /// back if they are not exactly one batch of format v2.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, Vec<u8>> {
        match BatchHeader::read(&bytes) {
            Some(header)
                if header.len() == bytes.len()
                    && header.batch_length > 0
                    && bytes.get(16) == Some(&BatchHeader::MAGIC.cast_unsigned()) =>
            {
                Ok(Self { header, bytes })
            }
            _ => Err(bytes),
        }
    }

    /// What its header says. The CRC is right only after [`EncodedBatch::seal`].
    pub const fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// The number of records.
    pub const fn count(&self) -> i32 {
        self.header.count
    }

    /// The length in bytes, header included.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are no records in it.
    pub const fn is_empty(&self) -> bool {
        self.header.is_empty()
    }

    /// All of its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes behind the header: the records, compressed or not.
    pub fn payload(&self) -> &[u8] {
        self.bytes.get(BatchHeader::LEN..).unwrap_or_default()
    }

    /// Compresses the records into `buffer`, whose contents are dropped; afterwards the batch has that buffer and
    /// `buffer` is the one that it had. Where compressing would not make the batch shorter it is left as it is, and
    /// so it is with [`Codec::None`] or where it is compressed already. Answers whether it is compressed now.
    ///
    /// # Errors
    ///
    /// [`RecordError::Compression`] if the codec fails or is not compiled in. The batch is then as it was.
    pub fn compress(
        &mut self,
        compression: &Compression,
        compressor: &mut Compressor,
        buffer: &mut Vec<u8>,
    ) -> Result<bool, RecordError> {
        if compression.is_none() || self.header.attributes.codec()? != Codec::None || self.is_empty() {
            return Ok(self.header.attributes.codec()? != Codec::None);
        }
        buffer.clear();
        buffer.extend_from_slice(self.bytes.get(..BatchHeader::LEN).unwrap_or_default());
        compressor.compress(compression, self.payload(), buffer)?;
        if buffer.len() >= self.bytes.len() {
            return Ok(false);
        }
        std::mem::swap(&mut self.bytes, buffer);
        self.header.attributes = self.header.attributes.with_codec(compression.codec());
        self.header.batch_length =
            i32::try_from(self.bytes.len().saturating_sub(BatchHeader::OVERHEAD)).unwrap_or(i32::MAX);
        self.write_header();
        Ok(true)
    }

    /// Says who produces the batch and with which sequence. To be sealed (again) afterwards.
    pub fn assign(&mut self, producer: Producer) {
        self.header.producer = producer;
        edit::set_producer(&mut self.bytes, producer);
    }

    /// Sets the attributes, except for the codec. To be sealed (again) afterwards.
    pub fn set_attributes(&mut self, attributes: Attributes) {
        let codec = self.header.attributes.codec().unwrap_or_default();
        self.header.attributes = attributes.with_codec(codec);
        self.write_header();
    }

    /// Says whether the batch belongs to a transaction. To be sealed (again) afterwards.
    pub fn set_transactional(&mut self, transactional: bool) {
        self.set_attributes(self.header.attributes.with_transactional(transactional));
    }

    /// Sets the base offset, which needs no seal.
    pub fn set_base_offset(&mut self, base_offset: i64) {
        self.header.base_offset = base_offset;
        edit::set_base_offset(&mut self.bytes, base_offset);
    }

    /// Sets the partition leader epoch, which needs no seal.
    pub fn set_leader_epoch(&mut self, leader_epoch: i32) {
        self.header.leader_epoch = leader_epoch;
        edit::set_leader_epoch(&mut self.bytes, leader_epoch);
    }

    /// Computes the CRC, as [`edit::seal`] does.
    pub fn seal(&mut self) {
        self.header.crc = edit::crc(&self.bytes);
        put(&mut self.bytes, 17, self.header.crc.to_be_bytes());
    }

    /// The bytes, to be sent or kept.
    pub fn into_inner(self) -> Vec<u8> {
        self.bytes
    }

    fn write_header(&mut self) {
        put(&mut self.bytes, 0, self.header.to_bytes());
    }
}

impl std::fmt::Debug for EncodedBatch {
    /// The header and the length; of the records nothing.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EncodedBatch").field("header", &self.header).field("len", &self.len()).finish()
    }
}

impl AsRef<[u8]> for EncodedBatch {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
