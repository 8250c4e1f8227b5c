//! What the workload did and saw, written down while it runs.

use std::collections::BTreeMap;

use ottla_types::TopicPartition;

/// Names one produced record: its task and its number within the task. It is the record's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RecordName {
    pub(crate) task: u32,
    pub(crate) number: u32,
}

impl RecordName {
    pub(crate) fn value(self) -> String {
        format!("{}-{}", self.task, self.number)
    }

    pub(crate) fn read(value: &[u8]) -> Option<Self> {
        let (task, number) = std::str::from_utf8(value).ok()?.split_once('-')?;
        Some(Self { task: task.parse().ok()?, number: number.parse().ok()? })
    }
}

/// How a record's way ended for its producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Acknowledged there; the offset is missing where the broker had the record already.
    Acknowledged { partition: TopicPartition, offset: Option<i64> },
    /// Failed, and it did not happen.
    DidNotHappen(String),
    /// Failed, and it may have happened.
    MayHaveHappened(String),
}

/// Everything that the checks judge, beside the mock cluster's own log.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Per record that was handed to the producer, in the order of its task: how it ended. None while it has not.
    pub(crate) produced: BTreeMap<RecordName, Option<Ending>>,
    /// Per partition, what the consumer was given, in order: offset and name.
    pub(crate) consumed: BTreeMap<TopicPartition, Vec<(i64, RecordName)>>,
    /// What went wrong for the workload itself.
    pub(crate) complaints: Vec<String>,
}
