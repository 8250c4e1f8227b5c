//! One record on its way into a batch: the wait for its turn, and the futures of `enqueue` and `send`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use ottla_core::error::{Error, ErrorKind, Result};
use ottla_core::object::Object;
use ottla_core::slot::Waiting;

use crate::accumulator::Answer;
use crate::admission::{Admission, Terms};
use crate::machine::ProducerMachine;
use crate::partitioner::foreign::{hand_in, nobody_to_ask};
use crate::producer::Producer;
use crate::receipt::Receipt;
use crate::record::{NewRecord, RecordMetadata};

/// A caller's wait for its turn, over all waits of one record.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    ticket: Option<Ticket>,
    /// Until when it waits.
    deadline: Option<Instant>,
    /// Whether it waits no more.
    hopeless: bool,
}

/// A place among those who wait, given up when dropped.
#[derive(Debug)]
struct Ticket {
    object: Arc<Object<ProducerMachine>>,
    number: u64,
    waiting: Waiting<Answer>,
    granted: bool,
}

impl Turn {
    /// Waits for the ticket, if there is one. Gives its number once it is granted.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<u64>>> {
        let Some(ticket) = &mut self.ticket else { return Poll::Ready(Ok(None)) };
        let Poll::Ready(answer) = Pin::new(&mut ticket.waiting).poll(context) else { return Poll::Pending };
        ticket.granted = true;
        let number = ticket.number;
        self.ticket = None;
        Poll::Ready(answer.and_then(|answer| answer).map(|()| Some(number)))
    }

    pub(crate) fn terms(&self, ticket: Option<u64>, awaited: bool) -> Terms {
        let waits = (!self.hopeless).then_some(self.deadline);
        Terms { ticket, awaited, waits, choice: None }
    }

    /// Takes a place among those who wait.
    pub(crate) fn wait(&mut self, producer: &Producer, number: u64, waiting: Waiting<Answer>, deadline: Instant) {
        let object = Arc::clone(producer.object());
        self.ticket = Some(Ticket { object, number, waiting, granted: false });
        self.deadline = Some(deadline);
    }

    /// Whether the record, or one before it that was not queued, waited.
    pub(crate) fn has_waited(&self) -> bool {
        self.deadline.is_some() || self.hopeless
    }

    /// The record is queued: the next one waits anew.
    #[inline]
    pub(crate) fn over(&mut self) {
        self.deadline = None;
        self.hopeless = false;
    }

    /// The record waited in vain: the next ones are taken only if they need not wait, until one is.
    pub(crate) fn give_up(&mut self) {
        self.hopeless = true;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.granted {
            let number = self.number;
            let _ = self.object.with(|machine, now| machine.abandon(now, number));
        }
    }
}

/// One record on its way into a batch.
#[derive(Debug)]
pub(crate) struct Admit<'a> {
    record: Option<NewRecord<'a>>,
    awaited: bool,
    turn: Turn,
}

impl<'a> Admit<'a> {
    pub(crate) fn new(record: NewRecord<'a>, awaited: bool) -> Self {
        Self { record: Some(record), awaited, turn: Turn::default() }
    }

    pub(crate) fn poll(&mut self, producer: &Producer, context: &mut Context<'_>) -> Poll<Result<Receipt>> {
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
            let admission = hand_in(producer, record, terms, |slot, index, timestamp| {
                Receipt::new(Arc::clone(slot), index, timestamp)
            });
            match admission {
                Ok(Admission::Queued(receipt)) => {
                    self.record = None;
                    return Poll::Ready(Ok(receipt));
                }
                Ok(Admission::Waits { ticket, waiting, deadline }) => {
                    self.turn.wait(producer, ticket, waiting, deadline);
                }
                Ok(Admission::Refused(error)) | Err(error) => return Poll::Ready(Err(error)),
                Ok(Admission::Asks(_)) => return Poll::Ready(Err(nobody_to_ask())),
            }
        }
    }
}

/// The future of [`Producer::enqueue`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Enqueue<'a> {
    producer: &'a Producer,
    admit: Admit<'a>,
}

impl<'a> Enqueue<'a> {
    pub(crate) fn new(producer: &'a Producer, record: NewRecord<'a>) -> Self {
        Self { producer, admit: Admit::new(record, false) }
    }
}

impl Future for Enqueue<'_> {
    type Output = Result<Receipt>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        this.admit.poll(this.producer, context)
    }
}

/// The future of [`Producer::send`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct SendRecord<'a> {
    producer: &'a Producer,
    state: Sending<'a>,
}

#[derive(Debug)]
enum Sending<'a> {
    Queueing(Admit<'a>),
    Queued(Receipt),
}

impl<'a> SendRecord<'a> {
    pub(crate) fn new(producer: &'a Producer, record: NewRecord<'a>) -> Self {
        Self { producer, state: Sending::Queueing(Admit::new(record, true)) }
    }
}

impl Future for SendRecord<'_> {
    type Output = Result<RecordMetadata>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        loop {
            match &mut this.state {
                Sending::Queueing(admit) => match admit.poll(this.producer, context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(receipt)) => this.state = Sending::Queued(receipt),
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                },
                Sending::Queued(receipt) => return Pin::new(receipt).poll(context),
            }
        }
    }
}
