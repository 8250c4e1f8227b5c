//! The wires between hosts and the mock cluster: how long things take, and what is lost on the way.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use ottla_core::lane::Lane;
use ottla_core::versions::Versions;
use ottla_mock::{ClusterState, ConnectionId, Output};
use ottla_protocol::frame::{decode_response_header, encode_request};
use ottla_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};
use ottla_protocol::{ApiKey, Message, VersionRange};
use ottla_types::BrokerId;

use crate::host::Host;
use crate::world::{Happening, World};

/// Where a connection's other end is.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) host: Weak<Host>,
    /// The broker as the client names it: a bootstrap address has a number of its own.
    pub(crate) broker: BrokerId,
    pub(crate) lane: Lane,
    /// The last arrivals: a connection keeps the order of what is sent on it.
    last_request: Duration,
    last_response: Duration,
}

/// What a seed says of the wires.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Latency {
    /// The usual time of one way, in microseconds, is drawn up to this.
    pub(crate) usual_us: u64,
    /// One in so many takes longer.
    pub(crate) slow_one_in: u32,
    /// Up to this, in milliseconds.
    pub(crate) slow_ms: u64,
}

impl Latency {
    fn draw(self, random: &mut fastrand::Rng) -> Duration {
        if self.slow_one_in > 0 && random.u32(..self.slow_one_in) == 0 {
            Duration::from_millis(random.u64(1..=self.slow_ms.max(1)))
        } else {
            Duration::from_micros(random.u64(50..=self.usual_us.max(51)))
        }
    }
}

pub(crate) struct Network {
    pub(crate) cluster: ClusterState,
    pub(crate) latency: Latency,
    random: fastrand::Rng,
    routes: BTreeMap<ConnectionId, Route>,
    armed: Option<Duration>,
}

impl Network {
    pub(crate) fn new(cluster: ClusterState, latency: Latency, seed: u64) -> Self {
        Self { cluster, latency, random: fastrand::Rng::with_seed(seed), routes: BTreeMap::new(), armed: None }
    }

    /// The other end of a connection that still stands.
    pub(crate) fn route(&self, connection: ConnectionId) -> Option<Route> {
        self.routes.get(&connection).cloned()
    }

    pub(crate) fn forget(&mut self, connection: ConnectionId) {
        self.routes.remove(&connection);
        self.cluster.disconnect(connection);
    }

    /// Connects to the broker behind an address and asks for its versions.
    pub(crate) fn connect(
        &mut self,
        world: &World,
        host: &Weak<Host>,
        broker: BrokerId,
        lane: Lane,
        address: &(Arc<str>, u16),
    ) -> Result<(ConnectionId, Arc<Versions>), String> {
        let target = self.cluster.broker_at(&address.0, address.1);
        let target = target.ok_or_else(|| format!("no such host: {}", address.0))?;
        let id = self.cluster.connect(target).ok_or_else(|| format!("{} refused the connection", address.0))?;
        let request = encode_request(&ApiVersionsRequest::default(), 3, None).map_err(|error| error.to_string())?;
        let time = world.time();
        self.cluster.handle(time, id, request.head.freeze().slice(4..));
        let mut versions = None;
        while let Some(output) = self.cluster.poll_output() {
            match output {
                Output::Response { connection, frames } if connection == id => versions = read_versions(&frames),
                other => self.send(world, other),
            }
        }
        let versions = versions.ok_or_else(|| format!("{} did not tell its versions", address.0))?;
        let route = Route {
            host: Weak::clone(host),
            broker,
            lane,
            last_request: Duration::ZERO,
            last_response: Duration::ZERO,
        };
        self.routes.insert(id, route);
        self.arm(world);
        Ok((id, Arc::new(versions)))
    }

    /// When what is sent now arrives at the broker.
    pub(crate) fn departs(&mut self, connection: ConnectionId, time: Duration) -> Duration {
        let at = time + self.latency.draw(&mut self.random);
        match self.routes.get_mut(&connection) {
            Some(route) => {
                route.last_request = route.last_request.max(at);
                route.last_request
            }
            None => at,
        }
    }

    /// A request arrives.
    pub(crate) fn arrive(&mut self, world: &World, connection: ConnectionId, frame: Bytes) {
        self.cluster.handle(world.time(), connection, frame);
        self.pump(world);
    }

    /// The cluster's own time goes on.
    pub(crate) fn advance(&mut self, world: &World) {
        self.armed = None;
        self.cluster.advance(world.time());
        self.pump(world);
    }

    /// Sends what the cluster has to say, and notes when it wants to be asked again.
    pub(crate) fn pump(&mut self, world: &World) {
        while let Some(output) = self.cluster.poll_output() {
            self.send(world, output);
        }
        self.arm(world);
    }

    fn arm(&mut self, world: &World) {
        if let Some(at) = self.cluster.poll_timeout()
            && self.armed.is_none_or(|armed| at < armed)
        {
            self.armed = Some(at);
            world.schedule(at, Happening::ClusterDeadline);
        }
    }

    fn send(&mut self, world: &World, output: Output) {
        let time = world.time();
        let at = time + self.latency.draw(&mut self.random);
        match output {
            Output::Response { connection, frames } => {
                let Some(route) = self.routes.get_mut(&connection) else { return };
                route.last_response = route.last_response.max(at);
                let frame = joined(&frames);
                world.schedule(route.last_response, Happening::Response { connection, frame });
            }
            Output::Close { connection } => {
                let Some(route) = self.routes.get(&connection) else { return };
                world.schedule(route.last_response.max(at), Happening::Cut { connection });
            }
            _ => {}
        }
    }
}

/// A frame in one piece, without its length.
fn joined(frames: &[Bytes]) -> Bytes {
    let mut whole = BytesMut::new();
    for chunk in frames {
        whole.extend_from_slice(chunk);
    }
    whole.split_off(whole.len().min(4)).freeze()
}

fn read_versions(frames: &[Bytes]) -> Option<Versions> {
    let (_, body) = decode_response_header(&joined(frames), ApiKey::API_VERSIONS, 3).ok()?;
    let response = ApiVersionsResponse::decode(&body, 3).ok()?;
    let ranges = response
        .api_keys
        .iter()
        .map(|api| (ApiKey(api.api_key), VersionRange { min: api.min_version, max: api.max_version }));
    Some(Versions::new(ranges, []))
}
