//! Objects by name, and those that fail.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use ottla_core::io::Owner;
use ottla_core::machine::Input;

use super::Owners;

struct Counts(AtomicU32);

impl Owner for Counts {
    fn input(&self, _: Input<Infallible>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

struct Fails;

impl Owner for Fails {
    fn input(&self, _: Input<Infallible>) {
        panic!("on purpose");
    }
}

#[test]
fn an_object_that_fails_does_not_keep_others_from_their_inputs() {
    let owners = Owners::default();
    let (fails, counts): (Arc<dyn Owner>, _) = (Arc::new(Fails), Arc::new(Counts(AtomicU32::new(0))));
    let counted: Arc<dyn Owner> = Arc::<Counts>::clone(&counts);
    let failing = owners.register(Arc::downgrade(&fails));
    let counting = owners.register(Arc::downgrade(&counted));
    owners.input(failing, Input::Timeout);
    owners.input(counting, Input::Timeout);
    owners.input_all(|| Input::Timeout);
    assert_eq!(counts.0.load(Ordering::Relaxed), 2);
}

#[test]
fn an_object_that_is_gone_or_unregistered_gets_nothing() {
    let owners = Owners::default();
    let counts = Arc::new(Counts(AtomicU32::new(0)));
    let counted: Arc<dyn Owner> = Arc::<Counts>::clone(&counts);
    let id = owners.register(Arc::downgrade(&counted));
    owners.unregister(id);
    owners.input(id, Input::Timeout);
    let gone: Weak<dyn Owner> = Weak::<Counts>::new();
    owners.input(owners.register(gone), Input::Timeout);
    assert_eq!(counts.0.load(Ordering::Relaxed), 0);
}
