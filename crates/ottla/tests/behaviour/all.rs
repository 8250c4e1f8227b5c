//! What ottla does, whatever cluster it does it on. Each test target that includes this brings a module `cluster`, with
//! clusters of one and of three brokers.

#[path = "admin.rs"]
mod admin;
#[path = "brokers.rs"]
mod brokers;
#[path = "client.rs"]
mod client;
#[path = "consume.rs"]
mod consume;
#[path = "produce.rs"]
mod produce;
#[path = "support.rs"]
pub(crate) mod support;
#[path = "ways_in.rs"]
mod ways_in;
