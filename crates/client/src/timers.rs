//! When which object wants to be told the time: one heap for all of them, served by one task.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use ottla_core::io::OwnerId;
use tokio::sync::Notify;

#[derive(Debug, Default)]
pub(crate) struct Timers {
    state: Mutex<State>,
    kick: Notify,
}

#[derive(Debug, Default)]
struct State {
    heap: BinaryHeap<Reverse<(Instant, OwnerId)>>,
    /// The one time that counts per object; what else is in the heap has been replaced.
    armed: BTreeMap<OwnerId, Instant>,
    /// The time that the task sleeps until.
    sleeps_until: Option<Instant>,
}

impl Timers {
    /// Sets an object's time in place of what it was.
    pub(crate) fn arm(&self, owner: OwnerId, at: Instant) {
        let earlier = {
            let mut state = self.lock();
            state.armed.insert(owner, at);
            state.heap.push(Reverse((at, owner)));
            state.sleeps_until.is_none_or(|until| at < until)
        };
        if earlier {
            self.kick.notify_one();
        }
    }

    /// Takes an object's time away.
    pub(crate) fn disarm(&self, owner: OwnerId) {
        self.lock().armed.remove(&owner);
    }

    /// The objects whose time has come, and when the next one's does. The task is taken to sleep until then.
    pub(crate) fn take_due(&self, now: Instant) -> (Vec<OwnerId>, Option<Instant>) {
        let mut due = Vec::new();
        let mut state = self.lock();
        while let Some(Reverse((at, owner))) = state.heap.peek().copied() {
            let counts = state.armed.get(&owner) == Some(&at);
            if counts && at > now {
                break;
            }
            state.heap.pop();
            if counts {
                state.armed.remove(&owner);
                due.push(owner);
            }
        }
        let next = state.heap.peek().map(|Reverse((at, _))| *at);
        state.sleeps_until = next;
        (due, next)
    }

    /// Wakes the task for something other than a time.
    pub(crate) fn kick(&self) {
        self.kick.notify_one();
    }

    /// Returns when something was armed that is earlier than what the task sleeps for, or it was kicked.
    pub(crate) async fn kicked(&self) {
        self.kick.notified().await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
