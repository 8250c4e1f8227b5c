//! Records cost no allocation on their way into a batch, by whichever way in: counted by the allocator.
//!
//! One test, since the allocator counts all threads. Nothing else runs while it counts: client and mock cluster share the
//! test's only thread, which does not wait.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::disallowed_methods, reason = "an application runs on tokio, whatever the producer does")]

use std::alloc::System;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use ottla_client::{Client, ClientConfig};
use ottla_mock::MockCluster;
use ottla_producer::{NewRecord, Producer, ProducerConfig};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const RECORDS: usize = 1_000;

/// What the records' batches may allocate, all together: slot, place among the outstanding, buffers.
const BATCHES: usize = 40;

fn allocations(call: impl FnOnce()) -> usize {
    let region = Region::new(ALLOCATOR);
    call();
    let change = region.change();
    change.allocations + change.reallocations
}

/// A future that must be ready at once.
fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

#[tokio::test]
async fn no_way_in_allocates_for_a_record() {
    let cluster = MockCluster::start(1).await.unwrap();
    let client = Client::new(&cluster.bootstrap_servers(), ClientConfig::default()).unwrap();
    let config = ProducerConfig::default().linger(Duration::from_secs(30));
    let producer = Producer::new(&client, config).unwrap();
    let topic = client.topic("t");
    let value = vec![b'x'; 100];
    let shared = Bytes::from(value.clone());
    // Topic, connection and buffers are there, and the futures' first use is over.
    for _ in 0..3 {
        let records = (0..RECORDS).map(|_| NewRecord::to(&topic).value(&value));
        drop(producer.enqueue_all(records).await.unwrap());
        producer.flush().await.unwrap();
    }

    let counted: Vec<(&str, usize)> = vec![
        (
            "try_enqueue",
            allocations(|| {
                for _ in 0..RECORDS {
                    drop(producer.try_enqueue(NewRecord::to(&topic).value(&value)).unwrap());
                }
            }),
        ),
        (
            "enqueue with a key",
            allocations(|| {
                for number in 0..RECORDS {
                    let key = number.to_le_bytes();
                    let record = NewRecord::to(&topic).key(&key).value(&value);
                    drop(ready(producer.enqueue(record)).unwrap());
                }
            }),
        ),
        (
            "enqueue of shared bytes",
            allocations(|| {
                for _ in 0..RECORDS {
                    drop(ready(producer.enqueue(NewRecord::to(&topic).value(shared.clone()))).unwrap());
                }
            }),
        ),
        (
            "enqueue by name",
            allocations(|| {
                for _ in 0..RECORDS {
                    drop(ready(producer.enqueue(NewRecord::to("t").value(&value))).unwrap());
                }
            }),
        ),
        (
            "enqueue_all",
            allocations(|| {
                let records = (0..RECORDS).map(|_| NewRecord::to(&topic).value(&value));
                drop(ready(producer.enqueue_all(records)).unwrap());
            }),
        ),
    ];
    for (way, allocations) in counted {
        assert!(allocations <= BATCHES, "{way}: {allocations} allocations for {RECORDS} records");
        println!("{way}: {allocations} allocations for {RECORDS} records");
    }
    producer.flush().await.unwrap();
}
