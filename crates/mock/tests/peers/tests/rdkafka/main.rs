//! librdkafka, which nobody here wrote, on the mock cluster: it produces, consumes without a group, and administers, and
//! comes through the faults that the cluster scripts.

mod admin;
mod consuming;
mod fixture;
mod partitioning;
mod producing;
