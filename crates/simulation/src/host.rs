//! One client machine of the virtual world: the [`Io`] that the real handles run on.
//!
//! It does what `ottla-client` does on tokio, with the world's agenda in place of sockets, timers and threads.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use ottla_core::clock::Now;
use ottla_core::cluster::Cluster;
use ottla_core::error::{Error, ErrorKind};
use ottla_core::io::{Demand, Io, Owner, OwnerId};
use ottla_core::lane::{Lane, Link, LinkState};
use ottla_core::machine::{Delivery, Input, Outbound, RequestId, Response, SendError};
use ottla_core::metadata::{MetadataConfig, MetadataMachine, Publish};
use ottla_core::object::Object;
use ottla_core::versions::Versions;
use ottla_mock::ConnectionId;
use ottla_protocol::ApiKey;
use ottla_protocol::frame::{RequestFrame, decode_response_header};
use ottla_types::BrokerId;

use crate::world::{Happening, World};

pub(crate) struct Host {
    world: Arc<World>,
    state: Mutex<State>,
    /// Runs on this very host; taken out at the end of a run, as each holds the other.
    metadata: Mutex<Option<Arc<Object<MetadataMachine>>>>,
    me: Weak<Self>,
}

/// Where the metadata machine's views go.
struct Publisher(Weak<Host>);

impl Publish for Publisher {
    fn publish(&self, cluster: Arc<Cluster>) {
        if let Some(host) = self.0.upgrade() {
            host.publish(&cluster);
        }
    }
}

#[derive(Default)]
struct State {
    owners: BTreeMap<OwnerId, Weak<dyn Owner>>,
    next_owner: u64,
    connections: BTreeMap<(BrokerId, Lane), Connection>,
    cluster: Arc<Cluster>,
}

#[derive(Default)]
struct Connection {
    /// Grows with each attempt.
    epoch: u64,
    phase: Phase,
    /// Who asked for it or sent on it, and so is told when it goes down.
    users: BTreeSet<OwnerId>,
    outbox: VecDeque<(OwnerId, Outbound)>,
    in_flight: VecDeque<InFlight>,
    next_correlation_id: i32,
    failures: u32,
}

#[derive(Default)]
enum Phase {
    #[default]
    Closed,
    Connecting,
    Ready {
        id: ConnectionId,
        versions: Arc<Versions>,
    },
}

struct InFlight {
    correlation_id: i32,
    owner: OwnerId,
    request: RequestId,
    key: ApiKey,
    version: i16,
    deadline: Duration,
}

impl Host {
    /// A host with a client that knows one bootstrap address for each of so many brokers.
    pub(crate) fn start(world: Arc<World>, bootstrap: u16) -> Arc<Self> {
        let host = Arc::new_cyclic(|me| Self {
            world,
            state: Mutex::new(State { next_owner: 1, ..State::default() }),
            metadata: Mutex::default(),
            me: Weak::clone(me),
        });
        let addresses: Vec<(Arc<str>, u16)> =
            (1..=bootstrap).map(|broker| (format!("mock-{broker}").into(), 9092)).collect();
        let publisher = Arc::new(Publisher(Arc::downgrade(&host)));
        let config = MetadataConfig::default();
        let machine = MetadataMachine::new(config, addresses, host.client_id(), host.seed(), publisher);
        host.state().cluster = machine.cluster();
        let metadata = Object::new(host.io(), machine);
        *host.metadata.lock().unwrap_or_else(PoisonError::into_inner) = Some(metadata);
        host
    }

    /// Ends the client: from now on nothing is looked up any more.
    pub(crate) fn stop(&self) {
        let metadata = self.metadata.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(metadata);
    }

    /// This host as what handles run on.
    pub(crate) fn io(&self) -> Arc<dyn Io> {
        let me: Option<Arc<dyn Io>> = self.me.upgrade().map(|me| me as Arc<dyn Io>);
        me.expect("a host that is borrowed is alive")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn owner(&self, owner: OwnerId) -> Option<Arc<dyn Owner>> {
        let found = self.state().owners.get(&owner).cloned();
        found.and_then(|owner| owner.upgrade())
    }

    /// Feeds an input to an object that still lives.
    pub(crate) fn feed(&self, owner: OwnerId, input: Input<std::convert::Infallible>) {
        if let Some(owner) = self.owner(owner) {
            owner.input(input);
        }
    }

    /// Swaps the view of the cluster for a later one and tells every object.
    fn publish(&self, cluster: &Arc<Cluster>) {
        let owners: Vec<_> = {
            let mut state = self.state();
            if cluster.revision < state.cluster.revision {
                return;
            }
            state.cluster = Arc::clone(cluster);
            state.owners.values().filter_map(Weak::upgrade).collect()
        };
        for owner in owners {
            owner.input(Input::Cluster(Arc::clone(cluster)));
        }
    }

    /// Ends an attempt to connect: the broker's host answers with its versions, or nobody does.
    pub(crate) fn connected(&self, broker: BrokerId, lane: Lane, epoch: u64) {
        let address = self.address(broker);
        let outcome = match address {
            Some(address) => self.world.network().connect(&self.world, &self.me, broker, lane, &address),
            None => Err(format!("broker {broker} has no address")),
        };
        let (link, users) = {
            let mut state = self.state();
            let Some(connection) = state.connections.get_mut(&(broker, lane)) else { return };
            if connection.epoch != epoch || !matches!(connection.phase, Phase::Connecting) {
                return;
            }
            self.world.note(|| match &outcome {
                Ok((id, _)) => format!("{broker} {lane:?} connected as {id}"),
                Err(why) => format!("{broker} {lane:?} not connected: {why}"),
            });
            let link_state = match outcome {
                Ok((id, versions)) => {
                    connection.phase = Phase::Ready { id, versions: Arc::clone(&versions) };
                    connection.failures = 0;
                    LinkState::Ready(versions)
                }
                Err(why) => {
                    connection.phase = Phase::Closed;
                    connection.failures += 1;
                    LinkState::Down(Error::new(ErrorKind::Transport, why))
                }
            };
            (Link { broker, lane, epoch, state: link_state }, connection.users.clone())
        };
        for owner in users {
            self.feed(owner, Input::Link(link.clone()));
        }
    }

    fn address(&self, broker: BrokerId) -> Option<(Arc<str>, u16)> {
        let cluster = Arc::clone(&self.state().cluster);
        cluster.broker(broker).map(|broker| (Arc::clone(&broker.host), broker.port))
    }

    /// Takes a response off the network.
    pub(crate) fn respond(&self, broker: BrokerId, lane: Lane, id: ConnectionId, frame: &Bytes) {
        let answered = {
            let mut state = self.state();
            let Some(connection) = state.connections.get_mut(&(broker, lane)) else { return };
            if !matches!(connection.phase, Phase::Ready { id: present, .. } if present == id) {
                return;
            }
            let Some(oldest) = connection.in_flight.pop_front() else { return };
            match decode_response_header(frame, oldest.key, oldest.version) {
                Ok((correlation_id, body)) if correlation_id == oldest.correlation_id => {
                    (oldest.owner, oldest.request, Response { version: oldest.version, body })
                }
                other => panic!("the mock cluster answered out of turn: {other:?}"),
            }
        };
        let (owner, request, response) = answered;
        self.world
            .note(|| format!("{owner:?} {request:?} answered by {broker} {lane:?} in {} bytes", response.body.len()));
        self.feed(owner, Input::Response(request, Ok(response)));
    }

    /// The client notices that a connection is gone.
    pub(crate) fn cut(&self, broker: BrokerId, lane: Lane, id: ConnectionId, why: &str) {
        let error = Error::new(ErrorKind::Transport, why);
        self.world.note(|| format!("{broker} {lane:?} is cut: {why}"));
        let (failed, link, users) = {
            let mut state = self.state();
            let Some(connection) = state.connections.get_mut(&(broker, lane)) else { return };
            if !matches!(connection.phase, Phase::Ready { id: present, .. } if present == id) {
                return;
            }
            connection.phase = Phase::Closed;
            let sent = connection.in_flight.drain(..).map(|sent| (sent.owner, sent.request, Delivery::MaybeSent));
            let mut failed: Vec<_> = sent.collect();
            let unsent = connection.outbox.drain(..);
            failed.extend(unsent.map(|(owner, outbound)| (owner, outbound.id, Delivery::NotSent)));
            let link = Link { broker, lane, epoch: connection.epoch, state: LinkState::Down(error.clone()) };
            (failed, link, connection.users.clone())
        };
        for (owner, request, delivery) in failed {
            let error = SendError { delivery, error: error.clone() };
            self.feed(owner, Input::Response(request, Err(error)));
        }
        for owner in users {
            self.feed(owner, Input::Link(link.clone()));
        }
    }

    /// Whether the oldest request of a connection has waited for too long.
    pub(crate) fn is_overdue(&self, broker: BrokerId, lane: Lane, id: ConnectionId) -> bool {
        let time = self.world.time();
        let state = self.state();
        state.connections.get(&(broker, lane)).is_some_and(|connection| {
            matches!(connection.phase, Phase::Ready { id: present, .. } if present == id)
                && connection.in_flight.iter().any(|sent| sent.deadline <= time)
        })
    }

    fn connect(&self, owner: OwnerId, broker: BrokerId, lane: Lane) {
        let pause = self.world.random(|random| Duration::from_micros(random.u64(200..2_000)));
        let ready = {
            let mut state = self.state();
            let connection = state.connections.entry((broker, lane)).or_default();
            connection.users.insert(owner);
            match &connection.phase {
                Phase::Ready { versions, .. } => {
                    Some(Link { broker, lane, epoch: connection.epoch, state: LinkState::Ready(Arc::clone(versions)) })
                }
                Phase::Connecting => None,
                Phase::Closed => {
                    connection.phase = Phase::Connecting;
                    connection.epoch += 1;
                    let backoff = Duration::from_millis(50) * (1 << connection.failures.min(4));
                    let pause = if connection.epoch == 1 { pause } else { pause + backoff };
                    let (host, epoch) = (Weak::clone(&self.me), connection.epoch);
                    self.world.schedule_in(pause, Happening::Connected { host, broker, lane, epoch });
                    None
                }
            }
        };
        if let Some(link) = ready {
            self.feed(owner, Input::Link(link));
        }
    }
}

impl Io for Host {
    fn register(&self, owner: Weak<dyn Owner>) -> OwnerId {
        let mut state = self.state();
        let id = OwnerId(state.next_owner);
        state.next_owner += 1;
        state.owners.insert(id, owner);
        id
    }

    fn unregister(&self, owner: OwnerId) {
        {
            let mut state = self.state();
            state.owners.remove(&owner);
            for connection in state.connections.values_mut() {
                connection.users.remove(&owner);
            }
        }
        let metadata = self.metadata.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(metadata) = metadata {
            // Where that fails the machine is beyond use, and the run will show it.
            let _ = metadata.with_exact(|machine, _| machine.forget_owner(owner));
        }
    }

    fn now(&self) -> Now {
        self.world.now()
    }

    fn coarse_now(&self) -> Now {
        self.world.now()
    }

    fn cluster(&self) -> Arc<Cluster> {
        Arc::clone(&self.state().cluster)
    }

    fn queue(&self, owner: OwnerId, outbound: Outbound) {
        let mut state = self.state();
        let connection = state.connections.entry((outbound.broker, outbound.lane)).or_default();
        connection.users.insert(owner);
        if matches!(connection.phase, Phase::Ready { .. }) && connection.epoch == outbound.epoch {
            connection.outbox.push_back((owner, outbound));
            return;
        }
        let error = Error::new(ErrorKind::Transport, "the connection is gone");
        let (host, request) = (Weak::clone(&self.me), outbound.id);
        let refusal = move || {
            if let Some(host) = host.upgrade() {
                let error = SendError { delivery: Delivery::NotSent, error };
                host.feed(owner, Input::Response(request, Err(error)));
            }
        };
        self.world.schedule_in(Duration::ZERO, Happening::Job(Box::new(refusal)));
    }

    fn cancel(&self, owner: OwnerId, id: RequestId) {
        let mut state = self.state();
        for connection in state.connections.values_mut() {
            let Some(at) = connection.outbox.iter().position(|(who, sent)| *who == owner && sent.id == id) else {
                continue;
            };
            connection.outbox.remove(at);
            let host = Weak::clone(&self.me);
            let error = Error::new(ErrorKind::Closed, "withdrawn");
            let answer = move || {
                if let Some(host) = host.upgrade() {
                    let error = SendError { delivery: Delivery::NotSent, error };
                    host.feed(owner, Input::Response(id, Err(error)));
                }
            };
            self.world.schedule_in(Duration::ZERO, Happening::Job(Box::new(answer)));
            return;
        }
    }

    fn arm(&self, owner: OwnerId, at: Instant) {
        let at = self.world.since_start(at);
        self.world.schedule(at, Happening::Timeout { host: Weak::clone(&self.me), owner });
    }

    fn flush(&self, broker: BrokerId, lane: Lane) {
        let mut written = Vec::new();
        {
            let time = self.world.time();
            let mut state = self.state();
            let Some(connection) = state.connections.get_mut(&(broker, lane)) else { return };
            let Phase::Ready { id, .. } = connection.phase else { return };
            while let Some((owner, mut outbound)) = connection.outbox.pop_front() {
                connection.next_correlation_id += 1;
                let correlation_id = connection.next_correlation_id;
                outbound.frame.set_correlation_id(correlation_id);
                if outbound.expects_response {
                    let deadline = time + outbound.timeout;
                    connection.in_flight.push_back(InFlight {
                        correlation_id,
                        owner,
                        request: outbound.id,
                        key: outbound.key,
                        version: outbound.version,
                        deadline,
                    });
                    self.world.schedule(deadline, Happening::RequestDeadline { connection: id });
                } else {
                    written.push((owner, outbound.id));
                }
                self.world.note(|| {
                    let (key, version) = (outbound.key, outbound.version);
                    format!("{owner:?} {:?} sends {key} v{version} to {broker} {lane:?}", outbound.id)
                });
                let at = self.world.network().departs(id, time);
                let frame = without_length(&outbound.frame);
                self.world.schedule(at, Happening::Request { connection: id, frame });
            }
        }
        for (owner, request) in written {
            self.feed(owner, Input::Written(request));
        }
    }

    fn demand(&self, owner: OwnerId, demand: Demand) {
        self.world.note(|| format!("{owner:?} demands {demand:?}"));
        if let Demand::Connect { broker, lane } = demand {
            self.connect(owner, broker, lane);
            return;
        }
        let metadata = self.metadata.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(metadata) = metadata else { return };
        let answered = metadata.with_exact(|machine, now| machine.demand(now, owner, demand));
        if matches!(answered, Ok(true)) {
            self.feed(owner, Input::Cluster(self.cluster()));
        }
    }

    fn runs_inline(&self, _cost: usize) -> bool {
        self.world.random(|random| random.u8(..4) == 0)
    }

    fn spawn(&self, work: Box<dyn FnOnce() + Send>) {
        let pause = self.world.random(|random| Duration::from_micros(random.u64(..3_000)));
        self.world.schedule_in(pause, Happening::Job(work));
    }

    fn yield_then(&self, owner: OwnerId) {
        self.world.schedule_in(Duration::ZERO, Happening::Yielded { host: Weak::clone(&self.me), owner });
    }

    fn client_id(&self) -> Arc<str> {
        Arc::from("simulated")
    }

    fn seed(&self) -> u64 {
        self.world.random(|random| random.u64(..))
    }
}

/// What a broker reads of a frame after its length.
fn without_length(frame: &RequestFrame) -> Bytes {
    let mut whole = BytesMut::with_capacity(frame.len());
    whole.extend_from_slice(&frame.head);
    for chunk in &frame.tail {
        whole.extend_from_slice(chunk);
    }
    whole.split_off(4).freeze()
}
