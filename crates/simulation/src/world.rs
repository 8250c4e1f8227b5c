//! Virtual time: the agenda of everything that is to happen, and the one random generator that orders it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use ottla_core::clock::Now;
use ottla_core::io::OwnerId;
use ottla_core::lane::Lane;
use ottla_mock::ConnectionId;
use ottla_types::BrokerId;

use crate::host::Host;
use crate::network::Network;
use crate::scenario::Fault;

/// Milliseconds since 1970 at which virtual time starts: records get plausible timestamps.
const START_WALL_MS: i64 = 1_700_000_000_000;

/// Something on the agenda.
pub(crate) enum Happening {
    /// An attempt to connect ends.
    Connected { host: Weak<Host>, broker: BrokerId, lane: Lane, epoch: u64 },
    /// A request reaches its broker.
    Request { connection: ConnectionId, frame: Bytes },
    /// A response reaches its client.
    Response { connection: ConnectionId, frame: Bytes },
    /// The client notices that its connection is gone.
    Cut { connection: ConnectionId },
    /// The oldest request of a connection may have waited for too long.
    RequestDeadline { connection: ConnectionId },
    /// An object's timer.
    Timeout { host: Weak<Host>, owner: OwnerId },
    /// The tasks that were woken had a turn.
    Yielded { host: Weak<Host>, owner: OwnerId },
    /// A job on another thread ends.
    Job(Box<dyn FnOnce() + Send>),
    /// A task has slept enough.
    Wake(std::task::Waker),
    /// A fault strikes.
    Fault(Fault),
    /// The mock cluster has a long poll to answer, or something else that waits for time.
    ClusterDeadline,
}

pub(crate) struct World {
    start: Instant,
    agenda: Mutex<Agenda>,
    network: Mutex<Network>,
    /// What happened, in words; only where somebody wants to read it.
    trace: Option<Mutex<Vec<String>>>,
}

struct Agenda {
    time: Duration,
    count: u64,
    entries: BTreeMap<(Duration, u64), Happening>,
    random: fastrand::Rng,
}

impl World {
    pub(crate) fn new(seed: u64, network: Network, traced: bool) -> Arc<Self> {
        Arc::new(Self {
            // The reading itself never matters: only differences from it do. There is no other way to make an `Instant`.
            start: Instant::now(),
            agenda: Mutex::new(Agenda {
                time: Duration::ZERO,
                count: 0,
                entries: BTreeMap::new(),
                random: fastrand::Rng::with_seed(seed),
            }),
            network: Mutex::new(network),
            trace: traced.then(Mutex::default),
        })
    }

    fn agenda(&self) -> MutexGuard<'_, Agenda> {
        self.agenda.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The network and the cluster behind it. A leaf: nothing is called back while it is held.
    pub(crate) fn network(&self) -> MutexGuard<'_, Network> {
        self.network.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn time(&self) -> Duration {
        self.agenda().time
    }

    pub(crate) fn now(&self) -> Now {
        self.at(self.time())
    }

    fn at(&self, time: Duration) -> Now {
        let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        Now { mono: self.start + time, wall_ms: START_WALL_MS.saturating_add(millis) }
    }

    /// How far after the start of time a moment lies.
    pub(crate) fn since_start(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.start)
    }

    /// Draws from the run's generator.
    pub(crate) fn random<R>(&self, draw: impl FnOnce(&mut fastrand::Rng) -> R) -> R {
        draw(&mut self.agenda().random)
    }

    /// Adds a line to the trace, if there is one.
    pub(crate) fn note(&self, line: impl FnOnce() -> String) {
        if let Some(trace) = &self.trace {
            let line = format!("{:>12.6} {}", self.time().as_secs_f64(), line());
            trace.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }

    /// The trace so far.
    pub(crate) fn trace(&self) -> Vec<String> {
        self.trace.as_ref().map_or_else(Vec::new, |trace| trace.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// Puts something on the agenda, at a moment that is never before the present.
    pub(crate) fn schedule(&self, at: Duration, happening: Happening) {
        let mut agenda = self.agenda();
        let at = at.max(agenda.time);
        agenda.count += 1;
        let key = (at, agenda.count);
        agenda.entries.insert(key, happening);
    }

    pub(crate) fn schedule_in(&self, pause: Duration, happening: Happening) {
        let at = self.time() + pause;
        self.schedule(at, happening);
    }

    /// Takes the next happening off the agenda and moves time to it, unless it lies after `end`.
    pub(crate) fn next(&self, end: Duration) -> Option<Happening> {
        let mut agenda = self.agenda();
        let entry = agenda.entries.first_entry()?;
        let (at, _) = *entry.key();
        if at > end {
            return None;
        }
        let happening = entry.remove();
        agenda.time = at;
        Some(happening)
    }

    /// Empties the agenda at the end of a run, so that nothing keeps anything else alive.
    pub(crate) fn clear(&self) {
        let entries = std::mem::take(&mut self.agenda().entries);
        drop(entries);
    }
}
