//! Time as machines see it: two readings handed in, never read.

use std::time::{Duration, Instant};

/// One moment on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// For deadlines and durations.
    pub mono: Instant,
    /// Milliseconds since 1970-01-01 UTC: for record timestamps only, as it may jump.
    pub wall_ms: i64,
}

impl Now {
    /// The moment `duration` later on the monotonic clock; where that cannot be expressed, a day later.
    pub fn after(self, duration: Duration) -> Instant {
        self.mono.checked_add(duration).unwrap_or_else(|| self.mono + Duration::from_secs(86_400))
    }
}

/// The earlier of two deadlines, where none means never.
pub fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
