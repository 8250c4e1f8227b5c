//! Where CPU work is done: small work where it stands, large work on the runtime's threads for blocking work.

use tokio::runtime::Handle;

/// Work over fewer bytes than this costs less than handing it over and waiting for the result to come back.
const INLINE: usize = 64 * 1024;

/// Whether work over this many bytes is done where it stands.
pub(crate) fn runs_inline(cost: usize) -> bool {
    cost <= INLINE
}

/// Does work elsewhere. When the runtime ends first, the work is dropped, and with it what waits for its result.
pub(crate) fn spawn(runtime: &Handle, work: Box<dyn FnOnce() + Send>) {
    runtime.spawn_blocking(work);
}
