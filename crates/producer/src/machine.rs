//! The producer's decisions: what its parts know, put together and driven by inputs.
//!
//! | part | decides |
//! |---|---|
//! | [`admission`](crate::admission) | which records are taken, into which batch, and when a batch closes |
//! | [`accumulator`](crate::accumulator) | who waits for memory or a topic |
//! | [`partition`](crate::partition) | the order of a partition's batches and their sequences |
//! | [`sender`](crate::sender) | which batches go into the next request of a broker, and what an answer means for them |
//! | [`idempotence`](crate::idempotence) | the producer id and epoch |
//! | [`leaders`](crate::leaders) | what news of topics and leaders means |
//! | [`lifecycle`](crate::lifecycle) | flush, close, and the end |

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use ottla_core::clock::{Now, earlier};
use ottla_core::cluster::Cluster;
use ottla_core::error::{Error, ErrorKind};
use ottla_core::io::Demand;
use ottla_core::lane::{Lane, Link, LinkState, Links};
use ottla_core::machine::{Effect, Input, Machine, Outbound, RequestIds};
use ottla_core::slot::Filler;
use ottla_types::BrokerId;

use crate::accumulator::{Accumulator, Answered, Want};
use crate::admission::no_room;
use crate::batch::{Closing, Encode};
use crate::buffers::Buffers;
use crate::config::Settings;
use crate::idempotence::Idempotence;
use crate::lifecycle::Life;
use crate::outcome::Filled;
use crate::partition::Partition;
use crate::sender::{Broker, InFlight};
use crate::topics::{Standing, Topics};

/// Idle buffers are kept up to this many bytes: what is used again stays in the processor's cache.
const KEPT_BUFFERS: usize = 16 << 20;

/// What is done once the lock is released.
#[derive(Debug)]
pub(crate) enum Event {
    /// A batch's receipts are resolved.
    Filled(Filled),
    /// A ticket is answered.
    Answered(Answered),
    /// A flush or a close is over.
    Over(Filler<Result<(), Error>>, Result<(), Error>),
    /// No more records are taken.
    Ended(Vec<Waker>),
    /// The producer no longer needs to keep itself.
    Release(Arc<dyn Any + Send + Sync>),
    /// So many records were given up with nobody left to be told.
    Abandoned(usize),
}

impl Effect for Event {
    fn apply(self) {
        match self {
            Self::Filled(filled) => filled.slot.fill(filled.outcome),
            Self::Answered(answered) => answered.filler.fill(answered.answer),
            Self::Over(filler, result) => filler.fill(result),
            Self::Ended(wakers) => wakers.into_iter().for_each(Waker::wake),
            Self::Release(kept) => drop(kept),
            Self::Abandoned(records) => {
                tracing::warn!(records, "a dropped producer's records were given up, because its client ended first");
            }
        }
    }
}

/// A batch without an outcome: where it is, and until when it may be so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outstanding {
    pub(crate) partition: usize,
    pub(crate) deadline: Instant,
}

/// What leaves the machine.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    pub(crate) requests: VecDeque<Outbound>,
    pub(crate) demands: VecDeque<Demand>,
    pub(crate) jobs: VecDeque<Encode>,
    pub(crate) events: VecDeque<Event>,
    pub(crate) yields: bool,
}

/// The machine of one producer.
#[derive(Debug)]
pub(crate) struct ProducerMachine {
    pub(crate) settings: Settings,
    pub(crate) client_id: Arc<str>,
    pub(crate) random: fastrand::Rng,
    pub(crate) buffers: Buffers,
    pub(crate) accumulator: Accumulator,
    /// The newest view of the cluster, for topics that are first used later.
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) topics: Topics,
    pub(crate) partitions: Vec<Partition>,
    pub(crate) brokers: BTreeMap<BrokerId, Broker>,
    pub(crate) links: Links,
    pub(crate) idempotence: Idempotence,
    pub(crate) request_ids: RequestIds,
    /// The number of the newest request.
    pub(crate) newest_request: u64,
    pub(crate) requests: BTreeMap<u64, InFlight>,
    /// Requests that were answered and keep their place in flight until those they woke had a turn.
    pub(crate) resting: Vec<(BrokerId, u64)>,
    pub(crate) yielding: bool,
    pub(crate) newest_batch: u64,
    /// Batches without an outcome by number; the first is the oldest, and its deadline the next.
    pub(crate) outstanding: BTreeMap<u64, Outstanding>,
    /// When open batches' linger ends, in order: batch number and partition. Those that are closed by then are passed over.
    pub(crate) lingering: VecDeque<(Instant, u64, usize)>,
    /// Partitions that wait before they try again.
    pub(crate) pauses: BTreeSet<(Instant, usize)>,
    /// Topics that are asked for again after a pause.
    pub(crate) topic_pauses: BTreeSet<(Instant, usize)>,
    /// Brokers that asked not to be sent anything for a while.
    pub(crate) throttles: BTreeSet<(Instant, BrokerId)>,
    /// Brokers to look at before the lock is released.
    pub(crate) dirty: BTreeSet<BrokerId>,
    /// Whether anything but appending to an open batch was done since the outputs were put together.
    pub(crate) unsettled: bool,
    pub(crate) deadline: Option<Instant>,
    pub(crate) life: Life,
    pub(crate) out: Outputs,
}

impl ProducerMachine {
    pub(crate) fn new(settings: Settings, client_id: Arc<str>, seed: u64) -> Self {
        let keep = settings.buffer_memory.min(KEPT_BUFFERS).max(settings.batch_size.saturating_mul(4));
        Self {
            client_id,
            random: fastrand::Rng::with_seed(seed),
            buffers: Buffers::new(keep),
            accumulator: Accumulator::new(settings.buffer_memory),
            cluster: Arc::default(),
            topics: Topics::default(),
            partitions: Vec::new(),
            brokers: BTreeMap::new(),
            links: Links::default(),
            idempotence: Idempotence::new(settings.idempotent),
            request_ids: RequestIds::default(),
            newest_request: 0,
            requests: BTreeMap::new(),
            resting: Vec::new(),
            yielding: false,
            newest_batch: 0,
            outstanding: BTreeMap::new(),
            lingering: VecDeque::new(),
            pauses: BTreeSet::new(),
            topic_pauses: BTreeSet::new(),
            throttles: BTreeSet::new(),
            dirty: BTreeSet::new(),
            unsettled: false,
            deadline: None,
            life: Life::default(),
            out: Outputs::default(),
            settings,
        }
    }

    /// Puts the outputs together after whatever was done.
    pub(crate) fn settle(&mut self, now: Now) {
        while let Some(broker) = self.dirty.pop_first() {
            self.pump(now, broker);
        }
        self.end_flushes(now);
        while let Some((_, number, partition)) = self.lingering.front() {
            let open = self.partitions.get(*partition).and_then(|partition| partition.open.as_ref());
            if open.is_some_and(|open| open.number == *number) {
                break;
            }
            self.lingering.pop_front();
        }
        let deadlines = [
            self.lingering.front().map(|(at, ..)| *at),
            self.outstanding.first_key_value().map(|(_, outstanding)| outstanding.deadline),
            self.pauses.first().map(|(at, _)| *at),
            self.topic_pauses.first().map(|(at, _)| *at),
            self.throttles.first().map(|(at, _)| *at),
            self.accumulator.deadline(),
            self.idempotence.deadline(),
            self.life.deadline(),
        ];
        self.deadline = deadlines.into_iter().fold(None, earlier);
        self.unsettled = false;
    }

    /// Hands answered tickets to their callers.
    pub(crate) fn tell(&mut self, answers: Vec<Answered>) {
        self.out.events.extend(answers.into_iter().map(Event::Answered));
    }

    fn on_time(&mut self, now: Now) {
        while let Some((at, number, partition)) = self.lingering.front().copied()
            && at <= now.mono
        {
            self.lingering.pop_front();
            self.maybe_close(now, partition, Some(number), Closing { lingered: true, ..Closing::default() });
        }
        while let Some((number, oldest)) = self.outstanding.first_key_value().map(|(number, oldest)| (*number, *oldest))
            && oldest.deadline <= now.mono
        {
            self.expire(now, number, oldest.partition);
        }
        while let Some((at, partition)) = self.pauses.first().copied()
            && at <= now.mono
        {
            self.pauses.pop_first();
            self.on_pause_over(now, partition);
        }
        while let Some((at, topic)) = self.topic_pauses.first().copied()
            && at <= now.mono
        {
            self.topic_pauses.pop_first();
            if let Some(entry) = self.topics.get_mut(topic) {
                entry.asking = false;
                let (topic, revision) = (entry.topic.clone(), entry.revision);
                self.out.demands.push_back(Demand::Stale { topic, revision });
            }
        }
        while let Some((at, broker)) = self.throttles.first().copied()
            && at <= now.mono
        {
            self.throttles.pop_first();
            self.dirty.insert(broker);
        }
        if self.idempotence.on_time(now.mono) {
            self.dirty.extend(self.brokers.keys().copied());
        }
        let mut answers = Vec::new();
        let (topics, settings) = (&self.topics, &self.settings);
        let refusal = |accumulator: &Accumulator, want| match want {
            Want::Memory(bytes) => {
                let within = format!("within `max.block.ms` = {}", settings.max_block.as_millis());
                no_room(&within, settings.buffer_memory, accumulator.unread_in_the_way_of(bytes))
            }
            Want::Topic(topic) => {
                let waited = settings.max_block.as_millis();
                let entry = topics.get(topic);
                let name = entry.map_or("", |entry| entry.topic.name());
                match entry.map(|entry| entry.standing) {
                    Some(Standing::Unknown(Some(code)) | Standing::Refused(code)) => {
                        Error::broker(code, format!("topic `{name}` was not there within `max.block.ms` = {waited}"))
                    }
                    _ => Error::new(
                        ErrorKind::Timeout,
                        format!("no broker told of topic `{name}` within `max.block.ms` = {waited}"),
                    ),
                }
            }
        };
        self.accumulator.on_time(now.mono, refusal, &mut answers);
        self.tell(answers);
    }

    /// A partition's pause is over: where it has a leader it tries again, else the leader is asked for.
    fn on_pause_over(&mut self, now: Now, index: usize) {
        let Some(partition) = self.partitions.get_mut(index) else { return };
        partition.retry_at = None;
        match partition.leader {
            Some(_) => self.list(index),
            None if partition.has_work() => {
                let topic = partition.topic;
                self.demand_stale(topic);
                self.pause(now, index);
            }
            None => {}
        }
    }

    fn on_link(&mut self, link: &Link) {
        if link.lane != Lane::Produce || !self.links.on_link(link) {
            return;
        }
        if let LinkState::Down(error) = &link.state {
            // The leaders that this broker had may have moved.
            let listed: BTreeSet<usize> = self
                .brokers
                .get(&link.broker)
                .map(|broker| broker.ready.iter().chain(&broker.hurried).copied().collect())
                .unwrap_or_default();
            let topics: BTreeSet<usize> =
                listed.iter().filter_map(|index| Some(self.partitions.get(*index)?.topic)).collect();
            for topic in topics {
                self.demand_stale(topic);
            }
            if let Some(broker) = self.brokers.get_mut(&link.broker) {
                broker.last_error = Some(error.clone());
            }
        }
        self.dirty.insert(link.broker);
    }

    /// Lets a partition wait before it tries again.
    pub(crate) fn pause(&mut self, now: Now, index: usize) {
        let Some(partition) = self.partitions.get_mut(index) else { return };
        partition.failures = partition.failures.saturating_add(1);
        let at = now.after(self.settings.backoff.pause(partition.failures, &mut self.random));
        if let Some(before) = partition.retry_at.replace(at) {
            self.pauses.remove(&(before, index));
        }
        self.pauses.insert((at, index));
    }

    pub(crate) fn broker(&mut self, broker: BrokerId) -> &mut Broker {
        self.brokers.entry(broker).or_default()
    }
}

impl Machine for ProducerMachine {
    type Job = Encode;
    type Event = Event;

    fn handle(&mut self, now: Now, input: Input<Encode>) {
        match input {
            Input::Cluster(cluster) => self.on_cluster(now, cluster),
            Input::Link(link) => self.on_link(&link),
            Input::Written(id) => self.on_written(now, id),
            Input::Response(id, result) => self.on_response(now, id, result),
            Input::Job(job) => self.on_encoded(now, job),
            Input::Yielded => {
                self.yielding = false;
                self.free_places();
            }
            Input::Timeout => self.on_time(now),
            Input::Closed(error) => self.on_closed(now, &error),
            _ => {}
        }
        self.settle(now);
    }

    #[inline]
    fn poll_request(&mut self, _now: Now) -> Option<Outbound> {
        self.out.requests.pop_front()
    }

    #[inline]
    fn poll_demand(&mut self) -> Option<Demand> {
        self.out.demands.pop_front()
    }

    #[inline]
    fn poll_job(&mut self) -> Option<Encode> {
        self.out.jobs.pop_front()
    }

    #[inline]
    fn poll_event(&mut self) -> Option<Event> {
        self.out.events.pop_front()
    }

    #[inline]
    fn poll_yield(&mut self) -> bool {
        std::mem::take(&mut self.out.yields)
    }

    #[inline]
    fn poll_timeout(&self) -> Option<Instant> {
        self.deadline
    }
}

#[cfg(test)]
mod partitioning;
#[cfg(test)]
mod storm;
#[cfg(test)]
mod tests;
