//! The APIs of the protocol: their keys, names and versions, and which headers go before their messages.

use std::fmt;

use crate::VersionRange;

/// The key of an API, as request headers carry it. Any number can be one; the constants are those that Kafka has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiKey(pub i16);

/// What is known of an API.
#[derive(Debug)]
pub(crate) struct ApiInfo {
    pub(crate) key: ApiKey,
    pub(crate) name: &'static str,
    pub(crate) versions: VersionRange,
    pub(crate) latest_stable: i16,
    pub(crate) flexible_from: Option<i16>,
    /// For each release that raised it the highest version, and the release.
    pub(crate) releases: &'static [(i16, &'static str)],
}

/// A line of the table.
pub(crate) const fn api(
    key: ApiKey,
    name: &'static str,
    low: i16,
    high: i16,
    latest_stable: i16,
    flexible_from: Option<i16>,
    releases: &'static [(i16, &'static str)],
) -> ApiInfo {
    ApiInfo { key, name, versions: VersionRange::new(low, high), latest_stable, flexible_from, releases }
}

impl ApiKey {
    fn info(self) -> Option<&'static ApiInfo> {
        let table = Self::TABLE;
        table.binary_search_by_key(&self, |info| info.key).ok().and_then(|place| table.get(place))
    }

    /// Kafka's name of the API (`Fetch`), or nothing for a key that is not known.
    pub fn name(self) -> Option<&'static str> {
        self.info().map(|info| info.name)
    }

    /// The versions that this crate reads and writes, those among them that Kafka calls unstable included.
    pub fn versions(self) -> Option<VersionRange> {
        self.info().map(|info| info.versions)
    }

    /// The highest version that is not flagged unstable.
    pub fn latest_stable(self) -> Option<i16> {
        self.info().map(|info| info.latest_stable)
    }

    /// The first version with compact lengths and tagged fields, if the API has one.
    pub fn flexible_from(self) -> Option<i16> {
        self.info().and_then(|info| info.flexible_from)
    }

    /// The release of Kafka that brought a version of this API as a stable one: `2.4`, `0.11.0`. What says `0.10.0`, the
    /// oldest that was asked, may be older. Nothing for a version that no release promised, or that this crate lacks.
    ///
    /// ```
    /// use ottla_protocol::ApiKey;
    ///
    /// assert_eq!(ApiKey::API_VERSIONS.since(3), Some("2.4"));
    /// assert_eq!(ApiKey::PRODUCE.since(0), Some("0.10.0"));
    /// assert_eq!(ApiKey::PRODUCE.since(1000), None);
    /// ```
    pub fn since(self, version: i16) -> Option<&'static str> {
        let info = self.info().filter(|info| info.versions.contains(version))?;
        info.releases.iter().find(|(highest, _)| *highest >= version).map(|(_, release)| *release)
    }

    fn is_flexible(self, api_version: i16) -> bool {
        self.flexible_from().is_some_and(|from| api_version >= from)
    }

    /// The version of the header before a request of this API in this version. Versions above those that are known have
    /// the header of the highest.
    pub fn request_header_version(self, api_version: i16) -> i16 {
        if self == Self::CONTROLLED_SHUTDOWN && api_version == 0 {
            // The only request without a client id.
            return 0;
        }
        if self.is_flexible(api_version) { 2 } else { 1 }
    }

    /// The version of the header before a response of this API in this version.
    pub fn response_header_version(self, api_version: i16) -> i16 {
        // A client that does not know yet what the broker supports must be able to read this one.
        if self != Self::API_VERSIONS && self.is_flexible(api_version) { 1 } else { 0 }
    }
}

impl fmt::Display for ApiKey {
    /// `Fetch`; a key that is not known is `ApiKey(1234)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "ApiKey({})", self.0),
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
