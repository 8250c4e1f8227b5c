//! The one machine that knows the cluster: it merges what all objects demand, asks brokers, and publishes views.
//!
//! One metadata request is in flight at a time; what is demanded meanwhile goes with the next. A topic is held for as long
//! as an object is interested in it, and failures are part of the view, so that whoever waits can give the cause. Coordinator
//! lookups share the choice of broker; see [`coordinator`](crate::coordinator).

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ottla_protocol::Utf8Bytes;
use ottla_types::{BrokerId, Topic};

use crate::backoff::BackoffPolicy;
use crate::clock::{Now, earlier};
use crate::cluster::Cluster;
use crate::coordinator::{Coordinators, Key};
use crate::io::{Demand, OwnerId};
use crate::machine::{Effect, Input, Machine, NoJob, Outbound, RequestId, RequestIds};

mod answer;
mod asking;
mod candidates;
mod hearing;
mod interest;

use candidates::Candidates;
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
    /// Requests that are out. A late answer is taken like any other.
    flights: BTreeMap<RequestId, Flight>,
    /// The metadata request that the next one waits for, until it is answered or has been slow.
    awaited: Option<RequestId>,
    /// When brokers and all held topics are asked for again.
    refresh_at: Option<Instant>,
    /// When that was last done.
    refreshed_at: Option<Instant>,
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

/// A request that is out.
struct Flight {
    broker: BrokerId,
    question: Question,
    /// When another broker is asked as well; `None` once that was done.
    slow_at: Option<Instant>,
}

enum Question {
    /// About brokers and topics. `asked: None`: all topics of the cluster.
    Metadata {
        asked: Option<Vec<Topic>>,
        full: bool,
    },
    Coordinators(Vec<Key>),
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
            flights: BTreeMap::new(),
            awaited: None,
            refresh_at: None,
            refreshed_at: None,
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
            Demand::Brokers => {
                let pause = self.config.backoff.initial;
                let earliest = self.refreshed_at.and_then(|at| at.checked_add(pause));
                let at = earliest.map_or(now.mono, |earliest| earliest.max(now.mono));
                self.refresh_at = earlier(self.refresh_at, Some(at));
            }
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
        let topics = if self.interest.forget_owner(owner) {
            let view = self.view.topics().map(|view| view.topic.clone());
            view.filter(|topic| !self.interest.holds(topic)).collect()
        } else {
            Vec::new()
        };
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

    fn name_of(&self, broker: BrokerId) -> String {
        match self.view.broker(broker) {
            Some(known) => format!("{}:{}", known.host, known.port),
            None => format!("broker {broker}"),
        }
    }
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
        let slow = self.flights.values().filter_map(|flight| flight.slow_at).min();
        let next = if self.not_before.is_some() {
            self.not_before
        } else if self.waiting {
            self.patience
        } else {
            let topics = match self.awaited {
                Some(_) => None,
                None => earlier(self.refresh_at, self.interest.next_due()),
            };
            earlier(topics, self.coordinators.next_due())
        };
        earlier(slow, next)
    }
}

#[cfg(test)]
pub(crate) mod tests;
