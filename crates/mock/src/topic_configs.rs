//! The configs that a topic of Kafka 4.3 has, with their types and defaults.

use std::collections::BTreeMap;

/// Kafka's numbers for the types of configs.
const BOOLEAN: i8 = 1;
const STRING: i8 = 2;
const INT: i8 = 3;
const LONG: i8 = 5;
const DOUBLE: i8 = 6;
const LIST: i8 = 7;

/// Sorted by name.
const KNOWN: &[(&str, i8, &str)] = &[
    ("cleanup.policy", LIST, "delete"),
    ("compression.gzip.level", INT, "-1"),
    ("compression.lz4.level", INT, "9"),
    ("compression.type", STRING, "producer"),
    ("compression.zstd.level", INT, "3"),
    ("delete.retention.ms", LONG, "86400000"),
    ("file.delete.delay.ms", LONG, "60000"),
    ("flush.messages", LONG, "9223372036854775807"),
    ("flush.ms", LONG, "9223372036854775807"),
    ("follower.replication.throttled.replicas", LIST, ""),
    ("index.interval.bytes", INT, "4096"),
    ("leader.replication.throttled.replicas", LIST, ""),
    ("local.retention.bytes", LONG, "-2"),
    ("local.retention.ms", LONG, "-2"),
    ("max.compaction.lag.ms", LONG, "9223372036854775807"),
    ("max.message.bytes", INT, "1048588"),
    ("message.timestamp.after.max.ms", LONG, "3600000"),
    ("message.timestamp.before.max.ms", LONG, "9223372036854775807"),
    ("message.timestamp.type", STRING, "CreateTime"),
    ("min.cleanable.dirty.ratio", DOUBLE, "0.5"),
    ("min.compaction.lag.ms", LONG, "0"),
    ("min.insync.replicas", INT, "1"),
    ("preallocate", BOOLEAN, "false"),
    ("remote.log.copy.disable", BOOLEAN, "false"),
    ("remote.log.delete.on.disable", BOOLEAN, "false"),
    ("remote.storage.enable", BOOLEAN, "false"),
    ("retention.bytes", LONG, "-1"),
    ("retention.ms", LONG, "604800000"),
    ("segment.bytes", INT, "1073741824"),
    ("segment.index.bytes", INT, "10485760"),
    ("segment.jitter.ms", LONG, "0"),
    ("segment.ms", LONG, "604800000"),
    ("unclean.leader.election.enable", BOOLEAN, "false"),
];

/// Whether a topic has such a config.
pub(crate) fn is_known(name: &str) -> bool {
    KNOWN.binary_search_by_key(&name, |(known, _, _)| known).is_ok()
}

/// A config as it is told to clients.
#[derive(Clone, Debug)]
pub(crate) struct Described {
    pub(crate) name: &'static str,
    /// Kafka's number of its type.
    pub(crate) kind: i8,
    pub(crate) value: String,
    set: bool,
}

impl Described {
    /// `DYNAMIC_TOPIC_CONFIG` where it was set for the topic, `DEFAULT_CONFIG` otherwise.
    pub(crate) fn source(&self) -> i8 {
        if self.set { 1 } else { 5 }
    }
}

/// All configs of a topic.
pub(crate) fn describe(set: &BTreeMap<String, String>) -> impl Iterator<Item = Described> {
    KNOWN.iter().map(|(name, kind, default)| {
        let own = set.get(*name);
        let value = own.map_or(*default, String::as_str).to_owned();
        Described { name, kind: *kind, value, set: own.is_some() }
    })
}
