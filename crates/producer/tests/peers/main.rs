//! The partitions that other clients choose for ten thousand keys against those that our producer sends them to.
//! `cargo xtask test` finds the programs and says in the environment where they are; docs/testing.md tells more.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::disallowed_methods, reason = "an application runs on tokio, whatever the producer does")]

mod go;
mod java;
mod keys;
