//! The consumer's decisions: what to fetch from whom, where each partition stands, and what is ready to be handed over.
//!
//! This file is the composition and the machine's inputs and outputs. The reactions are where their concept is:
//! following leaders in `leadership`, start offsets and resets in `lookup`, sending fetches in `fetcher`, taking their answers in
//! `fetch_response`, handing over in `delivery`, the application's verbs in `verbs`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use ottla_core::clock::Now;
use ottla_core::cluster::Cluster;
use ottla_core::error::{Error, ErrorKind, Result};
use ottla_core::io::Demand;
use ottla_core::lane::{Lane, Link, LinkState, Links};
use ottla_core::machine::{Effect, Input, Machine, Outbound, RequestId, RequestIds, Response, SendError};
use ottla_core::slot::Filler;
use ottla_core::versions::Versions;
use ottla_protocol::Request;
use ottla_protocol::frame::encode_request;
use ottla_types::{BrokerId, Topic};

use crate::assignment::{Assignment, Change, Part};
use crate::budget::Budget;
use crate::config::ConsumerConfig;
use crate::fetcher::Fetcher;
use crate::index::{IndexJob, Pools};
use crate::lookup::{Asked, LookupKind, Lookups};

/// The machine behind a consumer.
#[derive(Debug)]
pub struct ConsumerMachine {
    pub(crate) config: ConsumerConfig,
    pub(crate) client_id: Arc<str>,
    pub(crate) random: fastrand::Rng,
    /// Tells this consumer's connections from those of others of the same client.
    pub(crate) lane: u32,
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) links: Links,
    pub(crate) assignment: Assignment,
    /// Topics whose id is not known: while there are any, fetches name topics.
    pub(crate) nameless: BTreeSet<Topic>,
    pub(crate) fetchers: BTreeMap<BrokerId, Fetcher>,
    pub(crate) lookups: Lookups,
    pub(crate) budget: Budget,
    pub(crate) pools: Arc<Pools>,
    /// Partitions with something to hand over, each once.
    pub(crate) line: VecDeque<usize>,
    pub(crate) waker: Option<Waker>,
    pub(crate) life: Life,
    /// Whether any partition was ever given a stop.
    pub(crate) stops: bool,
    /// Fetchers to look at before the call ends.
    pub(crate) dirty: BTreeSet<BrokerId>,
    /// Whether a fetch did not leave for want of budget.
    pub(crate) starved: bool,
    /// Index jobs that are out, and those that wait for budget.
    pub(crate) indexing: usize,
    pub(crate) waiting_jobs: VecDeque<IndexJob>,
    pub(crate) open: BTreeMap<RequestId, (Purpose, BrokerId, Lane, u64)>,
    /// The last epoch of each connection on which a request failed: until it is told to be down, nothing more goes there.
    broken: BTreeMap<(BrokerId, Lane), u64>,
    pub(crate) timers: BTreeSet<(Instant, Timer)>,
    pub(crate) requests: VecDeque<Outbound>,
    pub(crate) demands: VecDeque<Demand>,
    pub(crate) jobs: VecDeque<IndexJob>,
    pub(crate) events: VecDeque<ConsumerEvent>,
    ids: RequestIds,
    incarnations: u64,
}

/// How far the consumer is through its life.
#[derive(Debug)]
pub(crate) enum Life {
    Open,
    /// Fetch sessions are being ended: the requests under way, and who waits for them.
    Closing {
        goodbyes: BTreeSet<RequestId>,
        /// Brokers that can be told once a connection is there.
        untold: BTreeSet<BrokerId>,
        waiter: Option<Filler<()>>,
    },
    /// Nothing is done any more. The error, if any, is still to be told.
    Closed(Option<Error>),
}

/// What a request under way is for.
#[derive(Debug)]
pub(crate) enum Purpose {
    /// The session's fetch.
    Fetch(BrokerId),
    /// A fetch outside of the session.
    FetchAside(BrokerId),
    /// ListOffsets.
    Lookup(Vec<Asked>),
    /// Ending a session.
    Goodbye,
}

/// What a deadline is for. One that comes too late for its purpose does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    Partition(usize),
    Lookup(usize, LookupKind),
    Broker(BrokerId),
    Close,
}

/// What is done without the lock.
#[derive(Debug)]
pub enum ConsumerEvent {
    /// The task that receives.
    Wake(Waker),
    /// Fetched bytes that nobody will read.
    #[expect(private_interfaces, reason = "events are made and applied in this crate alone")]
    Discard(VecDeque<Part>),
    /// The caller of `close`.
    Closed(Filler<()>),
}

impl Effect for ConsumerEvent {
    fn apply(self) {
        match self {
            Self::Wake(waker) => waker.wake(),
            Self::Discard(parts) => drop(parts),
            Self::Closed(filler) => filler.fill(()),
        }
    }
}

impl ConsumerMachine {
    /// A machine without partitions.
    ///
    /// # Errors
    /// `Config`, naming every setting that is not allowed.
    pub(crate) fn new(config: ConsumerConfig, client_id: Arc<str>, seed: u64, cluster: Arc<Cluster>) -> Result<Self> {
        config.validate()?;
        Ok(Self {
            client_id,
            random: fastrand::Rng::with_seed(seed),
            lane: 0,
            cluster,
            links: Links::default(),
            assignment: Assignment::default(),
            nameless: BTreeSet::new(),
            fetchers: BTreeMap::new(),
            lookups: Lookups::default(),
            budget: Budget::new(config.fetch_buffer_bytes),
            pools: Arc::default(),
            line: VecDeque::new(),
            waker: None,
            life: Life::Open,
            stops: false,
            dirty: BTreeSet::new(),
            starved: false,
            indexing: 0,
            waiting_jobs: VecDeque::new(),
            open: BTreeMap::new(),
            broken: BTreeMap::new(),
            timers: BTreeSet::new(),
            requests: VecDeque::new(),
            demands: VecDeque::new(),
            jobs: VecDeque::new(),
            events: VecDeque::new(),
            ids: RequestIds::default(),
            incarnations: 0,
            config,
        })
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.life, Life::Open)
    }

    pub(crate) fn fetch_lane(&self) -> Lane {
        Lane::Fetch(self.lane)
    }

    pub(crate) fn aside_lane(&self) -> Lane {
        Lane::FetchNow(self.lane)
    }

    /// A number that no partition had before.
    pub(crate) fn next_incarnation(&mut self) -> u64 {
        self.incarnations += 1;
        self.incarnations
    }

    pub(crate) fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            self.events.push_back(ConsumerEvent::Wake(waker));
        }
    }

    /// The epoch and versions of a connection that is ready, as far as is known.
    pub(crate) fn ready(&self, broker: BrokerId, lane: Lane) -> Option<(u64, &Arc<Versions>)> {
        let broken = self.broken.get(&(broker, lane)).copied();
        self.links.ready(broker, lane).filter(|(epoch, _)| broken.is_none_or(|broken| *epoch > broken))
    }

    /// Asks for a connection unless it is there or was asked for.
    pub(crate) fn want(&mut self, broker: BrokerId, lane: Lane) {
        self.demands.extend(self.links.want(broker, lane));
    }

    /// A pause after so many failures in a row.
    pub(crate) fn pause_after(&mut self, failures: u32, now: Now) -> Instant {
        let pause = self.config.backoff().pause(failures.max(1), &mut self.random);
        now.after(pause)
    }

    /// Puts a request on its way to a connection that is ready.
    pub(crate) fn send<R: Request>(
        &mut self,
        to: (BrokerId, Lane, u64),
        version: i16,
        request: &R,
        timeout: std::time::Duration,
        purpose: Purpose,
    ) -> Result<RequestId> {
        let (broker, lane, epoch) = to;
        let frame = encode_request(request, version, Some(&self.client_id)).map_err(|error| {
            Error::new(ErrorKind::Internal, "a request could not be encoded").with_source(Arc::new(error) as Arc<_>)
        })?;
        let id = self.ids.next_id();
        self.requests.push_back(Outbound {
            id,
            broker,
            lane,
            epoch,
            key: R::KEY,
            version,
            frame,
            timeout,
            expects_response: true,
        });
        self.open.insert(id, (purpose, broker, lane, epoch));
        Ok(id)
    }

    /// Reckons anew whether and where a partition is to be fetched. To be called after every change to it.
    pub(crate) fn reckon(&mut self, index: usize) {
        let limit = self.partition_limit();
        let open = self.is_open();
        let Some(partition) = self.assignment.get_mut(index) else { return };
        let source = partition.source();
        let fetchable = open && partition.is_fetchable(limit);
        let before = std::mem::replace(&mut partition.at_broker, source);
        if before != source
            && let Some(broker) = before
            && let Some(fetcher) = self.fetchers.get_mut(&broker)
        {
            fetcher.set_wanted(index, false);
            self.dirty.insert(broker);
        }
        if let Some(broker) = source {
            self.fetchers.entry(broker).or_default().set_wanted(index, fetchable);
            self.dirty.insert(broker);
            if before != source && open {
                // Opened before the offset is known, so that finding it and connecting take the time of the slower one.
                self.want(broker, self.fetch_lane());
            }
        }
    }

    /// Bytes that one partition may hold before it is left out of fetches: its share of a quarter of the budget. The rest is
    /// room for what is under way, for decompression, and for batches larger than asked for.
    fn partition_limit(&self) -> usize {
        (self.budget.limit() / 4 / self.assignment.len().max(1)).max(1)
    }

    /// Fails a partition: it stands still, and `recv` tells why after what came before was handed over.
    pub(crate) fn fail(&mut self, index: usize, error: Error) {
        let Some(partition) = self.assignment.get_mut(index) else { return };
        let state = partition.state.after(Change::Faulty);
        if partition.state == state {
            return;
        }
        tracing::warn!(partition = partition.name(), %error, "partition stands still");
        partition.state = state;
        partition.last_error = Some(error.clone());
        partition.untold = Some(error);
        self.lookups.remove_all(index);
        self.reckon(index);
        self.line_up(index);
    }

    /// Leaves a partition alone until a pause is over.
    pub(crate) fn retry_later(&mut self, index: usize, error: Error, now: Now) {
        let Some(partition) = self.assignment.get_mut(index) else { return };
        partition.failures = partition.failures.saturating_add(1);
        partition.last_error = Some(error);
        let failures = partition.failures;
        let at = self.pause_after(failures, now);
        if let Some(partition) = self.assignment.get_mut(index) {
            partition.retry_at = Some(at);
        }
        self.timers.insert((at, Timer::Partition(index)));
        self.reckon(index);
    }

    /// Does what the changes of this call lead to.
    pub(crate) fn pump(&mut self, now: Now) {
        if !self.is_open() {
            self.dirty.clear();
            return;
        }
        self.pump_lookups();
        while let Some(broker) = self.dirty.pop_first() {
            self.pump_broker(broker, now);
        }
    }

    fn on_link(&mut self, link: &Link) {
        if !self.links.on_link(link) {
            return;
        }
        if !self.is_open() {
            self.on_link_while_closing(link);
            return;
        }
        match (&link.state, link.lane) {
            (LinkState::Ready(_), Lane::Shared) => self.lookups.look_again(),
            (LinkState::Ready(_), lane) => {
                if lane == self.fetch_lane()
                    && let Some(fetcher) = self.fetchers.get_mut(&link.broker)
                {
                    fetcher.session.restart();
                }
                self.dirty.insert(link.broker);
            }
            (LinkState::Down(error), lane) => {
                self.lookups.look_again();
                self.dirty.insert(link.broker);
                if lane == self.fetch_lane() {
                    self.on_broker_down(link.broker, error);
                }
            }
        }
    }

    fn on_response(&mut self, now: Now, id: RequestId, result: Result<Response, SendError>) {
        let Some((purpose, broker, lane, epoch)) = self.open.remove(&id) else { return };
        if result.is_err() {
            self.broken.insert((broker, lane), epoch);
        }
        match purpose {
            Purpose::Fetch(broker) => self.on_fetch(broker, result, now),
            Purpose::FetchAside(broker) => self.on_fetch_aside(broker, result, now),
            Purpose::Lookup(asked) => self.on_offsets(asked, result, now),
            Purpose::Goodbye => self.on_goodbye(id),
        }
    }

    fn on_timeout(&mut self, now: Now) {
        while let Some(&(at, timer)) = self.timers.first()
            && at <= now.mono
        {
            self.timers.pop_first();
            match timer {
                Timer::Partition(index) => self.on_partition_timer(index, now),
                Timer::Lookup(index, kind) => self.lookups.unblock(index, kind),
                Timer::Broker(broker) => {
                    self.dirty.insert(broker);
                }
                Timer::Close => self.finish_closing(),
            }
        }
    }

    fn on_closed(&mut self, error: Error) {
        if let Life::Closing { waiter: Some(waiter), .. } = std::mem::replace(&mut self.life, Life::Closed(Some(error)))
        {
            self.events.push_back(ConsumerEvent::Closed(waiter));
        }
        self.wake();
    }
}

impl Machine for ConsumerMachine {
    type Job = IndexJob;
    type Event = ConsumerEvent;

    fn handle(&mut self, now: Now, input: Input<IndexJob>) {
        match input {
            Input::Cluster(cluster) => self.on_cluster(cluster, now),
            Input::Link(link) => self.on_link(&link),
            Input::Response(id, result) => self.on_response(now, id, result),
            Input::Job(job) => self.on_indexed(job),
            Input::Timeout => self.on_timeout(now),
            Input::Closed(error) => self.on_closed(error),
            _ => {}
        }
        self.pump(now);
    }

    fn poll_request(&mut self, _now: Now) -> Option<Outbound> {
        self.requests.pop_front()
    }

    fn poll_demand(&mut self) -> Option<Demand> {
        self.demands.pop_front()
    }

    fn poll_job(&mut self) -> Option<IndexJob> {
        self.jobs.pop_front()
    }

    fn poll_event(&mut self) -> Option<ConsumerEvent> {
        self.events.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests;
