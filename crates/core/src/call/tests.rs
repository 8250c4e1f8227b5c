//! Calls by hand: where they go, when they are repeated, and that each of them ends.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use ottla_protocol::frame::{RequestFrame, encode_request};
use ottla_protocol::messages::ApiVersionsRequest;
use ottla_protocol::{ApiKey, VersionRange};
use ottla_types::{BrokerId, ErrorCode, Topic};

use super::{Call, CallMachine, Progress, Target};
use crate::backoff::BackoffPolicy;
use crate::clock::Now;
use crate::cluster::{
    Broker, Cluster, CoordinatorState, CoordinatorView, PartitionInfo, TopicInfo, TopicState, TopicView, Trouble,
};
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::io::{CoordinatorKind, Demand};
use crate::lane::{Lane, Link, LinkState};
use crate::machine::{Delivery, Effect, Input, Machine, NoJob, Outbound, RequestId, Response, SendError};
use crate::retry::Verdict;
use crate::versions::Versions;

type Ended = Arc<Mutex<Option<Result<()>>>>;

struct Scripted {
    target: Target,
    script: Vec<Result<Progress>>,
    may_repeat: bool,
    ended: Ended,
}

impl Call for Scripted {
    fn target(&self) -> Target {
        self.target.clone()
    }
    fn encode(&mut self, _: &Versions, client_id: Option<&str>) -> Result<(ApiKey, i16, RequestFrame)> {
        Ok((ApiKey::API_VERSIONS, 0, encode_request(&ApiVersionsRequest::default(), 0, client_id)?))
    }
    fn on_response(&mut self, _: i16, _: &Bytes) -> Result<Progress> {
        self.script.remove(0)
    }
    fn may_repeat(&self) -> bool {
        self.may_repeat
    }
    fn finish(self: Box<Self>, result: Result<()>) {
        *self.ended.lock().unwrap() = Some(result);
    }
}

struct World {
    machine: CallMachine,
    now: Now,
    requests: Vec<Outbound>,
    cancels: Vec<RequestId>,
    demands: Vec<Demand>,
    epoch: u64,
}

impl World {
    fn new(cluster: Cluster) -> Self {
        let machine = CallMachine::new(Arc::from("me"), Arc::new(cluster), BackoffPolicy::default(), 1);
        let now = Now { mono: Instant::now(), wall_ms: 0 };
        Self { machine, now, requests: Vec::new(), cancels: Vec::new(), demands: Vec::new(), epoch: 0 }
    }

    fn start(&mut self, target: Target, script: Vec<Result<Progress>>) -> Ended {
        self.start_as(target, script, true)
    }

    fn start_as(&mut self, target: Target, script: Vec<Result<Progress>>, may_repeat: bool) -> Ended {
        let ended = Ended::default();
        let call = Scripted { target, script, may_repeat, ended: Arc::clone(&ended) };
        self.machine.start(self.now, Box::new(call), self.now.mono + Duration::from_secs(60));
        self.drain();
        ended
    }

    fn input(&mut self, input: Input<NoJob>) {
        self.machine.handle(self.now, input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(request) = self.machine.poll_request(self.now) {
            self.requests.push(request);
        }
        while let Some(cancel) = self.machine.poll_cancel() {
            self.cancels.push(cancel);
        }
        while let Some(demand) = self.machine.poll_demand() {
            self.demands.push(demand);
        }
        while let Some(event) = self.machine.poll_event() {
            event.apply();
        }
    }

    fn link(&mut self, broker: i32, ready: bool) {
        self.epoch += 1;
        let state = if ready {
            let range = VersionRange { min: 0, max: 4 };
            LinkState::Ready(Arc::new(Versions::new([(ApiKey::API_VERSIONS, range)], [])))
        } else {
            LinkState::Down(Error::new(ErrorKind::Transport, format!("no way to {broker}")))
        };
        self.input(Input::Link(Link { broker: BrokerId(broker), lane: Lane::Shared, epoch: self.epoch, state }));
    }

    fn answer(&mut self) {
        let request = self.requests.remove(0);
        let response = Response { version: request.version, body: Bytes::new() };
        self.input(Input::Response(request.id, Ok(response)));
    }

    fn lose(&mut self, delivery: Delivery) {
        let request = self.requests.remove(0);
        let error = Error::new(ErrorKind::Transport, "cut");
        self.input(Input::Response(request.id, Err(SendError { delivery, error })));
    }

    fn wait(&mut self, millis: u64) {
        self.now.mono += Duration::from_millis(millis);
        self.input(Input::Timeout);
    }

    fn view(&mut self, cluster: Cluster) {
        self.input(Input::Cluster(Arc::new(cluster)));
    }

    fn connects(&self) -> Vec<i32> {
        let broker = |demand: &Demand| match demand {
            Demand::Connect { broker, .. } => Some(broker.0),
            _ => None,
        };
        self.demands.iter().filter_map(broker).collect()
    }
}

fn cluster(revision: u64) -> Cluster {
    let broker = |id: i32| {
        let broker = Broker { id: BrokerId(id), host: Arc::from("host"), port: 1, rack: None };
        (BrokerId(id), broker)
    };
    let brokers = Arc::new([1, 2, 3].map(broker).into_iter().collect());
    let mut cluster = Cluster::default();
    (cluster.revision, cluster.brokers, cluster.controller) = (revision, brokers, Some(BrokerId(2)));
    cluster
}

fn with_topic(revision: u64, state: TopicState) -> Cluster {
    let mut cluster = cluster(revision);
    cluster.insert_topic(TopicView { topic: Topic::from("t"), revision, state });
    cluster
}

fn led_by(leader: i32) -> TopicState {
    let partition = PartitionInfo {
        error: ErrorCode::NONE,
        leader: Some(BrokerId(leader)),
        leader_epoch: 1,
        replicas: Vec::new(),
        in_sync_replicas: Vec::new(),
        offline_replicas: Vec::new(),
    };
    TopicState::Known(TopicInfo { id: ottla_types::Uuid::NIL, internal: false, partitions: vec![partition] })
}

fn error(ended: &Ended) -> Error {
    ended.lock().unwrap().clone().expect("the call has ended").unwrap_err()
}

fn is_done(ended: &Ended) -> bool {
    matches!(*ended.lock().unwrap(), Some(Ok(())))
}

const DONE: Result<Progress> = Ok(Progress::Done);

#[test]
fn a_call_connects_sends_and_ends() {
    let mut world = World::new(cluster(1));
    let ended = world.start(Target::Broker(BrokerId(3)), vec![DONE]);
    assert_eq!(world.connects(), [3]);
    world.link(3, true);
    assert_eq!(world.requests[0].broker, BrokerId(3));
    world.answer();
    assert!(is_done(&ended));
    assert_eq!(world.machine.calls.len(), 0);
}

#[test]
fn a_call_waits_for_a_view_that_names_its_broker() {
    for (target, expected) in [(Target::Any, 1), (Target::Controller, 2)] {
        let mut world = World::new(Cluster::default());
        let ended = world.start(target, vec![DONE]);
        assert_eq!(world.demands, [Demand::Brokers]);
        world.view(cluster(1));
        assert_eq!(world.connects(), [expected]);
        world.link(expected, true);
        world.answer();
        assert!(is_done(&ended));
    }
}

#[test]
fn a_call_for_a_leader_holds_the_topic_and_follows_the_leader() {
    let mut world = World::new(cluster(1));
    let again = Ok(Progress::Again(Verdict::RefreshMetadata));
    let ended = world.start(Target::Leader(Topic::from("t"), 0), vec![again, DONE]);
    assert_eq!(world.demands, [Demand::Topic { topic: Topic::from("t"), create: false }]);
    world.view(with_topic(2, led_by(1)));
    world.link(1, true);
    world.answer();
    assert!(world.demands.contains(&Demand::Stale { topic: Topic::from("t"), revision: 2 }));
    world.view(with_topic(3, led_by(3)));
    world.link(3, true);
    assert!(world.requests.is_empty(), "the pause is not over");
    world.wait(130);
    assert_eq!(world.requests[0].broker, BrokerId(3));
    world.answer();
    assert!(is_done(&ended));
    assert_eq!(world.demands.last(), Some(&Demand::Forget(Topic::from("t"))));
}

#[test]
fn a_topic_or_partition_that_cannot_be_there_fails_the_call_at_once() {
    let target = Target::Leader(Topic::from("t"), 0);
    let mut world = World::new(cluster(1));
    let ended = world.start(target.clone(), vec![]);
    let failed = |code| TopicState::Failed { code, since: Instant::now() };
    world.view(with_topic(2, failed(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)));
    assert!(ended.lock().unwrap().is_none(), "it may be created yet");
    world.view(with_topic(3, failed(ErrorCode::TOPIC_AUTHORIZATION_FAILED)));
    assert_eq!(error(&ended).kind(), ErrorKind::Authorization);
    let mut world = World::new(with_topic(1, led_by(1)));
    let ended = world.start(Target::Leader(Topic::from("t"), 7), vec![]);
    assert_eq!(error(&ended).kind(), ErrorKind::Misuse);
}

#[test]
fn a_call_for_a_coordinator_looks_it_up_and_again_when_it_was_wrong() {
    let key: Arc<str> = Arc::from("g");
    let known = |revision, id| {
        let mut cluster = cluster(revision);
        let view = CoordinatorView { revision, state: CoordinatorState::Known(BrokerId(id)) };
        cluster.set_coordinator(CoordinatorKind::Group, &Arc::from("g"), Some(view));
        cluster
    };
    let mut world = World::new(cluster(1));
    let again = Ok(Progress::Again(Verdict::RefreshCoordinator));
    let ended = world.start(Target::Coordinator(CoordinatorKind::Group, Arc::clone(&key)), vec![again, DONE]);
    world.view(known(2, 1));
    world.link(1, true);
    world.answer();
    let wrong = Some(BrokerId(1));
    assert!(world.demands.contains(&Demand::Coordinator {
        kind: CoordinatorKind::Group,
        key: Arc::clone(&key),
        wrong
    }));
    world.view(known(3, 2));
    world.wait(130);
    world.link(2, true);
    world.answer();
    assert!(is_done(&ended));
    assert_eq!(world.demands.last(), Some(&Demand::ForgetCoordinator { kind: CoordinatorKind::Group, key }));
}

#[test]
fn a_request_that_was_not_sent_is_repeated_and_one_that_may_have_been_only_if_that_is_harmless() {
    for (delivery, may_repeat, repeats) in
        [(Delivery::NotSent, false, true), (Delivery::MaybeSent, true, true), (Delivery::MaybeSent, false, false)]
    {
        let mut world = World::new(cluster(1));
        let ended = world.start_as(Target::Broker(BrokerId(1)), vec![DONE], may_repeat);
        world.link(1, true);
        world.lose(delivery);
        world.wait(130);
        assert_eq!(world.requests.len() == 1, repeats);
        if repeats {
            world.answer();
            assert!(is_done(&ended));
        } else {
            assert_eq!(error(&ended).outcome(), Outcome::MayHaveHappened);
        }
    }
}

#[test]
fn a_call_that_cannot_reach_its_broker_says_why_at_its_deadline() {
    let mut world = World::new(cluster(1));
    let ended = world.start(Target::Broker(BrokerId(1)), vec![]);
    world.link(1, false);
    world.wait(30_000);
    assert!(ended.lock().unwrap().is_none());
    assert_eq!(world.machine.poll_timeout(), Some(world.now.mono + Duration::from_secs(30)));
    world.wait(30_000);
    let error = error(&ended);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::DidNotHappen));
    assert!(error.to_string().contains("no way to 1"), "{error}");
}

#[test]
fn a_call_without_any_broker_gives_the_trouble_of_the_cluster() {
    let mut world = World::new(Cluster::default());
    let ended = world.start(Target::Any, vec![]);
    let trouble = Trouble { error: Error::new(ErrorKind::Transport, "all is lost"), since: world.now.mono };
    let mut cluster = Cluster::default();
    (cluster.revision, cluster.trouble) = (1, Some(trouble));
    world.view(cluster);
    world.wait(60_000);
    assert!(error(&ended).to_string().contains("all is lost"));
}

#[test]
fn a_call_whose_answer_is_out_at_the_deadline_may_have_happened_and_is_withdrawn() {
    let mut world = World::new(cluster(1));
    let ended = world.start(Target::Broker(BrokerId(1)), vec![]);
    world.link(1, true);
    world.wait(60_000);
    assert_eq!(error(&ended).outcome(), Outcome::MayHaveHappened);
    assert_eq!(world.cancels, [world.requests[0].id]);
    world.answer();
}

#[test]
fn a_verdict_that_is_final_ends_the_call() {
    let mut world = World::new(cluster(1));
    let refused = Err(Error::broker(ErrorCode::POLICY_VIOLATION, "no"));
    let ended = world.start(Target::Broker(BrokerId(1)), vec![refused]);
    world.link(1, true);
    world.answer();
    assert_eq!(error(&ended).code(), Some(ErrorCode::POLICY_VIOLATION));
    let ended = world.start(Target::Broker(BrokerId(1)), vec![Ok(Progress::Again(Verdict::Fail))]);
    world.answer();
    assert_eq!(error(&ended).kind(), ErrorKind::Internal);
}

#[test]
fn closing_ends_every_call_and_refuses_new_ones() {
    let mut world = World::new(cluster(1));
    let waiting = world.start(Target::Broker(BrokerId(1)), vec![]);
    world.input(Input::Closed(Error::new(ErrorKind::Closed, "bye")));
    assert_eq!(error(&waiting).kind(), ErrorKind::Closed);
    let late = world.start(Target::Any, vec![]);
    assert_eq!(error(&late).kind(), ErrorKind::Closed);
}
