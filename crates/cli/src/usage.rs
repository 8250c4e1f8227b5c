//! What the process has used: CPU time and memory.

use std::time::Duration;

/// User and system time together, and the largest resident set so far in bytes. Nothing where the system does not tell.
#[cfg(unix)]
pub(crate) fn now() -> (Option<Duration>, Option<u64>) {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeVal;

    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return (None, None) };
    let time = |value: TimeVal| {
        #[allow(clippy::useless_conversion, reason = "Apple counts microseconds in 32 bits")]
        let micros = value.tv_sec().saturating_mul(1_000_000).saturating_add(i64::from(value.tv_usec()));
        Duration::from_micros(u64::try_from(micros).unwrap_or_default())
    };
    // Apple counts bytes, everybody else kibibytes.
    let unit = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
    let resident = u64::try_from(usage.max_rss()).ok().map(|units| units.saturating_mul(unit));
    (Some(time(usage.user_time()) + time(usage.system_time())), resident)
}

/// Nothing is known on this system.
#[cfg(not(unix))]
pub(crate) fn now() -> (Option<Duration>, Option<u64>) {
    (None, None)
}
