//! The mutex around one machine, and the one function that drains it: lock, feed, drain, queue, unlock, perform.
//!
//! Invariants:
//! 1. Nothing else in ottla locks a machine, and no thread ever holds two objects' locks.
//! 2. Under the lock run only the machine and [`Io`]'s `queue`, `cancel` and `arm`, which take leaf locks: no waker, no `Drop`
//!    of foreign values, no user code, no system call.
//! 3. Requests enter their outbox under the lock, so that queue order is decision order; everything else that a machine
//!    puts out is performed after the lock is released.
//! 4. A panic inside a machine poisons its lock: the object is fatal from then on and says so to every caller.

use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, Weak};
use std::time::Instant;

use ottla_types::BrokerId;

use crate::clock::Now;
use crate::error::{Error, ErrorKind};
use crate::io::{Demand, Io, Owner, OwnerId};
use crate::lane::Lane;
use crate::machine::{Effect, Input, Machine, Work};

/// One machine, shared by handles, connections and timers.
pub struct Object<M: Machine> {
    state: Mutex<State<M>>,
    io: Arc<dyn Io>,
    id: OwnerId,
    me: Weak<Self>,
}

struct State<M> {
    machine: M,
    /// The time that `Io` was last asked for. A timer that comes early is asked for again, so that moving a deadline back,
    /// which happens once per batch, costs nothing.
    armed: Option<Instant>,
}

/// What is left to do once the lock is released.
struct Effects<M: Machine> {
    flushes: Vec<(BrokerId, Lane)>,
    demands: Vec<Demand>,
    jobs: Vec<M::Job>,
    events: Vec<M::Event>,
    yields: bool,
}

impl<M: Machine> Effects<M> {
    fn new() -> Self {
        Self { flushes: Vec::new(), demands: Vec::new(), jobs: Vec::new(), events: Vec::new(), yields: false }
    }

    fn is_empty(&self) -> bool {
        self.flushes.is_empty()
            && self.demands.is_empty()
            && self.jobs.is_empty()
            && self.events.is_empty()
            && !self.yields
    }
}

impl<M: Machine> Object<M> {
    /// Puts a machine to work on an `Io`.
    pub fn new(io: Arc<dyn Io>, machine: M) -> Arc<Self> {
        Arc::new_cyclic(|me: &Weak<Self>| {
            let owner: Weak<dyn Owner> = Weak::<Self>::clone(me);
            let id = io.register(owner);
            Self { state: Mutex::new(State { machine, armed: None }), io, id, me: Weak::clone(me) }
        })
    }

    /// What the object runs on.
    pub fn io(&self) -> &Arc<dyn Io> {
        &self.io
    }

    /// The object's name.
    pub fn id(&self) -> OwnerId {
        self.id
    }

    /// Calls the machine from the application, at a time at most a millisecond old.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] when an earlier call panicked inside the machine.
    pub fn with<R>(&self, call: impl FnOnce(&mut M, Now) -> R) -> Result<R, Error> {
        self.enter(self.io.coarse_now(), call)
    }

    /// As [`with`](Self::with), at the exact time.
    ///
    /// # Errors
    /// As [`with`](Self::with).
    pub fn with_exact<R>(&self, call: impl FnOnce(&mut M, Now) -> R) -> Result<R, Error> {
        self.enter(self.io.now(), call)
    }

    /// Looks at the machine without draining it: for snapshots and gauges.
    ///
    /// # Errors
    /// As [`with`](Self::with).
    pub fn look<R>(&self, look: impl FnOnce(&M) -> R) -> Result<R, Error> {
        self.state.lock().map(|state| look(&state.machine)).map_err(|_| poisoned())
    }

    fn enter<R>(&self, now: Now, call: impl FnOnce(&mut M, Now) -> R) -> Result<R, Error> {
        let mut effects = Effects::new();
        let result = {
            let mut state = self.state.lock().map_err(|_| poisoned())?;
            let result = call(&mut state.machine, now);
            self.drain(&mut state, now, &mut effects);
            result
        };
        if !effects.is_empty() {
            self.perform(effects);
        }
        Ok(result)
    }

    fn drain(&self, state: &mut State<M>, now: Now, effects: &mut Effects<M>) {
        let machine = &mut state.machine;
        while let Some(outbound) = machine.poll_request(now) {
            let connection = (outbound.broker, outbound.lane);
            if !effects.flushes.contains(&connection) {
                effects.flushes.push(connection);
            }
            self.io.queue(self.id, outbound);
        }
        while let Some(id) = machine.poll_cancel() {
            self.io.cancel(self.id, id);
        }
        while let Some(demand) = machine.poll_demand() {
            effects.demands.push(demand);
        }
        while let Some(job) = machine.poll_job() {
            effects.jobs.push(job);
        }
        while let Some(event) = machine.poll_event() {
            effects.events.push(event);
        }
        effects.yields |= machine.poll_yield();
        if let Some(at) = machine.poll_timeout()
            && state.armed.is_none_or(|armed| at < armed)
        {
            state.armed = Some(at);
            self.io.arm(self.id, at);
        }
    }

    /// Runs without the lock. Jobs that are done where they stand lead to further rounds here rather than to deeper calls.
    fn perform(&self, mut effects: Effects<M>) {
        loop {
            for (broker, lane) in effects.flushes.drain(..) {
                self.io.flush(broker, lane);
            }
            for event in effects.events.drain(..) {
                event.apply();
            }
            for demand in effects.demands.drain(..) {
                self.io.demand(self.id, demand);
            }
            if std::mem::take(&mut effects.yields) {
                self.io.yield_then(self.id);
            }
            let mut next = Effects::new();
            for mut job in effects.jobs.drain(..) {
                if self.io.runs_inline(job.cost()) {
                    job.run();
                    let now = self.io.now();
                    let Ok(mut state) = self.state.lock() else { return };
                    state.machine.handle(now, Input::Job(job));
                    self.drain(&mut state, now, &mut next);
                } else {
                    let me = Weak::clone(&self.me);
                    self.io.spawn(Box::new(move || {
                        job.run();
                        if let Some(object) = me.upgrade() {
                            object.feed(Input::Job(job));
                        }
                    }));
                }
            }
            if next.is_empty() {
                return;
            }
            effects = next;
        }
    }

    fn feed(&self, input: Input<M::Job>) {
        let timeout = matches!(input, Input::Timeout);
        let now = self.io.now();
        let mut effects = Effects::new();
        {
            let Ok(mut state) = self.state.lock() else { return };
            if timeout {
                state.armed = None;
            }
            state.machine.handle(now, input);
            self.drain(&mut state, now, &mut effects);
        }
        self.perform(effects);
    }
}

impl<M: Machine> Owner for Object<M> {
    fn input(&self, input: Input<Infallible>) {
        self.feed(input.with_job());
    }
}

impl<M: Machine> Drop for Object<M> {
    fn drop(&mut self) {
        self.io.unregister(self.id);
    }
}

impl<M: Machine> fmt::Debug for Object<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object").field("id", &self.id).finish_non_exhaustive()
    }
}

fn poisoned() -> Error {
    Error::new(ErrorKind::Internal, "an earlier call failed inside ottla; this object can no longer be used")
}

#[cfg(test)]
mod tests;
