//! ottla's machines and handles joined to the mock cluster under virtual time: one seed, one run, always the same.
//!
//! [`run`] builds a world from a [`Scenario`] and a seed: hosts whose [`Io`](ottla_core::io::Io) runs on an agenda, wires that are slow and
//! break, a mock cluster whose leaders move. The real `Producer` and `Consumer` work in it through faults until all is done,
//! and the history is judged against the cluster's own log. A [`Report`] of a run that failed prints the command that replays it.

mod world;
mod network;
mod host;
mod executor;
mod scenario;
mod workload;
mod history;
mod checks;
mod run;

pub use run::{Report, run, run_traced};
pub use scenario::Scenario;
