//! Benchmarks of ottla: see README.md beside this file. Here are the workloads that more than one of them uses.

pub mod messages;
pub mod values;
pub mod workloads;
