//! The typed messages, their types forgotten: what the registry of the unit tests is made of.

pub(crate) use ottla_protocol::Message;

#[path = "../../src/message/walk.rs"]
pub(crate) mod walk;
