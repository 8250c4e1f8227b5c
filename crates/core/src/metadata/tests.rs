//! The metadata machine by hand: links, answers and times go in; requests, demands and views come out.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use ottla_protocol::frame::decode_request_header;
use ottla_protocol::messages::metadata::{MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic};
use ottla_protocol::messages::{FindCoordinatorRequest, MetadataRequest, MetadataResponse};
use ottla_protocol::{ApiKey, Message, VersionRange};
use ottla_types::{BrokerId, ErrorCode, Topic, Uuid};

use super::{MetadataConfig, MetadataMachine, Publish, utf8};
use crate::clock::Now;
use crate::cluster::{Cluster, TopicState, bootstrap_id};
use crate::error::{Error, ErrorKind};
use crate::io::{Demand, OwnerId};
use crate::lane::{Lane, Link, LinkState};
use crate::machine::{Delivery, Effect, Input, Machine, Outbound, Response, SendError};
use crate::versions::Versions;

pub(crate) const ME: OwnerId = OwnerId(7);
pub(crate) const OTHER: OwnerId = OwnerId(8);

#[derive(Default)]
struct Paper(Mutex<Option<Arc<Cluster>>>);

impl Publish for Paper {
    fn publish(&self, cluster: Arc<Cluster>) {
        *self.0.lock().unwrap() = Some(cluster);
    }
}

/// A machine and everything around it.
pub(crate) struct World {
    pub(crate) machine: MetadataMachine,
    pub(crate) now: Now,
    pub(crate) requests: Vec<Outbound>,
    pub(crate) connects: Vec<BrokerId>,
    paper: Arc<Paper>,
    epoch: u64,
    metadata_max: i16,
    pub(crate) coordinator_max: i16,
}

impl World {
    pub(crate) fn new() -> Self {
        let paper = Arc::<Paper>::default();
        let publisher: Arc<dyn Publish> = Arc::<Paper>::clone(&paper);
        let bootstrap = [(Arc::from("one"), 9092), (Arc::from("two"), 9092)];
        Self {
            machine: MetadataMachine::new(MetadataConfig::default(), bootstrap, Arc::from("me"), 1, publisher),
            now: Now { mono: Instant::now(), wall_ms: 0 },
            requests: Vec::new(),
            connects: Vec::new(),
            paper,
            epoch: 0,
            metadata_max: 13,
            coordinator_max: 6,
        }
    }

    /// A machine that has a connection to broker 1 and knows brokers 1 and 2, and topic `t` if it is given.
    pub(crate) fn started(topics: Vec<MetadataResponseTopic>) -> Self {
        let mut world = Self::new();
        if topics.is_empty() {
            world.demand(ME, Demand::Brokers);
        } else {
            world.demand(ME, Demand::Topic { topic: Topic::from("t"), create: false });
        }
        world.ready(bootstrap_id(0));
        world.answer(topics);
        world.connects.clear();
        world.machine.candidates.links.on_link(&Link {
            broker: BrokerId(1),
            lane: Lane::Shared,
            epoch: 1,
            state: LinkState::Ready(world.versions()),
        });
        world.epoch = 1;
        world
    }

    pub(crate) fn demand(&mut self, owner: OwnerId, demand: Demand) -> bool {
        let answered = self.machine.demand(self.now, owner, demand);
        self.drain();
        answered
    }

    pub(crate) fn hold(&mut self, owner: OwnerId, topic: &str) -> bool {
        self.demand(owner, Demand::Topic { topic: Topic::from(topic), create: false })
    }

    pub(crate) fn input(&mut self, input: Input<crate::machine::NoJob>) {
        self.machine.handle(self.now, input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(request) = self.machine.poll_request(self.now) {
            self.requests.push(request);
        }
        while let Some(demand) = self.machine.poll_demand() {
            match demand {
                Demand::Connect { broker, lane: Lane::Shared } => self.connects.push(broker),
                other => panic!("{other:?}"),
            }
        }
        while let Some(event) = self.machine.poll_event() {
            event.apply();
        }
    }

    fn versions(&self) -> Arc<Versions> {
        let range = |key, max| (key, VersionRange { min: 0, max });
        let ranges =
            [range(ApiKey::METADATA, self.metadata_max), range(ApiKey::FIND_COORDINATOR, self.coordinator_max)];
        Arc::new(Versions::new(ranges, []))
    }

    pub(crate) fn ready(&mut self, broker: BrokerId) {
        self.epoch += 1;
        let state = LinkState::Ready(self.versions());
        self.input(Input::Link(Link { broker, lane: Lane::Shared, epoch: self.epoch, state }));
    }

    fn down(&mut self, broker: BrokerId) {
        self.epoch += 1;
        let state = LinkState::Down(Error::new(ErrorKind::Transport, format!("no way to {broker}")));
        self.input(Input::Link(Link { broker, lane: Lane::Shared, epoch: self.epoch, state }));
    }

    pub(crate) fn wait(&mut self, millis: u64) {
        self.now.mono += Duration::from_millis(millis);
        self.input(Input::Timeout);
    }

    /// Takes the one request that is out, which must be about metadata.
    fn take(&mut self) -> (Outbound, MetadataRequest) {
        assert_eq!(self.requests.len(), 1, "{:?}", self.requests);
        let request = self.requests.pop().unwrap();
        let body = body(&request);
        let decoded = MetadataRequest::decode(&body, request.version).unwrap();
        (request, decoded)
    }

    /// The names that the one request asks for.
    fn asked(&self) -> Vec<String> {
        let request = self.requests.last().unwrap();
        let decoded = MetadataRequest::decode(&body(request), request.version).unwrap();
        decoded.topics.unwrap().into_iter().map(|topic| topic.name.unwrap().to_string()).collect()
    }

    fn answer(&mut self, topics: Vec<MetadataResponseTopic>) {
        let (request, _) = self.take();
        self.answer_to(&request, response(topics));
    }

    fn answer_to(&mut self, request: &Outbound, response: MetadataResponse) {
        let mut body = BytesMut::new();
        response.encode(request.version, &mut body).unwrap();
        let response = Response { version: request.version, body: body.freeze() };
        self.input(Input::Response(request.id, Ok(response)));
    }

    fn lose(&mut self) {
        let (request, _) = self.take();
        let error = Error::new(ErrorKind::Transport, "cut");
        self.input(Input::Response(request.id, Err(SendError { delivery: Delivery::MaybeSent, error })));
    }

    pub(crate) fn view(&self) -> Arc<Cluster> {
        self.paper.0.lock().unwrap().clone().expect("a view was published")
    }

    fn has_published(&self) -> bool {
        self.paper.0.lock().unwrap().is_some()
    }
}

pub(crate) fn body(request: &Outbound) -> Bytes {
    let mut bytes = request.frame.head.clone();
    request.frame.tail.iter().for_each(|chunk| bytes.extend_from_slice(chunk));
    decode_request_header(&bytes.freeze().slice(4..)).unwrap().1
}

fn response(topics: Vec<MetadataResponseTopic>) -> MetadataResponse {
    let broker = |id: i32| MetadataResponseBroker {
        node_id: BrokerId(id),
        host: utf8(&format!("host{id}")),
        port: 9092,
        ..Default::default()
    };
    MetadataResponse {
        brokers: vec![broker(1), broker(2)],
        controller_id: BrokerId(2),
        cluster_id: Some(utf8("cluster")),
        topics,
        ..Default::default()
    }
}

fn topic(name: &str, id: u8, leader: i32, epoch: i32) -> MetadataResponseTopic {
    let partition = MetadataResponsePartition {
        error_code: if leader < 0 { ErrorCode::LEADER_NOT_AVAILABLE } else { ErrorCode::NONE },
        leader_id: BrokerId(leader),
        leader_epoch: epoch,
        ..Default::default()
    };
    MetadataResponseTopic {
        name: Some(utf8(name)),
        topic_id: Uuid([id; 16]),
        partitions: vec![partition],
        ..Default::default()
    }
}

fn failing(name: &str, code: ErrorCode) -> MetadataResponseTopic {
    MetadataResponseTopic { name: Some(utf8(name)), error_code: code, ..Default::default() }
}

fn leader(view: &Cluster) -> (Option<i32>, i32) {
    let partition = view.partition(&Topic::from("t"), 0).unwrap();
    (partition.leader.map(|id| id.0), partition.leader_epoch)
}

#[test]
fn the_first_demand_connects_to_a_bootstrap_address_asks_and_publishes() {
    let mut world = World::new();
    assert!(!world.hold(ME, "t"));
    assert_eq!(world.connects, [bootstrap_id(0)]);
    assert!(world.requests.is_empty());
    world.ready(bootstrap_id(0));
    assert_eq!(world.asked(), ["t"]);
    world.answer(vec![topic("t", 1, 2, 5)]);
    let view = world.view();
    assert_eq!(leader(&view), (Some(2), 5));
    assert_eq!((view.controller, view.brokers.len(), view.id.as_deref()), (Some(BrokerId(2)), 2, Some("cluster")));
    assert_eq!(view.name_of(Uuid([1; 16])), Some(&Topic::from("t")));
    assert!(world.hold(OTHER, "t"), "the view has the answer already");
    assert!(world.requests.is_empty());
}

#[test]
fn a_topic_stays_in_the_view_for_as_long_as_one_object_holds_it() {
    let mut world = World::started(vec![topic("t", 1, 1, 1)]);
    world.hold(OTHER, "t");
    world.demand(ME, Demand::Forget(Topic::from("t")));
    assert!(world.view().known(&Topic::from("t")).is_some());
    world.machine.forget_owner(OTHER);
    world.drain();
    assert!(world.view().topic(&Topic::from("t")).is_none());
}

#[test]
fn what_is_demanded_while_a_request_is_out_goes_with_the_next() {
    let mut world = World::started(vec![topic("t", 1, 1, 1)]);
    world.hold(ME, "a");
    world.hold(ME, "b");
    world.hold(OTHER, "c");
    assert_eq!(world.asked(), ["a"]);
    world.answer(vec![topic("a", 2, 1, 1)]);
    assert_eq!(world.asked(), ["b", "c"]);
}

#[test]
fn a_failed_connection_leads_to_the_next_address_at_once_and_then_to_trouble() {
    let mut world = World::new();
    world.hold(ME, "t");
    world.down(bootstrap_id(0));
    assert_eq!(world.connects, [bootstrap_id(0), bootstrap_id(1)]);
    assert!(!world.has_published());
    world.down(bootstrap_id(1));
    let text = world.view().trouble.as_ref().unwrap().error.to_string();
    assert!(text.contains("no way to -3"), "{text}");
    assert_eq!(world.connects.len(), 3, "the next round has begun");
    world.ready(bootstrap_id(0));
    world.answer(vec![topic("t", 1, 1, 1)]);
    assert!(world.view().trouble.is_none());
}

#[test]
fn a_connection_that_takes_long_does_not_hold_up_the_next_address() {
    let mut world = World::new();
    world.hold(ME, "t");
    assert_eq!(world.connects.len(), 1);
    let patience = world.machine.poll_timeout().unwrap() - world.now.mono;
    assert_eq!(patience, Duration::from_millis(500));
    world.wait(500);
    assert_eq!(world.connects, [bootstrap_id(0), bootstrap_id(1)]);
    world.ready(bootstrap_id(1));
    assert_eq!(world.requests.len(), 1);
}

#[test]
fn a_lost_request_is_made_again_elsewhere_after_a_pause() {
    let mut world = World::started(vec![topic("t", 1, 1, 1)]);
    world.hold(ME, "u");
    world.lose();
    assert!(world.requests.is_empty() && world.connects.is_empty());
    world.wait(130);
    assert_eq!(world.connects, [BrokerId(2)]);
    world.ready(BrokerId(2));
    assert_eq!(world.asked(), ["u"]);
}

#[test]
fn a_missing_topic_is_told_with_its_beginning_and_asked_for_again() {
    let mut world = World::new();
    world.hold(ME, "t");
    world.ready(bootstrap_id(0));
    let begin = world.now.mono;
    world.answer(vec![failing("t", ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)]);
    world.ready(BrokerId(1));
    world.wait(130);
    world.answer(vec![failing("t", ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)]);
    let expected = TopicState::Failed { code: ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, since: begin };
    assert_eq!(world.view().topic(&Topic::from("t")).unwrap().state, expected);
    world.wait(300);
    world.answer(vec![topic("t", 1, 1, 1)]);
    assert_eq!(leader(&world.view()), (Some(1), 1));
    assert!(world.machine.poll_timeout().unwrap() - world.now.mono > Duration::from_secs(200));
}

#[test]
fn a_topic_that_may_not_be_seen_is_not_asked_for_until_the_next_refresh_or_demand() {
    let mut world = World::started(vec![failing("t", ErrorCode::TOPIC_AUTHORIZATION_FAILED)]);
    world.wait(10_000);
    assert!(world.requests.is_empty());
    world.hold(OTHER, "t");
    assert_eq!(world.asked(), ["t"]);
}

#[test]
fn a_known_topic_survives_one_answer_that_does_not_know_it() {
    let mut world = World::started(vec![topic("t", 1, 1, 1)]);
    world.demand(ME, Demand::Stale { topic: Topic::from("t"), revision: world.view().revision });
    world.wait(130);
    world.answer(vec![]);
    assert_eq!(leader(&world.view()), (Some(1), 1));
    world.wait(130);
    world.answer(vec![]);
    assert!(world.view().known(&Topic::from("t")).is_none());
}

#[test]
fn an_older_leader_epoch_is_not_adopted_unless_the_topic_is_new() {
    let mut world = World::started(vec![topic("t", 1, 1, 5)]);
    for (answer, expected) in
        [(topic("t", 1, 2, 4), (Some(1), 5)), (topic("t", 1, 2, 6), (Some(2), 6)), (topic("t", 9, 1, 0), (Some(1), 0))]
    {
        world.demand(ME, Demand::Stale { topic: Topic::from("t"), revision: world.view().revision });
        world.wait(300);
        world.answer(vec![answer]);
        assert_eq!(leader(&world.view()), expected);
    }
    assert_eq!(world.view().name_of(Uuid([1; 16])), None);
}

#[test]
fn an_answer_that_confirms_a_doubted_topic_counts_as_news() {
    let mut world = World::started(vec![topic("t", 1, 1, 1)]);
    let seen = world.view().topic(&Topic::from("t")).unwrap().revision;
    world.now.mono += Duration::from_secs(60);
    world.demand(ME, Demand::Stale { topic: Topic::from("t"), revision: seen });
    assert_eq!(world.asked(), ["t"], "the first doubt is followed up at once");
    world.answer(vec![topic("t", 1, 1, 1)]);
    let confirmed = world.view().topic(&Topic::from("t")).unwrap().revision;
    assert!(confirmed > seen);
    assert!(world.demand(ME, Demand::Stale { topic: Topic::from("t"), revision: seen }), "a newer view is there");
    world.demand(ME, Demand::Stale { topic: Topic::from("t"), revision: confirmed });
    assert!(world.requests.is_empty(), "the second doubt waits");
    world.wait(130);
    assert_eq!(world.asked(), ["t"]);
}

#[test]
fn a_refresh_that_finds_nothing_new_shares_the_topic() {
    let mut world = World::started(vec![topic("t", 1, 1, 1)]);
    let before = Arc::clone(world.view().topic(&Topic::from("t")).unwrap());
    world.wait(300_000);
    assert_eq!(world.asked(), ["t"]);
    world.answer(vec![topic("t", 1, 1, 1)]);
    assert!(Arc::ptr_eq(&before, world.view().topic(&Topic::from("t")).unwrap()));
}

#[test]
fn partitions_without_a_leader_are_asked_for_again() {
    let mut world = World::started(vec![topic("t", 1, -1, 1)]);
    assert_eq!(leader(&world.view()), (None, 1));
    world.wait(130);
    assert_eq!(world.asked(), ["t"]);
}

#[test]
fn only_topics_that_may_be_created_are_in_a_request_that_creates() {
    let mut world = World::new();
    world.demand(ME, Demand::Topic { topic: Topic::from("new"), create: true });
    world.hold(ME, "old");
    world.ready(bootstrap_id(0));
    let mut seen = Vec::new();
    for _ in 0..2 {
        let (request, decoded) = world.take();
        let names: Vec<_> = decoded.topics.unwrap().iter().map(|t| t.name.as_ref().unwrap().to_string()).collect();
        seen.push((names, decoded.allow_auto_topic_creation));
        world.answer_to(&request, response(vec![]));
        world.ready(BrokerId(1));
    }
    assert_eq!(seen, [(vec!["old".to_owned()], false), (vec!["new".to_owned()], true)]);
}

#[test]
fn when_all_known_brokers_fail_the_bootstrap_addresses_are_used_again() {
    let mut world = World::started(vec![topic("t", 1, 1, 1)]);
    world.hold(ME, "u");
    world.lose();
    world.wait(130);
    assert_eq!(world.connects, [BrokerId(2)]);
    world.down(BrokerId(2));
    assert!(world.view().trouble.is_some());
    assert_eq!(world.requests.pop().unwrap().broker, bootstrap_id(0));
}

#[test]
fn a_broker_may_send_the_client_back_to_the_bootstrap_addresses() {
    let mut world = World::started(vec![topic("t", 1, 1, 1)]);
    world.down(bootstrap_id(0));
    world.hold(ME, "u");
    let (request, _) = world.take();
    let answer = MetadataResponse { error_code: ErrorCode::REBOOTSTRAP_REQUIRED, ..Default::default() };
    world.answer_to(&request, answer);
    world.wait(130);
    assert_eq!(world.connects.len(), 1);
    assert!(world.connects[0].0 < -1, "{:?}", world.connects);
}

#[test]
fn an_answer_without_brokers_is_a_failure_of_the_broker() {
    let mut world = World::new();
    world.hold(ME, "t");
    world.ready(bootstrap_id(0));
    let (request, _) = world.take();
    world.answer_to(&request, MetadataResponse::default());
    assert!(!world.has_published());
    world.wait(130);
    assert_eq!(world.connects.last(), Some(&bootstrap_id(1)));
}

#[test]
fn a_broker_that_is_slow_to_answer_is_passed_over_and_its_late_answer_taken() {
    let mut world = World::started(vec![topic("t", 1, 1, 1)]);
    world.hold(ME, "u");
    let (slow, _) = world.take();
    world.wait(9_900);
    assert!(world.connects.is_empty());
    world.wait(100);
    assert_eq!(world.connects, [BrokerId(2)]);
    world.answer_to(&slow, response(vec![topic("u", 3, 1, 1)]));
    assert!(world.view().known(&Topic::from("u")).is_some());
}

#[test]
fn a_leader_hint_changes_the_view_unless_it_is_old() {
    let mut world = World::started(vec![topic("t", 1, 1, 5)]);
    let hint = |leader, leader_epoch, endpoint| Demand::LeaderHint {
        topic: Topic::from("t"),
        partition: 0,
        leader: BrokerId(leader),
        leader_epoch,
        endpoint,
    };
    world.demand(ME, hint(2, 5, None));
    assert_eq!(leader(&world.view()), (Some(1), 5));
    world.demand(ME, hint(2, 6, None));
    assert_eq!(leader(&world.view()), (Some(2), 6));
    world.demand(ME, hint(3, 7, None));
    assert_eq!(leader(&world.view()), (Some(2), 6), "a broker without an address is of no use");
    world.demand(ME, hint(3, 7, Some((Arc::from("three"), 9092, None))));
    assert_eq!(leader(&world.view()), (Some(3), 7));
    assert_eq!(&*world.view().broker(BrokerId(3)).unwrap().host, "three");
}

#[test]
fn all_topics_are_held_for_whoever_wants_them_all() {
    let mut world = World::started(vec![topic("t", 1, 1, 1)]);
    world.demand(OTHER, Demand::AllTopics);
    let (request, decoded) = world.take();
    assert_eq!(decoded.topics, None);
    world.answer_to(&request, response(vec![topic("t", 1, 1, 1), topic("u", 2, 1, 1)]));
    assert!(world.view().known(&Topic::from("u")).is_some());
    world.machine.forget_owner(OTHER);
    world.drain();
    assert!(world.view().topic(&Topic::from("u")).is_none());
    assert!(world.view().known(&Topic::from("t")).is_some());
}

#[test]
fn every_version_of_the_request_asks_for_what_is_wanted() {
    for version in 0..=13 {
        let mut world = World::new();
        world.metadata_max = version;
        world.hold(ME, "t");
        world.ready(bootstrap_id(0));
        let (request, decoded) = world.take();
        assert_eq!(request.version, version);
        assert_eq!(decoded.topics.as_ref().map(Vec::len), Some(1));
        let mut answer = response(vec![topic("t", 1, 2, 5)]);
        if version < 10 {
            answer.topics[0].topic_id = Uuid::NIL;
        }
        if version < 7 {
            answer.topics[0].partitions[0].leader_epoch = -1;
        }
        if version < 2 {
            answer.cluster_id = None;
        }
        world.answer_to(&request, answer);
        let expected = if version < 7 { -1 } else { 5 };
        assert_eq!(leader(&world.view()), (Some(2), expected), "version {version}");
    }
}

#[test]
fn a_closed_machine_asks_for_nothing() {
    let mut world = World::new();
    world.hold(ME, "t");
    world.input(Input::Closed(Error::new(ErrorKind::Closed, "bye")));
    world.ready(bootstrap_id(0));
    assert!(world.requests.is_empty());
    assert_eq!(world.machine.poll_timeout(), None);
}

#[test]
fn lookups_of_coordinators_are_not_metadata() {
    let mut world = World::started(vec![]);
    world.coordinator_max = 6;
    let kind = crate::io::CoordinatorKind::Group;
    world.demand(ME, Demand::Coordinator { kind, key: Arc::from("g"), wrong: None });
    let request = world.requests.pop().unwrap();
    assert_eq!(request.key, ApiKey::FIND_COORDINATOR);
    assert!(FindCoordinatorRequest::decode(&body(&request), request.version).is_ok());
}
