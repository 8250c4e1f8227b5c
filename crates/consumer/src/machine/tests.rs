//! The machine alone, fed by hand.

use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use ottla_core::clock::Now;
use ottla_core::cluster::{Cluster, PartitionInfo, TopicInfo, TopicState, TopicView};
use ottla_core::error::{Error, ErrorKind};
use ottla_core::io::Demand;
use ottla_core::lane::{Lane, Link, LinkState};
use ottla_core::machine::{Delivery, Input, Machine, Outbound, Response, SendError, Work};
use ottla_core::versions::Versions;
use ottla_protocol::frame::decode_request_header;
use ottla_protocol::messages::fetch::{FetchableTopicResponse, LeaderIdAndEpoch, PartitionData};
use ottla_protocol::messages::list_offsets::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use ottla_protocol::messages::{FetchRequest, FetchResponse, ListOffsetsRequest, ListOffsetsResponse};
use ottla_protocol::records::{BatchBuilder, NO_HEADERS};
use ottla_protocol::{ApiKey, Decode, Encode, Message, Utf8Bytes, VersionRange};
use ottla_types::{BrokerId, ErrorCode, Topic, Uuid};

use super::ConsumerMachine;
use crate::assignment::PartitionState;
use crate::config::ConsumerConfig;
use crate::delivery::Taken;
use crate::position::Start;

const ID: Uuid = Uuid([9; 16]);
const ONE: BrokerId = BrokerId(1);
const TWO: BrokerId = BrokerId(2);
const FETCH: Lane = Lane::Fetch(6);

struct World {
    machine: ConsumerMachine,
    now: Now,
    revision: u64,
    epochs: u64,
}

impl World {
    /// Partitions of topic `t`, all led by broker 1.
    fn new(partitions: i32, start: Start, config: ConsumerConfig) -> Self {
        let machine = ConsumerMachine::new(config, "test".into(), 1, Arc::default()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "some moment to count from")]
        let now = Now { mono: Instant::now(), wall_ms: 1_000_000 };
        let mut world = Self { machine, now, revision: 0, epochs: 0 };
        world.machine.name_lane(6);
        let all: Vec<_> = (0..partitions).map(|partition| ((Topic::from("t"), partition), start)).collect();
        world.machine.assign(&all, now).unwrap();
        assert_eq!(world.demands(), [Demand::Topic { topic: "t".into(), create: false }]);
        world.lead(&vec![ONE; partitions as usize], 0);
        world
    }

    fn later(&mut self, millis: u64) {
        self.now.mono += Duration::from_millis(millis);
        if self.machine.poll_timeout().is_some_and(|at| at <= self.now.mono) {
            self.feed(Input::Timeout);
        }
    }

    fn feed(&mut self, input: Input<crate::index::IndexJob>) {
        self.machine.handle(self.now, input);
        while let Some(mut job) = self.machine.poll_job() {
            job.run();
            self.machine.handle(self.now, Input::Job(job));
        }
    }

    fn demands(&mut self) -> Vec<Demand> {
        std::iter::from_fn(|| self.machine.poll_demand()).collect()
    }

    fn requests(&mut self) -> Vec<Outbound> {
        std::iter::from_fn(|| self.machine.poll_request(self.now)).collect()
    }

    fn lead(&mut self, leaders: &[BrokerId], epoch: i32) {
        self.revision += 1;
        let partitions = leaders.iter().map(|leader| PartitionInfo {
            error: ErrorCode::NONE,
            leader: Some(*leader),
            leader_epoch: epoch,
            replicas: vec![ONE, TWO],
            in_sync_replicas: vec![ONE, TWO],
            offline_replicas: Vec::new(),
        });
        let info = TopicInfo { id: ID, internal: false, partitions: partitions.collect() };
        let mut cluster = Cluster::default();
        cluster.revision = self.revision;
        let topic = Topic::from("t");
        cluster.insert_topic(TopicView { topic, revision: self.revision, state: TopicState::Known(info) });
        self.feed(Input::Cluster(Arc::new(cluster)));
    }

    fn connect(&mut self, broker: BrokerId, lane: Lane) {
        self.epochs += 1;
        let range = VersionRange::new(0, 17);
        let versions = Versions::new([(ApiKey::FETCH, range), (ApiKey::LIST_OFFSETS, VersionRange::new(1, 10))], []);
        let state = LinkState::Ready(Arc::new(versions));
        self.feed(Input::Link(Link { broker, lane, epoch: self.epochs, state }));
    }

    fn disconnect(&mut self, broker: BrokerId, lane: Lane, error: Error) {
        let (epoch, state) = (self.epochs, LinkState::Down(error));
        self.feed(Input::Link(Link { broker, lane, epoch, state }));
    }

    /// The one fetch that leaves now.
    fn fetch(&mut self) -> (Outbound, FetchRequest) {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        let outbound = requests.remove(0);
        let request = decode(&outbound);
        (outbound, request)
    }

    fn answer<R: Encode>(&mut self, to: &Outbound, response: &R) {
        let mut body = BytesMut::new();
        response.encode(to.version, &mut body).unwrap();
        self.feed(Input::Response(to.id, Ok(Response { version: to.version, body: body.freeze() })));
    }

    fn answer_fetch(&mut self, to: &Outbound, session: i32, partitions: Vec<PartitionData>) {
        let topic = FetchableTopicResponse { topic_id: ID, partitions, ..Default::default() };
        let responses = if topic.partitions.is_empty() { Vec::new() } else { vec![topic] };
        self.answer(to, &FetchResponse { session_id: session, responses, ..Default::default() });
    }

    fn fail(&mut self, to: &Outbound) {
        let error = Error::new(ErrorKind::Transport, "gone");
        self.feed(Input::Response(to.id, Err(SendError { delivery: Delivery::MaybeSent, error })));
    }

    fn take(&mut self) -> Taken {
        self.machine.take(&mut None, self.now)
    }

    fn taken(&mut self) -> (i32, Vec<i64>) {
        match self.take() {
            Taken::Batch(batch) => (batch.partition(), batch.iter().map(|record| record.offset).collect()),
            other => panic!("{other:?}"),
        }
    }

    fn state(&self, partition: i32) -> PartitionState {
        self.machine.statuses()[partition as usize].state
    }
}

fn decode<R: Decode>(outbound: &Outbound) -> R {
    let mut bytes = outbound.frame.head.to_vec();
    bytes.extend(outbound.frame.tail.iter().flatten());
    let (_, body) = decode_request_header(&Bytes::from(bytes).slice(4..)).unwrap();
    R::decode(&body, outbound.version).unwrap()
}

fn records(base: i64, count: i64, size: usize) -> Option<Bytes> {
    let mut builder = BatchBuilder::new(Vec::new());
    for _ in 0..count {
        builder.append(0, None, Some(&vec![b'v'; size]), NO_HEADERS).unwrap();
    }
    let mut batch = builder.build();
    batch.set_base_offset(base);
    batch.set_leader_epoch(0);
    batch.seal();
    Some(batch.into_inner().into())
}

fn data(partition: i32, records: Option<Bytes>, high_watermark: i64) -> PartitionData {
    PartitionData { partition_index: partition, records, high_watermark, ..Default::default() }
}

fn refused(partition: i32, error_code: ErrorCode) -> PartitionData {
    PartitionData { partition_index: partition, error_code, records: None, high_watermark: -1, ..Default::default() }
}

/// What a fetch asks of each partition: number and offset.
fn asked(request: &FetchRequest) -> Vec<(i32, i64)> {
    let topics = request.topics.iter().flat_map(|topic| &topic.partitions);
    topics.map(|partition| (partition.partition, partition.fetch_offset)).collect()
}

fn forgotten(request: &FetchRequest) -> Vec<i32> {
    request.forgotten_topics_data.iter().flat_map(|topic| topic.partitions.iter().copied()).collect()
}

fn connected(partitions: i32, config: ConsumerConfig) -> World {
    let mut world = World::new(partitions, Start::Offset(0), config);
    assert_eq!(world.demands(), [Demand::Connect { broker: ONE, lane: FETCH }]);
    world.connect(ONE, FETCH);
    world
}

#[test]
fn both_connections_are_asked_for_before_the_offset_is_known() {
    let mut world = World::new(1, Start::Beginning, ConsumerConfig::default());
    let demands = world.demands();
    assert!(demands.contains(&Demand::Connect { broker: ONE, lane: FETCH }), "{demands:?}");
    assert!(demands.contains(&Demand::Connect { broker: ONE, lane: Lane::Shared }), "{demands:?}");
    world.connect(ONE, FETCH);
    assert!(world.requests().is_empty());
    world.connect(ONE, Lane::Shared);
    let lookup = world.requests().remove(0);
    let request: ListOffsetsRequest = decode(&lookup);
    assert_eq!(request.topics[0].partitions[0].timestamp, -2);
    let answer = ListOffsetsPartitionResponse { partition_index: 0, offset: 17, ..Default::default() };
    let topic = ListOffsetsTopicResponse { name: Utf8Bytes::from("t"), partitions: vec![answer], ..Default::default() };
    world.answer(&lookup, &ListOffsetsResponse { topics: vec![topic], ..Default::default() });
    let (_, request) = world.fetch();
    assert_eq!(asked(&request), [(0, 17)]);
    assert_eq!(world.machine.position("t", 0), Some(17));
}

#[test]
fn the_next_fetch_leaves_before_anything_is_checked() {
    let mut world = connected(2, ConsumerConfig::default());
    let (first, request) = world.fetch();
    assert_eq!((request.session_id, request.session_epoch, request.max_wait_ms), (0, 0, 0));
    assert_eq!(asked(&request), [(0, 0), (1, 0)]);
    let mut body = BytesMut::new();
    let topic =
        FetchableTopicResponse { topic_id: ID, partitions: vec![data(1, records(0, 5, 9), 50)], ..Default::default() };
    let response = FetchResponse { session_id: 70, responses: vec![topic], ..Default::default() };
    response.encode(first.version, &mut body).unwrap();
    let response = Response { version: first.version, body: body.freeze() };
    world.machine.handle(world.now, Input::Response(first.id, Ok(response)));
    let (_, request) = world.fetch();
    assert_eq!((request.session_id, request.session_epoch, request.max_wait_ms), (70, 1, 500));
    assert_eq!(asked(&request), [(1, 5)], "what did not change is not sent again");
    assert!(matches!(world.take(), Taken::Nothing), "the job is not done");
    let mut job = world.machine.poll_job().unwrap();
    job.run();
    world.feed(Input::Job(job));
    assert_eq!(world.taken(), (1, (0..5).collect()));
}

#[test]
fn a_full_partition_is_left_out_and_comes_back_when_it_drains() {
    let config = ConsumerConfig::default().fetch_buffer_bytes(80_000).max_partition_fetch_bytes(10_000);
    let mut world = connected(2, config);
    let (first, _) = world.fetch();
    world.answer_fetch(&first, 70, vec![data(0, records(0, 20, 1_000), 500), data(1, records(0, 1, 10), 500)]);
    let (second, request) = world.fetch();
    assert_eq!((asked(&request), forgotten(&request)), (vec![(1, 1)], vec![0]), "20 kB of an allowance of 10");
    world.answer_fetch(&second, 70, vec![data(1, records(1, 1, 10), 500)]);
    let (_third, request) = world.fetch();
    assert_eq!((asked(&request), forgotten(&request)), (vec![(1, 2)], vec![]));
    assert_eq!(world.taken().0, 0);
    // The session's fetch is under way and not known to be parked: a while later it is.
    assert!(world.requests().is_empty());
    world.later(6);
    assert!(world.demands().contains(&Demand::Connect { broker: ONE, lane: Lane::FetchNow(6) }));
    world.connect(ONE, Lane::FetchNow(6));
    let (aside, request) = world.fetch();
    assert_eq!((request.session_id, request.session_epoch, request.max_wait_ms), (0, -1, 0));
    assert_eq!(asked(&request), [(0, 20)]);
    world.answer_fetch(&aside, 0, vec![data(0, records(20, 1, 10), 500)]);
    let (_, request) = world.fetch();
    assert_eq!(asked(&request), [(0, 21)]);
}

#[test]
fn parts_are_handed_over_in_order_whatever_the_order_of_the_jobs() {
    let mut world = connected(1, ConsumerConfig::default());
    let mut jobs = Vec::new();
    for number in 0..3 {
        let (fetch, _) = world.fetch();
        let mut body = BytesMut::new();
        let partitions = vec![data(0, records(number * 10, 10, 5), 100)];
        let topic = FetchableTopicResponse { topic_id: ID, partitions, ..Default::default() };
        let response = FetchResponse { session_id: 70, responses: vec![topic], ..Default::default() };
        response.encode(fetch.version, &mut body).unwrap();
        let response = Response { version: fetch.version, body: body.freeze() };
        world.machine.handle(world.now, Input::Response(fetch.id, Ok(response)));
        jobs.push(world.machine.poll_job().unwrap());
    }
    for mut job in jobs.into_iter().rev() {
        assert!(matches!(world.take(), Taken::Nothing));
        job.run();
        world.feed(Input::Job(job));
    }
    let offsets: Vec<_> = (0..3).flat_map(|_| world.taken().1).collect();
    assert_eq!(offsets, (0..30).collect::<Vec<_>>());
    assert_eq!(world.machine.budget.held(), 0);
}

#[test]
fn answers_from_before_a_seek_are_dropped() {
    let mut world = connected(1, ConsumerConfig::default());
    let (first, _) = world.fetch();
    world.machine.seek("t", 0, Start::Offset(40), world.now).unwrap();
    assert_eq!(world.machine.position("t", 0), Some(40));
    world.answer_fetch(&first, 70, vec![data(0, records(0, 5, 5), 100)]);
    assert!(matches!(world.take(), Taken::Nothing));
    let (_, request) = world.fetch();
    assert_eq!(asked(&request), [(0, 40)]);
}

#[test]
fn after_a_lost_connection_the_session_is_begun_anew_on_the_next() {
    let mut world = connected(1, ConsumerConfig::default());
    let (first, _) = world.fetch();
    world.answer_fetch(&first, 70, vec![data(0, records(0, 5, 5), 100)]);
    let (second, _) = world.fetch();
    world.fail(&second);
    assert!(world.requests().is_empty(), "nothing more on a connection that failed");
    world.disconnect(ONE, FETCH, Error::new(ErrorKind::Transport, "gone"));
    let demands = world.demands();
    assert!(demands.contains(&Demand::Connect { broker: ONE, lane: FETCH }), "{demands:?}");
    let stale: Vec<_> = demands.iter().filter(|demand| matches!(demand, Demand::Stale { .. })).collect();
    assert_eq!(stale.len(), 1, "asked once for the leader: {demands:?}");
    world.connect(ONE, FETCH);
    let (_, request) = world.fetch();
    assert_eq!((request.session_id, request.session_epoch), (70, 0));
    assert_eq!(asked(&request), [(0, 5)]);
}

#[test]
fn a_moved_leader_is_reported_and_followed_with_its_epoch() {
    let mut world = connected(2, ConsumerConfig::default());
    let (first, request) = world.fetch();
    assert_eq!(request.topics[0].partitions[0].current_leader_epoch, 0);
    let hint = LeaderIdAndEpoch { leader_id: TWO, leader_epoch: 4, ..Default::default() };
    let moved = PartitionData { current_leader: hint, ..refused(0, ErrorCode::NOT_LEADER_OR_FOLLOWER) };
    world.answer_fetch(&first, 70, vec![moved, data(1, None, 0)]);
    let (_, request) = world.fetch();
    assert_eq!(forgotten(&request), [0], "the neighbour is not held back");
    let demands = world.demands();
    assert!(
        demands.iter().any(|demand| matches!(demand, Demand::LeaderHint { leader: TWO, leader_epoch: 4, .. })),
        "{demands:?}"
    );
    assert!(demands.contains(&Demand::Stale { topic: "t".into(), revision: 1 }), "{demands:?}");
    world.lead(&[TWO, ONE], 4);
    assert_eq!(world.demands(), [Demand::Connect { broker: TWO, lane: FETCH }]);
    world.connect(TWO, FETCH);
    let (outbound, request) = world.fetch();
    assert_eq!((outbound.broker, asked(&request)), (TWO, vec![(0, 0)]));
    assert_eq!(request.topics[0].partitions[0].current_leader_epoch, 4);
}

#[test]
fn what_no_retry_mends_is_told_once_after_what_came_before() {
    let mut world = connected(1, ConsumerConfig::default());
    let (first, _) = world.fetch();
    world.answer_fetch(&first, 70, vec![data(0, records(0, 5, 5), 100)]);
    let (second, _) = world.fetch();
    world.answer_fetch(&second, 70, vec![refused(0, ErrorCode::TOPIC_AUTHORIZATION_FAILED)]);
    assert_eq!(world.state(0), PartitionState::Failed);
    assert_eq!(world.taken().1.len(), 5);
    let Taken::Failed(error) = world.take() else { panic!("an error") };
    assert_eq!(error.kind(), ErrorKind::Authorization);
    assert!(error.to_string().contains("t-0"), "{error}");
    assert!(matches!(world.take(), Taken::Nothing));
    world.later(60_000);
    assert!(world.requests().is_empty());
    world.machine.seek("t", 0, Start::Offset(5), world.now).unwrap();
    assert_eq!(asked(&world.fetch().1), [(0, 5)]);
}

#[test]
fn a_refused_login_fails_the_partitions_there() {
    let mut world = connected(1, ConsumerConfig::default());
    world.fetch();
    world.disconnect(ONE, FETCH, Error::new(ErrorKind::Authentication, "who are you"));
    let Taken::Failed(error) = world.take() else { panic!("an error") };
    assert_eq!(error.kind(), ErrorKind::Authentication);
}

#[test]
fn a_fetch_reserves_what_it_may_bring() {
    let config =
        ConsumerConfig::default().fetch_buffer_bytes(100_000).max_partition_fetch_bytes(20_000).fetch_max_bytes(90_000);
    let mut world = connected(1, config);
    let (first, request) = world.fetch();
    assert_eq!(request.max_bytes, 20_000);
    assert_eq!(request.topics[0].partitions[0].partition_max_bytes, 20_000);
    world.answer_fetch(&first, 70, vec![data(0, records(0, 90, 1_000), 500)]);
    assert!(world.requests().is_empty(), "the partition is full");
    assert_eq!(world.taken().1.len(), 90);
    assert_eq!(world.fetch().1.max_bytes, 20_000);
}

#[test]
fn a_fetch_that_went_without_budget_leaves_when_another_gives_its_back() {
    let config = ConsumerConfig::default().fetch_buffer_bytes(100_000).max_partition_fetch_bytes(60_000);
    let mut world = connected(2, config);
    world.fetch();
    world.lead(&[ONE, TWO], 1);
    world.connect(TWO, FETCH);
    let (second, request) = world.fetch();
    assert_eq!((second.broker, request.max_bytes), (TWO, 25_000), "all brokers together take half");
    world.machine.budget.hold(60_000);
    world.answer_fetch(&second, 71, vec![data(1, None, 0)]);
    assert!(world.requests().is_empty(), "no budget is free");
    world.machine.release(60_000);
    world.machine.pump(world.now);
    assert_eq!(world.fetch().0.broker, TWO);
}

#[test]
fn a_caller_that_waits_is_woken_once_there_is_something() {
    struct Count(std::sync::atomic::AtomicUsize);
    impl std::task::Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }
    let count = Arc::new(Count(0.into()));
    let mut world = connected(1, ConsumerConfig::default());
    let (first, _) = world.fetch();
    let mut waker = Some(Waker::from(Arc::clone(&count)));
    assert!(matches!(world.machine.take(&mut waker, world.now), Taken::Nothing));
    assert!(waker.is_none(), "kept");
    world.answer_fetch(&first, 70, vec![data(0, records(0, 5, 5), 100)]);
    while let Some(event) = world.machine.poll_event() {
        ottla_core::machine::Effect::apply(event);
    }
    assert_eq!(count.0.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[test]
fn closing_ends_the_session_beside_a_parked_fetch() {
    let mut world = connected(1, ConsumerConfig::default());
    let (first, _) = world.fetch();
    world.answer_fetch(&first, 70, vec![data(0, None, 0)]);
    let (parked, _) = world.fetch();
    let (filler, _waiting) = ottla_core::slot::slot();
    world.machine.close(Some(filler), Duration::from_secs(1), world.now);
    assert!(world.requests().is_empty());
    assert!(world.demands().contains(&Demand::Connect { broker: ONE, lane: Lane::Shared }));
    world.connect(ONE, Lane::Shared);
    let (goodbye, request) = world.fetch();
    assert_eq!((goodbye.lane, request.session_id, request.session_epoch), (Lane::Shared, 70, -1));
    let told = |world: &mut World| std::iter::from_fn(|| world.machine.poll_event()).count();
    told(&mut world);
    world.answer_fetch(&goodbye, 0, Vec::new());
    assert!(told(&mut world) > 0);
    world.answer_fetch(&parked, 70, vec![data(0, records(0, 5, 5), 100)]);
    assert!(matches!(world.take(), Taken::End));
}
