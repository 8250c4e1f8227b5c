//! The handle that receives.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use ottla_client::Client;
use ottla_core::error::Result;
use ottla_core::io::Io;
use ottla_core::object::Object;
use ottla_core::slot::slot;
use ottla_types::Topic;

use crate::batch::Batch;
use crate::config::ConsumerConfig;
use crate::control::{Control, own};
use crate::delivery::Taken;
use crate::machine::ConsumerMachine;
use crate::position::Start;
use crate::record::Record;

/// Receives the records of assigned partitions: each partition's in order, partitions in turns.
///
/// Fetching begins when partitions are assigned and goes on in the background as far as the byte budget lets it.
///
/// [`recv`](Self::recv) fails only where a partition stands still until the application acts, once for each cause; the other
/// partitions go on with the next call. What passes by itself is retried. Dropping a consumer never blocks.
///
/// ```no_run
/// # async fn example(client: &ottla_client::Client) -> ottla_core::error::Result<()> {
/// use ottla_consumer::{Consumer, ConsumerConfig, Start};
///
/// let mut consumer = Consumer::assign(client, [(("orders", 0), Start::Beginning)], ConsumerConfig::default())?;
/// while let Some(record) = consumer.recv().await? {
///     println!("{}: {:?}", record.offset, record.value());
/// }
/// # Ok(())
/// # }
/// ```
pub struct Consumer {
    object: Arc<Object<ConsumerMachine>>,
    /// What is being read record by record; the lock is taken again when it is at its end.
    reading: Option<Batch>,
    /// What was being read when its partition was paused.
    aside: Vec<Batch>,
    /// Kept so that connections live as long as this.
    _client: Option<Client>,
}

impl Consumer {
    /// A consumer of these partitions, each from its start.
    ///
    /// # Errors
    /// `Config` for settings that are not allowed, `Misuse` for a partition named twice or a start that cannot be. What
    /// the cluster has to say, such as that a topic is not there, comes by [`recv`](Self::recv).
    pub fn assign<T: Into<Topic>>(
        client: &Client,
        partitions: impl IntoIterator<Item = ((T, i32), Start)>,
        config: ConsumerConfig,
    ) -> Result<Self> {
        let mut consumer = Self::on(ottla_client::internal::io(client), partitions, config)?;
        consumer._client = Some(client.clone());
        Ok(consumer)
    }

    pub(crate) fn on<T: Into<Topic>>(
        io: Arc<dyn Io>,
        partitions: impl IntoIterator<Item = ((T, i32), Start)>,
        config: ConsumerConfig,
    ) -> Result<Self> {
        let partitions = own(partitions);
        let machine = ConsumerMachine::new(config, io.client_id(), io.seed(), io.cluster())?;
        let object = Object::new(io, machine);
        // Names are never taken twice by objects of one client, so that the remainder tells its consumers apart.
        let lane = u32::try_from(object.id().0 & u64::from(u32::MAX)).unwrap_or_default();
        // A view that came before this object was known to be interested.
        let cluster = object.io().cluster();
        object.with_exact(|machine, now| {
            machine.name_lane(lane);
            machine.on_cluster(cluster, now);
            machine.assign(&partitions, now)
        })??;
        Ok(Self { object, reading: None, aside: Vec::new(), _client: None })
    }

    /// The next record of any partition; `Ok(None)` when there will be none any more.
    ///
    /// # Errors
    /// What keeps a partition from going on until the application seeks or takes it away, after its records before that were
    /// handed out; `Closed` once when the client was closed.
    ///
    /// # Cancel safety
    /// A dropped future has taken nothing: the next call gives the record.
    pub fn recv(&mut self) -> Recv<'_> {
        Recv { consumer: self }
    }

    /// What one fetch brought of one partition, partitions in turns; `Ok(None)` when there will be none any more. Of a batch that
    /// [`recv`](Self::recv) began the rest comes first.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    /// A dropped future has taken nothing: the next call gives the batch.
    pub fn recv_batch(&mut self) -> RecvBatch<'_> {
        RecvBatch { consumer: self }
    }

    /// Steers this consumer from any task.
    pub fn control(&self) -> Control {
        Control::new(&self.object)
    }

    /// Ends the consumer and its fetch sessions; what was fetched and not handed over is dropped. It takes `deadline` at
    /// most, and less than that where brokers answer.
    ///
    /// # Errors
    /// `Internal` if the consumer failed inside before.
    ///
    /// # Cancel safety
    /// Closing has begun with the first poll; a dropped future only does not wait for the brokers.
    pub async fn close(self, deadline: Duration) -> Result<()> {
        let (filler, waiting) = slot();
        self.object.with_exact(|machine, now| machine.close(Some(filler), deadline, now))?;
        waiting.await
    }

    #[inline]
    fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Record>>> {
        loop {
            if let Some(batch) = &mut self.reading {
                if batch.delivered().is_live() {
                    if let Some(record) = batch.next_record() {
                        batch.delivered().advance(record.offset.saturating_add(1));
                        return Poll::Ready(Ok(Some(record)));
                    }
                    batch.delivered().advance(batch.next_offset());
                    self.reading = None;
                } else {
                    self.put_aside();
                }
            }
            match self.poll_next_batch(context) {
                Poll::Ready(Ok(Some(batch))) => self.reading = Some(batch),
                Poll::Ready(Ok(None)) => return Poll::Ready(Ok(None)),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn poll_recv_batch(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Batch>>> {
        loop {
            let batch = match self.reading.take() {
                Some(batch) => batch,
                None => match self.poll_next_batch(context) {
                    Poll::Ready(Ok(Some(batch))) => batch,
                    other => return other,
                },
            };
            if !batch.delivered().is_live() {
                self.reading = Some(batch);
                self.put_aside();
                continue;
            }
            batch.delivered().advance(batch.next_offset());
            if !batch.is_empty() {
                return Poll::Ready(Ok(Some(batch)));
            }
        }
    }

    /// What is being read belongs to a partition that is paused now, or was moved.
    #[cold]
    fn put_aside(&mut self) {
        if let Some(batch) = self.reading.take()
            && !batch.delivered().is_revoked()
        {
            self.aside.push(batch);
        }
    }

    fn poll_next_batch(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Batch>>> {
        let mut waker = None;
        let mut waits = false;
        loop {
            if let Some(batch) = self.resumed() {
                return Poll::Ready(Ok(Some(batch)));
            }
            match self.object.with(|machine, now| machine.take(&mut waker, now))? {
                Taken::Batch(batch) => return Poll::Ready(Ok(Some(batch))),
                Taken::Failed(error) => return Poll::Ready(Err(error)),
                Taken::End if self.aside.is_empty() => return Poll::Ready(Ok(None)),
                // What was put aside comes when its partition is resumed.
                Taken::End | Taken::Nothing if waits => return Poll::Pending,
                Taken::End | Taken::Nothing => {
                    // Asked for again with the waker: cloning it is foreign code, not to be run for every batch.
                    waker = Some(context.waker().clone());
                    waits = true;
                }
            }
        }
    }

    /// A batch that was put aside and whose partition goes on.
    fn resumed(&mut self) -> Option<Batch> {
        if self.aside.is_empty() {
            return None;
        }
        self.aside.retain(|batch| !batch.delivered().is_revoked());
        let at = self.aside.iter().position(|batch| batch.delivered().is_live())?;
        Some(self.aside.swap_remove(at))
    }
}

/// Ends fetching and the sessions without waiting for anything.
impl Drop for Consumer {
    fn drop(&mut self) {
        // A machine that failed inside has nothing left to end.
        drop(self.object.with_exact(|machine, now| machine.close(None, Duration::ZERO, now)));
    }
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").field("reading", &self.reading).finish_non_exhaustive()
    }
}

impl Stream for Consumer {
    type Item = Result<Record>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Record>>> {
        self.get_mut().poll_recv(context).map(Result::transpose)
    }
}

/// The future of [`Consumer::recv`].
#[derive(Debug)]
#[must_use = "a future does nothing unless awaited"]
pub struct Recv<'a> {
    consumer: &'a mut Consumer,
}

impl Future for Recv<'_> {
    type Output = Result<Option<Record>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().consumer.poll_recv(context)
    }
}

/// The future of [`Consumer::recv_batch`].
#[derive(Debug)]
#[must_use = "a future does nothing unless awaited"]
pub struct RecvBatch<'a> {
    consumer: &'a mut Consumer,
}

impl Future for RecvBatch<'_> {
    type Output = Result<Option<Batch>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().consumer.poll_recv_batch(context)
    }
}
