//! Growing pauses between attempts, with jitter so that many clients do not return at once.

use std::time::Duration;

/// How pauses grow (`retry.backoff.ms` and `retry.backoff.max.ms`, KIP-580).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackoffPolicy {
    /// The first pause.
    pub initial: Duration,
    /// The longest pause.
    pub max: Duration,
}

impl Default for BackoffPolicy {
    fn default() -> Self {
        Self { initial: Duration::from_millis(100), max: Duration::from_secs(1) }
    }
}

impl BackoffPolicy {
    /// The pause after `failures` failures in a row (at least one): doubling, up to 20 % more or less at random, never above `max`.
    pub fn pause(&self, failures: u32, random: &mut fastrand::Rng) -> Duration {
        let doublings = failures.saturating_sub(1).min(20);
        let base = self.initial.saturating_mul(1 << doublings).min(self.max);
        let factor = 0.8 + 0.4 * random.f64();
        base.mul_f64(factor).min(self.max)
    }
}

#[cfg(test)]
mod tests;
