//! What ottla's clients decide, without doing any of it: machines and the contract beneath them, the view of the cluster,
//! versions, retry verdicts, errors and settings. No I/O, no clock, no tasks.
//!
//! Start at [`machine`] (inputs and outputs), then [`object`] (the one lock and the one drain), then [`io`] (what production
//! and simulation differ in).

pub mod clock;
pub mod machine;
pub mod object;
pub mod io;
pub mod lane;
pub mod cluster;
pub mod metadata;
pub mod coordinator;
pub mod versions;
pub mod connection;
pub mod handshake;
pub mod call;
pub mod retry;
pub mod backoff;
mod schedule;
pub mod slot;
pub mod error;
pub mod config;
pub mod properties;
pub mod planted;
