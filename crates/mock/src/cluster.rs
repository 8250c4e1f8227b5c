//! The whole cluster as pure state: connections and requests in, responses and deadlines out.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use ottla_protocol::frame::decode_request_header;
use ottla_types::{BrokerId, ErrorCode};

use crate::broker::Broker;
use crate::config::MockConfig;
use crate::connection::{Call, Connection, ConnectionId, Output, Phase};
use crate::fault::{Asked, Faults, Verdict};
use crate::fetch_sessions::FetchSessions;
use crate::handlers::fetch::ParkedFetch;
use crate::handlers::{self, Step, api_versions};
use crate::random::Random;
use crate::seen::RequestsSeen;
use crate::synthetic::Synthetic;
use crate::topics::{PartitionState, Topics};

/// A Kafka cluster as pure state. It reads no clock, opens no socket and starts no task: whoever owns it hands in requests
/// and the time, and takes responses and the next deadline out. The same inputs give the same outputs, always.
///
/// Time is the duration since the cluster came to be; it never goes back. A broker works on one request of a connection
/// at a time and answers in order, so a fetch that waits holds up what is behind it, as in Kafka.
///
/// [`MockCluster`](crate::MockCluster) puts it behind sockets; a simulation drives it in virtual time:
///
/// ```
/// use std::time::Duration;
/// use ottla_mock::{BrokerId, ClusterState, MockConfig, Output};
/// use ottla_protocol::{frame::encode_request, messages::ApiVersionsRequest};
///
/// let mut cluster = ClusterState::new(MockConfig::new(3));
/// let connection = cluster.connect(BrokerId(1)).expect("broker 1 is up");
/// let request = encode_request(&ApiVersionsRequest::default(), 0, Some("me"))?;
/// // A frame goes in without its length of four bytes.
/// cluster.handle(Duration::ZERO, connection, request.head.freeze().slice(4..));
/// assert!(matches!(cluster.poll_output(), Some(Output::Response { .. })));
/// assert_eq!(cluster.poll_timeout(), None);
/// # Ok::<(), ottla_protocol::EncodeError>(())
/// ```
#[derive(Debug)]
pub struct ClusterState {
    pub(crate) config: MockConfig,
    pub(crate) now: Duration,
    pub(crate) random: Random,
    pub(crate) brokers: BTreeMap<BrokerId, Broker>,
    pub(crate) topics: Topics,
    pub(crate) sessions: BTreeMap<BrokerId, FetchSessions>,
    pub(crate) faults: Faults,
    pub(crate) seen: RequestsSeen,
    pub(crate) synthetic: Option<Synthetic>,
    pub(crate) next_producer_id: i64,
    /// Topics ever created: where the next one's first leader comes from.
    pub(crate) created: usize,
    pub(crate) connections: BTreeMap<ConnectionId, Connection>,
    last_connection: u64,
    deadlines: BTreeSet<(Duration, ConnectionId)>,
    /// Connections with a fetch that may have got what it waits for.
    woken: BTreeSet<ConnectionId>,
    outputs: VecDeque<Output>,
}

impl ClusterState {
    /// A cluster with all brokers up and no topics. Broker `i` (from 1) is at `mock-i:9092` unless told otherwise.
    pub fn new(config: MockConfig) -> Self {
        let broker = |number: u16| {
            let racks = &config.racks;
            let rack = racks.get(usize::from(number - 1) % racks.len().max(1)).cloned();
            let id = BrokerId(i32::from(number));
            (id, Broker { id, host: format!("mock-{number}"), port: 9092, rack, up: true })
        };
        Self {
            brokers: (1..=config.brokers).map(broker).collect(),
            now: Duration::ZERO,
            random: Random::new(config.seed),
            topics: Topics::default(),
            sessions: BTreeMap::new(),
            faults: Faults::default(),
            seen: RequestsSeen::default(),
            synthetic: config.synthetic.map(Synthetic::new),
            next_producer_id: 1_000,
            created: 0,
            connections: BTreeMap::new(),
            last_connection: 0,
            deadlines: BTreeSet::new(),
            woken: BTreeSet::new(),
            outputs: VecDeque::new(),
            config,
        }
    }

    /// Opens a connection to a broker; none while that is down or where there is no such broker.
    pub fn connect(&mut self, broker: BrokerId) -> Option<ConnectionId> {
        self.brokers.get(&broker).filter(|broker| broker.up)?;
        self.last_connection += 1;
        let id = ConnectionId(self.last_connection);
        self.seen.connection();
        self.connections.insert(id, Connection { broker, queue: VecDeque::new(), phase: Phase::Idle });
        Some(id)
    }

    /// The client ended the connection. What it asked and was not carried out yet never will be.
    pub fn disconnect(&mut self, connection: ConnectionId) {
        self.forget(connection);
    }

    /// Takes a request, without the length before it. Requests of connections that are not known are ignored.
    pub fn handle(&mut self, now: Duration, connection: ConnectionId, frame: Bytes) {
        self.advance(now);
        if frame.len() > self.config.max_request_bytes {
            self.close(connection);
            return;
        }
        let Some(known) = self.connections.get_mut(&connection) else { return };
        known.queue.push_back(frame);
        self.pump(connection);
        self.settle();
    }

    /// Lets time go on, and does what was due until then.
    pub fn advance(&mut self, now: Duration) {
        let now = now.max(self.now);
        while let Some((due, connection)) = self.deadlines.first().copied().filter(|(due, _)| *due <= now) {
            self.now = self.now.max(due);
            self.due(connection);
            self.settle();
        }
        self.now = now;
    }

    /// What is to be sent or ended next, in order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`ClusterState::advance`] is to be called at the latest.
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.deadlines.first().map(|(due, _)| *due)
    }

    /// The time of the last input.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// Requests of a connection that wait for the one before them: where that grows, read less.
    pub fn backlog(&self, connection: ConnectionId) -> usize {
        self.connections.get(&connection).map_or(0, |connection| connection.queue.len())
    }

    /// The wall clock, in milliseconds since 1970.
    pub(crate) fn wall_ms(&self) -> i64 {
        let start = self.config.start_ms.unwrap_or(1_750_000_000_000);
        start.saturating_add(i64::try_from(self.now.as_millis()).unwrap_or(i64::MAX))
    }

    /// Begins requests of a connection until one waits for something.
    fn pump(&mut self, id: ConnectionId) {
        loop {
            let Some(connection) = self.connections.get_mut(&id) else { return };
            if !matches!(connection.phase, Phase::Idle) {
                return;
            }
            let broker = connection.broker;
            let Some(frame) = connection.queue.pop_front() else { return };
            self.begin(id, broker, frame);
        }
    }

    /// Judges a request and carries it out, unless a fault keeps it.
    fn begin(&mut self, id: ConnectionId, broker: BrokerId, frame: Bytes) {
        let Ok((header, body)) = decode_request_header(&frame) else { return self.close(id) };
        self.seen.request(header.key, header.version, broker);
        let mut verdict = Verdict::default();
        if !self.faults.is_empty() {
            let served = handlers::find(&self.config, header.key, header.version);
            let touched = match served {
                Some(api) if self.faults.ask_for_topics() => (api.touched)(self, broker, header.version, &body),
                _ => Vec::new(),
            };
            let asked = Asked { api: header.key, broker, client_id: header.client_id.as_deref(), touched: &touched };
            verdict = self.faults.judge(&asked, &mut self.random);
        }
        if verdict.disconnect {
            self.close(id);
        } else if verdict.silent {
            self.enter(id, Phase::Silent);
        } else if verdict.delay.is_zero() {
            self.carry_out(id, broker, &frame, verdict);
        } else {
            let until = self.now.saturating_add(verdict.delay);
            self.enter(id, Phase::Delayed { until, frame, verdict });
        }
    }

    /// Carries a request out.
    fn carry_out(&mut self, id: ConnectionId, broker: BrokerId, frame: &Bytes, verdict: Verdict) {
        let Ok((header, body)) = decode_request_header(frame) else { return self.close(id) };
        let call = Call { broker, version: header.version, correlation_id: header.correlation_id, verdict };
        let step = match handlers::find(&self.config, header.key, header.version) {
            Some(api) => (api.run)(self, &call, &body),
            None => api_versions::unserved(self, &call, header.key),
        };
        match step {
            Step::Answer(frames) => self.finish(id, frames, &call.verdict),
            Step::Nothing => self.finish(id, Vec::new(), &call.verdict),
            Step::Close => self.close(id),
            Step::Park(fetch) => {
                self.enter(id, Phase::Parked { until: fetch.until(), fetch });
            }
        }
    }

    /// Answers, unless a fault has it otherwise.
    fn finish(&mut self, id: ConnectionId, frames: Vec<Bytes>, verdict: &Verdict) {
        if verdict.disconnect_after {
            self.close(id);
        } else if verdict.silent_after {
            self.enter(id, Phase::Silent);
        } else if verdict.delay_after.is_zero() {
            self.answer(id, frames, verdict.throttle);
        } else {
            let until = self.now.saturating_add(verdict.delay_after);
            self.enter(id, Phase::Answering { until, frames, throttle: verdict.throttle });
        }
    }

    fn answer(&mut self, id: ConnectionId, frames: Vec<Bytes>, throttle: Duration) {
        if !frames.is_empty() {
            self.outputs.push_back(Output::Response { connection: id, frames });
        }
        if throttle.is_zero() {
            self.enter(id, Phase::Idle);
        } else {
            self.enter(id, Phase::Muted { until: self.now.saturating_add(throttle) });
        }
    }

    /// The present phase of a connection is over.
    fn due(&mut self, id: ConnectionId) {
        let Some(broker) = self.connections.get(&id).map(|connection| connection.broker) else { return };
        match self.enter(id, Phase::Idle) {
            Phase::Delayed { frame, verdict, .. } => self.carry_out(id, broker, &frame, verdict),
            Phase::Parked { fetch, .. } => self.resume(id, fetch, true),
            Phase::Answering { frames, throttle, .. } => self.answer(id, frames, throttle),
            Phase::Idle | Phase::Muted { .. } | Phase::Silent => {}
        }
        self.pump(id);
    }

    /// Looks again at what fetches wait for.
    fn settle(&mut self) {
        while let Some(id) = self.woken.pop_first() {
            let Some(connection) = self.connections.get(&id) else { continue };
            if matches!(connection.phase, Phase::Parked { .. })
                && let Phase::Parked { fetch, .. } = self.enter(id, Phase::Idle)
            {
                self.resume(id, fetch, false);
                self.pump(id);
            }
        }
    }

    /// Goes on with a fetch that waited. It is not in a phase meanwhile.
    fn resume(&mut self, id: ConnectionId, fetch: Box<ParkedFetch>, over: bool) {
        match fetch.resume(self, over) {
            Ok((step, call)) => match step {
                Step::Answer(frames) => self.finish(id, frames, &call.verdict),
                _ => self.close(id),
            },
            Err(fetch) => {
                self.enter(id, Phase::Parked { until: fetch.until(), fetch });
            }
        }
    }

    /// Changes what a connection does, and keeps deadlines and waiting lists in step.
    fn enter(&mut self, id: ConnectionId, phase: Phase) -> Phase {
        let Some(connection) = self.connections.get_mut(&id) else { return Phase::Idle };
        let deadline = phase.deadline();
        let before = std::mem::replace(&mut connection.phase, phase);
        if before.deadline() != deadline {
            if let Some(due) = before.deadline() {
                self.deadlines.remove(&(due, id));
            }
            if let Some(due) = deadline {
                self.deadlines.insert((due, id));
            }
        }
        if let Phase::Parked { fetch, .. } = &before {
            fetch.unwatch(&mut self.topics, id);
        }
        if let Some(Connection { phase: Phase::Parked { fetch, .. }, .. }) = self.connections.get(&id) {
            fetch.watch(&mut self.topics, id);
        }
        before
    }

    /// Ends a connection from the broker's side.
    pub(crate) fn close(&mut self, id: ConnectionId) {
        if self.forget(id) {
            self.outputs.push_back(Output::Close { connection: id });
        }
    }

    fn forget(&mut self, id: ConnectionId) -> bool {
        self.enter(id, Phase::Idle);
        self.connections.remove(&id).is_some()
    }

    /// Fetches that wait for this partition look again.
    pub(crate) fn wake(&mut self, topic: &str, partition: i32) {
        if let Some(partition) = self.topics.partition(topic, partition) {
            self.woken.extend(&partition.waiting);
        }
    }

    /// As [`ClusterState::wake`], for those that wait for a partition that is no longer there.
    pub(crate) fn wake_all(&mut self, waiting: impl IntoIterator<Item = ConnectionId>) {
        self.woken.extend(waiting);
    }

    /// After a change that no request made: fetches that wait may have got what they wait for.
    pub(crate) fn changed(&mut self) {
        self.settle();
    }

    /// The partition, if this broker leads it and the epoch is the one that the client knows (-1 if it does not say).
    pub(crate) fn led(
        &self,
        broker: BrokerId,
        topic: &str,
        partition: i32,
        leader_epoch: i32,
    ) -> Result<&PartitionState, ErrorCode> {
        let state = self.topics.partition(topic, partition).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        if !state.replicas.contains(&broker) {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        }
        if leader_epoch >= 0 && leader_epoch < state.leader_epoch {
            return Err(ErrorCode::FENCED_LEADER_EPOCH);
        }
        if leader_epoch > state.leader_epoch {
            return Err(ErrorCode::UNKNOWN_LEADER_EPOCH);
        }
        if state.leader == Some(broker) { Ok(state) } else { Err(ErrorCode::NOT_LEADER_OR_FOLLOWER) }
    }
}
