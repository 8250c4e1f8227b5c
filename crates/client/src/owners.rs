//! The objects that use this client, by name.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
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

    /// Feeds one input to one object, if it is still there.
    pub(crate) fn input(&self, id: OwnerId, input: Input<Infallible>) {
        let owner = self.lock().owners.get(&id).and_then(Weak::upgrade);
        if let Some(owner) = owner {
            owner.input(input);
        }
    }

    /// Feeds an input of the same kind to every object.
    pub(crate) fn input_all(&self, mut input: impl FnMut() -> Input<Infallible>) {
        let owners: Vec<Arc<dyn Owner>> = self.lock().owners.values().filter_map(Weak::upgrade).collect();
        for owner in owners {
            owner.input(input());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Owners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owners").field("count", &self.lock().owners.len()).finish()
    }
}
