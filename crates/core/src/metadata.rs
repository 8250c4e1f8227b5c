//! The one machine that knows the cluster: it merges what all objects demand, asks brokers, and publishes views.
//!
//! One metadata request is in flight at a time; what is demanded meanwhile goes with the next. A topic is held for as long
//! as an object is interested in it, and failures are part of the view, so that whoever waits can give the cause. Coordinator
//! lookups share the choice of broker; see [`coordinator`](crate::coordinator).

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ottla_protocol::frame::encode_request;
use ottla_protocol::messages::metadata::MetadataRequestTopic;
use ottla_protocol::messages::{FindCoordinatorRequest, MetadataRequest, MetadataResponse};
use ottla_protocol::{Message, Request, Utf8Bytes};
use ottla_types::{BrokerId, ErrorCode, Topic};

use crate::backoff::BackoffPolicy;
use crate::clock::{Now, earlier};
use crate::cluster::{Broker, Cluster, Trouble};
use crate::coordinator::Coordinators;
use crate::error::{Error, ErrorKind};
use crate::io::{Demand, OwnerId};
use crate::lane::{Lane, Link};
use crate::machine::{Effect, Input, Machine, NoJob, Outbound, RequestId, RequestIds, Response, SendError};
use crate::versions::Versions;

mod answer;
mod candidates;
mod interest;

use candidates::{Candidates, Choice};
use interest::Interest;

/// How the view is kept up to date.
#[derive(Clone, Debug)]
pub struct MetadataConfig {
    /// The longest time between two refreshes (`metadata.max.age.ms`).
    pub max_age: Duration,
    /// Pauses between requests that fail, and between questions about the same topic (`retry.backoff.ms`).
    pub backoff: BackoffPolicy,
    /// How long an answer may take (`request.timeout.ms`).
    pub request_timeout: Duration,
    /// Whether the bootstrap addresses are used again when all known brokers have failed
    /// (`metadata.recovery.strategy`, KIP-899).
    pub rebootstrap: bool,
}

impl Default for MetadataConfig {
    fn default() -> Self {
        Self {
            max_age: Duration::from_secs(300),
            backoff: BackoffPolicy::default(),
            request_timeout: Duration::from_secs(30),
            rebootstrap: true,
        }
    }
}

/// Where new views go: swaps them in and tells every object.
pub trait Publish: Send + Sync + 'static {
    /// Takes a view. Calls may come out of order from several threads: a view older than the present one is to be dropped.
    fn publish(&self, cluster: Arc<Cluster>);
}

/// A new view on its way to its publisher.
pub struct Published {
    cluster: Arc<Cluster>,
    publisher: Arc<dyn Publish>,
}

impl Published {
    /// The view.
    pub fn cluster(&self) -> &Arc<Cluster> {
        &self.cluster
    }
}

impl Effect for Published {
    fn apply(self) {
        self.publisher.publish(self.cluster);
    }
}

/// Knows the cluster.
pub struct MetadataMachine {
    config: MetadataConfig,
    client_id: Arc<str>,
    publisher: Arc<dyn Publish>,
    random: fastrand::Rng,
    view: Cluster,
    changed: bool,
    interest: Interest,
    coordinators: Coordinators,
    candidates: Candidates,
    ids: RequestIds,
    metadata_flight: Option<(RequestId, Flight)>,
    coordinator_flights: BTreeMap<RequestId, CoordinatorFlight>,
    /// When brokers and all held topics are asked for again.
    refresh_at: Option<Instant>,
    /// Requests failed this many times in a row, and none is made before `not_before`.
    failures: u32,
    not_before: Option<Instant>,
    /// When another broker may be tried, because those asked to connect are slow.
    patience: Option<Instant>,
    /// What is due waits for a connection, not for time.
    waiting: bool,
    requests: VecDeque<Outbound>,
    demands: VecDeque<Demand>,
    closed: bool,
}

/// A metadata request that is out.
struct Flight {
    broker: BrokerId,
    /// `None`: all topics of the cluster.
    asked: Option<Vec<Topic>>,
    full: bool,
}

/// A coordinator lookup that is out.
struct CoordinatorFlight {
    broker: BrokerId,
    keys: Vec<crate::coordinator::Key>,
}

impl MetadataMachine {
    /// A machine that knows nothing but the bootstrap addresses: host, port.
    pub fn new(
        config: MetadataConfig,
        bootstrap: impl IntoIterator<Item = (Arc<str>, u16)>,
        client_id: Arc<str>,
        seed: u64,
        publisher: Arc<dyn Publish>,
    ) -> Self {
        Self {
            config,
            client_id,
            publisher,
            random: fastrand::Rng::with_seed(seed),
            view: Cluster::bootstrap(bootstrap),
            changed: false,
            interest: Interest::default(),
            coordinators: Coordinators::default(),
            candidates: Candidates::default(),
            ids: RequestIds::default(),
            metadata_flight: None,
            coordinator_flights: BTreeMap::new(),
            refresh_at: None,
            failures: 0,
            not_before: None,
            patience: None,
            waiting: false,
            requests: VecDeque::new(),
            demands: VecDeque::new(),
            closed: false,
        }
    }

    /// The view as it is now.
    pub fn cluster(&self) -> Arc<Cluster> {
        Arc::new(self.view.clone())
    }

    /// Takes a demand of an object. True says that the view already has the answer, so that the object must be shown the
    /// present view, since no newer one is on its way. [`Demand::Connect`] is none of this machine's business.
    pub fn demand(&mut self, now: Now, owner: OwnerId, demand: Demand) -> bool {
        let mut answered = false;
        match demand {
            Demand::Topic { topic, create } => {
                let known = self.view.known(&topic).is_some();
                answered = known;
                self.interest.hold(owner, &topic, create, now.mono, known);
            }
            Demand::Forget(topic) => {
                if self.interest.forget(owner, &topic) {
                    self.drop_topics(&[topic]);
                }
            }
            Demand::Stale { topic, revision } => {
                if self.view.topic(&topic).is_some_and(|view| view.revision > revision) {
                    answered = true;
                } else {
                    self.interest.doubt(&topic, now.mono, &self.config.backoff, &mut self.random);
                }
            }
            Demand::AllTopics => {
                self.interest.hold_all(owner);
                self.refresh_at = Some(now.mono);
            }
            Demand::Brokers => self.refresh_at = Some(now.mono),
            Demand::Coordinator { kind, key, wrong } => {
                answered = self.coordinators.want(now, owner, kind, &key, wrong, &mut self.view, &mut self.changed);
            }
            Demand::ForgetCoordinator { kind, key } => {
                self.coordinators.forget(owner, kind, &key, &mut self.view, &mut self.changed);
            }
            Demand::LeaderHint { topic, partition, leader, leader_epoch, endpoint } => {
                self.on_leader_hint(&topic, partition, leader, leader_epoch, endpoint);
            }
            Demand::Connect { .. } => {}
        }
        self.pump(now);
        answered
    }

    /// Ends all interest of an object that is gone.
    pub fn forget_owner(&mut self, owner: OwnerId) {
        let topics = self.interest.forget_owner(owner);
        self.drop_topics(&topics);
        self.coordinators.forget_owner(owner, &mut self.view, &mut self.changed);
    }

    fn drop_topics(&mut self, topics: &[Topic]) {
        if self.interest.wants_all() {
            return;
        }
        for topic in topics {
            if self.view.topic(topic).is_some() {
                self.view.forget_topic(topic);
                self.changed = true;
            }
        }
    }

    fn learn_broker(&mut self, id: BrokerId, endpoint: (Arc<str>, u16, Option<Arc<str>>)) {
        let (host, port, rack) = endpoint;
        let rack = rack.or_else(|| self.view.brokers.get(&id).and_then(|known| known.rack.clone()));
        let broker = Broker { id, host, port, rack };
        if self.view.brokers.get(&id) != Some(&broker) {
            Arc::make_mut(&mut self.view.brokers).insert(id, broker);
            self.changed = true;
        }
    }

    fn on_leader_hint(
        &mut self,
        topic: &Topic,
        partition: i32,
        leader: BrokerId,
        leader_epoch: i32,
        endpoint: Option<(Arc<str>, u16, Option<Arc<str>>)>,
    ) {
        if leader.0 < 0 {
            return;
        }
        if let Some(endpoint) = endpoint {
            self.learn_broker(leader, endpoint);
        }
        if !self.view.brokers.contains_key(&leader) {
            return;
        }
        let revision = self.view.revision.saturating_add(1);
        if let Some(view) = answer::with_leader(&self.view, topic, partition, leader, leader_epoch, revision) {
            self.view.insert_topic(view);
            self.changed = true;
        }
    }

    // ---- asking

    /// Makes the requests that are due, or the demands for a connection to make them on.
    fn pump(&mut self, now: Now) {
        self.patience = None;
        self.waiting = false;
        if self.closed || self.not_before.is_some_and(|at| at > now.mono) {
            return;
        }
        self.not_before = None;
        let topics_due = self.metadata_flight.is_none()
            && (self.refresh_at.is_some_and(|at| at <= now.mono)
                || self.view.brokers.is_empty() && self.interest.is_wanted()
                || self.interest.is_due(now.mono));
        let coordinators_due = self.coordinators.is_due(now.mono);
        if !topics_due && !coordinators_due {
            return;
        }
        match self.candidates.choose(&self.view, now.mono) {
            Choice::Ask { broker, epoch, versions } => {
                if topics_due {
                    self.ask_metadata(now, broker, epoch, &versions);
                }
                if coordinators_due {
                    self.ask_coordinators(now, broker, epoch, &versions);
                }
            }
            Choice::Connect { demand, patience } => {
                self.demands.push_back(demand);
                self.patience = patience;
                self.waiting = true;
            }
            Choice::Wait(patience) => {
                self.patience = patience;
                self.waiting = true;
            }
        }
    }

    fn ask_metadata(&mut self, now: Now, broker: BrokerId, epoch: u64, versions: &Versions) {
        let version = match versions.pick::<MetadataRequest>() {
            Ok(version) => version,
            Err(error) => return self.on_broker_failed(now, broker, error),
        };
        let full = self.refresh_at.is_none_or(|at| at <= now.mono);
        let all = full && self.interest.wants_all();
        let (mut topics, mut create) = self.interest.take_due(now.mono, full);
        if version < 4 {
            create = true;
        }
        if version == 0 && topics.is_empty() && !all {
            // An empty list means all topics in this version; a name that no topic can have gives the brokers alone.
            topics.push(Topic::from("-"));
        }
        let request = MetadataRequest {
            topics: if all { (version == 0).then(Vec::new) } else { Some(topics.iter().map(asked_topic).collect()) },
            allow_auto_topic_creation: create,
            ..Default::default()
        };
        match self.send(broker, epoch, version, &request) {
            Ok(id) => {
                let asked = (!all).then_some(topics);
                self.metadata_flight = Some((id, Flight { broker, asked, full }));
                if full {
                    self.refresh_at = Some(now.after(self.config.max_age));
                }
            }
            Err(error) => {
                self.interest.asked_again(&topics, now.mono);
                self.on_broker_failed(now, broker, error);
            }
        }
    }

    fn ask_coordinators(&mut self, now: Now, broker: BrokerId, epoch: u64, versions: &Versions) {
        for kind in self.coordinators.kinds_due(now.mono) {
            let minimum = i16::from(kind.key_type() != 0);
            let version = match versions.pick_within::<FindCoordinatorRequest>(minimum, FindCoordinatorRequest::MAX) {
                Ok(version) => version,
                Err(error) => {
                    self.coordinators.refuse(now, kind, &error, &mut self.view);
                    self.changed = true;
                    continue;
                }
            };
            for (request, keys) in self.coordinators.take_requests(now.mono, kind, version) {
                match self.send(broker, epoch, version, &request) {
                    Ok(id) => {
                        self.coordinator_flights.insert(id, CoordinatorFlight { broker, keys });
                    }
                    Err(error) => {
                        self.coordinators.fail(now, &keys, &error, &mut self.view);
                        self.changed = true;
                    }
                }
            }
        }
    }

    fn send<R: Request>(
        &mut self,
        broker: BrokerId,
        epoch: u64,
        version: i16,
        request: &R,
    ) -> Result<RequestId, Error> {
        let frame = encode_request(request, version, Some(&self.client_id))?;
        let id = self.ids.next_id();
        self.requests.push_back(Outbound {
            id,
            broker,
            lane: Lane::Shared,
            epoch,
            key: R::KEY,
            version,
            frame,
            timeout: self.config.request_timeout,
            expects_response: true,
        });
        Ok(id)
    }

    // ---- hearing

    fn on_response(&mut self, now: Now, id: RequestId, result: Result<Response, SendError>) {
        if let Some((_, flight)) = self.metadata_flight.take_if(|(flight_id, _)| *flight_id == id) {
            let answer = result
                .map_err(|lost| lost.error)
                .and_then(|response| Ok(MetadataResponse::decode(&response.body, response.version)?));
            match answer {
                Ok(answer) => self.on_metadata(now, &flight, &answer),
                Err(error) => self.on_metadata_lost(now, flight, error),
            }
        } else if let Some(flight) = self.coordinator_flights.remove(&id) {
            match result {
                Ok(response) => self.on_coordinators(now, &flight, &response),
                Err(lost) => {
                    self.coordinators.ask_again(now.mono, &flight.keys);
                    self.on_broker_failed(now, flight.broker, lost.error);
                }
            }
        }
    }

    fn on_metadata_lost(&mut self, now: Now, flight: Flight, error: Error) {
        if let Some(topics) = &flight.asked {
            self.interest.asked_again(topics, now.mono);
        }
        if flight.full {
            self.refresh_at = Some(now.mono);
        }
        self.on_broker_failed(now, flight.broker, error);
    }

    fn on_metadata(&mut self, now: Now, flight: &Flight, answer: &MetadataResponse) {
        if answer.error_code == ErrorCode::REBOOTSTRAP_REQUIRED {
            self.candidates.bootstrap_again();
            return self.on_metadata_lost(
                now,
                Flight { broker: flight.broker, asked: flight.asked.clone(), full: true },
                Error::broker(answer.error_code, format!("{}: metadata", self.name_of(flight.broker))),
            );
        }
        if !answer.error_code.is_ok() || answer.brokers.is_empty() {
            let error = if answer.error_code.is_ok() {
                Error::new(ErrorKind::Broker(ErrorCode::BROKER_NOT_AVAILABLE), "the answer names no brokers")
            } else {
                Error::broker(answer.error_code, "metadata")
            };
            let error = error.within(self.name_of(flight.broker));
            let flight = Flight { broker: flight.broker, asked: flight.asked.clone(), full: flight.full };
            return self.on_metadata_lost(now, flight, error);
        }
        self.failures = 0;
        self.not_before = None;
        self.candidates.on_success(flight.broker);
        if self.refresh_at.is_none() {
            self.refresh_at = Some(now.after(self.config.max_age));
        }
        let revision = self.view.revision.saturating_add(1);
        let mut merge = answer::Merge {
            now: now.mono,
            revision,
            backoff: &self.config.backoff,
            random: &mut self.random,
            view: &mut self.view,
            interest: &mut self.interest,
        };
        merge.cluster(answer);
        merge.topics(answer, flight.asked.as_deref());
        if self.view.trouble.take().is_some() {
            tracing::info!("the cluster can be reached again");
        }
        self.changed = true;
    }

    fn on_coordinators(&mut self, now: Now, flight: &CoordinatorFlight, response: &Response) {
        let found = match crate::coordinator::read(&flight.keys, response) {
            Ok(found) => found,
            Err(error) => {
                self.coordinators.fail(now, &flight.keys, &error, &mut self.view);
                self.changed = true;
                return;
            }
        };
        self.candidates.on_success(flight.broker);
        self.failures = 0;
        self.view.trouble = None;
        self.changed = true;
        for found in found {
            if let Ok((id, Some(endpoint))) = &found.answer {
                self.learn_broker(*id, endpoint.clone());
            }
            let backoff = &self.config.backoff;
            self.coordinators.on_found(now, found, backoff, &mut self.random, &mut self.view);
        }
    }

    fn on_link(&mut self, now: Now, link: &Link) {
        if link.lane != Lane::Shared {
            return;
        }
        if let Some(error) = self.candidates.on_link(link) {
            let wanted = self.wants_an_answer(now.mono);
            if wanted {
                self.on_broker_failed_to_connect(now, link.broker, error);
            }
        }
    }

    fn wants_an_answer(&self, now: Instant) -> bool {
        self.refresh_at.is_some_and(|at| at <= now)
            || self.view.brokers.is_empty() && self.interest.is_wanted()
            || self.interest.is_due(now)
            || self.coordinators.is_due(now)
    }

    /// A request failed: pause, as the next broker may fail in the same way.
    fn on_broker_failed(&mut self, now: Now, broker: BrokerId, error: Error) {
        self.failures = self.failures.saturating_add(1);
        let pause = self.config.backoff.pause(self.failures, &mut self.random);
        self.not_before = Some(now.after(pause));
        self.on_broker_failed_to_connect(now, broker, error);
    }

    /// A connection failed: the next candidate follows at once, and connections have their own pauses.
    fn on_broker_failed_to_connect(&mut self, now: Now, broker: BrokerId, error: Error) {
        tracing::debug!(%broker, %error, "a broker could not be asked for metadata");
        if self.candidates.on_failed(broker, &self.view, self.config.rebootstrap) {
            let since = self.view.trouble.take().map_or(now.mono, |trouble| trouble.since);
            let error = Error::new(error.kind(), "no broker can be asked, the last one failed").caused_by(error);
            self.view.trouble = Some(Trouble { error, since });
            self.changed = true;
        }
    }

    fn name_of(&self, broker: BrokerId) -> String {
        match self.view.broker(broker) {
            Some(known) => format!("{}:{}", known.host, known.port),
            None => format!("broker {broker}"),
        }
    }
}

fn asked_topic(topic: &Topic) -> MetadataRequestTopic {
    MetadataRequestTopic { name: Some(utf8(topic.name())), ..Default::default() }
}

pub(crate) fn utf8(text: &str) -> Utf8Bytes {
    Utf8Bytes::copy_from(text)
}

impl Machine for MetadataMachine {
    type Job = NoJob;
    type Event = Published;

    fn handle(&mut self, now: Now, input: Input<NoJob>) {
        match input {
            Input::Link(link) => self.on_link(now, &link),
            Input::Response(id, result) => self.on_response(now, id, result),
            Input::Closed(_) => {
                self.closed = true;
                self.requests.clear();
                self.demands.clear();
            }
            Input::Timeout | Input::Cluster(_) | Input::Written(_) | Input::Yielded => {}
            Input::Job(job) => match job {},
        }
        self.pump(now);
    }

    fn poll_request(&mut self, _now: Now) -> Option<Outbound> {
        self.requests.pop_front()
    }

    fn poll_demand(&mut self) -> Option<Demand> {
        self.demands.pop_front()
    }

    fn poll_job(&mut self) -> Option<NoJob> {
        None
    }

    fn poll_event(&mut self) -> Option<Published> {
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        self.view.revision = self.view.revision.saturating_add(1);
        Some(Published { cluster: Arc::new(self.view.clone()), publisher: Arc::clone(&self.publisher) })
    }

    fn poll_timeout(&self) -> Option<Instant> {
        if self.closed {
            return None;
        }
        if let Some(at) = self.not_before {
            return Some(at);
        }
        let topics = match self.metadata_flight {
            Some(_) => None,
            None => earlier(self.refresh_at, self.interest.next_due()),
        };
        if self.waiting { self.patience } else { earlier(topics, self.coordinators.next_due()) }
    }
}

#[cfg(test)]
mod tests;
