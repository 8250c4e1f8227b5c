//! The handles' tests run on an [`Io`] that answers by hand.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use ottla_core::clock::Now;
use ottla_core::cluster::{Cluster, PartitionInfo, TopicInfo, TopicState, TopicView};
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

use crate::config::ProducerConfig;
use crate::producer::Producer;
use crate::testing::start;

/// An `Io` with one broker that takes everything. What is queued is answered when [`Answering::answer`] is called, or at
/// once where `eager`.
pub(crate) struct Answering {
    now: Mutex<Now>,
    owner: Mutex<Option<Weak<dyn Owner>>>,
    queue: Mutex<Vec<Outbound>>,
    armed: Mutex<Option<Instant>>,
    log: Mutex<Vec<Bytes>>,
    pub(crate) unregistered: AtomicUsize,
    eager: bool,
}

impl Answering {
    pub(crate) fn new(eager: bool) -> Arc<Self> {
        Arc::new(Self {
            now: Mutex::new(Now { mono: start(), wall_ms: 1_700_000_000_000 }),
            owner: Mutex::default(),
            queue: Mutex::default(),
            armed: Mutex::default(),
            log: Mutex::default(),
            unregistered: AtomicUsize::new(0),
            eager,
        })
    }

    pub(crate) fn owner(&self) -> Option<Arc<dyn Owner>> {
        self.owner.lock().unwrap().as_ref()?.upgrade()
    }

    /// Answers all that is queued, and ends lingers. Says whether there was anything to do.
    pub(crate) fn answer(&self) -> bool {
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

    /// Lets time pass.
    pub(crate) fn time_passes(&self, time: Duration) {
        self.now.lock().unwrap().mono += time;
        if let Some(owner) = self.owner() {
            owner.input(Input::Timeout);
        }
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
    pub(crate) fn values(&self) -> Vec<String> {
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
        *self.now.lock().unwrap()
    }
    fn coarse_now(&self) -> Now {
        *self.now.lock().unwrap()
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

/// Polls to the end, letting the broker answer in between.
pub(crate) fn drive<F: Future>(io: &Answering, future: F) -> F::Output {
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

pub(crate) fn producer(io: &Arc<Answering>, config: &ProducerConfig) -> Producer {
    Producer::with_io(Arc::<Answering>::clone(io), config).unwrap()
}
