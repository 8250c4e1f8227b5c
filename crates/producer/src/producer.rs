//! The handle: [`Producer`] and the futures that its calls give.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use ottla_client::Client;
use ottla_core::error::{Error, ErrorKind, Rejected, Result};
use ottla_core::io::{Io, Owner};
use ottla_core::machine::Input;
use ottla_core::object::Object;
use ottla_core::slot::Waiting;

use crate::accumulator::Answer;
use crate::admission::{Admission, Terms};
use crate::config::ProducerConfig;
use crate::machine::ProducerMachine;
use crate::receipt::{Receipt, Receipts};
use crate::record::{NewRecord, RecordMetadata};

/// Records that are appended under one lock by [`Producer::enqueue_all`] and [`Producer::send_all`].
const CHUNK: usize = 64;

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
        let machine = ProducerMachine::new(settings, io.client_id(), io.seed());
        let object = Object::new(Arc::clone(&io), machine);
        object.input(Input::Cluster(io.cluster()));
        Ok(Self { handle: Arc::new(Handle { object }) })
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
        SendRecord { state: Sending::Queueing(self.admit(record, true)) }
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
        Enqueue { admit: self.admit(record, false) }
    }

    /// Queues a record if that is possible without waiting.
    ///
    /// # Errors
    /// The record with the reason: as [`enqueue`](Self::enqueue), and `Timeout` where that would wait.
    #[allow(clippy::result_large_err, reason = "the record is handed back by value; boxing it would allocate")]
    pub fn try_enqueue<'a>(&self, record: NewRecord<'a>) -> Result<Receipt, Rejected<NewRecord<'a>>> {
        let admission = self.handle.object.with(|machine, now| {
            let admission = machine.append(now, &record, Terms::AT_ONCE, |slot, index, timestamp| {
                Receipt::new(Arc::clone(slot), index, timestamp)
            });
            machine.finish(now);
            admission
        });
        match admission {
            Ok(Admission::Queued(receipt)) => Ok(receipt),
            Ok(Admission::Refused(error)) | Err(error) => Err(Rejected { value: record, error }),
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
        EnqueueAll {
            producer: self,
            records: records.into_iter(),
            chunk: Vec::new(),
            done: 0,
            ended: false,
            turn: Turn::new(self),
            receipts: Receipts::default(),
        }
    }

    /// Sends records in order and waits for all of their outcomes: a result for each.
    ///
    /// # Errors
    /// `Internal` when the producer is beyond use; what concerns single records is in their results.
    ///
    /// **Cancel safety**: dropped before it is ready, some of the records may be queued, and are sent.
    pub fn send_all<'a, I>(&'a self, records: I) -> SendAll<'a, I::IntoIter>
    where
        I: IntoIterator<Item = NewRecord<'a>>,
    {
        SendAll { state: SendingAll::Queueing(self.enqueue_all(records)) }
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

    /// Takes no more records, and waits until those that are queued have their outcome, but no longer than `wait`. What
    /// is left by then fails with `Closed`, its outcome told. All handles of the producer are closed.
    ///
    /// # Errors
    /// `Timeout` with the number of records that were left; else the first failure since the last flush.
    ///
    /// **Cancel safety**: dropped after its first poll, the producer closes all the same.
    pub async fn close(&self, wait: Duration) -> Result<()> {
        let waiting = self.handle.object.with_exact(|machine, now| machine.close(now, wait))?;
        waiting.await?
    }

    /// The bytes of records that wait or are on their way, of `buffer.memory`.
    pub fn buffered_bytes(&self) -> usize {
        self.handle.object.look(|machine| machine.accumulator.used()).unwrap_or(0)
    }

    fn admit<'a>(&'a self, record: NewRecord<'a>, awaited: bool) -> Admit<'a> {
        Admit { record: Some(record), awaited, turn: Turn::new(self) }
    }
}

/// A caller's wait for its turn, given up when dropped.
#[derive(Debug)]
struct Turn<'a> {
    producer: &'a Producer,
    ticket: Option<(u64, Waiting<Answer>)>,
    /// Until when it waits, over all waits of one record.
    deadline: Option<Instant>,
}

impl<'a> Turn<'a> {
    fn new(producer: &'a Producer) -> Self {
        Self { producer, ticket: None, deadline: None }
    }

    /// Waits for the ticket, if there is one. Gives its number once it is granted.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<u64>>> {
        let Some((number, waiting)) = &mut self.ticket else { return Poll::Ready(Ok(None)) };
        let number = *number;
        match Pin::new(waiting).poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(answer) => {
                self.ticket = None;
                Poll::Ready(answer.and_then(|answer| answer).map(|()| Some(number)))
            }
        }
    }

    fn terms(&self, ticket: Option<u64>, awaited: bool) -> Terms {
        Terms { ticket, awaited, waits: Some(self.deadline) }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some((number, _)) = self.ticket.take() {
            let _ = self.producer.handle.object.with(|machine, now| machine.abandon(now, number));
        }
    }
}

/// One record on its way into a batch.
#[derive(Debug)]
struct Admit<'a> {
    record: Option<NewRecord<'a>>,
    awaited: bool,
    turn: Turn<'a>,
}

impl Admit<'_> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Receipt>> {
        loop {
            let ticket = match self.turn.poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(ticket)) => ticket,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            };
            let Some(record) = &self.record else {
                return Poll::Ready(Err(Error::new(ErrorKind::Misuse, "a future was polled after it was ready")));
            };
            let terms = self.turn.terms(ticket, self.awaited);
            let admission = self.turn.producer.handle.object.with(|machine, now| {
                let admission = machine.append(now, record, terms, |slot, index, timestamp| {
                    Receipt::new(Arc::clone(slot), index, timestamp)
                });
                machine.finish(now);
                admission
            });
            match admission {
                Ok(Admission::Queued(receipt)) => {
                    self.record = None;
                    return Poll::Ready(Ok(receipt));
                }
                Ok(Admission::Waits { ticket, waiting, deadline }) => {
                    self.turn.ticket = Some((ticket, waiting));
                    self.turn.deadline = Some(deadline);
                }
                Ok(Admission::Refused(error)) | Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

/// The future of [`Producer::enqueue`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Enqueue<'a> {
    admit: Admit<'a>,
}

impl Future for Enqueue<'_> {
    type Output = Result<Receipt>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().admit.poll(context)
    }
}

/// The future of [`Producer::send`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct SendRecord<'a> {
    state: Sending<'a>,
}

#[derive(Debug)]
enum Sending<'a> {
    Queueing(Admit<'a>),
    Queued(Receipt),
}

impl Future for SendRecord<'_> {
    type Output = Result<RecordMetadata>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        loop {
            match &mut this.state {
                Sending::Queueing(admit) => match admit.poll(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(receipt)) => this.state = Sending::Queued(receipt),
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                },
                Sending::Queued(receipt) => return Pin::new(receipt).poll(context),
            }
        }
    }
}

/// The future of [`Producer::enqueue_all`].
#[must_use = "futures do nothing unless awaited"]
pub struct EnqueueAll<'a, I> {
    producer: &'a Producer,
    records: I,
    /// Records that were taken from the iterator, those before `done` being queued.
    chunk: Vec<NewRecord<'a>>,
    done: usize,
    /// Whether the iterator is at its end.
    ended: bool,
    turn: Turn<'a>,
    receipts: Receipts,
}

impl<I> Unpin for EnqueueAll<'_, I> {}

impl<'a, I: Iterator<Item = NewRecord<'a>>> EnqueueAll<'a, I> {
    fn poll_all(&mut self, context: &mut Context<'_>) -> Poll<Result<Receipts>> {
        loop {
            let ticket = match self.turn.poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(ticket)) => ticket,
                Poll::Ready(Err(error)) => {
                    // The record whose turn did not come; the next one waits anew.
                    self.receipts.refuse(error);
                    self.done += 1;
                    self.turn.deadline = None;
                    None
                }
            };
            if self.done >= self.chunk.len() {
                self.chunk.clear();
                self.done = 0;
                if !self.ended {
                    self.chunk.extend(self.records.by_ref().take(CHUNK));
                    self.ended = self.chunk.len() < CHUNK;
                }
                if self.chunk.is_empty() {
                    return Poll::Ready(Ok(std::mem::take(&mut self.receipts)));
                }
            }
            let (chunk, done, receipts, turn) = (&self.chunk, &mut self.done, &mut self.receipts, &self.turn);
            let waits = self.producer.handle.object.with(|machine, now| {
                let mut ticket = ticket;
                let mut waits = None;
                while let Some(record) = chunk.get(*done) {
                    let terms = turn.terms(ticket.take(), false);
                    match machine.append(now, record, terms, |slot, index, timestamp| {
                        receipts.push(slot, index, timestamp);
                    }) {
                        Admission::Queued(()) => {}
                        Admission::Refused(error) => receipts.refuse(error),
                        Admission::Waits { ticket, waiting, deadline } => {
                            waits = Some((ticket, waiting, deadline));
                            break;
                        }
                    }
                    *done += 1;
                }
                machine.finish(now);
                waits
            });
            match waits {
                Ok(None) => self.turn.deadline = None,
                Ok(Some((ticket, waiting, deadline))) => {
                    self.turn.ticket = Some((ticket, waiting));
                    self.turn.deadline = Some(deadline);
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl<'a, I: Iterator<Item = NewRecord<'a>>> Future for EnqueueAll<'a, I> {
    type Output = Result<Receipts>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().poll_all(context)
    }
}

/// The future of [`Producer::send_all`].
#[must_use = "futures do nothing unless awaited"]
pub struct SendAll<'a, I> {
    state: SendingAll<'a, I>,
}

enum SendingAll<'a, I> {
    Queueing(EnqueueAll<'a, I>),
    Queued(Receipts),
}

impl<I> Unpin for SendAll<'_, I> {}

impl<'a, I: Iterator<Item = NewRecord<'a>>> Future for SendAll<'a, I> {
    type Output = Result<Vec<Result<RecordMetadata>>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        loop {
            match &mut this.state {
                SendingAll::Queueing(queueing) => match queueing.poll_all(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(receipts)) => this.state = SendingAll::Queued(receipts),
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                },
                SendingAll::Queued(receipts) => return Pin::new(receipts).poll(context).map(Ok),
            }
        }
    }
}

impl<I> std::fmt::Debug for EnqueueAll<'_, I> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EnqueueAll").field("queued", &self.receipts.len()).finish_non_exhaustive()
    }
}

impl<I> std::fmt::Debug for SendAll<'_, I> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SendAll")
    }
}

#[cfg(test)]
mod tests;
