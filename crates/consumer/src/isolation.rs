//! Isolation levels, and hiding what aborted transactions wrote.

use std::collections::{BTreeMap, BTreeSet};

use ottla_core::properties::PropertyValue;
use ottla_protocol::messages::fetch::AbortedTransaction;
use ottla_protocol::records::{BatchHeader, ControlRecordType};
use ottla_types::ProducerId;

/// Which records of transactions are handed out (`isolation.level`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum IsolationLevel {
    /// All, whatever becomes of their transaction.
    #[default]
    ReadUncommitted,
    /// Those of committed transactions only, up to the last stable offset: the first that belongs to an open one.
    ReadCommitted,
}

impl IsolationLevel {
    /// The number on the wire.
    pub(crate) fn code(self) -> i8 {
        match self {
            Self::ReadUncommitted => 0,
            Self::ReadCommitted => 1,
        }
    }
}

impl PropertyValue for IsolationLevel {
    fn parse(_key: &str, text: &str) -> Result<Self, String> {
        match text {
            "read_uncommitted" => Ok(Self::ReadUncommitted),
            "read_committed" => Ok(Self::ReadCommitted),
            _ => Err("must be read_uncommitted or read_committed".to_owned()),
        }
    }
}

/// Which batches of one response's part belong to aborted transactions. The broker lists a producer and the first offset
/// of each aborted transaction; where it ends the abort marker in the log tells.
#[derive(Debug, Default)]
pub(crate) struct AbortedFilter {
    /// Transactions that begin later on, by first offset. Brokers do not promise any order.
    ahead: BTreeMap<(i64, ProducerId), ()>,
    aborting: BTreeSet<ProducerId>,
}

impl AbortedFilter {
    pub(crate) fn new(aborted: &[AbortedTransaction]) -> Self {
        let ahead = aborted.iter().map(|one| ((one.first_offset, one.producer_id), ())).collect();
        Self { ahead, aborting: BTreeSet::new() }
    }

    /// Whether a batch is to be hidden. Batches come in the order of their offsets; of a control batch its type is told.
    pub(crate) fn hides(&mut self, header: &BatchHeader, control: Option<ControlRecordType>) -> bool {
        while let Some(entry) = self.ahead.first_entry()
            && entry.key().0 <= header.last_offset()
        {
            let ((_, producer), ()) = entry.remove_entry();
            self.aborting.insert(producer);
        }
        if header.is_control() {
            if control == Some(ControlRecordType::Abort) {
                self.aborting.remove(&header.producer.id);
            }
            return true;
        }
        header.is_transactional() && self.aborting.contains(&header.producer.id)
    }
}

#[cfg(test)]
mod tests;
