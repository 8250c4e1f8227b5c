//! One batch under another codec, everything else as it was.

#[cfg(test)]
mod tests;

use ottla_compression::{Codec, Compression, Compressor, Decompressor};

use super::{BatchHeader, EncodedBatch, RawBatch, RecordError};

/// The batch with its records compressed by `compression`, or not compressed, and sealed.
///
/// Records, offsets, timestamps, producer and sequence, transactional mark, log-append time, delete horizon and leader
/// epoch stay; the records are not looked into. Where compressing would not make the batch shorter it is left
/// uncompressed. Batches of control records and batches without records come back as they are, as brokers leave them.
///
/// The batch is checked by its CRC before, since it gets a new one. `buffer` is worked in; whatever was in it is
/// dropped.
///
/// ```
/// use ottla_compression::{Codec, Compressor, Decompressor};
/// use ottla_protocol::records::{BatchBuilder, NO_HEADERS, batches, recompress};
///
/// # fn main() -> Result<(), ottla_protocol::records::RecordError> {
/// let mut builder = BatchBuilder::new(Vec::new());
/// builder.append(0, None, Some(&[b'x'; 1000]), NO_HEADERS)?;
/// let mut plain = builder.build();
/// plain.seal();
/// let batch = batches(plain.as_bytes()).next().unwrap()?;
/// # if Codec::Snappy.can_compress() {
/// let (d, c) = (&mut Decompressor::new(), &mut Compressor::new());
/// let packed = recompress(&batch, &Codec::Snappy.into(), d, c, &mut Vec::new(), 1 << 20)?;
/// assert!(packed.len() < plain.len() / 2);
/// # }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`RecordError::Crc`]; [`RecordError::Compression`] if the records cannot be decompressed, take more than `limit` bytes
/// then, or cannot be compressed; [`RecordError::TooLarge`] if they are longer than an int32 can say.
pub fn recompress(
    batch: &RawBatch<'_>,
    compression: &Compression,
    decompressor: &mut Decompressor,
    compressor: &mut Compressor,
    buffer: &mut Vec<u8>,
    limit: usize,
) -> Result<EncodedBatch, RecordError> {
    batch.verify_crc()?;
    let mut header = *batch.header();
    let mut bytes = batch.bytes().get(..BatchHeader::LEN).unwrap_or_default().to_vec();
    if header.is_control() || header.is_empty() {
        return Ok(EncodedBatch::from_parts(header, batch.bytes().to_vec()));
    }
    batch.decompress(decompressor, &mut bytes, limit)?;
    header.attributes = header.attributes.with_codec(Codec::None);
    header.batch_length =
        i32::try_from(bytes.len().saturating_sub(BatchHeader::OVERHEAD)).map_err(|_| RecordError::TooLarge)?;
    super::header::put(&mut bytes, 0, header.to_bytes());
    let mut encoded = EncodedBatch::from_parts(header, bytes);
    encoded.compress(compression, compressor, buffer)?;
    encoded.seal();
    Ok(encoded)
}
