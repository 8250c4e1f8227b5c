//! What was asked of the cluster, counted: for tests that check how often a client asks.

use std::collections::BTreeMap;

use ottla_protocol::ApiKey;
use ottla_types::BrokerId;

/// How often each API was called, by version and broker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestsSeen {
    counts: BTreeMap<(ApiKey, i16, BrokerId), u64>,
    connections: u64,
}

impl RequestsSeen {
    pub(crate) fn request(&mut self, api: ApiKey, version: i16, broker: BrokerId) {
        *self.counts.entry((api, version, broker)).or_default() += 1;
    }

    pub(crate) fn connection(&mut self) {
        self.connections += 1;
    }

    /// Connections that were opened.
    pub fn connections(&self) -> u64 {
        self.connections
    }

    /// Requests of this API.
    pub fn count(&self, api: ApiKey) -> u64 {
        self.iter().filter(|((key, _, _), _)| *key == api).map(|(_, count)| count).sum()
    }

    /// Requests of this API in this version.
    pub fn count_version(&self, api: ApiKey, version: i16) -> u64 {
        self.iter().filter(|((key, used, _), _)| (*key, *used) == (api, version)).map(|(_, count)| count).sum()
    }

    /// Requests of this API to this broker.
    pub fn count_broker(&self, api: ApiKey, broker: BrokerId) -> u64 {
        self.iter().filter(|((key, _, to), _)| (*key, *to) == (api, broker)).map(|(_, count)| count).sum()
    }

    /// All counts, by API, version and broker.
    pub fn iter(&self) -> impl Iterator<Item = ((ApiKey, i16, BrokerId), u64)> + '_ {
        self.counts.iter().map(|(key, count)| (*key, *count))
    }
}
