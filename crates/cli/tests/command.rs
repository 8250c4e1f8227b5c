//! The `ottla` command as scripts see it: bytes in and out, exit statuses, messages, and an end in bounded time.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

#[path = "command/bench.rs"]
mod bench;
#[path = "command/dump.rs"]
mod dump;
#[path = "command/failures.rs"]
mod failures;
#[path = "command/offsets.rs"]
mod offsets;
#[path = "command/protocol.rs"]
mod protocol;
#[path = "command/round_trip.rs"]
mod round_trip;
#[path = "command/run.rs"]
mod run;
#[path = "command/servers.rs"]
mod servers;
#[path = "command/signals.rs"]
mod signals;
#[path = "command/support.rs"]
mod support;
#[path = "command/topics.rs"]
mod topics;
