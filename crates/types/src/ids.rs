//! Numeric ids that Kafka hands out, each a type of its own so that they cannot be mixed up.

use std::fmt;

/// The id of a broker (`node.id`). Negative where there is none: Kafka writes -1 for "no broker".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokerId(pub i32);

/// The id that the transaction coordinator, or any broker, gave to an idempotent producer; -1 where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProducerId(pub i64);

impl BrokerId {
    /// Kafka's "no broker".
    pub const NONE: Self = Self(-1);
}

impl ProducerId {
    /// Kafka's "no producer id": the batch or the request is not idempotent.
    pub const NONE: Self = Self(-1);
}

impl From<i32> for BrokerId {
    fn from(id: i32) -> Self {
        Self(id)
    }
}

impl From<i64> for ProducerId {
    fn from(id: i64) -> Self {
        Self(id)
    }
}

impl fmt::Display for BrokerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ProducerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
