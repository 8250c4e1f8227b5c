//! [`TaggedProducer`]: records whose outcomes come by the deliveries stream.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ottla_core::error::{Error, ErrorKind, Rejected, Result};

use crate::admission::{Admission, Terms};
use crate::deliveries::Shared;
use crate::enqueue::Turn;
use crate::partitioner::foreign::nobody_to_ask;
use crate::producer::Producer;
use crate::record::NewRecord;

/// A record and its tag.
type Tagged<T> = (NewRecord<'static>, T);

/// A producer whose records' outcomes come by [`Deliveries`](crate::Deliveries): made by
/// [`Producer::with_deliveries`].
///
/// Cloning it gives another handle, whose outcomes come by the same stream.
pub struct TaggedProducer<T: Send + 'static> {
    producer: Producer,
    feeding: Arc<Feeding<T>>,
}

/// Ends the stream when the last handle is gone.
struct Feeding<T: Send + 'static>(Arc<Shared<T>>);

impl<T: Send + 'static> Drop for Feeding<T> {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl<T: Send + 'static> TaggedProducer<T> {
    pub(crate) fn new(producer: Producer, shared: Arc<Shared<T>>) -> Self {
        Self { producer, feeding: Arc::new(Feeding(shared)) }
    }

    /// Queues a record. Waits for buffer memory, and for a topic that is first used, at most `max.block.ms`.
    ///
    /// What the record borrows is copied, once, to be kept until its delivery is read; `Bytes`, `Vec<u8>` and `String` are
    /// kept as they are.
    ///
    /// # Errors
    /// Record and tag with the reason: as [`Producer::enqueue`]; `Timeout` with an error that says that deliveries are not
    /// being read where those take up the memory; `Closed` after the stream was dropped.
    ///
    /// **Cancel safety**: dropped before it is ready, the record is not queued, and dropped with its tag.
    pub fn enqueue(&self, record: NewRecord<'_>, tag: T) -> EnqueueTagged<'_, T> {
        EnqueueTagged { producer: self, content: Some((record.into_owned(), tag)), turn: Turn::default() }
    }

    /// Queues a record if that is possible without waiting.
    ///
    /// # Errors
    /// Record and tag with the reason: as [`enqueue`](Self::enqueue), and `Timeout` where that would wait.
    #[allow(clippy::result_large_err, reason = "the record is handed back by value; boxing it would allocate")]
    pub fn try_enqueue(&self, record: NewRecord<'_>, tag: T) -> Result<(), Rejected<Tagged<T>>> {
        let mut content = Some((record.into_owned(), tag));
        let error = match self.append(&mut content, Terms::AT_ONCE) {
            Admission::Queued(()) => return Ok(()),
            Admission::Refused(error) => error,
            Admission::Asks(_) => nobody_to_ask(),
            Admission::Waits { .. } => Error::new(ErrorKind::Internal, "a record that cannot wait was made to"),
        };
        // It is only taken where it is queued.
        content.map_or(Ok(()), |value| Err(Rejected { value, error }))
    }

    /// Hands the record in, and lets a user's partitioner choose before and between.
    fn append(&self, content: &mut Option<Tagged<T>>, terms: Terms) -> Admission<()> {
        let (Some(foreign), Some((record, _))) = (self.producer.foreign(), content.as_ref()) else {
            return self.attempt(content, terms);
        };
        let mut terms = foreign.terms(record, terms);
        loop {
            match (self.attempt(content, terms), content.as_ref()) {
                (Admission::Asks(asked), Some((record, _))) => {
                    match foreign.other_terms(self.producer.object(), record, terms, &asked) {
                        Ok(other) => terms = other,
                        Err(error) => return Admission::Refused(error),
                    }
                }
                (admission, _) => return admission,
            }
        }
    }

    /// Hands the record to the machine, and to the stream with it.
    fn attempt(&self, content: &mut Option<Tagged<T>>, terms: Terms) -> Admission<()> {
        let shared = &self.feeding.0;
        let Some((record, _)) = content.as_ref() else {
            return Admission::Refused(Error::new(ErrorKind::Misuse, "a future was polled after it was ready"));
        };
        if shared.is_unread() {
            if let Some(ticket) = terms.ticket {
                let _ = self.producer.object().with(|machine, now| machine.abandon(now, ticket));
            }
            return Admission::Refused(Error::new(ErrorKind::Closed, "the deliveries stream was dropped"));
        }
        let beside = Shared::<T>::cost(record);
        let admission = self.producer.object().with(|machine, now| {
            let handed_over = shared.collect();
            if handed_over > 0 {
                machine.on_delivered(now, handed_over);
            }
            let Some((record, _)) = content.as_ref() else { return Admission::Queued(()) };
            let admission = machine.append_beside(now, record, terms, beside, |slot, index, timestamp| {
                (Arc::clone(slot), index, timestamp)
            });
            let admission = match admission {
                Admission::Queued(place) => {
                    if let Some((record, tag)) = content.take() {
                        shared.keep(record, tag, place);
                    }
                    Admission::Queued(())
                }
                Admission::Waits { ticket, waiting, deadline } => Admission::Waits { ticket, waiting, deadline },
                Admission::Asks(asked) => Admission::Asks(asked),
                Admission::Refused(error) => Admission::Refused(error),
            };
            machine.finish(now);
            admission
        });
        admission.unwrap_or_else(Admission::Refused)
    }

    /// As [`Producer::flush`]. It waits for the outcomes, not for their deliveries to be read.
    ///
    /// # Errors
    /// As [`Producer::flush`].
    ///
    /// **Cancel safety**: dropping it recalls nothing.
    pub async fn flush(&self) -> Result<()> {
        self.producer.flush().await
    }

    /// As [`Producer::close`]. The stream ends when what is left in it was read.
    ///
    /// # Errors
    /// As [`Producer::close`].
    ///
    /// **Cancel safety**: dropped after its first poll, the producer closes all the same.
    pub async fn close(&self, wait: Duration) -> Result<()> {
        self.producer.close(wait).await
    }

    /// The producer that this is a handle of.
    pub fn producer(&self) -> &Producer {
        &self.producer
    }
}

impl<T: Send + 'static> Clone for TaggedProducer<T> {
    fn clone(&self) -> Self {
        Self { producer: self.producer.clone(), feeding: Arc::clone(&self.feeding) }
    }
}

impl<T: Send + 'static> fmt::Debug for TaggedProducer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaggedProducer").field("producer", &self.producer).finish_non_exhaustive()
    }
}

/// The future of [`TaggedProducer::enqueue`].
#[must_use = "futures do nothing unless awaited"]
pub struct EnqueueTagged<'a, T: Send + 'static> {
    producer: &'a TaggedProducer<T>,
    content: Option<Tagged<T>>,
    turn: Turn,
}

impl<T: Send + 'static> Unpin for EnqueueTagged<'_, T> {}

impl<T: Send + 'static> Future for EnqueueTagged<'_, T> {
    type Output = Result<(), Rejected<Tagged<T>>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let error = loop {
            let ticket = match this.turn.poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(ticket)) => ticket,
                Poll::Ready(Err(error)) => break error,
            };
            match this.producer.append(&mut this.content, this.turn.terms(ticket, false)) {
                Admission::Queued(()) => return Poll::Ready(Ok(())),
                Admission::Waits { ticket, waiting, deadline } => {
                    this.turn.wait(&this.producer.producer, ticket, waiting, deadline);
                }
                Admission::Refused(error) => break error,
                Admission::Asks(_) => break nobody_to_ask(),
            }
        };
        match this.content.take() {
            Some(value) => Poll::Ready(Err(Rejected { value, error })),
            // Polled after it was ready: there is nothing to hand back.
            None => Poll::Pending,
        }
    }
}

impl<T: Send + 'static> fmt::Debug for EnqueueTagged<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnqueueTagged").finish_non_exhaustive()
    }
}
