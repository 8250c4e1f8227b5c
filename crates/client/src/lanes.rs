//! All connections of the client by broker and lane: which are ready, who wants them, and how often they failed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ottla_core::io::OwnerId;
use ottla_core::lane::{Lane, Link, LinkState};
use ottla_core::versions::Versions;
use ottla_types::BrokerId;
use tokio::sync::Notify;

use crate::outbox::Outbox;

#[derive(Default)]
pub(crate) struct Lanes {
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    lanes: BTreeMap<(BrokerId, Lane), Entry>,
    /// The last epoch that was given out. Of all lanes together, so that a lane which is forgotten and asked for again
    /// never meets what its former connection has left behind.
    epoch: u64,
}

/// `Idle` → `Connecting` → `Ready` → `Idle`, or `Connecting` → `Idle`.
enum Phase {
    Idle,
    Connecting,
    Ready { outbox: Arc<Outbox>, versions: Arc<Versions> },
}

struct Entry {
    phase: Phase,
    /// Of the present attempt or connection, or of the last one.
    epoch: u64,
    /// Attempts that failed in a row, and connections that ended as soon as they were ready.
    failures: u32,
    interested: BTreeSet<OwnerId>,
    /// Ends the present attempt or connection.
    end: Arc<Notify>,
}

/// What asking for a connection came to.
pub(crate) enum Asked {
    /// It is ready.
    Ready(Link),
    /// It is being made.
    Waiting,
    /// The caller is to make it.
    Start(Attempt),
}

/// An attempt to connect that is to be made.
pub(crate) struct Attempt {
    pub(crate) broker: BrokerId,
    pub(crate) lane: Lane,
    pub(crate) epoch: u64,
    pub(crate) failures: u32,
    pub(crate) end: Arc<Notify>,
}

impl Lanes {
    /// Notes that an object wants a connection.
    pub(crate) fn ask(&self, owner: OwnerId, broker: BrokerId, lane: Lane) -> Asked {
        let mut entries = self.lock();
        let Entries { lanes, epoch: last_epoch } = &mut *entries;
        let entry = lanes.entry((broker, lane)).or_insert_with(|| Entry {
            phase: Phase::Idle,
            epoch: 0,
            failures: 0,
            interested: BTreeSet::new(),
            end: Arc::default(),
        });
        entry.interested.insert(owner);
        match &entry.phase {
            Phase::Ready { versions, .. } => {
                let state = LinkState::Ready(Arc::clone(versions));
                Asked::Ready(Link { broker, lane, epoch: entry.epoch, state })
            }
            Phase::Connecting => Asked::Waiting,
            Phase::Idle => {
                entry.phase = Phase::Connecting;
                *last_epoch += 1;
                entry.epoch = *last_epoch;
                entry.end = Arc::default();
                let (epoch, failures, end) = (entry.epoch, entry.failures, Arc::clone(&entry.end));
                Asked::Start(Attempt { broker, lane, epoch, failures, end })
            }
        }
    }

    /// Makes a connection available. Gives those who asked for it.
    pub(crate) fn on_ready(&self, attempt: &Attempt, outbox: Arc<Outbox>, versions: Arc<Versions>) -> Vec<OwnerId> {
        let mut entries = self.lock();
        let Some(entry) = entries.of(attempt) else { return Vec::new() };
        entry.phase = Phase::Ready { outbox, versions };
        entry.interested.iter().copied().collect()
    }

    /// Takes away a connection or an attempt that has ended. Gives those who asked for it.
    pub(crate) fn on_down(&self, attempt: &Attempt, counts_as_failure: bool) -> Vec<OwnerId> {
        let mut entries = self.lock();
        let Some(entry) = entries.of(attempt) else { return Vec::new() };
        let was = std::mem::replace(&mut entry.phase, Phase::Idle);
        entry.failures = if counts_as_failure { entry.failures.saturating_add(1) } else { 0 };
        let told = std::mem::take(&mut entry.interested);
        drop(entries);
        drop(was);
        told.into_iter().collect()
    }

    /// The outbox of the connection that is ready.
    pub(crate) fn outbox(&self, broker: BrokerId, lane: Lane) -> Option<Arc<Outbox>> {
        match &self.lock().lanes.get(&(broker, lane))?.phase {
            Phase::Ready { outbox, .. } => Some(Arc::clone(outbox)),
            Phase::Idle | Phase::Connecting => None,
        }
    }

    /// All connections that are ready.
    pub(crate) fn outboxes(&self) -> Vec<Arc<Outbox>> {
        let entries = self.lock();
        let ready = entries.lanes.values().filter_map(|entry| match &entry.phase {
            Phase::Ready { outbox, .. } => Some(Arc::clone(outbox)),
            Phase::Idle | Phase::Connecting => None,
        });
        ready.collect()
    }

    /// Forgets an object, and ends the connections that nobody else asked for. Who asks from now on gets a new one: the
    /// old one's task may take a while to end, and takes with it what was queued on it.
    pub(crate) fn forget(&self, owner: OwnerId) {
        let mut ended = Vec::new();
        {
            let mut entries = self.lock();
            entries.lanes.retain(|_, entry| {
                if !entry.interested.remove(&owner) || !entry.interested.is_empty() {
                    return true;
                }
                ended.push((Arc::clone(&entry.end), std::mem::replace(&mut entry.phase, Phase::Idle)));
                false
            });
        }
        for (end, _) in ended {
            end.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    /// The entry of an attempt, unless its lane was forgotten since.
    fn of(&mut self, attempt: &Attempt) -> Option<&mut Entry> {
        self.lanes.get_mut(&(attempt.broker, attempt.lane)).filter(|entry| entry.epoch == attempt.epoch)
    }
}
