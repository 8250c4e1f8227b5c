//! The only place where time is read: exactly, or from a copy that is at most a millisecond old.
//!
//! Time is tokio's, so that a test that pauses tokio's clock pauses ottla. The wall clock follows: it is read once a second
//! at most and advances with the monotonic clock in between, and for as long as that one is paused.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ottla_core::clock::Now;
use tokio::runtime::Handle;

/// How often the copy is refreshed, and after how many refreshes without a reader that ends.
const TICK: Duration = Duration::from_millis(1);
const TICKS: u32 = 10;

/// A thread that never lets other tasks run refreshes the copy itself every so many calls.
const CALLS: u32 = 64;

const WALL_EVERY: u64 = 1_000_000_000;
/// A larger difference between tokio's clock and the real one says that tokio's is paused or was.
const SAME: Duration = Duration::from_millis(50);

thread_local! {
    static SINCE_EXACT: Cell<u32> = const { Cell::new(0) };
}

#[derive(Debug)]
pub(crate) struct Clock {
    base: Instant,
    runtime: Handle,
    /// The wall clock at `base`, as it was last found out.
    wall_base_ms: AtomicI64,
    /// When that was, in nanoseconds after `base`.
    wall_read_at: AtomicU64,
    /// The copy, in nanoseconds after `base`.
    coarse: AtomicU64,
    ticking: AtomicBool,
    used: AtomicBool,
}

impl Clock {
    /// A clock on tokio's time.
    pub(crate) fn new(runtime: Handle) -> Arc<Self> {
        let clock = Self {
            base: mono(),
            runtime,
            wall_base_ms: AtomicI64::new(wall_ms()),
            wall_read_at: AtomicU64::new(0),
            coarse: AtomicU64::new(0),
            ticking: AtomicBool::new(false),
            used: AtomicBool::new(false),
        };
        Arc::new(clock)
    }

    /// The exact time.
    pub(crate) fn now(&self) -> Now {
        let mono = mono();
        let nanos = self.nanos(mono);
        if nanos.saturating_sub(self.wall_read_at.load(Ordering::Relaxed)) >= WALL_EVERY {
            self.read_wall(mono, nanos);
        }
        self.at(mono, nanos)
    }

    /// The time, at most about a millisecond old.
    pub(crate) fn coarse(self: &Arc<Self>) -> Now {
        let calls = SINCE_EXACT.get();
        if !self.ticking.load(Ordering::Relaxed) || calls >= CALLS {
            SINCE_EXACT.set(0);
            let now = self.now();
            self.coarse.fetch_max(self.nanos(now.mono), Ordering::Relaxed);
            if !self.ticking.swap(true, Ordering::Relaxed) {
                self.tick();
            }
            return now;
        }
        SINCE_EXACT.set(calls + 1);
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
        let nanos = self.coarse.load(Ordering::Relaxed);
        self.at(self.base + Duration::from_nanos(nanos), nanos)
    }

    fn tick(self: &Arc<Self>) {
        let clock = Arc::clone(self);
        self.runtime.spawn(async move {
            let _stopped = Stopped(&clock);
            let mut unused = 0;
            while unused < TICKS {
                tokio::time::sleep(TICK).await;
                let nanos = clock.nanos(mono());
                clock.coarse.fetch_max(nanos, Ordering::Relaxed);
                unused = if clock.used.swap(false, Ordering::Relaxed) { 0 } else { unused + 1 };
            }
        });
    }

    fn at(&self, mono: Instant, nanos: u64) -> Now {
        let millis = i64::try_from(nanos / 1_000_000).unwrap_or(i64::MAX);
        Now { mono, wall_ms: self.wall_base_ms.load(Ordering::Relaxed).saturating_add(millis) }
    }

    fn nanos(&self, mono: Instant) -> u64 {
        u64::try_from(mono.saturating_duration_since(self.base).as_nanos()).unwrap_or(u64::MAX)
    }

    fn read_wall(&self, mono: Instant, nanos: u64) {
        self.wall_read_at.store(nanos, Ordering::Relaxed);
        let real = Instant::now();
        let apart = real.saturating_duration_since(mono).max(mono.saturating_duration_since(real));
        if apart < SAME {
            let millis = i64::try_from(nanos / 1_000_000).unwrap_or(i64::MAX);
            self.wall_base_ms.store(wall_ms().saturating_sub(millis), Ordering::Relaxed);
        }
    }
}

/// Says that the copy is no longer refreshed, also when the runtime ends the task.
struct Stopped<'a>(&'a Clock);

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        self.0.ticking.store(false, Ordering::Relaxed);
    }
}

fn mono() -> Instant {
    tokio::time::Instant::now().into_std()
}

fn wall_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
