//! One batch of records from its first record to its outcome, and the job that encodes it.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use ottla_core::error::{Error, ErrorKind};
use ottla_core::machine::{RequestId, Work};
use ottla_protocol::records::{BatchBuilder, Compression, Producer, edit};
use ottla_types::BrokerId;

use crate::buffers::Buffers;
use crate::receipt::BatchSlot;

/// A batch that takes records.
#[derive(Debug)]
pub(crate) struct OpenBatch {
    /// Counts the batches of the producer.
    pub(crate) number: u64,
    pub(crate) builder: BatchBuilder,
    pub(crate) slot: Arc<BatchSlot>,
    /// What it takes of the buffer memory.
    pub(crate) charged: usize,
    /// What is kept beside it of the buffer memory until deliveries are read.
    pub(crate) kept: usize,
    /// Whether a caller awaits the outcome of one of its records right away.
    pub(crate) awaited: bool,
}

/// What decides whether an open batch is closed now.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Closing {
    /// The next record does not fit, or hardly any would.
    pub(crate) full: bool,
    /// Its linger is over.
    pub(crate) lingered: bool,
    /// A flush or a close was asked for since it was opened.
    pub(crate) flushed: bool,
    /// Somebody waits for buffer memory.
    pub(crate) pressed: bool,
    /// Linger is zero, or a caller awaits one of its records.
    pub(crate) hurried: bool,
    /// All requests that were on their way to its leader when it began to hurry have been answered.
    pub(crate) leader_is_idle: bool,
}

impl Closing {
    /// Whether to close the batch: the one place where that is decided.
    pub(crate) fn now(self) -> bool {
        self.full || self.lingered || self.flushed || self.pressed || (self.hurried && self.leader_is_idle)
    }
}

/// Where a closed batch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Its job is under way.
    Encoding,
    /// Waits for its turn, the first or a later one.
    Ready,
    /// In this request.
    InFlight(RequestId),
}

/// A batch that takes no more records.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Counts the batches of the producer.
    pub(crate) number: u64,
    pub(crate) slot: Arc<BatchSlot>,
    pub(crate) stage: Stage,
    /// Since when it takes no more records.
    pub(crate) closed_at: Instant,
    /// The whole batch as it goes on the wire; empty while it is encoded.
    pub(crate) bytes: Bytes,
    pub(crate) count: i32,
    pub(crate) charged: usize,
    pub(crate) kept: usize,
    pub(crate) awaited: bool,
    /// What `bytes` say of the producer.
    pub(crate) stamped: Producer,
    /// Its sequence, from the first attempt on.
    pub(crate) sequence: Option<Producer>,
    /// Whether an attempt so far may have been written without our knowing.
    pub(crate) maybe_written: bool,
    /// How many attempts failed.
    pub(crate) failures: u32,
    /// Whether its receipts have been told that it failed, while an attempt was on its way.
    pub(crate) abandoned: bool,
    /// Why the last attempt failed.
    pub(crate) last_error: Option<Error>,
}

impl Batch {
    /// Gives the batch a sequence, which changes its bytes unless it was encoded with this one.
    pub(crate) fn stamp(&mut self, producer: Producer, buffers: &Buffers) {
        if self.stamped != producer {
            let mut bytes = buffers.take();
            bytes.extend_from_slice(&self.bytes);
            edit::patch_producer(&mut bytes, producer);
            self.bytes = buffers.share(bytes);
            self.stamped = producer;
        }
    }
}

/// Encodes a batch: compresses its records, stamps it with the sequence that it will probably have, computes its CRC.
#[derive(Debug)]
pub(crate) struct Encode {
    pub(crate) partition: usize,
    pub(crate) number: u64,
    /// The broker whose next request waits for this batch, where it was closed together with others.
    pub(crate) gathered: Option<BrokerId>,
    pub(crate) compression: Compression,
    pub(crate) producer: Producer,
    pub(crate) buffers: Buffers,
    pub(crate) state: Encoding,
}

/// Before and after the job.
#[derive(Debug)]
pub(crate) enum Encoding {
    /// To be done.
    Todo(BatchBuilder),
    /// Done.
    Done(Result<Bytes, Error>),
}

impl Work for Encode {
    fn cost(&self) -> usize {
        match &self.state {
            // A CRC alone walks over a byte a hundred times faster than a codec.
            Encoding::Todo(builder) if self.compression.is_none() => builder.len() / 64,
            Encoding::Todo(builder) => builder.len(),
            Encoding::Done(_) => 0,
        }
    }

    fn run(&mut self) {
        let lost = Error::new(ErrorKind::Internal, "a batch was encoded twice");
        let Encoding::Todo(builder) = std::mem::replace(&mut self.state, Encoding::Done(Err(lost))) else { return };
        let mut batch = builder.build();
        let mut result = Ok(());
        if !self.compression.is_none() {
            let mut other = self.buffers.take();
            result = self
                .buffers
                .with_compressor(|compressor| batch.compress(&self.compression, compressor, &mut other))
                .map(|_| ());
            self.buffers.give(other);
        }
        batch.assign(self.producer);
        batch.seal();
        let bytes = self.buffers.share(batch.into_inner());
        self.state = Encoding::Done(
            result
                .map(|()| bytes)
                .map_err(|error| Error::new(ErrorKind::Internal, format!("a batch could not be compressed: {error}"))),
        );
    }
}

#[cfg(test)]
mod tests;
