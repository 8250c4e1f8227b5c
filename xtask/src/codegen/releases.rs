//! The table of `crates/protocol/schema/RELEASES`: which release of Kafka brought which versions of an API.
//!
//! A line an API: its key, then for each release that raised its highest version that version and the release, `13:4.1`.

use std::collections::BTreeMap;

use super::table::{Message, Versions};

/// For each API the highest versions of releases, in their order.
#[derive(Debug)]
pub(crate) struct Releases(BTreeMap<i16, Vec<(i16, String)>>);

/// Versions of an API that one release brought.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Brought {
    pub(crate) versions: Versions,
    pub(crate) release: String,
}

impl Releases {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut releases = BTreeMap::new();
        for line in text.lines() {
            let wrong = || format!("RELEASES: {line}");
            let mut words = line.split(' ');
            let key: i16 = words.next().and_then(|word| word.parse().ok()).ok_or_else(wrong)?;
            let mut raised: Vec<(i16, String)> = Vec::new();
            for word in words {
                let (version, release) = word.split_once(':').ok_or_else(wrong)?;
                let version: i16 = version.parse().map_err(|_| wrong())?;
                if raised.last().is_some_and(|(before, _)| *before >= version) {
                    return Err(wrong());
                }
                raised.push((version, release.to_owned()));
            }
            releases.insert(key, raised);
        }
        Ok(Self(releases))
    }

    /// What releases brought of the versions of a request, without those that none has.
    pub(crate) fn of(&self, request: &Message) -> Vec<Brought> {
        let raised = request.key.and_then(|key| self.0.get(&key));
        let mut low = 0;
        let mut brought = Vec::new();
        for (high, release) in raised.into_iter().flatten() {
            if let Some(versions) = (Versions { low, high: *high }).clip(request.versions) {
                brought.push(Brought { versions, release: release.clone() });
            }
            low = high + 1;
        }
        brought
    }
}

/// The versions of an API with their releases, as a sentence's part: `0-2: 0.10.0, 3: 0.11.0`.
pub(crate) fn text(brought: &[Brought], versions: Versions) -> String {
    let mut parts: Vec<String> =
        brought.iter().map(|brought| format!("{}: {}", brought.versions.text(), brought.release)).collect();
    let next = brought.last().map_or(versions.low, |brought| brought.versions.high + 1);
    if let Some(rest) = (Versions { low: next, high: i16::MAX - 1 }).clip(versions) {
        parts.push(format!("{}: in no release", rest.text()));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests;
