//! The state behind one lock, and who is woken when something comes out of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use ottla_types::BrokerId;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep};

use crate::{ClusterState, ConnectionId, Output};

/// Requests of a connection that may wait for the one before them; above that nothing is read.
const BACKLOG: usize = 64;

/// What all tasks of a cluster share.
#[derive(Debug)]
pub(super) struct Shared {
    started: Instant,
    inner: Mutex<Inner>,
    /// Whether each broker listens; false for good once the cluster is shut down.
    up: BTreeMap<BrokerId, watch::Sender<bool>>,
}

/// What the lock guards.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) state: ClusterState,
    outboxes: BTreeMap<ConnectionId, Outbox>,
    /// Connections that read nothing until fewer of their requests wait.
    stalled: BTreeSet<ConnectionId>,
    timer: Option<Waker>,
    /// For when the timer is set.
    armed: Option<Duration>,
    shut_down: bool,
}

/// What a connection's task has to write.
#[derive(Debug, Default)]
struct Outbox {
    chunks: VecDeque<Bytes>,
    closed: bool,
    waker: Option<Waker>,
}

/// What a connection's task is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It may read on.
    Open,
    /// It is not to read before fewer of its requests wait.
    Full,
    /// It ends when everything is written.
    Closed,
}

impl Shared {
    pub(super) fn new(state: ClusterState, up: BTreeMap<BrokerId, watch::Sender<bool>>) -> Arc<Self> {
        let inner = Inner {
            state,
            outboxes: BTreeMap::new(),
            stalled: BTreeSet::new(),
            timer: None,
            armed: None,
            shut_down: false,
        };
        Arc::new(Self { started: Instant::now(), inner: Mutex::new(inner), up })
    }

    fn now(&self) -> Duration {
        Instant::now().saturating_duration_since(self.started)
    }

    /// Locks the state and brings it to the present.
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.state.advance(self.now());
        inner
    }

    /// Hands out what came out of the state, unlocks, and wakes who has something to do.
    pub(super) fn release(&self, mut inner: MutexGuard<'_, Inner>) {
        let wakers = inner.distribute(None);
        // Under the lock, so that the last one told is the last state.
        for (id, sender) in &self.up {
            let up = inner.state.is_broker_up(*id) && !inner.shut_down;
            sender.send_if_modified(|known| std::mem::replace(known, up) != up);
        }
        drop(inner);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Whether a broker listens, and changes of that.
    pub(super) fn watch(&self, broker: BrokerId) -> Option<watch::Receiver<bool>> {
        self.up.get(&broker).map(watch::Sender::subscribe)
    }

    pub(super) fn is_shut_down(&self) -> bool {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).shut_down
    }

    /// Opens a connection; none where nobody listens.
    pub(super) fn connect(&self, broker: BrokerId) -> Option<ConnectionId> {
        let mut inner = self.lock();
        let id = if inner.shut_down { None } else { inner.state.connect(broker) };
        if let Some(id) = id {
            inner.outboxes.insert(id, Outbox::default());
        }
        self.release(inner);
        id
    }

    /// Hands requests in, takes what is to be written, and tells whether to read on. The task is woken when any of that
    /// changes.
    pub(super) fn exchange(
        &self,
        id: ConnectionId,
        requests: &mut Vec<Bytes>,
        out: &mut VecDeque<Bytes>,
        waker: &Waker,
    ) -> Told {
        let now = self.now();
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        for request in requests.drain(..) {
            inner.state.handle(now, id, request);
        }
        let wakers = inner.distribute(Some(id));
        let full = inner.state.backlog(id) > BACKLOG;
        if full {
            inner.stalled.insert(id);
        }
        let told = match inner.outboxes.get_mut(&id) {
            None => Told::Closed,
            Some(outbox) => {
                out.append(&mut outbox.chunks);
                if !outbox.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
                    outbox.waker = Some(waker.clone());
                }
                match (outbox.closed, full) {
                    (true, _) => Told::Closed,
                    (false, true) => Told::Full,
                    (false, false) => Told::Open,
                }
            }
        };
        drop(inner);
        wakers.into_iter().for_each(Waker::wake);
        told
    }

    /// The connection's task is over.
    pub(super) fn disconnect(&self, id: ConnectionId) {
        let mut inner = self.lock();
        inner.state.disconnect(id);
        inner.outboxes.remove(&id);
        inner.stalled.remove(&id);
        self.release(inner);
    }

    /// Ends every connection, listener and the timer.
    pub(super) fn shut_down(&self) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.shut_down = true;
        let mut wakers: Vec<Waker> = inner.timer.take().into_iter().collect();
        for outbox in inner.outboxes.values_mut() {
            outbox.closed = true;
            outbox.chunks.clear();
            wakers.extend(outbox.waker.take());
        }
        drop(inner);
        for up in self.up.values() {
            up.send_replace(false);
        }
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Inner {
    /// Moves outputs to the outboxes of their connections. `present` is looked at by its own task, which needs no waking.
    fn distribute(&mut self, present: Option<ConnectionId>) -> Vec<Waker> {
        let mut wakers = Vec::new();
        while let Some(output) = self.state.poll_output() {
            let (id, frames) = match output {
                Output::Response { connection, frames } => (connection, Some(frames)),
                Output::Close { connection } => (connection, None),
            };
            let Some(outbox) = self.outboxes.get_mut(&id) else { continue };
            match frames {
                Some(frames) => outbox.chunks.extend(frames),
                None => outbox.closed = true,
            }
            if Some(id) != present {
                wakers.extend(outbox.waker.take());
            }
        }
        let Self { state, outboxes, stalled, .. } = self;
        stalled.retain(|id| {
            let full = state.backlog(*id) > BACKLOG;
            if !full && let Some(outbox) = outboxes.get_mut(id) {
                wakers.extend(outbox.waker.take());
            }
            full
        });
        let due = self.state.poll_timeout();
        // A timer that goes off too early looks again by itself.
        if due.is_some_and(|due| self.armed.is_none_or(|armed| due < armed)) {
            wakers.extend(self.timer.take());
        }
        wakers
    }
}

/// Lets the state's time go on when something is due.
pub(super) fn spawn_timer(shared: &Arc<Shared>) {
    tokio::spawn(Timer { shared: Arc::downgrade(shared), sleep: None });
}

struct Timer {
    shared: Weak<Shared>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let Some(shared) = self.shared.upgrade() else { return Poll::Ready(()) };
            let mut inner = shared.lock();
            if inner.shut_down {
                return Poll::Ready(());
            }
            let due = inner.state.poll_timeout();
            inner.armed = due;
            inner.timer = Some(context.waker().clone());
            shared.release(inner);
            let Some(due) = due else {
                self.sleep = None;
                return Poll::Pending;
            };
            let at = shared.started + due;
            match &mut self.sleep {
                Some(sleep) if sleep.deadline() == at => {}
                Some(sleep) => sleep.as_mut().reset(at),
                none => *none = Some(Box::pin(tokio::time::sleep_until(at))),
            }
            let waited = self.sleep.as_mut().map(|sleep| sleep.as_mut().poll(context));
            if waited != Some(Poll::Ready(())) {
                return Poll::Pending;
            }
            self.sleep = None;
        }
    }
}
