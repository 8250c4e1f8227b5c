//! What a mock cluster is like: brokers, topics made on demand, limits, versions, and what happens to records.

use std::collections::BTreeMap;

use ottla_protocol::{ApiKey, VersionRange};

/// The settings of a mock cluster. Every one has a default; `MockConfig::default()` is one broker as Kafka ships it.
///
/// ```
/// use ottla_mock::MockConfig;
/// use ottla_protocol::{ApiKey, VersionRange};
///
/// // Three brokers, twelve partitions in topics made on demand, and no fetch by topic id.
/// let config = MockConfig::new(3).default_partitions(12).api_versions(ApiKey::FETCH, VersionRange::new(4, 12));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct MockConfig {
    pub(crate) brokers: u16,
    pub(crate) cluster_id: String,
    pub(crate) default_partitions: i32,
    pub(crate) default_replication_factor: Option<i16>,
    pub(crate) min_insync_replicas: i32,
    pub(crate) auto_create_topics: bool,
    pub(crate) max_message_bytes: usize,
    pub(crate) max_request_bytes: usize,
    pub(crate) fetch_session_slots: usize,
    pub(crate) strict_first_sequence: bool,
    pub(crate) storage: Storage,
    pub(crate) synthetic: Option<SyntheticRecords>,
    pub(crate) versions: BTreeMap<ApiKey, Option<VersionRange>>,
    pub(crate) racks: Vec<String>,
    pub(crate) start_ms: Option<i64>,
    pub(crate) seed: u64,
}

/// What becomes of produced records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Storage {
    /// They are checked and kept, and can be fetched.
    #[default]
    Keep,
    /// They get offsets and are forgotten, their bytes unread (neither CRC nor sequence is checked): what is left of the
    /// time is the client's own. Nothing can be fetched.
    Discard,
}

/// Records that are made when they are fetched, for measuring what fetching costs a client.
///
/// Every partition of every topic then holds the same number of records from offset 0 on, none of which exists before it
/// is asked for. Producing goes on as if the log were empty and never shows in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntheticRecords {
    /// The records of each partition.
    pub records: i64,
    /// The bytes of each record's value; keys are null.
    pub value_bytes: usize,
    /// The records of each batch.
    pub batch_records: i32,
}

impl Default for MockConfig {
    fn default() -> Self {
        Self {
            brokers: 1,
            cluster_id: "ottla-mock-cluster-0000".to_owned(),
            default_partitions: 1,
            default_replication_factor: None,
            min_insync_replicas: 1,
            auto_create_topics: true,
            max_message_bytes: 1_048_588,
            max_request_bytes: 104_857_600,
            fetch_session_slots: 1_000,
            strict_first_sequence: false,
            storage: Storage::Keep,
            synthetic: None,
            versions: BTreeMap::new(),
            racks: Vec::new(),
            start_ms: None,
            seed: 1,
        }
    }
}

impl MockConfig {
    /// A cluster of this many brokers, at least one, with ids from 1 on.
    pub fn new(brokers: u16) -> Self {
        Self { brokers: brokers.max(1), ..Self::default() }
    }

    /// The cluster's id. Default: a fixed one.
    pub fn cluster_id(mut self, id: impl Into<String>) -> Self {
        self.cluster_id = id.into();
        self
    }

    /// `num.partitions`: the partitions of a topic that is made on demand, or created without a number. Default: 1.
    pub fn default_partitions(mut self, partitions: i32) -> Self {
        self.default_partitions = partitions.max(1);
        self
    }

    /// `default.replication.factor`. Default: 3, or as many as there are brokers.
    pub fn default_replication_factor(mut self, factor: i16) -> Self {
        self.default_replication_factor = Some(factor.max(1));
        self
    }

    /// `min.insync.replicas` of topics that do not say: with `acks=all` and fewer brokers up, produces are refused. Default: 1.
    pub fn min_insync_replicas(mut self, replicas: i32) -> Self {
        self.min_insync_replicas = replicas;
        self
    }

    /// `auto.create.topics.enable`: whether a topic is made when a client that allows it asks for it. Default: true.
    pub fn auto_create_topics(mut self, yes: bool) -> Self {
        self.auto_create_topics = yes;
        self
    }

    /// `message.max.bytes`: the largest batch, in bytes. Default: 1,048,588.
    pub fn max_message_bytes(mut self, bytes: usize) -> Self {
        self.max_message_bytes = bytes;
        self
    }

    /// `socket.request.max.bytes`: a longer request ends its connection. Default: 104,857,600.
    pub fn max_request_bytes(mut self, bytes: usize) -> Self {
        self.max_request_bytes = bytes;
        self
    }

    /// `max.incremental.fetch.session.cache.slots`: the fetch sessions of a broker; a client that finds none left gets
    /// full fetches. Default: 1,000.
    pub fn fetch_session_slots(mut self, slots: usize) -> Self {
        self.fetch_session_slots = slots;
        self
    }

    /// Whether the first batch of a producer that the partition does not know must have sequence 0. Brokers before Kafka
    /// 4.5 accept any. Default: false.
    pub fn strict_first_sequence(mut self, yes: bool) -> Self {
        self.strict_first_sequence = yes;
        self
    }

    /// What becomes of produced records. Default: they are kept.
    pub fn storage(mut self, storage: Storage) -> Self {
        self.storage = storage;
        self
    }

    /// Serves records that are made up, not those produced. Default: none.
    pub fn synthetic(mut self, records: SyntheticRecords) -> Self {
        self.synthetic = Some(records);
        self
    }

    /// Narrows the versions that an API is announced and answered in, as an old broker's; an empty range, or one without
    /// a version that the mock serves, hides the API. Default: all that the mock serves.
    pub fn api_versions(mut self, api: ApiKey, range: VersionRange) -> Self {
        self.versions.insert(api, Some(range));
        self
    }

    /// Hides an API, as a broker older than the API would. Default: none is hidden.
    pub fn without_api(mut self, api: ApiKey) -> Self {
        self.versions.insert(api, None);
        self
    }

    /// `broker.rack` of each broker, in turn. Default: none.
    pub fn racks(mut self, racks: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.racks = racks.into_iter().map(Into::into).collect();
        self
    }

    /// The wall clock at the cluster's time 0, in milliseconds since 1970: what log append times count from. Default: a
    /// fixed moment in June 2025; for clusters on sockets the present.
    pub fn start_ms(mut self, ms: i64) -> Self {
        self.start_ms = Some(ms);
        self
    }

    /// The seed of all that is random in the cluster: topic ids, session ids and faults of chance. Default: 1.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The versions of an API that are served, out of those that could be.
    pub(crate) fn served(&self, api: ApiKey, all: VersionRange) -> Option<VersionRange> {
        match self.versions.get(&api) {
            None => Some(all),
            Some(None) => None,
            Some(Some(range)) => all.intersect(*range),
        }
    }
}
