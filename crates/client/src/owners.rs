//! The objects that use this client, by name.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use ottla_core::io::{Owner, OwnerId};
use ottla_core::machine::Input;

#[derive(Default)]
pub(crate) struct Owners {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: u64,
    owners: BTreeMap<OwnerId, Weak<dyn Owner>>,
}

impl Owners {
    pub(crate) fn register(&self, owner: Weak<dyn Owner>) -> OwnerId {
        let mut state = self.lock();
        state.last += 1;
        let id = OwnerId(state.last);
        state.owners.insert(id, owner);
        id
    }

    pub(crate) fn unregister(&self, id: OwnerId) {
        let gone = self.lock().owners.remove(&id);
        drop(gone);
    }

    /// Feeds one input to one object, if it is still there. A panic in it is that object's own: it ends no connection
    /// and no other object's timers.
    pub(crate) fn input(&self, id: OwnerId, input: Input<Infallible>) {
        let owner = self.lock().owners.get(&id).and_then(Weak::upgrade);
        if let Some(owner) = owner {
            feed(owner, input);
        }
    }

    /// Feeds an input of the same kind to every object.
    pub(crate) fn input_all(&self, mut input: impl FnMut() -> Input<Infallible>) {
        let owners: Vec<Arc<dyn Owner>> = self.lock().owners.values().filter_map(Weak::upgrade).collect();
        for owner in owners {
            feed(owner, input());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn feed(owner: Arc<dyn Owner>, input: Input<Infallible>) {
    let fed = catch_unwind(AssertUnwindSafe(move || owner.input(input)));
    if fed.is_err() {
        tracing::error!("an object failed inside ottla; it can no longer be used");
    }
}

impl fmt::Debug for Owners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owners").field("count", &self.lock().owners.len()).finish()
    }
}

#[cfg(test)]
mod tests;
