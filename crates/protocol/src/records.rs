//! Record batches (format v2), as they stand in the `records` fields of Produce requests and Fetch responses.
//!
//! # Writing
//!
//! A [`BatchBuilder`] appends records in place to a buffer of the caller's, one copy and no allocation each. Then, in
//! steps that may run in different places:
//!
//! 1. [`BatchBuilder::build`] writes the header and gives an [`EncodedBatch`];
//! 2. [`EncodedBatch::compress`] compresses its records into another buffer (a job for another thread);
//! 3. [`EncodedBatch::assign`] says who sends it and with which sequence, as late as when it leaves, and again
//!    on a retry under a new epoch, without compressing again;
//! 4. [`EncodedBatch::seal`] computes the CRC. After that [`EncodedBatch::into_inner`] is what goes on the wire.
//!
//! ```
//! use ottla_compression::{Codec, Compressor};
//! use ottla_protocol::ProducerId;
//! use ottla_protocol::records::{BatchBuilder, NO_HEADERS, Producer, batches};
//!
//! let mut builder = BatchBuilder::new(Vec::with_capacity(16 * 1024));
//! builder.append(1_700_000_000_000, Some(b"key"), Some(b"value"), NO_HEADERS)?;
//! builder.append(1_700_000_000_005, None, Some(b"other"), [(&b"trace"[..], Some(&b"42"[..]))])?;
//! let mut batch = builder.build();
//! let mut compressed = Vec::new();
//! batch.compress(&Codec::Lz4.into(), &mut Compressor::new(), &mut compressed)?;
//! batch.assign(Producer { id: ProducerId(9), epoch: 0, base_sequence: 0 });
//! batch.seal();
//! let bytes = batch.into_inner();
//!
//! let mut scratch = Vec::new();
//! for batch in batches(&bytes) {
//!     let batch = batch?;
//!     let records = batch.open(&mut Default::default(), &mut scratch, 1 << 20)?;
//!     for record in records {
//!         println!("{} {:?}", record.offset, record.value);
//!     }
//! }
//! # Ok::<(), ottla_protocol::records::RecordError>(())
//! ```
//!
//! # Reading
//!
//! [`batches`] cuts a fetched byte string into [`RawBatch`]es without looking into them. For each: check its CRC
//! ([`RawBatch::verify_crc`]), take its records as they are ([`RawBatch::payload`]) or decompress them within a budget
//! ([`RawBatch::decompress`]), walk over them once with [`check_records`], and from then on iterating cannot fail:
//! borrowed with a [`RecordIter`], or, where the payload is owned elsewhere, with a [`RecordCursor`] that holds only
//! positions and gives [`RecordRanges`] or [`RecordView`]s. An [`OwnedBatch`] is all of that at once, for whoever wants to
//! keep a batch and come back to any of its records.
//!
//! What brokers before 0.11 stored, message sets of the formats v0 and v1, shows as [`RecordError::Legacy`] and is
//! turned into batches by [`legacy::upgrade`]; [`legacy`] also writes them, and converts batches down to them.
//!
//! # Editing and converting
//!
//! | what changes | with | costs |
//! |---|---|---|
//! | base offset, leader epoch | [`edit`] | a few bytes written |
//! | producer id, epoch, sequence, transactional mark, log-append time | [`edit`] | and a CRC |
//! | the codec | [`recompress`] | decompressing, compressing |
//! | the size of batches | [`rebatch`] | and the records' deltas |
//! | the format | [`legacy::upgrade`], [`legacy::downgrade`] | and all else about records |

mod attributes;
mod batch;
mod builder;
mod control;
pub mod edit;
mod encoded;
mod error;
mod header;
mod iter;
pub mod legacy;
mod owned;
mod rebatch;
mod recompress;
mod varint;

pub use attributes::{Attributes, TimestampType};
pub use batch::{Batches, RawBatch, batches};
pub use builder::{BatchBuilder, NO_HEADERS, largest_record_len};
pub use control::{ControlRecord, ControlRecordType, ControlValue, end_transaction_batch};
pub use encoded::EncodedBatch;
pub use error::{NewerFeature, RecordError, RecordFault};
pub use header::{BatchHeader, Producer, sequence_after};
pub use iter::{HeaderIter, HeaderView, RecordCursor, RecordIter, RecordRanges, RecordView, check_records};
pub use owned::OwnedBatch;
pub use rebatch::{Rebatch, Rebatched, rebatch};
pub use recompress::recompress;

pub use ottla_compression::{Codec, Compression, CompressionError, Compressor, Decompressor};

#[cfg(test)]
mod tests;
