//! What users write themselves: [`CustomPartitioner`].

use std::fmt;
use std::sync::Arc;

use ottla_core::error::{Error, ErrorKind};
use ottla_types::Topic;

use crate::record::NewRecord;

/// A partitioner of one's own, for all topics of a producer, given by [`Partitioner::custom`](crate::Partitioner::custom).
///
/// It runs on the thread that hands in the record (or polls its future), without any lock of the producer's, and by
/// several threads at once where several threads send. It is not asked for records that name their partition. A panic
/// in it fails the record and nothing else.
///
/// It is asked once for a record; again where the partitions changed meanwhile, where its choice was none of them, and where a
/// new batch begins and it wants to choose again then.
///
/// ```
/// use ottla_producer::{CustomPartitioner, KeyHash, Needs, Partitioner, ProducerConfig, RecordToPartition};
///
/// /// Audits have the last partition for themselves; the others share the rest.
/// struct Audits;
///
/// impl CustomPartitioner for Audits {
///     fn partition(&self, record: &RecordToPartition<'_>, partitions: &[i32]) -> i32 {
///         let Some((last, others)) = partitions.split_last() else { return 0 };
///         match record.key() {
///             Some(key) if !key.starts_with(b"audit") && !others.is_empty() => {
///                 KeyHash::MURMUR2.partition(key, i32::try_from(others.len()).unwrap_or(i32::MAX))
///             }
///             _ => *last,
///         }
///     }
/// }
///
/// let config = ProducerConfig::default().partitioner(Partitioner::custom(Audits));
/// ```
pub trait CustomPartitioner: Send + Sync + 'static {
    /// The partition for a record: one of `partitions`, which ascend and are never empty. Any other is an error of the
    /// record, whose source is an [`InvalidPartition`].
    fn partition(&self, record: &RecordToPartition<'_>, partitions: &[i32]) -> i32;

    /// Which partitions the record is to be offered; by default all.
    fn needs(&self, record: &RecordToPartition<'_>) -> Needs {
        let _ = record;
        Needs::All
    }

    /// Whether the partitioner is to be told of batches; by default not. Being told costs one more look at the producer's
    /// state for each batch.
    fn watches_batches(&self) -> bool {
        false
    }

    /// A record was given to a partition where a new batch has to begin for it, as the one before is full or has left.
    fn on_new_batch(&self, topic: &Topic, partition: i32) -> NewBatch {
        let _ = (topic, partition);
        NewBatch::Keep
    }
}

/// Which partitions a record may go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// All that the topic has, those without a leader included: the same key goes to the same partition whatever happens.
    /// Records wait for a partition without a leader.
    All,
    /// Those that have a leader, or all where none has one.
    Writable,
}

/// What becomes of a record for which a new batch would begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewBatch {
    /// It goes where it was to go.
    Keep,
    /// The partitioner is asked for it once more, and that choice holds.
    ChooseAgain,
}

/// A record as a partitioner sees it.
#[derive(Clone, Copy, Debug)]
pub struct RecordToPartition<'a> {
    record: &'a NewRecord<'a>,
    topic: &'a Topic,
}

impl<'a> RecordToPartition<'a> {
    pub(crate) fn new(record: &'a NewRecord<'a>, topic: &'a Topic) -> Self {
        Self { record, topic }
    }

    /// The topic.
    pub fn topic(&self) -> &'a Topic {
        self.topic
    }

    /// The key, if it has one.
    pub fn key(&self) -> Option<&'a [u8]> {
        self.record.key_bytes()
    }

    /// The value, if it has one.
    pub fn value(&self) -> Option<&'a [u8]> {
        self.record.value_bytes()
    }

    /// The timestamp that the caller gave, in milliseconds since 1970-01-01 UTC.
    pub fn timestamp(&self) -> Option<i64> {
        self.record.timestamp
    }

    /// The headers in order.
    pub fn headers(&self) -> impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> {
        self.record.header_bytes()
    }
}

/// A record was to go to a partition that is not there, or that its partitioner was not offered: the source of the record's
/// error, which is a `Misuse`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidPartition {
    /// The topic.
    pub topic: Topic,
    /// What was chosen.
    pub choice: i32,
    /// How many partitions the topic has.
    pub count: i32,
}

impl InvalidPartition {
    /// The record's error, with what goes before the sentence.
    pub(crate) fn error(self, before: &str) -> Error {
        let context = format!("{before}{self}");
        let source: Arc<dyn std::error::Error + Send + Sync> = Arc::new(self);
        Error::new(ErrorKind::Misuse, context).with_source(source)
    }
}

impl fmt::Display for InvalidPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { topic, choice, count } = self;
        if (0..*count).contains(choice) {
            // Only a partitioner that wants it so is offered less than all.
            return write!(
                f,
                "partition {choice} of topic `{topic}`, which has {count}, has no leader and was not offered"
            );
        }
        write!(f, "there is no partition {choice} of topic `{topic}`, which has {count}")
    }
}

impl std::error::Error for InvalidPartition {}
