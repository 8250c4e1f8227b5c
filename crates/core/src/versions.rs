//! What one broker connection speaks: the versions that its ApiVersions response announced.

use std::collections::BTreeMap;

use ottla_protocol::{ApiKey, Message, Request, VersionRange};

use crate::error::{Error, ErrorKind};

/// The API versions of a broker, and the finalized features of its cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    ranges: BTreeMap<ApiKey, VersionRange>,
    features: BTreeMap<String, i16>,
}

impl Versions {
    /// Takes what the broker announced.
    pub fn new(
        ranges: impl IntoIterator<Item = (ApiKey, VersionRange)>,
        features: impl IntoIterator<Item = (String, i16)>,
    ) -> Self {
        Self { ranges: ranges.into_iter().collect(), features: features.into_iter().collect() }
    }

    /// What the broker takes of an API.
    pub fn broker_range(&self, key: ApiKey) -> Option<VersionRange> {
        self.ranges.get(&key).copied()
    }

    /// The finalized level of a feature, such as `group.version` (KIP-584).
    pub fn feature(&self, name: &str) -> Option<i16> {
        self.features.get(name).copied()
    }

    /// The newest version of a request that both sides speak.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`], naming the API and both ranges, where there is none.
    pub fn pick<R: Request>(&self) -> Result<i16, Error> {
        self.pick_within::<R>(<R as Message>::MIN, <R as Message>::MAX)
    }

    /// The newest version of a request that both sides speak, of those from `min` to `max`.
    ///
    /// # Errors
    /// As [`pick`](Self::pick).
    pub fn pick_within<R: Request>(&self, min: i16, max: i16) -> Result<i16, Error> {
        let range = self.broker_range(R::KEY).ok_or_else(|| {
            Error::new(ErrorKind::Incompatible, format!("the broker does not offer {}", <R as Message>::NAME))
        })?;
        let newest = max.min(<R as Message>::MAX).min(range.max);
        if newest < min.max(<R as Message>::MIN).max(range.min) {
            return Err(Error::new(
                ErrorKind::Incompatible,
                format!(
                    "{} is needed in versions {min} to {max}, the broker offers {} to {}",
                    <R as Message>::NAME,
                    range.min,
                    range.max
                ),
            ));
        }
        Ok(newest)
    }
}
