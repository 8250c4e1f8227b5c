//! [`RecordSink`]: records by [`Sink`], for what feeds one.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_sink::Sink;
use ottla_core::error::{Error, Result};
use ottla_core::slot::Waiting;

use crate::enqueue::Admit;
use crate::producer::Producer;
use crate::receipt::Receipts;
use crate::record::NewRecord;

/// Sends the records that it is fed: made by [`Producer::sink`].
///
/// A record that does not fit into the buffer memory at once is held by the sink, which takes no other until it is queued:
/// one that is dropped without being flushed may drop that record. Flushing waits until all of the sink's records have
/// their outcome. Closing flushes; the producer stays open.
///
/// # Errors
/// A record that is not taken, or that fails, is told of once, by whatever is called next; of several the first. Receipts and
/// [`Deliveries`](crate::Deliveries) tell of each.
#[derive(Debug)]
#[must_use = "sinks do nothing unless fed"]
pub struct RecordSink<'a> {
    producer: Producer,
    /// The record that waits to be queued.
    held: Option<Admit<'a>>,
    receipts: Receipts,
    flushing: Option<Waiting<Result<()>>>,
}

impl<'a> RecordSink<'a> {
    pub(crate) fn new(producer: Producer) -> Self {
        Self { producer, held: None, receipts: Receipts::default(), flushing: None }
    }

    /// The producer that sends.
    pub fn producer(&self) -> &Producer {
        &self.producer
    }

    fn poll_held(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        let Some(held) = &mut self.held else { return Poll::Ready(Ok(())) };
        let Poll::Ready(result) = held.poll(&self.producer, context) else { return Poll::Pending };
        self.held = None;
        self.receipts.add(result?);
        Poll::Ready(Ok(()))
    }

    fn poll_all(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        if self.poll_held(context)?.is_pending() {
            return Poll::Pending;
        }
        if self.receipts.is_empty() {
            return Poll::Ready(Ok(()));
        }
        if self.flushing.is_none() {
            self.flushing = Some(self.producer.object().with_exact(|machine, now| machine.flush(now, None))?);
        }
        if let Some(flushing) = &mut self.flushing {
            // What it ends with concerns other records of the producer too; the receipts tell of this sink's.
            match Pin::new(flushing).poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(_) => {}
            }
        }
        let failure = match self.receipts.poll_first_failure(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(failure) => failure,
        };
        self.flushing = None;
        Poll::Ready(failure.map_or(Ok(()), Err))
    }
}

impl<'a> Sink<NewRecord<'a>> for RecordSink<'a> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        if this.poll_held(context)?.is_pending() {
            return Poll::Pending;
        }
        Poll::Ready(this.receipts.forget_known().map_or(Ok(()), Err))
    }

    fn start_send(self: Pin<&mut Self>, record: NewRecord<'a>) -> Result<()> {
        let this = self.get_mut();
        match this.producer.try_enqueue(record) {
            Ok(receipt) => this.receipts.add(receipt),
            // It fails for good where that does not help, which the next call tells.
            Err(rejected) => this.held = Some(Admit::new(rejected.value, false)),
        }
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.get_mut().poll_all(context)
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.get_mut().poll_all(context)
    }
}

#[cfg(test)]
mod tests;
