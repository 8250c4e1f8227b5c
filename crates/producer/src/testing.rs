//! What tests of several modules need: a machine driven by hand.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use ottla_core::clock::Now;
use ottla_core::cluster::{Cluster, PartitionInfo, TopicInfo, TopicState, TopicView};
use ottla_core::error::{Error, ErrorKind};
use ottla_core::io::Demand;
use ottla_core::lane::{Lane, Link, LinkState};
use ottla_core::machine::{Delivery, Effect, Input, Machine, Outbound, RequestId, Response, SendError, Work};
use ottla_core::slot::Waiting;
use ottla_core::versions::Versions;
use ottla_protocol::frame::decode_request_header;
use ottla_protocol::messages::produce::{PartitionProduceResponse, TopicProduceResponse};
use ottla_protocol::messages::{InitProducerIdResponse, ProduceRequest, ProduceResponse};
use ottla_protocol::records::{Producer, batches};
use ottla_protocol::{ApiKey, Message, VersionRange};
use ottla_types::{BrokerId, ErrorCode, ProducerId, Topic, Uuid};

use crate::admission::{Admission, Terms};
use crate::batch::Encode;
use crate::config::ProducerConfig;
use crate::machine::ProducerMachine;
use crate::receipt::Receipt;
use crate::record::{NewRecord, RecordMetadata};

/// A moment to count from.
#[allow(clippy::disallowed_methods, reason = "tests make up their times from a real moment, and never read it again")]
pub(crate) fn start() -> Instant {
    Instant::now()
}

/// Polls a future that nothing wakes.
pub(crate) fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// One batch in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SentBatch {
    pub(crate) partition: i32,
    pub(crate) producer: Producer,
    pub(crate) count: i32,
    pub(crate) bytes: Bytes,
}

/// A Produce request that the machine sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) id: RequestId,
    pub(crate) broker: BrokerId,
    pub(crate) version: i16,
    pub(crate) batches: Vec<SentBatch>,
}

impl Sent {
    /// The base sequences of its batches.
    pub(crate) fn sequences(&self) -> Vec<i32> {
        self.batches.iter().map(|batch| batch.producer.base_sequence).collect()
    }
}

/// A machine and what it put out. The topic is `t`; its id is all ones.
pub(crate) struct Driver {
    pub(crate) machine: ProducerMachine,
    pub(crate) now: Now,
    pub(crate) sent: VecDeque<Sent>,
    pub(crate) identity_asked: VecDeque<RequestId>,
    pub(crate) demands: Vec<Demand>,
    pub(crate) jobs: VecDeque<Encode>,
    /// Whether jobs wait in `jobs` instead of being done at once.
    pub(crate) hold_jobs: bool,
    pub(crate) yields: usize,
    cluster: Cluster,
    epochs: u64,
}

pub(crate) const ONE: BrokerId = BrokerId(1);
pub(crate) const TWO: BrokerId = BrokerId(2);

impl Driver {
    pub(crate) fn new(config: ProducerConfig) -> Self {
        let machine = ProducerMachine::new(config.settings().unwrap(), Arc::from("test"), 7);
        Self {
            machine,
            now: Now { mono: start(), wall_ms: 1_700_000_000_000 },
            sent: VecDeque::new(),
            identity_asked: VecDeque::new(),
            demands: Vec::new(),
            jobs: VecDeque::new(),
            hold_jobs: false,
            yields: 0,
            cluster: Cluster::default(),
            epochs: 0,
        }
    }

    /// A driver whose topic has one partition led by broker 1, ready, with producer id 9 and epoch 0.
    pub(crate) fn ready(config: ProducerConfig) -> Self {
        let mut driver = Self::new(config);
        driver.leaders(&[Some(ONE)], 1);
        driver.link(ONE);
        drop(driver.enqueue_warm_up());
        driver
    }

    /// The first record brings topic, connection and identity; it is acknowledged.
    fn enqueue_warm_up(&mut self) -> Receipt {
        let receipt = self.enqueue_to(0, "warm-up");
        self.flush_out();
        if let Some(id) = self.identity_asked.pop_front() {
            self.identify(id, 9, 0);
        }
        let sent = self.sent.pop_front().expect("the first record is sent");
        self.acknowledge(&sent, 0);
        receipt
    }

    /// Closes whatever is open.
    pub(crate) fn flush_out(&mut self) {
        drop(self.flush());
    }

    pub(crate) fn flush(&mut self) -> Waiting<Result<(), Error>> {
        let waiting = self.machine.flush(self.now, None);
        self.drain();
        waiting
    }

    pub(crate) fn close(&mut self, wait: Duration) -> Waiting<Result<(), Error>> {
        let waiting = self.machine.close(self.now, wait);
        self.drain();
        waiting
    }

    /// The partitions' leaders, and the epoch of all.
    pub(crate) fn leaders(&mut self, leaders: &[Option<BrokerId>], leader_epoch: i32) {
        let partition = |leader: &Option<BrokerId>| PartitionInfo {
            error: ErrorCode::NONE,
            leader: *leader,
            leader_epoch,
            replicas: Vec::new(),
            in_sync_replicas: Vec::new(),
            offline_replicas: Vec::new(),
        };
        let partitions = leaders.iter().map(partition).collect();
        self.topic_state(TopicState::Known(TopicInfo { id: Uuid([1; 16]), internal: false, partitions }));
    }

    pub(crate) fn topic_state(&mut self, state: TopicState) {
        self.cluster.revision += 1;
        let revision = self.cluster.revision;
        self.cluster.insert_topic(TopicView { topic: Topic::from("t"), revision, state });
        self.input(Input::Cluster(Arc::new(self.cluster.clone())));
    }

    /// A connection to a broker that speaks everything.
    pub(crate) fn link(&mut self, broker: BrokerId) {
        self.link_with(broker, 13);
    }

    pub(crate) fn link_with(&mut self, broker: BrokerId, produce: i16) {
        let ranges = [
            (ApiKey::PRODUCE, VersionRange { min: 0, max: produce }),
            (ApiKey::INIT_PRODUCER_ID, VersionRange { min: 0, max: 5 }),
        ];
        self.epochs += 1;
        let state = LinkState::Ready(Arc::new(Versions::new(ranges, [])));
        self.input(Input::Link(Link { broker, lane: Lane::Produce, epoch: self.epochs, state }));
    }

    /// The connection to a broker ends; what was on it has been answered before.
    pub(crate) fn unlink(&mut self, broker: BrokerId) {
        let state = LinkState::Down(lost());
        self.input(Input::Link(Link { broker, lane: Lane::Produce, epoch: self.epochs, state }));
    }

    pub(crate) fn input(&mut self, input: Input<Encode>) {
        self.machine.handle(self.now, input);
        self.drain();
    }

    pub(crate) fn advance(&mut self, millis: u64) {
        self.now.mono += Duration::from_millis(millis);
        self.now.wall_ms += i64::try_from(millis).unwrap();
        self.input(Input::Timeout);
    }

    /// Goes to the machine's next deadline.
    pub(crate) fn advance_to_deadline(&mut self) {
        let at = self.machine.poll_timeout().expect("a deadline");
        let wait = at.saturating_duration_since(self.now.mono);
        self.now.mono += wait;
        self.input(Input::Timeout);
    }

    pub(crate) fn drain(&mut self) {
        loop {
            while let Some(outbound) = self.machine.poll_request(self.now) {
                self.on_request(outbound);
            }
            while let Some(demand) = self.machine.poll_demand() {
                self.demands.push(demand);
            }
            while let Some(job) = self.machine.poll_job() {
                self.jobs.push_back(job);
            }
            while let Some(event) = self.machine.poll_event() {
                event.apply();
            }
            let yields = self.machine.poll_yield();
            self.yields += usize::from(yields);
            let mut again = false;
            while !self.hold_jobs
                && let Some(job) = self.jobs.pop_front()
            {
                self.do_job(job);
                again = true;
            }
            if !again {
                return;
            }
        }
    }

    pub(crate) fn do_job(&mut self, mut job: Encode) {
        job.run();
        self.machine.handle(self.now, Input::Job(job));
    }

    fn on_request(&mut self, outbound: Outbound) {
        let mut frame = outbound.frame.head.to_vec();
        for chunk in &outbound.frame.tail {
            frame.extend_from_slice(chunk);
        }
        let (header, body) = decode_request_header(&Bytes::from(frame).slice(4..)).unwrap();
        if header.key == ApiKey::INIT_PRODUCER_ID {
            self.identity_asked.push_back(outbound.id);
            return;
        }
        let request = ProduceRequest::decode(&body, header.version).unwrap();
        let mut sent_batches = Vec::new();
        for topic in request.topic_data {
            for data in topic.partition_data {
                let bytes = data.records.unwrap();
                let batch = batches(&bytes).next().unwrap().unwrap();
                batch.verify_crc().unwrap();
                let (producer, count) = (batch.header().producer, batch.header().count);
                sent_batches.push(SentBatch { partition: data.index, producer, count, bytes: bytes.clone() });
            }
        }
        let partitions: std::collections::BTreeSet<_> = sent_batches.iter().map(|batch| batch.partition).collect();
        assert_eq!(partitions.len(), sent_batches.len(), "a request carries one batch of a partition at most");
        let (id, broker, version) = (outbound.id, outbound.broker, outbound.version);
        self.sent.push_back(Sent { id, broker, version, batches: sent_batches });
    }

    pub(crate) fn identify(&mut self, id: RequestId, producer_id: i64, epoch: i16) {
        let answer = InitProducerIdResponse {
            producer_id: ProducerId(producer_id),
            producer_epoch: epoch,
            ..InitProducerIdResponse::default()
        };
        self.respond(id, 5, &answer);
    }

    pub(crate) fn identity_error(&mut self, id: RequestId, code: ErrorCode) {
        self.respond(id, 5, &InitProducerIdResponse { error_code: code, ..InitProducerIdResponse::default() });
    }

    pub(crate) fn respond<M: ottla_protocol::Encode>(&mut self, id: RequestId, version: i16, answer: &M) {
        let mut body = BytesMut::new();
        answer.encode(version, &mut body).unwrap();
        self.input(Input::Response(id, Ok(Response { version, body: body.freeze() })));
        self.input(Input::Yielded);
    }

    /// Every batch of a request is written, the first record of each at `base_offset`.
    pub(crate) fn acknowledge(&mut self, sent: &Sent, base_offset: i64) {
        self.answer(sent, |_| (ErrorCode::NONE, base_offset));
    }

    pub(crate) fn fail(&mut self, sent: &Sent, code: ErrorCode) {
        self.answer(sent, |_| (code, -1));
    }

    pub(crate) fn answer(&mut self, sent: &Sent, answer: impl Fn(i32) -> (ErrorCode, i64)) {
        let partition_responses = sent.batches.iter().rev().map(|batch| {
            let (error_code, base_offset) = answer(batch.partition);
            let index = batch.partition;
            PartitionProduceResponse { index, error_code, base_offset, ..PartitionProduceResponse::default() }
        });
        let partition_responses = partition_responses.collect();
        let by_id = sent.version >= 13;
        let topic = TopicProduceResponse {
            name: if by_id { Default::default() } else { "t".to_owned().into() },
            topic_id: if by_id { Uuid([1; 16]) } else { Uuid::NIL },
            partition_responses,
            ..TopicProduceResponse::default()
        };
        let answer = ProduceResponse { responses: vec![topic], ..ProduceResponse::default() };
        self.respond(sent.id, sent.version, &answer);
    }

    /// The connection that a request was on ends.
    pub(crate) fn lose(&mut self, sent: &Sent, delivery: Delivery) {
        self.input(Input::Response(sent.id, Err(SendError { delivery, error: lost() })));
        self.input(Input::Yielded);
    }

    pub(crate) fn admit(&mut self, record: &NewRecord<'_>, terms: Terms) -> Admission<Receipt> {
        let admission = self
            .machine
            .append(self.now, record, terms, |slot, index, timestamp| Receipt::new(Arc::clone(slot), index, timestamp));
        self.machine.finish(self.now);
        self.drain();
        admission
    }

    pub(crate) fn enqueue(&mut self, value: &str) -> Receipt {
        self.enqueue_record(&NewRecord::to("t").value(value))
    }

    pub(crate) fn enqueue_to(&mut self, partition: i32, value: &str) -> Receipt {
        self.enqueue_record(&NewRecord::to("t").value(value).partition(partition))
    }

    pub(crate) fn enqueue_record(&mut self, record: &NewRecord<'_>) -> Receipt {
        match self.admit(record, Terms { waits: Some(None), ..Terms::AT_ONCE }) {
            Admission::Queued(receipt) => receipt,
            Admission::Waits { mut waiting, ticket, .. } => {
                // A topic that the cluster's view holds is known at once; it was only not used before.
                assert!(poll(&mut waiting).is_ready(), "the record has to wait");
                let terms = Terms { ticket: Some(ticket), waits: Some(None), ..Terms::AT_ONCE };
                match self.admit(record, terms) {
                    Admission::Queued(receipt) => receipt,
                    other => panic!("not queued: {other:?}"),
                }
            }
            other => panic!("not queued: {other:?}"),
        }
    }

    pub(crate) fn send(&mut self, value: &str) -> Receipt {
        let record = NewRecord::to("t").value(value);
        match self.admit(&record, Terms { awaited: true, ..Terms::AT_ONCE }) {
            Admission::Queued(receipt) => receipt,
            other => panic!("not queued: {other:?}"),
        }
    }
}

/// The outcome of a receipt that must have one.
pub(crate) fn outcome(receipt: &Receipt) -> Result<RecordMetadata, Error> {
    receipt.outcome().expect("an outcome")
}

pub(crate) fn offset(receipt: &Receipt) -> Option<i64> {
    outcome(receipt).expect("acknowledged").offset
}

pub(crate) fn lost() -> Error {
    Error::new(ErrorKind::Transport, "the connection was lost")
}

impl Driver {
    /// What the cluster's view says of the topic.
    pub(crate) fn topic_info(&self) -> TopicState {
        self.cluster.topic(&Topic::from("t")).expect("a topic").state.clone()
    }
}
