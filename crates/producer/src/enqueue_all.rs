//! Many records on their way into batches, some of them under one lock: the futures of `enqueue_all` and `send_all`.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use ottla_core::error::Result;
use ottla_core::slot::Waiting;

use crate::accumulator::Answer;
use crate::admission::Admission;
use crate::enqueue::Turn;
use crate::partitioner::foreign::{Asked, Chosen};
use crate::producer::Producer;
use crate::receipt::Receipts;
use crate::record::{NewRecord, RecordMetadata};

/// Records that are appended, and partitions that are looked at, under one lock.
const CHUNK: usize = 64;

/// Why the records of a chunk are not all appended under one lock.
enum Pause {
    /// The next one has to wait for its turn, until then.
    Waits(u64, Waiting<Answer>, Instant),
    /// A user's partitioner is to choose for it. This is its ticket, if it had to wait before.
    Asks(Asked, Option<u64>),
}

/// The future of [`Producer::enqueue_all`].
#[must_use = "futures do nothing unless awaited"]
pub struct EnqueueAll<'a, I> {
    producer: &'a Producer,
    records: I,
    /// Records that were taken from the iterator, those before `done` being queued.
    chunk: Vec<NewRecord<'a>>,
    done: usize,
    /// What a user's partitioner chose for them.
    chosen: Chosen,
    /// Whether the iterator is at its end.
    ended: bool,
    turn: Turn,
    receipts: Receipts,
}

impl<I> Unpin for EnqueueAll<'_, I> {}

impl<'a, I: Iterator<Item = NewRecord<'a>>> EnqueueAll<'a, I> {
    pub(crate) fn new(producer: &'a Producer, records: I) -> Self {
        let (turn, receipts) = (Turn::default(), Receipts::default());
        let (chunk, chosen) = (Vec::new(), Chosen::default());
        Self { producer, records, chunk, done: 0, chosen, ended: false, turn, receipts }
    }

    fn poll_all(&mut self, context: &mut Context<'_>) -> Poll<Result<Receipts>> {
        let mut kept_ticket = None;
        loop {
            let granted = match self.turn.poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(ticket)) => ticket,
                Poll::Ready(Err(error)) => {
                    // The record whose turn did not come. If each that follows waited as long, the call would never end.
                    self.receipts.refuse(error);
                    self.done += 1;
                    self.turn.give_up();
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
                self.chosen.choose(self.producer.foreign(), &self.chunk);
            }
            let (chunk, done, receipts, turn) = (&self.chunk, &mut self.done, &mut self.receipts, &mut self.turn);
            let chosen = &self.chosen;
            let pause = self.producer.object().with(|machine, now| {
                let mut ticket = granted.or(kept_ticket.take());
                let mut waited = turn.has_waited();
                let mut pause = None;
                while let Some(record) = chunk.get(*done) {
                    let mut terms = turn.terms(ticket.take(), false);
                    match chosen.get(*done) {
                        Ok(choice) => terms.choice = choice,
                        Err(error) => {
                            if let Some(ticket) = terms.ticket {
                                machine.abandon(now, ticket);
                            }
                            receipts.refuse(error);
                            *done += 1;
                            continue;
                        }
                    }
                    match machine.append(now, record, terms, |slot, index, timestamp| {
                        receipts.push(slot, index, timestamp);
                    }) {
                        Admission::Queued(()) => {
                            if std::mem::take(&mut waited) {
                                turn.over();
                            }
                        }
                        Admission::Refused(error) => receipts.refuse(error),
                        Admission::Waits { ticket, waiting, deadline } => {
                            pause = Some(Pause::Waits(ticket, waiting, deadline));
                            break;
                        }
                        Admission::Asks(asked) => {
                            pause = Some(Pause::Asks(asked, terms.ticket));
                            break;
                        }
                    }
                    *done += 1;
                }
                machine.finish(now);
                pause
            });
            match pause {
                Ok(None) => {}
                Ok(Some(Pause::Waits(ticket, waiting, deadline))) => {
                    self.turn.wait(self.producer, ticket, waiting, deadline);
                }
                Ok(Some(Pause::Asks(asked, still_good))) => {
                    kept_ticket = still_good;
                    self.chosen.answer(self.producer.foreign(), &self.chunk, self.done, &asked);
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

impl<'a, I> SendAll<'a, I> {
    pub(crate) fn new(queueing: EnqueueAll<'a, I>) -> Self {
        Self { state: SendingAll::Queueing(queueing) }
    }
}

impl<'a, I: Iterator<Item = NewRecord<'a>>> Future for SendAll<'a, I> {
    type Output = Result<Vec<Result<RecordMetadata>>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        loop {
            match &mut this.state {
                SendingAll::Queueing(queueing) => match queueing.poll_all(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(receipts)) => {
                        for awaited in receipts.newest().chunks(CHUNK) {
                            queueing.producer.object().with(|machine, now| {
                                machine.on_awaited(awaited);
                                machine.finish(now);
                            })?;
                        }
                        this.state = SendingAll::Queued(receipts);
                    }
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
