//! Bugs that a run of the simulation can switch on, to prove that its checks find them.
//!
//! Without the feature `planted`, which nothing but the simulation's own tests turns on, the question is the constant `false`.

#[cfg(feature = "planted")]
use std::cell::Cell;

/// A bug, named by what goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Planted {
    /// A task that waits for an acknowledgement is sometimes not woken.
    SwallowedWake,
    /// A batch whose connection ended before its answer is given up as if it had not been sent.
    NoRetryAfterDisconnect,
    /// A batch that is retried takes a new sequence in place of its own.
    NewSequenceOnRetry,
}

#[cfg(feature = "planted")]
thread_local! {
    static ACTIVE: Cell<Option<Planted>> = const { Cell::new(None) };
}

/// Switches one bug on for this thread, or all off.
#[cfg(feature = "planted")]
pub fn plant(bug: Option<Planted>) {
    ACTIVE.set(bug);
}

/// Whether this bug is to show.
#[cfg(feature = "planted")]
pub fn planted(bug: Planted) -> bool {
    ACTIVE.get() == Some(bug)
}

/// Whether this bug is to show.
#[cfg(not(feature = "planted"))]
#[inline(always)]
pub const fn planted(_bug: Planted) -> bool {
    false
}
