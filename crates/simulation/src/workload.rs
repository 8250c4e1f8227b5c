//! What the applications of the virtual world do: tasks that produce numbered records, and one that consumes them all. They use
//! the public handles as anybody would.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use ottla_consumer::Consumer;
use ottla_core::error::{Error, Outcome};
use ottla_producer::{Deliveries, Delivery, NewRecord, Producer, RecordMetadata};
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

/// Produces its records: awaited, pipelined with receipts, or pipelined with deliveries, as the seed has it.
pub(crate) async fn produce(
    world: Arc<World>,
    producer: Producer,
    history: Shared,
    task: u32,
    records: u32,
    pause: Duration,
) {
    let mut receipts = Vec::new();
    let (tagged, deliveries) = producer.with_deliveries();
    for number in 0..records {
        let name = RecordName { task, number };
        let value = name.value();
        let (keyed, way, rest) = world.random(|random| (random.bool(), random.u8(..8), random.u8(..3) == 0));
        let key = format!("key-{task}");
        let mut record = NewRecord::to(TOPIC).value(&value);
        if keyed {
            record = record.key(&key);
        }
        history.with(|history| history.produced.insert(name, None));
        match way {
            0..2 => {
                let result = producer.send(record).await;
                history.end(name, result);
            }
            2..5 => match producer.enqueue(record).await {
                Ok(receipt) => receipts.push((name, receipt)),
                Err(error) => history.end(name, Err(error)),
            },
            _ => {
                if let Err(rejected) = tagged.enqueue(record, name).await {
                    history.end(name, Err(rejected.error));
                }
            }
        }
        if rest {
            let pause = world.random(|random| pause.mul_f64(random.f64()));
            sleep(&world, pause).await;
        }
    }
    for (name, receipt) in receipts {
        history.end(name, receipt.await);
    }
    drop(tagged);
    deliver(deliveries, &history).await;
}

/// Reads deliveries to the end. A task's records of a partition must come in the order in which they were handed in.
async fn deliver(mut deliveries: Deliveries<RecordName>, history: &Shared) {
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
