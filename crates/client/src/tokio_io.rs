//! [`Io`] on tokio: where what machines ask for meets sockets, timers and threads.
//!
//! Two layers: [`Shared`] does everything but knowing the cluster, and is what the metadata machine's own object runs on;
//! [`TokioIo`] adds that object, and is what all others run on. The last of them that goes ends the background tasks.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use ottla_core::backoff::BackoffPolicy;
use ottla_core::clock::Now;
use ottla_core::cluster::Cluster;
use ottla_core::error::{Error, ErrorKind};
use ottla_core::io::{Demand, Io, Owner, OwnerId};
use ottla_core::lane::Lane;
use ottla_core::machine::{Delivery, Input, Outbound, RequestId, SendError};
use ottla_core::metadata::{MetadataMachine, Publish};
use ottla_core::object::Object;
use ottla_types::BrokerId;
use tokio::runtime::Handle;

use crate::clock::Clock;
use crate::config::ClientConfig;
use crate::connection;
use crate::jobs;
use crate::lanes::{Asked, Lanes};
use crate::owners::Owners;
use crate::publication::Publication;
use crate::read_buffer::Pool;
use crate::shutdown::Shutdown;
use crate::timers::Timers;
use crate::transport::Connector;

/// Everything that objects and tasks share.
pub(crate) struct Shared {
    pub(crate) config: ClientConfig,
    pub(crate) client_id: Arc<str>,
    pub(crate) connector: Option<Arc<dyn Connector>>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) owners: Owners,
    pub(crate) lanes: Lanes,
    pub(crate) pool: Arc<Pool>,
    pub(crate) shutdown: Shutdown,
    timers: Timers,
    publication: Publication,
    runtime: Handle,
    /// Requests that came for a connection that was gone, or were withdrawn. The timer's task answers them, as no object
    /// may be called while another's lock is held.
    rejected: Mutex<VecDeque<Rejected>>,
    random: Mutex<fastrand::Rng>,
    reconnect: BackoffPolicy,
    me: Weak<Shared>,
}

struct Rejected {
    owner: OwnerId,
    id: RequestId,
    error: Error,
}

impl Shared {
    pub(crate) fn new(
        runtime: Handle,
        config: ClientConfig,
        connector: Option<Arc<dyn Connector>>,
        cluster: Cluster,
    ) -> Arc<Self> {
        let shared = Arc::new_cyclic(|me| Self {
            client_id: Arc::from(config.client_id.as_str()),
            connector,
            clock: Clock::new(runtime.clone()),
            owners: Owners::default(),
            lanes: Lanes::default(),
            pool: Arc::default(),
            shutdown: Shutdown::new(),
            timers: Timers::default(),
            publication: Publication::new(Arc::new(cluster)),
            runtime: runtime.clone(),
            rejected: Mutex::default(),
            random: Mutex::new(fastrand::Rng::new()),
            reconnect: config.reconnect_policy(),
            config,
            me: Weak::clone(me),
        });
        let alive = shared.shutdown.task();
        let served = Arc::clone(&shared);
        runtime.spawn(async move {
            let _alive = alive;
            let end = RuntimeEnd(&served);
            served.serve_timers().await;
            drop(end);
        });
        shared
    }

    /// The one task that waits for time.
    async fn serve_timers(&self) {
        let mut closing = std::pin::pin!(self.shutdown.closing());
        loop {
            self.deliver_rejected();
            let (due, next) = self.timers.take_due(self.clock.now().mono);
            if !due.is_empty() {
                for owner in due {
                    self.owners.input(owner, Input::Timeout);
                }
                // Objects whose time is always up must not keep other tasks from running.
                tokio::task::yield_now().await;
                continue;
            }
            let sleep = async {
                match next {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = &mut closing => return,
                () = self.timers.kicked() => {}
                () = sleep => {}
            }
        }
    }

    /// Host and port of a broker.
    pub(crate) fn address(&self, broker: BrokerId) -> Result<(Arc<str>, u16), Error> {
        match self.publication.current().broker(broker) {
            Some(known) => Ok((Arc::clone(&known.host), known.port)),
            None => Err(Error::new(ErrorKind::Transport, format!("broker {broker} is not known in the cluster"))),
        }
    }

    pub(crate) fn reconnect_pause(&self, failures: u32) -> Duration {
        if failures == 0 {
            return Duration::ZERO;
        }
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        self.reconnect.pause(failures, &mut random)
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    pub(crate) fn closed_error(&self) -> Error {
        let context =
            if self.shutdown.is_closing() { "the client was closed" } else { "the client's runtime has ended" };
        Error::new(ErrorKind::Closed, context)
    }

    /// Closes for good: tells every object and every task.
    pub(crate) fn close(&self) {
        if self.shutdown.close() {
            let error = self.closed_error();
            self.owners.input_all(|| Input::Closed(error.clone()));
        }
    }

    fn reject(&self, owner: OwnerId, id: RequestId, error: Error) {
        let rejected = Rejected { owner, id, error };
        self.rejected.lock().unwrap_or_else(PoisonError::into_inner).push_back(rejected);
        self.timers.kick();
    }

    /// Answers the requests that were never written.
    pub(crate) fn deliver_rejected(&self) {
        loop {
            let next = self.rejected.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some(Rejected { owner, id, error }) = next else { return };
            let lost = SendError { delivery: Delivery::NotSent, error };
            self.owners.input(owner, Input::Response(id, Err(lost)));
        }
    }

    pub(crate) fn tell_written(&self, written: Vec<(OwnerId, RequestId)>) {
        for (owner, id) in written {
            self.owners.input(owner, Input::Written(id));
        }
    }

    fn connect(&self, owner: OwnerId, broker: BrokerId, lane: Lane) {
        if self.shutdown.is_closing() {
            return self.owners.input(owner, Input::Closed(self.closed_error()));
        }
        match self.lanes.ask(owner, broker, lane) {
            Asked::Ready(link) => self.owners.input(owner, Input::Link(link)),
            Asked::Waiting => {}
            Asked::Start(attempt) => {
                if let Some(shared) = self.me.upgrade() {
                    let alive = self.shutdown.task();
                    self.runtime.spawn(connection::run(shared, attempt, alive));
                }
            }
        }
    }
}

/// Closes the client when the runtime drops the timer's task.
struct RuntimeEnd<'a>(&'a Shared);

impl Drop for RuntimeEnd<'_> {
    fn drop(&mut self) {
        self.0.close();
        self.0.deliver_rejected();
    }
}

impl Publish for Shared {
    fn publish(&self, cluster: Arc<Cluster>) {
        self.publication.publish(cluster, |cluster| {
            self.owners.input_all(|| Input::Cluster(Arc::clone(cluster)));
        });
    }
}

thread_local! {
    /// While a connection's task delivers on this thread: who wants its turn afterwards.
    static TURN: RefCell<Option<Vec<OwnerId>>> = const { RefCell::new(None) };
}

/// A connection's task is delivering on this thread.
pub(crate) struct Turn(());

impl Turn {
    pub(crate) fn begin() -> Self {
        TURN.set(Some(Vec::new()));
        Self(())
    }

    /// Who wants its turn after the tasks that were woken.
    pub(crate) fn end(self) -> Vec<OwnerId> {
        TURN.take().unwrap_or_default()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        TURN.set(None);
    }
}

impl Io for Shared {
    fn register(&self, owner: Weak<dyn Owner>) -> OwnerId {
        self.owners.register(owner)
    }

    fn unregister(&self, owner: OwnerId) {
        self.owners.unregister(owner);
        self.timers.disarm(owner);
        self.lanes.forget(owner);
    }

    fn now(&self) -> Now {
        self.clock.now()
    }

    fn coarse_now(&self) -> Now {
        self.clock.coarse()
    }

    fn cluster(&self) -> Arc<Cluster> {
        self.publication.current()
    }

    fn queue(&self, owner: OwnerId, outbound: Outbound) {
        let (broker, lane, id) = (outbound.broker, outbound.lane, outbound.id);
        let outbox = self.lanes.outbox(broker, lane).filter(|outbox| outbox.epoch() == outbound.epoch);
        let queued = outbox.is_some_and(|outbox| outbox.queue(owner, outbound, self.clock.now().mono));
        if !queued {
            let error = Error::new(ErrorKind::Transport, format!("the connection to broker {broker} has ended"));
            self.reject(owner, id, error);
        }
    }

    fn cancel(&self, owner: OwnerId, id: RequestId) {
        if self.lanes.outboxes().iter().any(|outbox| outbox.withdraw(owner, id)) {
            self.reject(owner, id, Error::new(ErrorKind::Closed, "the request was withdrawn"));
        }
    }

    fn arm(&self, owner: OwnerId, at: Instant) {
        self.timers.arm(owner, at);
    }

    fn flush(&self, broker: BrokerId, lane: Lane) {
        if let Some(outbox) = self.lanes.outbox(broker, lane) {
            self.tell_written(outbox.flush());
        }
    }

    fn demand(&self, owner: OwnerId, demand: Demand) {
        if let Demand::Connect { broker, lane } = demand {
            self.connect(owner, broker, lane);
        }
    }

    fn runs_inline(&self, cost: usize) -> bool {
        jobs::runs_inline(cost)
    }

    fn spawn(&self, work: Box<dyn FnOnce() + Send>) {
        jobs::spawn(&self.runtime, work);
    }

    fn yield_then(&self, owner: OwnerId) {
        let taken = TURN.with_borrow_mut(|turn| turn.as_mut().map(|owners| owners.push(owner)).is_some());
        if taken {
            return;
        }
        if let Some(shared) = self.me.upgrade() {
            self.runtime.spawn(async move {
                tokio::task::yield_now().await;
                shared.owners.input(owner, Input::Yielded);
            });
        }
    }

    fn client_id(&self) -> Arc<str> {
        Arc::clone(&self.client_id)
    }

    fn seed(&self) -> u64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).u64(..)
    }
}

/// What objects run on.
pub(crate) struct TokioIo {
    pub(crate) shared: Arc<Shared>,
    metadata: Arc<Object<MetadataMachine>>,
}

impl TokioIo {
    pub(crate) fn new(shared: Arc<Shared>, bootstrap: Vec<(Arc<str>, u16)>) -> Arc<Self> {
        let publisher: Arc<dyn Publish> = Arc::<Shared>::clone(&shared);
        let machine = MetadataMachine::new(
            shared.config.metadata(),
            bootstrap,
            Arc::clone(&shared.client_id),
            shared.seed(),
            publisher,
        );
        let io: Arc<dyn Io> = Arc::<Shared>::clone(&shared);
        Arc::new(Self { shared, metadata: Object::new(io, machine) })
    }
}

impl Drop for TokioIo {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl Io for TokioIo {
    fn register(&self, owner: Weak<dyn Owner>) -> OwnerId {
        self.shared.register(owner)
    }

    fn unregister(&self, owner: OwnerId) {
        self.shared.unregister(owner);
        // An error says that the machine is broken, which everybody else is told of as well.
        let _ = self.metadata.with_exact(|machine, _| machine.forget_owner(owner));
    }

    fn now(&self) -> Now {
        self.shared.now()
    }

    fn coarse_now(&self) -> Now {
        self.shared.coarse_now()
    }

    fn cluster(&self) -> Arc<Cluster> {
        self.shared.cluster()
    }

    fn queue(&self, owner: OwnerId, outbound: Outbound) {
        self.shared.queue(owner, outbound);
    }

    fn cancel(&self, owner: OwnerId, id: RequestId) {
        self.shared.cancel(owner, id);
    }

    fn arm(&self, owner: OwnerId, at: Instant) {
        self.shared.arm(owner, at);
    }

    fn flush(&self, broker: BrokerId, lane: Lane) {
        self.shared.flush(broker, lane);
    }

    fn demand(&self, owner: OwnerId, demand: Demand) {
        if self.shared.shutdown.is_closing() {
            return self.shared.owners.input(owner, Input::Closed(self.shared.closed_error()));
        }
        let demand = match demand {
            Demand::Connect { .. } => return self.shared.demand(owner, demand),
            Demand::Topic { topic, create } => {
                Demand::Topic { topic, create: create && self.shared.config.allow_auto_create_topics }
            }
            other => other,
        };
        match self.metadata.with_exact(|machine, now| machine.demand(now, owner, demand)) {
            Ok(true) => self.shared.owners.input(owner, Input::Cluster(self.cluster())),
            Ok(false) => {}
            Err(error) => self.shared.owners.input(owner, Input::Closed(error)),
        }
    }

    fn runs_inline(&self, cost: usize) -> bool {
        self.shared.runs_inline(cost)
    }

    fn spawn(&self, work: Box<dyn FnOnce() + Send>) {
        self.shared.spawn(work);
    }

    fn yield_then(&self, owner: OwnerId) {
        self.shared.yield_then(owner);
    }

    fn client_id(&self) -> Arc<str> {
        self.shared.client_id()
    }

    fn seed(&self) -> u64 {
        self.shared.seed()
    }
}
