//! What the applications of the virtual world do: tasks that produce numbered records, and one that consumes them all. They use
//! the public handles as anybody would.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use ottla_consumer::Consumer;
use ottla_core::error::{Error, ErrorKind, Outcome};
use ottla_producer::{Deliveries, Delivery, NewRecord, Producer, RecordMetadata, TaggedProducer};
use ottla_types::{Topic, TopicPartition};

use crate::history::{Ending, History, RecordName};
use crate::world::{Happening, World};

pub(crate) const TOPIC: &str = "orders";

/// The history while it is written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared(Arc<Mutex<History>>);

impl Shared {
    pub(crate) fn with<R>(&self, use_it: impl FnOnce(&mut History) -> R) -> R {
        use_it(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn end(&self, name: RecordName, result: Result<RecordMetadata, Error>) {
        let ending = match result {
            Ok(metadata) => Ending::Acknowledged {
                partition: TopicPartition { topic: Topic::from(TOPIC), partition: metadata.partition },
                offset: metadata.offset,
            },
            Err(error) if error.outcome() == Outcome::DidNotHappen => Ending::DidNotHappen(error.to_string()),
            Err(error) => Ending::MayHaveHappened(error.to_string()),
        };
        self.with(|history| history.produced.insert(name, Some(ending)));
    }
}

/// What a producing task hands its records to.
pub(crate) struct Task {
    pub(crate) number: u32,
    pub(crate) records: u32,
    /// Between two records it pauses at most so long.
    pub(crate) pause: Duration,
    pub(crate) producer: Producer,
    pub(crate) tagged: TaggedProducer<RecordName>,
}

/// Produces a task's records: awaited, pipelined with receipts or with deliveries, tried, or given up while they wait to be
/// queued, as the seed has it.
pub(crate) async fn produce(world: Arc<World>, task: Task, history: Shared) {
    let mut receipts = Vec::new();
    for number in 0..task.records {
        let name = RecordName { task: task.number, number };
        let value = name.value();
        let (keyed, way, rest) = world.random(|random| (random.bool(), random.u8(..10), random.u8(..3) == 0));
        let key = format!("key-{}", task.number);
        let mut record = NewRecord::to(TOPIC).value(&value);
        if keyed {
            record = record.key(&key);
        }
        history.with(|history| history.produced.insert(name, None));
        match way {
            0..3 => {
                let result = task.producer.send(record).await;
                history.end(name, result);
            }
            3..6 => {
                if let Err(rejected) = task.tagged.enqueue(record, name).await {
                    history.end(name, Err(rejected.error));
                }
            }
            _ => {
                let queued = match way {
                    6 => task.producer.try_enqueue(record).map_err(|rejected| rejected.error),
                    7 => polled_once(task.producer.enqueue(record)).await,
                    _ => task.producer.enqueue(record).await,
                };
                match queued {
                    Ok(receipt) => receipts.push((name, receipt)),
                    Err(error) => history.end(name, Err(error)),
                }
            }
        }
        if rest {
            let pause = world.random(|random| task.pause.mul_f64(random.f64()));
            sleep(&world, pause).await;
        }
    }
    for (name, receipt) in receipts {
        history.end(name, receipt.await);
    }
}

/// Polls a future once, and drops it where that is not enough: then its record is not queued.
async fn polled_once<T>(future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let mut future = pin!(future);
    match poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await {
        Poll::Ready(result) => result,
        Poll::Pending => Err(Error::new(ErrorKind::Closed, "its caller did not wait")),
    }
}

/// Reads deliveries to the end. Those of a partition must come in the order in which their task handed the records in.
pub(crate) async fn deliver(mut deliveries: Deliveries<RecordName>, history: Shared) {
    let mut last = BTreeMap::new();
    while let Some(Delivery { record, tag, partition, result, .. }) = deliveries.recv().await {
        let before = last.insert(partition, tag.number);
        if before.is_some_and(|before| before >= tag.number) || record.value_bytes() != Some(tag.value().as_bytes()) {
            let complaint = format!("{tag:?} was delivered to partition {partition} after {before:?}");
            history.with(|history| history.complaints.push(complaint));
        }
        history.end(tag, result);
    }
}

/// Consumes until the run ends.
pub(crate) async fn consume(mut consumer: Consumer, history: Shared) {
    loop {
        match consumer.recv().await {
            Ok(Some(record)) => {
                let partition = TopicPartition { topic: Topic::from(TOPIC), partition: record.partition };
                history.with(|history| match record.value().and_then(RecordName::read) {
                    Some(name) => history.consumed.entry(partition).or_default().push((record.offset, name)),
                    None => history.complaints.push(format!("{partition} at {}: not one of ours", record.offset)),
                });
            }
            Ok(None) => return,
            Err(error) => {
                history.with(|history| history.complaints.push(format!("the consumer failed: {error}")));
                return;
            }
        }
    }
}

/// Lets virtual time pass.
pub(crate) fn sleep(world: &Arc<World>, pause: Duration) -> Sleep {
    Sleep { world: Arc::clone(world), until: world.time() + pause }
}

/// See [`sleep`].
pub(crate) struct Sleep {
    world: Arc<World>,
    until: Duration,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.world.time() >= self.until {
            return Poll::Ready(());
        }
        self.world.schedule(self.until, Happening::Wake(context.waker().clone()));
        Poll::Pending
    }
}
