//! The handle: [`Producer`].

use std::sync::Arc;
use std::time::Duration;

use ottla_client::Client;
use ottla_core::error::{Error, ErrorKind, Rejected, Result};
use ottla_core::io::{Io, Owner};
use ottla_core::machine::Input;
use ottla_core::object::Object;

use crate::admission::{Admission, Terms};
use crate::config::ProducerConfig;
use crate::deliveries::{self, Deliveries};
use crate::enqueue::{Enqueue, SendRecord};
use crate::enqueue_all::{EnqueueAll, SendAll};
use crate::lifecycle::{Purge, Purged};
use crate::machine::ProducerMachine;
use crate::partitioner::foreign::{Foreign, hand_in, nobody_to_ask};
use crate::receipt::Receipt;
use crate::record::NewRecord;
use crate::sink::RecordSink;
use crate::tagged::TaggedProducer;

/// Sends records to a cluster: idempotent, batched, in order per partition.
///
/// Cloning it gives another handle of the same producer. Dropping the last one never blocks: what was queued is sent in
/// the background while the client's runtime lives, and its receipts resolve; [`close`](Self::close) waits for it.
#[derive(Clone, Debug)]
pub struct Producer {
    handle: Arc<Handle>,
}

#[derive(Debug)]
struct Handle {
    object: Arc<Object<ProducerMachine>>,
    /// What of the partitioner is a user's code.
    foreign: Option<Foreign>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        let kept = Arc::clone(&self.object);
        // Where that fails the machine is beyond use, and nothing can be kept.
        let _ = self.object.with(|machine, now| machine.detach(now, kept));
    }
}

impl Producer {
    /// A producer for the cluster of a client. Several producers share their client's view of the cluster, and its
    /// connections for producing.
    ///
    /// # Errors
    /// `Config`, naming every setting that is not allowed.
    pub fn new(client: &Client, config: ProducerConfig) -> Result<Self> {
        Self::with_io(ottla_client::internal::io(client), &config)
    }

    /// A producer on what lies beneath a client.
    pub(crate) fn with_io(io: Arc<dyn Io>, config: &ProducerConfig) -> Result<Self> {
        let settings = config.settings()?;
        let foreign = Foreign::of(&settings.partitioner);
        let machine = ProducerMachine::new(settings, io.client_id(), io.seed());
        let object = Object::new(Arc::clone(&io), machine);
        object.input(Input::Cluster(io.cluster()));
        Ok(Self { handle: Arc::new(Handle { object, foreign }) })
    }

    /// Sends a record and waits until it is acknowledged.
    ///
    /// It does not wait out the linger when nothing is on its way to the record's leader: a lone `send` leaves at once,
    /// and concurrent ones share requests.
    ///
    /// # Errors
    /// What [`enqueue`](Self::enqueue) fails with, and the record's failure:
    /// [`Error::outcome`] says whether it may have been written.
    ///
    /// **Cancel safety**: dropped before the record is queued (at the earliest poll, unless buffer memory or the topic must be
    /// waited for), nothing happened; dropped later, the record is sent and only its outcome is lost.
    pub fn send<'a>(&'a self, record: NewRecord<'a>) -> SendRecord<'a> {
        SendRecord::new(self, record)
    }

    /// Queues a record and gives a receipt for its outcome. Waits for buffer memory, and for a topic that is first used, at
    /// most `max.block.ms`.
    ///
    /// # Errors
    /// `Timeout` when that is over (`Broker` with the cluster's answer where the topic is not there), `Misuse` for a
    /// record that is too large and for a partition that is not there, `Authorization` for a topic that may not be
    /// described, `Closed` after [`close`](Self::close).
    ///
    /// **Cancel safety**: dropped before it is ready, the record is not queued.
    pub fn enqueue<'a>(&'a self, record: NewRecord<'a>) -> Enqueue<'a> {
        Enqueue::new(self, record)
    }

    /// Queues a record if that is possible without waiting.
    ///
    /// # Errors
    /// The record with the reason: as [`enqueue`](Self::enqueue), and `Timeout` where that would wait.
    #[allow(clippy::result_large_err, reason = "the record is handed back by value; boxing it would allocate")]
    pub fn try_enqueue<'a>(&self, record: NewRecord<'a>) -> Result<Receipt, Rejected<NewRecord<'a>>> {
        let admission = hand_in(self, &record, Terms::AT_ONCE, |slot, index, timestamp| {
            Receipt::new(Arc::clone(slot), index, timestamp)
        });
        match admission {
            Ok(Admission::Queued(receipt)) => Ok(receipt),
            Ok(Admission::Refused(error)) | Err(error) => Err(Rejected { value: record, error }),
            Ok(Admission::Asks(_)) => Err(Rejected { value: record, error: nobody_to_ask() }),
            Ok(Admission::Waits { .. }) => {
                let error = Error::new(ErrorKind::Internal, "a record that cannot wait was made to");
                Err(Rejected { value: record, error })
            }
        }
    }

    /// Queues records in order and gives one receipt for all of them. The iterator runs without any lock; up to 64
    /// records are appended under one.
    ///
    /// Records that are not taken are told of by the receipt, in their place, and do not end the call.
    ///
    /// # Errors
    /// `Closed` and other failures that concern the producer as a whole come by the receipt too; `Internal` when the
    /// producer is beyond use.
    ///
    /// **Cancel safety**: dropped before it is ready, some of the records may be queued, and are sent.
    pub fn enqueue_all<'a, I>(&'a self, records: I) -> EnqueueAll<'a, I::IntoIter>
    where
        I: IntoIterator<Item = NewRecord<'a>>,
    {
        EnqueueAll::new(self, records.into_iter())
    }

    /// Sends records in order and waits for all of their outcomes: a result for each. Once all are queued they do not wait
    /// out the linger, as with [`send`](Self::send).
    ///
    /// # Errors
    /// `Internal` when the producer is beyond use; what concerns single records is in their results.
    ///
    /// **Cancel safety**: dropped before it is ready, some of the records may be queued, and are sent.
    pub fn send_all<'a, I>(&'a self, records: I) -> SendAll<'a, I::IntoIter>
    where
        I: IntoIterator<Item = NewRecord<'a>>,
    {
        SendAll::new(self.enqueue_all(records))
    }

    /// Sends what is queued without waiting out the linger, and waits until every record that was queued before the call
    /// has its outcome.
    ///
    /// # Errors
    /// The first failure of a record since the flush before; receipts tell of each.
    ///
    /// **Cancel safety**: dropping it recalls nothing.
    pub async fn flush(&self) -> Result<()> {
        let waiting = self.handle.object.with_exact(|machine, now| machine.flush(now, None))?;
        waiting.await?
    }

    /// Gives up records that have no outcome yet. Their receipts and deliveries fail with `Purged`, and
    /// [`Error::outcome`] says of each whether it may be written all the same. Callers that wait for room are left alone:
    /// their records are not queued yet.
    ///
    /// # Errors
    /// `Internal` when the producer is beyond use.
    pub fn purge(&self, what: Purge) -> Result<Purged> {
        self.handle.object.with_exact(|machine, now| machine.purge(now, what))
    }

    /// Takes no more records, and waits until those that are queued have their outcome, but no longer than `wait`. What
    /// is left by then fails with `Closed`, its outcome told. All handles of the producer are closed.
    ///
    /// # Errors
    /// `Timeout` where records were left, with their numbers ([`Unacknowledged`](crate::Unacknowledged)); else the first
    /// failure since the last flush.
    ///
    /// **Cancel safety**: dropped after its first poll, the producer closes all the same.
    pub async fn close(&self, wait: Duration) -> Result<()> {
        let waiting = self.handle.object.with_exact(|machine, now| machine.close(now, wait))?;
        waiting.await?
    }

    /// A producer that tells of each record's outcome, with the record and a tag of yours, by a stream in place of
    /// receipts. It is another handle of this producer: both share batches, memory and settings.
    ///
    /// Records are kept until their delivery is read, and count in `buffer.memory` as long: if nobody reads, `enqueue`
    /// waits, at most `max.block.ms`, and then fails with an error that says so. No delivery is ever dropped to make room.
    ///
    /// ```
    /// # use ottla_client::{Client, ClientConfig};
    /// use ottla_producer::{Delivery, NewRecord, Producer, ProducerConfig};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = ottla_mock::MockCluster::start(1).await?;
    /// # let client = Client::new(&cluster.bootstrap_servers(), ClientConfig::default())?;
    /// let producer = Producer::new(&client, ProducerConfig::default())?;
    /// let (tagged, mut deliveries) = producer.with_deliveries::<u64>();
    /// tagged.enqueue(NewRecord::to("orders").value("one tea"), 42).await?;
    /// if let Some(Delivery { record, tag, result, .. }) = deliveries.recv().await {
    ///     assert_eq!((record.value_bytes(), tag), (Some(&b"one tea"[..]), 42));
    ///     println!("written at offset {:?}", result?.offset);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_deliveries<T: Send + 'static>(&self) -> (TaggedProducer<T>, Deliveries<T>) {
        let (shared, deliveries) = deliveries::stream(self.object());
        (TaggedProducer::new(self.clone(), shared), deliveries)
    }

    /// A [`Sink`](futures_sink::Sink) of records, on another handle of this producer.
    pub fn sink<'a>(&self) -> RecordSink<'a> {
        RecordSink::new(self.clone())
    }

    /// The bytes of records that wait, are on their way, or are kept until their delivery is read, of `buffer.memory`.
    pub fn buffered_bytes(&self) -> usize {
        self.handle.object.look(|machine| machine.accumulator.used()).unwrap_or(0)
    }

    /// What of the partitioner is a user's code, and runs before a record is handed to the machine.
    #[inline]
    pub(crate) fn foreign(&self) -> Option<&Foreign> {
        self.handle.foreign.as_ref()
    }

    /// The machine, shared.
    #[inline]
    pub(crate) fn object(&self) -> &Arc<Object<ProducerMachine>> {
        &self.handle.object
    }
}

#[cfg(test)]
mod tests;
