//! The handle and its futures on an `Io` that answers by hand.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use ottla_core::clock::Now;
use ottla_core::cluster::{Cluster, PartitionInfo, TopicInfo, TopicState, TopicView};
use ottla_core::error::{ErrorKind, Result};
use ottla_core::io::{Demand, Io, Owner, OwnerId};
use ottla_core::lane::{Lane, Link, LinkState};
use ottla_core::machine::{Input, Outbound, RequestId, Response};
use ottla_core::versions::Versions;
use ottla_protocol::frame::decode_request_header;
use ottla_protocol::messages::produce::{PartitionProduceResponse, TopicProduceResponse};
use ottla_protocol::messages::{InitProducerIdResponse, ProduceRequest, ProduceResponse};
use ottla_protocol::records::{BatchHeader, batches};
use ottla_protocol::{ApiKey, Message, VersionRange};
use ottla_types::{BrokerId, ErrorCode, ProducerId, Topic, Uuid};

use super::Producer;
use crate::config::ProducerConfig;
use crate::record::{NewRecord, RecordMetadata};
use crate::testing::start;

/// An `Io` with one broker that takes everything. What is queued is answered when [`Answering::answer`] is called, or at
/// once where `eager`.
struct Answering {
    now: Now,
    owner: Mutex<Option<Weak<dyn Owner>>>,
    queue: Mutex<Vec<Outbound>>,
    armed: Mutex<Option<Instant>>,
    log: Mutex<Vec<Bytes>>,
    unregistered: AtomicUsize,
    eager: bool,
}

impl Answering {
    fn new(eager: bool) -> Arc<Self> {
        Arc::new(Self {
            now: Now { mono: start(), wall_ms: 1_700_000_000_000 },
            owner: Mutex::default(),
            queue: Mutex::default(),
            armed: Mutex::default(),
            log: Mutex::default(),
            unregistered: AtomicUsize::new(0),
            eager,
        })
    }

    fn owner(&self) -> Option<Arc<dyn Owner>> {
        self.owner.lock().unwrap().as_ref()?.upgrade()
    }

    /// Answers all that is queued, and ends lingers. Says whether there was anything to do.
    fn answer(&self) -> bool {
        let queued = std::mem::take(&mut *self.queue.lock().unwrap_or_else(PoisonError::into_inner));
        let Some(owner) = self.owner() else { return false };
        let any = !queued.is_empty();
        for outbound in queued {
            let id = outbound.id;
            let response = self.respond(outbound);
            owner.input(Input::Response(id, Ok(response)));
        }
        any
    }

    fn respond(&self, outbound: Outbound) -> Response {
        let version = outbound.version;
        let mut frame = outbound.frame.head.to_vec();
        outbound.frame.tail.iter().for_each(|chunk| frame.extend_from_slice(chunk));
        let (_, body) = decode_request_header(&Bytes::from(frame).slice(4..)).unwrap();
        let mut answer = BytesMut::new();
        if outbound.key == ApiKey::INIT_PRODUCER_ID {
            let identity = InitProducerIdResponse { producer_id: ProducerId(1), ..InitProducerIdResponse::default() };
            identity.encode(version, &mut answer).unwrap();
            return Response { version, body: answer.freeze() };
        }
        let request = ProduceRequest::decode(&body, version).unwrap();
        let mut log = self.log.lock().unwrap();
        let mut responses = Vec::new();
        for topic in request.topic_data {
            let mut partition_responses = Vec::new();
            for data in topic.partition_data {
                let base_offset = log.iter().map(|batch| i64::from(BatchHeader::read(batch).unwrap().count)).sum();
                log.push(data.records.unwrap());
                let index = data.index;
                partition_responses.push(PartitionProduceResponse {
                    index,
                    base_offset,
                    ..PartitionProduceResponse::default()
                });
            }
            let (topic_id, name) = (topic.topic_id, topic.name);
            responses.push(TopicProduceResponse { name, topic_id, partition_responses, ..Default::default() });
        }
        let response = ProduceResponse { responses, ..ProduceResponse::default() };
        response.encode(version, &mut answer).unwrap();
        Response { version, body: answer.freeze() }
    }

    /// All values that were written, in order.
    fn values(&self) -> Vec<String> {
        let mut values = Vec::new();
        for bytes in self.log.lock().unwrap().iter() {
            let batch = batches(bytes).next().unwrap().unwrap();
            let mut scratch = Vec::new();
            for record in batch.open(&mut Default::default(), &mut scratch, 1 << 20).unwrap() {
                values.push(String::from_utf8_lossy(record.value.unwrap_or_default()).into_owned());
            }
        }
        values
    }
}

impl Io for Answering {
    fn register(&self, owner: Weak<dyn Owner>) -> OwnerId {
        *self.owner.lock().unwrap() = Some(owner);
        OwnerId(1)
    }
    fn unregister(&self, _: OwnerId) {
        self.unregistered.fetch_add(1, Ordering::Relaxed);
    }
    fn now(&self) -> Now {
        self.now
    }
    fn coarse_now(&self) -> Now {
        self.now
    }
    fn cluster(&self) -> Arc<Cluster> {
        let partition = PartitionInfo {
            error: ErrorCode::NONE,
            leader: Some(BrokerId(1)),
            leader_epoch: 0,
            replicas: Vec::new(),
            in_sync_replicas: Vec::new(),
            offline_replicas: Vec::new(),
        };
        let info = TopicInfo { id: Uuid([1; 16]), internal: false, partitions: vec![partition] };
        let mut cluster = Cluster::default();
        cluster.revision = 1;
        cluster.insert_topic(TopicView { topic: Topic::from("t"), revision: 1, state: TopicState::Known(info) });
        Arc::new(cluster)
    }
    fn queue(&self, _: OwnerId, outbound: Outbound) {
        self.queue.lock().unwrap().push(outbound);
    }
    fn cancel(&self, _: OwnerId, _: RequestId) {}
    fn arm(&self, _: OwnerId, at: Instant) {
        *self.armed.lock().unwrap() = Some(at);
    }
    fn flush(&self, _: BrokerId, _: Lane) {
        if self.eager {
            self.answer();
        }
    }
    fn demand(&self, _: OwnerId, demand: Demand) {
        if let (Demand::Connect { broker, lane }, Some(owner)) = (demand, self.owner()) {
            let ranges = [ApiKey::PRODUCE, ApiKey::INIT_PRODUCER_ID]
                .map(|key| (key, VersionRange { min: 0, max: if key == ApiKey::PRODUCE { 13 } else { 5 } }));
            let state = LinkState::Ready(Arc::new(Versions::new(ranges, [])));
            owner.input(Input::Link(Link { broker, lane, epoch: 1, state }));
        }
    }
    fn runs_inline(&self, _: usize) -> bool {
        true
    }
    fn spawn(&self, work: Box<dyn FnOnce() + Send>) {
        work();
    }
    fn yield_then(&self, _: OwnerId) {
        if let Some(owner) = self.owner() {
            owner.input(Input::Yielded);
        }
    }
    fn client_id(&self) -> Arc<str> {
        Arc::from("test")
    }
    fn seed(&self) -> u64 {
        1
    }
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Polls to the end, letting the broker answer in between.
fn drive<F: Future>(io: &Answering, future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..100 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        io.answer();
    }
    panic!("it never ends");
}

fn producer(io: &Arc<Answering>, config: &ProducerConfig) -> Producer {
    Producer::with_io(Arc::<Answering>::clone(io), config).unwrap()
}

fn spawnable<F: Future + Send + 'static>(future: F) -> Pin<Box<dyn Future<Output = F::Output> + Send>> {
    Box::pin(future)
}

/// All calls within one task, with iterators that borrow and topics as handles and as names.
async fn usage(producer: Producer, lines: Vec<String>) -> Result<Vec<Result<RecordMetadata>>> {
    let topic = Topic::from("t");
    let first = producer.send(NewRecord::to(&topic).key("k").value(&lines[0])).await?;
    assert_eq!(first.offset, Some(0));
    let receipt = producer.enqueue(NewRecord::to("t").value(vec![b'1'])).await?;
    producer.flush().await?;
    assert_eq!(receipt.await?.offset, Some(1));
    let results = producer.send_all(lines.iter().map(|line| NewRecord::to(&topic).value(line))).await;
    producer.close(Duration::from_secs(5)).await?;
    results
}

#[test]
fn every_way_in_can_be_used_from_a_spawned_task() {
    let io = Answering::new(false);
    let lines: Vec<String> = (0..200).map(|line| format!("line {line}")).collect();
    // A batch of its own for each record, so that nothing waits for a linger that no clock ends.
    let config = ProducerConfig::default().batch_size_bytes(1);
    let results = drive(&io, spawnable(usage(producer(&io, &config), lines.clone()))).unwrap();
    let offsets: Vec<_> = results.iter().map(|result| result.as_ref().unwrap().offset.unwrap()).collect();
    assert_eq!(offsets, (2..202).collect::<Vec<_>>());
    assert_eq!(io.values()[2..], lines);
}

#[test]
fn a_send_to_an_idle_broker_leaves_from_its_callers_own_poll() {
    let io = Answering::new(true);
    let producer = producer(&io, &ProducerConfig::default());
    let mut context = Context::from_waker(Waker::noop());
    let mut send = pin!(producer.send(NewRecord::to("t").value("x")));
    assert!(matches!(send.as_mut().poll(&mut context), Poll::Ready(Ok(_))));
}

#[test]
fn dropping_the_last_handle_returns_at_once_and_what_was_queued_is_sent() {
    let io = Answering::new(false);
    let first = producer(&io, &ProducerConfig::default());
    let second = first.clone();
    let receipt = first.try_enqueue(NewRecord::to("t").value("x"));
    let receipt = receipt.unwrap_or_else(|rejected| {
        assert!(rejected.error.is_retriable(), "{}", rejected.error);
        first.try_enqueue(rejected.value).unwrap()
    });
    drop(first);
    assert!(io.owner().is_some());
    drop(second);
    while io.answer() {}
    assert!(receipt.outcome().unwrap().is_ok());
    assert!(io.owner().is_none());
    assert_eq!(io.unregistered.load(Ordering::Relaxed), 1);
}

#[test]
fn a_dropped_enqueue_leaves_its_place_to_the_next() {
    let io = Answering::new(false);
    let config = ProducerConfig::default().buffer_memory_bytes(400).max_request_size_bytes(400);
    let producer = producer(&io, &config);
    drive(&io, producer.send(NewRecord::to("t").value("warm-up"))).unwrap();
    let value = "x".repeat(200);
    drop(drive(&io, producer.enqueue(NewRecord::to("t").value(&value))).unwrap());
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    let mut first = Box::pin(producer.enqueue(NewRecord::to("t").value(&value)));
    let mut second = Box::pin(producer.enqueue(NewRecord::to("t").value(&value)));
    assert!(first.as_mut().poll(&mut context).is_pending());
    assert!(second.as_mut().poll(&mut context).is_pending());
    while io.answer() {}
    assert_eq!(woken.0.load(Ordering::Relaxed), 1, "there is room for one");
    drop(first);
    assert_eq!(woken.0.load(Ordering::Relaxed), 2, "it passes on");
    assert!(second.as_mut().poll(&mut context).is_ready());
}

#[test]
fn a_closed_producer_hands_records_back() {
    let io = Answering::new(false);
    let producer = producer(&io, &ProducerConfig::default());
    drive(&io, producer.close(Duration::from_secs(1))).unwrap();
    let rejected = producer.try_enqueue(NewRecord::to("t").value("kept")).unwrap_err();
    assert_eq!(rejected.error.kind(), ErrorKind::Closed);
    assert_eq!(rejected.value.value_bytes(), Some(&b"kept"[..]));
    drive(&io, producer.close(Duration::from_secs(1))).unwrap();
}

#[test]
fn records_that_are_not_taken_are_told_of_in_their_place() {
    let io = Answering::new(false);
    let config = ProducerConfig::default().max_request_size_bytes(200).linger(Duration::ZERO);
    let producer = producer(&io, &config);
    let values = ["a".to_owned(), "x".repeat(300), "b".to_owned()];
    let results = drive(&io, producer.send_all(values.iter().map(|value| NewRecord::to("t").value(value)))).unwrap();
    let ok: Vec<_> = results.iter().map(Result::is_ok).collect();
    assert_eq!(ok, [true, false, true]);
    assert_eq!(io.values(), ["a", "b"]);
}

#[test]
fn a_panic_in_an_iterator_harms_only_its_own_call() {
    let io = Answering::new(true);
    let producer = producer(&io, &ProducerConfig::default().linger(Duration::ZERO));
    drive(&io, producer.send(NewRecord::to("t").value("a"))).unwrap();
    let inner = producer.clone();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let records = (0..5).map(|at| if at == 3 { panic!("on purpose") } else { NewRecord::to("t") });
        let mut future = pin!(inner.enqueue_all(records));
        future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }));
    assert!(panicked.is_err());
    drive(&io, producer.send(NewRecord::to("t").value("b"))).unwrap();
    assert_eq!(io.values(), ["a", "b"]);
}
