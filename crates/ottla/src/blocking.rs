//! Blocking forms, for callers without a runtime.
//!
//! A [`Client`] made here runs on a thread of its own; what its calls wait for is waited for by parking the caller's
//! thread. Within a tokio runtime every call that may block is an error (`Misuse`) in place of a panic or a deadlock: there,
//! await the asynchronous form. That holds in tokio's `spawn_blocking` as well, whose threads belong to a runtime.
//!
//! The asynchronous handles are beneath: [`Client::as_async`] makes consumers and admin clients, which any executor
//! can poll.
//!
//! ```
//! use std::time::Duration;
//!
//! use ottla::{ClientConfig, NewRecord, ProducerConfig, blocking};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let runtime = tokio::runtime::Runtime::new()?;
//! # let cluster = runtime.block_on(ottla_mock::MockCluster::start(1))?;
//! # let servers = cluster.bootstrap_servers();
//! let client = blocking::Client::new(&servers, ClientConfig::default())?;
//! let producer = blocking::Producer::new(&client, ProducerConfig::default())?;
//! let written = producer.send(NewRecord::to("orders").value("one tea"))?;
//! assert_eq!(written.offset, Some(0));
//!
//! let receipt = producer.enqueue(NewRecord::to("orders").value("two teas"))?;
//! producer.close(Duration::from_secs(10))?;
//! assert_eq!(receipt.wait()?.offset, Some(1));
//! # Ok(())
//! # }
//! ```

use std::sync::Arc;
use std::time::Duration;

use ottla_client::internal::{block_on, close_blocking, on_its_own_thread};

use crate::{
    ClientConfig, Connector, Delivery, NewRecord, ProducerConfig, Properties, Purge, Purged, RecordMetadata, Rejected,
    Result, Topic,
};

/// A client that runs on a thread of its own.
///
/// The thread ends when the last clone and everything made with it are dropped, and what dropped producers had queued is
/// sent. It does not keep the program from ending: [`Producer::close`] waits for what is queued.
#[derive(Clone, Debug)]
pub struct Client(crate::Client);

impl Client {
    /// As [`ottla::Client::new`](crate::Client::new).
    ///
    /// # Errors
    /// `Config`, naming everything that is wrong with the servers or the settings; `Misuse` within a tokio runtime.
    pub fn new(bootstrap: &str, config: ClientConfig) -> Result<Self> {
        let bootstrap = bootstrap.to_owned();
        on_its_own_thread(move || crate::Client::new(&bootstrap, config)).map(Self)
    }

    /// As [`ottla::Client::with_connector`](crate::Client::with_connector).
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_connector(bootstrap: &str, config: ClientConfig, connector: Arc<dyn Connector>) -> Result<Self> {
        let bootstrap = bootstrap.to_owned();
        on_its_own_thread(move || crate::Client::with_connector(&bootstrap, config, connector)).map(Self)
    }

    /// As [`ottla::Client::from_properties`](crate::Client::from_properties).
    ///
    /// # Errors
    /// As [`new`](Self::new); `Config` also where no bootstrap servers are given.
    pub fn from_properties(properties: &mut Properties) -> Result<Self> {
        let mut taken = std::mem::take(properties);
        let (give, back) = std::sync::mpsc::channel();
        let client = on_its_own_thread(move || {
            let client = crate::Client::from_properties(&mut taken);
            // Who waits for the client takes it.
            let _ = give.send(taken);
            client
        });
        *properties = back.recv().unwrap_or_default();
        client.map(Self)
    }

    /// A topic by name. Keep it and clone it: its name is shared.
    pub fn topic(&self, name: &str) -> Topic {
        self.0.topic(name)
    }

    /// The asynchronous client beneath.
    pub fn as_async(&self) -> &crate::Client {
        &self.0
    }

    /// As [`ottla::Client::close`](crate::Client::close).
    ///
    /// # Errors
    /// `Timeout` where tasks are left at the deadline; `Misuse` within a tokio runtime.
    pub fn close(&self, deadline: Duration) -> Result<()> {
        close_blocking(&self.0, deadline)
    }
}

/// A [`Producer`](crate::Producer) whose calls block.
///
/// Dropping the last handle does not: what was queued is sent in the background.
#[derive(Clone, Debug)]
pub struct Producer(crate::Producer);

impl Producer {
    /// A producer for the cluster of a client.
    ///
    /// # Errors
    /// `Config`, naming every setting that is not allowed.
    pub fn new(client: &Client, config: ProducerConfig) -> Result<Self> {
        crate::Producer::new(&client.0, config).map(Self)
    }

    /// Sends a record and waits until it is acknowledged. Many threads that send at the same time share requests.
    ///
    /// # Errors
    /// As [`ottla::Producer::send`](crate::Producer::send); `Misuse` within a tokio runtime.
    pub fn send(&self, record: NewRecord<'_>) -> Result<RecordMetadata> {
        block_on(self.0.send(record))?
    }

    /// Queues a record and gives a receipt for its outcome. Waits for buffer memory, and for a topic that is first used, at
    /// most `max.block.ms`.
    ///
    /// # Errors
    /// As [`ottla::Producer::enqueue`](crate::Producer::enqueue); `Misuse` within a tokio runtime.
    pub fn enqueue(&self, record: NewRecord<'_>) -> Result<Receipt> {
        block_on(self.0.enqueue(record))?.map(Receipt)
    }

    /// Queues a record if that is possible without waiting. It may be called anywhere.
    ///
    /// # Errors
    /// The record with the reason, as [`ottla::Producer::try_enqueue`](crate::Producer::try_enqueue).
    #[allow(clippy::result_large_err, reason = "the record is handed back by value; boxing it would allocate")]
    pub fn try_enqueue<'a>(&self, record: NewRecord<'a>) -> Result<Receipt, Rejected<NewRecord<'a>>> {
        self.0.try_enqueue(record).map(Receipt)
    }

    /// Sends records in order and waits for all of their outcomes: a result for each.
    ///
    /// # Errors
    /// As [`ottla::Producer::send_all`](crate::Producer::send_all); `Misuse` within a tokio runtime.
    pub fn send_all<'a>(
        &'a self,
        records: impl IntoIterator<Item = NewRecord<'a>>,
    ) -> Result<Vec<Result<RecordMetadata>>> {
        block_on(self.0.send_all(records))?
    }

    /// Queues records in order and gives one receipt for all of them.
    ///
    /// # Errors
    /// As [`ottla::Producer::enqueue_all`](crate::Producer::enqueue_all); `Misuse` within a tokio runtime.
    pub fn enqueue_all<'a>(&'a self, records: impl IntoIterator<Item = NewRecord<'a>>) -> Result<Receipts> {
        block_on(self.0.enqueue_all(records))?.map(Receipts)
    }

    /// A producer whose outcomes come by a stream, as
    /// [`ottla::Producer::with_deliveries`](crate::Producer::with_deliveries) says.
    pub fn with_deliveries<T: Send + 'static>(&self) -> (TaggedProducer<T>, Deliveries<T>) {
        let (tagged, deliveries) = self.0.with_deliveries();
        (TaggedProducer(tagged), Deliveries(deliveries))
    }

    /// Sends what is queued without waiting out the linger, and waits until every record that was queued before the call
    /// has its outcome.
    ///
    /// # Errors
    /// The first failure of a record since the flush before; `Misuse` within a tokio runtime.
    pub fn flush(&self) -> Result<()> {
        block_on(self.0.flush())?
    }

    /// Gives up records that have no outcome yet, as [`ottla::Producer::purge`](crate::Producer::purge). It does not block.
    ///
    /// # Errors
    /// `Internal` when the producer is beyond use.
    pub fn purge(&self, what: Purge) -> Result<Purged> {
        self.0.purge(what)
    }

    /// Takes no more records, and waits until those that are queued have their outcome, but no longer than `wait`.
    ///
    /// # Errors
    /// As [`ottla::Producer::close`](crate::Producer::close); `Misuse` within a tokio runtime, where nothing is closed.
    pub fn close(&self, wait: Duration) -> Result<()> {
        block_on(self.0.close(wait))?
    }

    /// The asynchronous producer beneath.
    pub fn as_async(&self) -> &crate::Producer {
        &self.0
    }
}

/// The promise of a record's outcome.
#[derive(Debug)]
#[must_use = "the outcome is only seen by who waits for it; drop the receipt explicitly where it does not matter"]
pub struct Receipt(crate::Receipt);

impl Receipt {
    /// Waits for the outcome.
    ///
    /// # Errors
    /// Why the record was not acknowledged; `Misuse` within a tokio runtime.
    pub fn wait(self) -> Result<RecordMetadata> {
        block_on(self.0)?
    }

    /// The outcome, if it is known by now.
    pub fn outcome(&self) -> Option<Result<RecordMetadata>> {
        self.0.outcome()
    }
}

/// The promise of many records' outcomes, in the order in which they were handed in.
#[derive(Debug)]
#[must_use = "the outcomes are only seen by who waits for them; drop the receipts explicitly where they do not matter"]
pub struct Receipts(crate::Receipts);

impl Receipts {
    /// Waits for all outcomes: a result for each record.
    ///
    /// # Errors
    /// `Misuse` within a tokio runtime.
    pub fn wait(self) -> Result<Vec<Result<RecordMetadata>>> {
        block_on(self.0)
    }
}

/// A [`TaggedProducer`](crate::TaggedProducer) whose calls block.
#[derive(Debug)]
pub struct TaggedProducer<T: Send + 'static>(crate::TaggedProducer<T>);

impl<T: Send + 'static> TaggedProducer<T> {
    /// Queues a record, as [`ottla::TaggedProducer::enqueue`](crate::TaggedProducer::enqueue).
    ///
    /// # Errors
    /// Record and tag with the reason. `Misuse` within a tokio runtime where it would have to wait.
    #[allow(clippy::result_large_err, reason = "the record is handed back by value; boxing it would allocate")]
    pub fn enqueue(&self, record: NewRecord<'_>, tag: T) -> Result<(), Rejected<(NewRecord<'static>, T)>> {
        // In a runtime it fails before it begins, with what was handed in.
        match block_on(async {}) {
            Ok(()) => {}
            Err(error) => return Err(Rejected { value: (record.into_owned(), tag), error }),
        }
        block_on(self.0.enqueue(record, tag)).unwrap_or(Ok(()))
    }

    /// The asynchronous producer beneath.
    pub fn as_async(&self) -> &crate::TaggedProducer<T> {
        &self.0
    }
}

impl<T: Send + 'static> Clone for TaggedProducer<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// A stream of [`Deliveries`](crate::Deliveries) whose calls block.
#[derive(Debug)]
#[must_use = "if deliveries are not read, the buffer memory fills up and no more records are taken"]
pub struct Deliveries<T: Send + 'static>(crate::Deliveries<T>);

impl<T: Send + 'static> Deliveries<T> {
    /// Waits for the next outcome; none at the end.
    ///
    /// # Errors
    /// `Misuse` within a tokio runtime.
    pub fn recv(&mut self) -> Result<Option<Delivery<T>>> {
        block_on(self.0.recv())
    }

    /// The next outcome, if there is one now.
    pub fn try_recv(&mut self) -> Option<Delivery<T>> {
        self.0.try_recv()
    }
}
