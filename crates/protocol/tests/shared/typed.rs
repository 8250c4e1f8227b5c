//! The typed messages, their types forgotten: what the registry of the unit tests is made of.

#[path = "../../src/message/walk.rs"]
pub(crate) mod walk;
