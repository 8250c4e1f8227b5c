//! One-shot requests: found a broker for, sent, judged, repeated, and finished by their deadline.
//!
//! A [`Call`] knows its request and reads its answer; [`CallMachine`] knows where it must go and when to try again. Admin's
//! operations and raw requests run on it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use ottla_protocol::ApiKey;
use ottla_protocol::frame::RequestFrame;
use ottla_types::{BrokerId, Topic};

use crate::backoff::BackoffPolicy;
use crate::clock::{Now, earlier};
use crate::cluster::{Cluster, CoordinatorState, TopicState};
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::io::{CoordinatorKind, Demand, Io};
use crate::lane::{Lane, Links};
use crate::machine::{Delivery, Effect, Input, Machine, NoJob, Outbound, RequestId, RequestIds, Response, SendError};
use crate::object::Object;
use crate::retry::{Verdict, verdict};
use crate::versions::Versions;

/// Which broker a call is for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// Any broker of the cluster.
    Any,
    /// This broker.
    Broker(BrokerId),
    /// The controller.
    Controller,
    /// The leader of a partition.
    Leader(Topic, i32),
    /// The coordinator of a group or transactional id.
    Coordinator(CoordinatorKind, Arc<str>),
}

/// What an answer means for its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The call has what it needs.
    Done,
    /// Ask again as the verdict says. One that is not retriable ends the call all the same.
    Again(Verdict),
}

/// One request and what becomes of it.
pub trait Call: Send + 'static {
    /// Where it must go. Asked before each attempt.
    fn target(&self) -> Target;

    /// Encodes the request in a version that the broker speaks.
    ///
    /// # Errors
    /// End the call.
    fn encode(&mut self, versions: &Versions, client_id: Option<&str>) -> Result<(ApiKey, i16, RequestFrame)>;

    /// Reads an answer and keeps what it says.
    ///
    /// # Errors
    /// End the call.
    fn on_response(&mut self, version: i16, body: &Bytes) -> Result<Progress>;

    /// Whether the request may be sent again although it may have been applied: true where doing it twice is no harm.
    fn may_repeat(&self) -> bool {
        true
    }

    /// How long one attempt may take (`request.timeout.ms`).
    fn attempt_timeout(&self) -> Duration {
        Duration::from_secs(30)
    }

    /// Ends the call, without any lock held: fills the slot that its caller waits on. An error names the last cause.
    fn finish(self: Box<Self>, result: Result<()>);
}

/// The handle: starts calls.
#[derive(Clone)]
pub struct Caller(Arc<Object<CallMachine>>);

impl Caller {
    /// A caller on this `Io`, with Kafka's default pauses between attempts.
    pub fn new(io: Arc<dyn Io>) -> Self {
        Self::with_backoff(io, BackoffPolicy::default())
    }

    /// A caller with pauses of its own (`retry.backoff.ms`).
    pub fn with_backoff(io: Arc<dyn Io>, backoff: BackoffPolicy) -> Self {
        let machine = CallMachine::new(io.client_id(), io.cluster(), backoff, io.seed());
        Self(Object::new(io, machine))
    }

    /// Starts a call, which is finished at the deadline at the latest.
    pub fn start(&self, call: Box<dyn Call>, deadline: Instant) {
        let mut call = Some(call);
        let started = self.0.with_exact(|machine, now| {
            if let Some(call) = call.take() {
                machine.start(now, call, deadline);
            }
        });
        if let (Err(error), Some(call)) = (started, call) {
            call.finish(Err(error));
        }
    }

    /// Starts a call that is finished after this duration at the latest.
    pub fn start_within(&self, call: Box<dyn Call>, duration: Duration) {
        self.start(call, self.0.io().now().after(duration));
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Caller")
    }
}

/// A call that is over, on its way to its caller.
pub struct Finished {
    call: Box<dyn Call>,
    result: Result<()>,
}

impl Effect for Finished {
    fn apply(self) {
        self.call.finish(self.result);
    }
}

struct Entry {
    call: Box<dyn Call>,
    deadline: Instant,
    state: State,
    failures: u32,
    last: Option<Error>,
    /// An earlier attempt may have been applied.
    maybe_sent: bool,
}

/// `Waiting` → `Sent` → `Waiting` … until finished.
enum State {
    /// For its broker, and until a pause is over.
    Waiting { not_before: Option<Instant>, blocked: bool },
    /// For an answer.
    Sent { request: RequestId, broker: BrokerId },
}

/// Decides for all calls of one handle.
pub struct CallMachine {
    client_id: Arc<str>,
    cluster: Arc<Cluster>,
    backoff: BackoffPolicy,
    random: fastrand::Rng,
    links: Links,
    calls: BTreeMap<u64, Entry>,
    next: u64,
    sent: BTreeMap<RequestId, u64>,
    ids: RequestIds,
    topics: BTreeMap<Topic, usize>,
    coordinators: BTreeMap<(CoordinatorKind, Arc<str>), usize>,
    requests: VecDeque<Outbound>,
    cancels: VecDeque<RequestId>,
    demands: VecDeque<Demand>,
    finished: VecDeque<Finished>,
    /// The earliest deadline or end of a pause.
    wake_at: Option<Instant>,
    closed: Option<Error>,
}

/// What resolving a target came to.
enum Found {
    Broker(BrokerId),
    /// Not known yet.
    Wait,
    Fail(Error),
}

impl CallMachine {
    fn new(client_id: Arc<str>, cluster: Arc<Cluster>, backoff: BackoffPolicy, seed: u64) -> Self {
        Self {
            client_id,
            cluster,
            backoff,
            random: fastrand::Rng::with_seed(seed),
            links: Links::default(),
            calls: BTreeMap::new(),
            next: 0,
            sent: BTreeMap::new(),
            ids: RequestIds::default(),
            topics: BTreeMap::new(),
            coordinators: BTreeMap::new(),
            requests: VecDeque::new(),
            cancels: VecDeque::new(),
            demands: VecDeque::new(),
            finished: VecDeque::new(),
            wake_at: None,
            closed: None,
        }
    }

    fn start(&mut self, now: Now, call: Box<dyn Call>, deadline: Instant) {
        if let Some(error) = &self.closed {
            self.finished.push_back(Finished { call, result: Err(error.clone()) });
            return;
        }
        self.hold(&call.target());
        let state = State::Waiting { not_before: None, blocked: false };
        let entry = Entry { call, deadline, state, failures: 0, last: None, maybe_sent: false };
        self.next = self.next.wrapping_add(1);
        let id = self.next;
        self.calls.insert(id, entry);
        self.wake_at = earlier(self.wake_at, Some(deadline));
        self.advance(now, id);
    }

    // ---- interest in topics and coordinators, counted over calls

    fn hold(&mut self, target: &Target) {
        match target {
            Target::Leader(topic, _) => {
                let count = self.topics.entry(topic.clone()).or_insert(0);
                *count += 1;
                if *count == 1 {
                    self.demands.push_back(Demand::Topic { topic: topic.clone(), create: false });
                }
            }
            Target::Coordinator(kind, key) => {
                let count = self.coordinators.entry((*kind, Arc::clone(key))).or_insert(0);
                *count += 1;
                if *count == 1 {
                    self.demands.push_back(Demand::Coordinator { kind: *kind, key: Arc::clone(key), wrong: None });
                }
            }
            Target::Any | Target::Broker(_) | Target::Controller => {
                if self.cluster.brokers.is_empty() {
                    self.demands.push_back(Demand::Brokers);
                }
            }
        }
    }

    fn release(&mut self, target: &Target) {
        match target {
            Target::Leader(topic, _) => {
                if let Some(count) = self.topics.get_mut(topic) {
                    *count -= 1;
                    if *count == 0 {
                        self.topics.remove(topic);
                        self.demands.push_back(Demand::Forget(topic.clone()));
                    }
                }
            }
            Target::Coordinator(kind, key) => {
                let entry = (*kind, Arc::clone(key));
                if let Some(count) = self.coordinators.get_mut(&entry) {
                    *count -= 1;
                    if *count == 0 {
                        self.coordinators.remove(&entry);
                        self.demands.push_back(Demand::ForgetCoordinator { kind: *kind, key: Arc::clone(key) });
                    }
                }
            }
            Target::Any | Target::Broker(_) | Target::Controller => {}
        }
    }

    // ---- one call

    fn find(&self, target: &Target) -> Found {
        match target {
            Target::Any => {
                let ready = self.cluster.brokers.keys().find(|id| self.links.ready(**id, Lane::Shared).is_some());
                let up = || self.cluster.brokers.keys().find(|id| self.links.down(**id, Lane::Shared).is_none());
                let any = || self.cluster.brokers.keys().next();
                ready.or_else(up).or_else(any).map_or(Found::Wait, |id| Found::Broker(*id))
            }
            Target::Broker(id) => Found::Broker(*id),
            Target::Controller => self.cluster.controller.map_or(Found::Wait, Found::Broker),
            Target::Leader(topic, partition) => match self.cluster.topic(topic).map(|view| &view.state) {
                None => Found::Wait,
                Some(TopicState::Failed { code, .. }) if verdict(*code).is_retriable() => Found::Wait,
                Some(TopicState::Failed { code, .. }) => Found::Fail(Error::broker(*code, format!("topic `{topic}`"))),
                Some(TopicState::Known(info)) => {
                    match usize::try_from(*partition).ok().and_then(|index| info.partitions.get(index)) {
                        Some(found) => found.leader.map_or(Found::Wait, Found::Broker),
                        None => Found::Fail(Error::new(
                            ErrorKind::Misuse,
                            format!(
                                "topic `{topic}` has {} partitions, so none of number {partition}",
                                info.partitions.len()
                            ),
                        )),
                    }
                }
            },
            Target::Coordinator(kind, key) => match self.cluster.coordinator(*kind, key).map(|view| &view.state) {
                None => Found::Wait,
                Some(CoordinatorState::Known(id)) => Found::Broker(*id),
                Some(CoordinatorState::Failed { error, .. }) if error.is_retriable() => Found::Wait,
                Some(CoordinatorState::Failed { error, .. }) => Found::Fail(error.clone()),
            },
        }
    }

    /// Takes a call as far as it goes now.
    fn advance(&mut self, now: Now, id: u64) {
        let Some(entry) = self.calls.get(&id) else { return };
        if entry.deadline <= now.mono {
            return self.expire(id);
        }
        match entry.state {
            State::Waiting { not_before: Some(at), .. } if at > now.mono => {
                self.wake_at = earlier(self.wake_at, Some(at));
                return;
            }
            State::Sent { .. } => return,
            State::Waiting { .. } => {}
        }
        let target = entry.call.target();
        let broker = match self.find(&target) {
            Found::Broker(broker) => broker,
            Found::Wait => return self.block(id),
            Found::Fail(error) => return self.end(id, Err(error)),
        };
        let Some((epoch, versions)) = self.links.ready(broker, Lane::Shared) else {
            if let Some(demand) = self.links.want(broker, Lane::Shared) {
                self.demands.push_back(demand);
            }
            return self.block(id);
        };
        let Some(entry) = self.calls.get_mut(&id) else { return };
        match entry.call.encode(versions, Some(&self.client_id)) {
            Ok((key, version, frame)) => {
                let request = self.ids.next_id();
                // Not cut short by the call's own deadline: past its timeout a request takes the connection with it.
                let timeout = entry.call.attempt_timeout();
                entry.state = State::Sent { request, broker };
                self.sent.insert(request, id);
                let lane = Lane::Shared;
                let expects_response = true;
                let outbound =
                    Outbound { id: request, broker, lane, epoch, key, version, frame, timeout, expects_response };
                self.requests.push_back(outbound);
            }
            Err(error) => self.end(id, Err(error)),
        }
    }

    fn block(&mut self, id: u64) {
        if let Some(Entry { state: State::Waiting { not_before, blocked }, .. }) = self.calls.get_mut(&id) {
            *not_before = None;
            *blocked = true;
        }
    }

    fn pause(&mut self, now: Now, id: u64) {
        let Some(entry) = self.calls.get_mut(&id) else { return };
        entry.failures = entry.failures.saturating_add(1);
        let at = now.after(self.backoff.pause(entry.failures, &mut self.random));
        entry.state = State::Waiting { not_before: Some(at), blocked: false };
        self.wake_at = earlier(self.wake_at, Some(at));
    }

    fn end(&mut self, id: u64, result: Result<()>) {
        let Some(entry) = self.calls.remove(&id) else { return };
        if let State::Sent { request, .. } = entry.state {
            self.sent.remove(&request);
            self.cancels.push_back(request);
        }
        self.release(&entry.call.target());
        let maybe = entry.maybe_sent;
        let result = result.map_err(|error| if maybe { error.with_outcome(Outcome::MayHaveHappened) } else { error });
        self.finished.push_back(Finished { call: entry.call, result });
    }

    fn expire(&mut self, id: u64) {
        let Some(entry) = self.calls.get_mut(&id) else { return };
        let target = entry.call.target();
        let waits_for = match (&entry.state, &target) {
            (State::Sent { broker, .. }, _) => {
                entry.maybe_sent = true;
                format!("for an answer of broker {broker}")
            }
            (_, Target::Any) => "for a broker".to_owned(),
            (_, Target::Broker(broker)) => format!("for broker {broker}"),
            (_, Target::Controller) => "for the controller".to_owned(),
            (_, Target::Leader(topic, partition)) => format!("for the leader of {topic}-{partition}"),
            (_, Target::Coordinator(_, key)) => format!("for the coordinator of `{key}`"),
        };
        let cause = entry.last.take().or_else(|| self.why_waiting(&target));
        let mut error = Error::new(ErrorKind::Timeout, format!("the time was up while waiting {waits_for}"));
        if let Some(cause) = cause {
            error = error.caused_by(cause);
        }
        self.end(id, Err(error));
    }

    fn why_waiting(&self, target: &Target) -> Option<Error> {
        if let Found::Broker(broker) = self.find(target) {
            return self.links.down(broker, Lane::Shared).cloned();
        }
        if let Some(trouble) = &self.cluster.trouble {
            return Some(trouble.error.clone());
        }
        match target {
            Target::Leader(topic, _) => match &self.cluster.topic(topic)?.state {
                TopicState::Failed { code, .. } => Some(Error::broker(*code, format!("topic `{topic}`"))),
                TopicState::Known(_) => None,
            },
            Target::Coordinator(kind, key) => match &self.cluster.coordinator(*kind, key)?.state {
                CoordinatorState::Failed { error, .. } => Some(error.clone()),
                CoordinatorState::Known(_) => None,
            },
            Target::Any | Target::Broker(_) | Target::Controller => None,
        }
    }

    // ---- inputs

    fn on_response(&mut self, now: Now, request: RequestId, result: Result<Response, SendError>) {
        let Some(id) = self.sent.remove(&request) else { return };
        let Some(entry) = self.calls.get_mut(&id) else { return };
        let State::Sent { broker, .. } = entry.state else { return };
        match result {
            Ok(response) => match entry.call.on_response(response.version, &response.body) {
                Ok(Progress::Done) => {
                    entry.maybe_sent = false;
                    entry.state = State::Waiting { not_before: None, blocked: false };
                    self.end(id, Ok(()));
                }
                Ok(Progress::Again(verdict)) => self.on_verdict(now, id, broker, verdict),
                Err(error) => {
                    entry.state = State::Waiting { not_before: None, blocked: false };
                    self.end(id, Err(error));
                }
            },
            Err(lost) => {
                let maybe = lost.delivery == Delivery::MaybeSent;
                entry.maybe_sent |= maybe;
                entry.state = State::Waiting { not_before: None, blocked: false };
                if maybe && !entry.call.may_repeat() {
                    return self.end(id, Err(lost.error));
                }
                entry.last = Some(lost.error);
                self.learn_anew(id, broker);
                self.pause(now, id);
            }
        }
    }

    fn on_verdict(&mut self, now: Now, id: u64, broker: BrokerId, verdict: Verdict) {
        let Some(entry) = self.calls.get_mut(&id) else { return };
        entry.state = State::Waiting { not_before: None, blocked: false };
        entry.last = Some(Error::new(ErrorKind::Transport, format!("broker {broker} asked to try again later")));
        match verdict {
            Verdict::Retry => {}
            Verdict::RefreshMetadata | Verdict::RefreshCoordinator | Verdict::RefreshController => {
                self.learn_anew(id, broker);
            }
            Verdict::Success => return self.end(id, Ok(())),
            _ => {
                let error =
                    Error::new(ErrorKind::Internal, format!("the call gave up on {verdict:?} without saying why"));
                return self.end(id, Err(error));
            }
        }
        self.pause(now, id);
    }

    /// The broker that was asked may not be the right one any more.
    fn learn_anew(&mut self, id: u64, wrong: BrokerId) {
        let Some(entry) = self.calls.get(&id) else { return };
        self.demands.push_back(match entry.call.target() {
            Target::Leader(topic, _) => {
                let revision = self.cluster.topic(&topic).map_or(0, |view| view.revision);
                Demand::Stale { topic, revision }
            }
            Target::Coordinator(kind, key) => Demand::Coordinator { kind, key, wrong: Some(wrong) },
            Target::Any | Target::Broker(_) | Target::Controller => Demand::Brokers,
        });
    }

    fn advance_blocked(&mut self, now: Now) {
        let blocked = |entry: &Entry| matches!(entry.state, State::Waiting { blocked: true, .. });
        let ids: Vec<u64> = self.calls.iter().filter(|(_, entry)| blocked(entry)).map(|(id, _)| *id).collect();
        for id in ids {
            self.advance(now, id);
        }
    }

    fn on_timeout(&mut self, now: Now) {
        if self.wake_at.is_none_or(|at| at > now.mono) {
            return;
        }
        self.wake_at = None;
        let ids: Vec<u64> = self.calls.keys().copied().collect();
        for id in ids {
            self.advance(now, id);
        }
        for entry in self.calls.values() {
            self.wake_at = earlier(self.wake_at, Some(entry.deadline));
            if let State::Waiting { not_before, .. } = entry.state {
                self.wake_at = earlier(self.wake_at, not_before);
            }
        }
    }

    fn on_down(&mut self, broker: BrokerId, error: &Error) {
        let waiting: BTreeSet<u64> = self.calls.keys().copied().collect();
        for id in waiting {
            let Some(entry) = self.calls.get(&id) else { continue };
            let waits = matches!(entry.state, State::Waiting { .. });
            if waits && matches!(self.find(&entry.call.target()), Found::Broker(found) if found == broker) {
                if let Some(entry) = self.calls.get_mut(&id) {
                    entry.last = Some(error.clone());
                }
                self.learn_anew(id, broker);
            }
        }
    }
}

impl Machine for CallMachine {
    type Job = NoJob;
    type Event = Finished;

    fn handle(&mut self, now: Now, input: Input<NoJob>) {
        match input {
            Input::Cluster(cluster) => {
                if cluster.revision >= self.cluster.revision {
                    self.cluster = cluster;
                }
                self.advance_blocked(now);
            }
            Input::Link(link) => {
                if self.links.on_link(&link) {
                    if let crate::lane::LinkState::Down(error) = &link.state {
                        self.on_down(link.broker, error);
                    }
                    self.advance_blocked(now);
                }
            }
            Input::Response(request, result) => self.on_response(now, request, result),
            Input::Timeout => self.on_timeout(now),
            Input::Closed(error) => {
                let ids: Vec<u64> = self.calls.keys().copied().collect();
                for id in ids {
                    self.end(id, Err(error.clone()));
                }
                self.closed = Some(error);
            }
            Input::Written(_) | Input::Yielded => {}
            Input::Job(job) => match job {},
        }
    }

    fn poll_request(&mut self, _now: Now) -> Option<Outbound> {
        self.requests.pop_front()
    }

    fn poll_cancel(&mut self) -> Option<RequestId> {
        self.cancels.pop_front()
    }

    fn poll_demand(&mut self) -> Option<Demand> {
        self.demands.pop_front()
    }

    fn poll_job(&mut self) -> Option<NoJob> {
        None
    }

    fn poll_event(&mut self) -> Option<Finished> {
        self.finished.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.wake_at
    }
}

#[cfg(test)]
mod tests;
