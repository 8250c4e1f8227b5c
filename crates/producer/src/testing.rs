//! What tests of several modules need.

use std::time::Instant;

/// A moment to count from.
#[allow(clippy::disallowed_methods, reason = "tests make up their times from a real moment, and never read it again")]
pub(crate) fn start() -> Instant {
    Instant::now()
}
