//! What a partitioner knows of one topic, and its choice for a record.

use super::keyed::partition_for_key;
use super::least_bytes::LeastBytes;
use super::sticky::Sticky;
use super::{EmptyKeys, Keyless, Kind, Partitioner};

/// Where a record goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// To this partition.
    To(i32),
    /// Where the sticky choice is, which may change while room is made for the record.
    Sticky,
    /// Where a user's code says, which must not run here.
    Foreign,
    /// Nowhere: only the record itself could have said.
    Unnamed,
}

/// The partitions of a topic to choose from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choices<'a> {
    pub(crate) count: i32,
    /// Those that have a leader.
    pub(crate) available: &'a [i32],
}

impl Choices<'_> {
    /// The partition at this place, counted round and round. Where none has a leader, any will do: records wait there
    /// until it has.
    fn at(self, place: u64) -> i32 {
        if self.available.is_empty() {
            let count = u64::from(self.count.unsigned_abs()).max(1);
            return i32::try_from(place % count).unwrap_or(0);
        }
        let place = usize::try_from(place % self.available.len() as u64).unwrap_or(0);
        self.available.get(place).copied().unwrap_or(0)
    }

    /// One of them at random.
    pub(crate) fn any(self, random: &mut fastrand::Rng) -> i32 {
        let count = if self.available.is_empty() { self.count.unsigned_abs() as usize } else { self.available.len() };
        self.at(random.usize(..count.max(1)) as u64)
    }
}

/// One topic's state.
#[derive(Debug, Default)]
pub(crate) struct Chooser {
    pub(crate) sticky: Sticky,
    turn: u64,
    least: LeastBytes,
}

impl Chooser {
    /// The choice where it is the default's, which costs next to nothing; none where [`route`](Self::route) is to be asked.
    #[inline]
    pub(crate) fn usual(partitioner: &Partitioner, key: Option<&[u8]>, count: i32) -> Option<Route> {
        match (&partitioner.0, key) {
            (Kind::Keyed { keyless: Keyless::Sticky, .. }, None) => Some(Route::Sticky),
            (Kind::Keyed { hash, empty: EmptyKeys::AreKeys, .. }, Some(key)) if hash.is_murmur2() => {
                Some(Route::To(partition_for_key(key, count)))
            }
            _ => None,
        }
    }

    /// Chooses for a record that names no partition.
    pub(crate) fn route(
        &mut self,
        partitioner: &Partitioner,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        choices: Choices<'_>,
        random: &mut fastrand::Rng,
    ) -> Route {
        match &partitioner.0 {
            Kind::Keyed { hash, keyless, empty } => match (key, *keyless) {
                (Some(key), _) if !key.is_empty() || *empty == EmptyKeys::AreKeys => {
                    if hash.is_foreign() {
                        Route::Foreign
                    } else {
                        Route::To(hash.partition(key, choices.count))
                    }
                }
                (_, Keyless::AsEmptyKey) if hash.is_foreign() => Route::Foreign,
                (_, Keyless::AsEmptyKey) => Route::To(hash.partition(&[], choices.count)),
                (_, keyless) => self.keyless(keyless, choices, random),
            },
            Kind::Keyless(keyless) => self.keyless(*keyless, choices, random),
            Kind::LeastBytes => {
                let bytes = key.map_or(0, <[u8]>::len).saturating_add(value.map_or(0, <[u8]>::len));
                Route::To(self.least_bytes(bytes, choices))
            }
            Kind::Manual => Route::Unnamed,
            Kind::Custom(_) => Route::Foreign,
        }
    }

    fn keyless(&mut self, keyless: Keyless, choices: Choices<'_>, random: &mut fastrand::Rng) -> Route {
        match keyless {
            Keyless::Sticky | Keyless::AsEmptyKey => Route::Sticky,
            Keyless::Random => Route::To(choices.any(random)),
            Keyless::RoundRobin(records) => {
                let place = self.turn / u64::from(records.get());
                self.turn = self.turn.wrapping_add(1);
                Route::To(choices.at(place))
            }
        }
    }

    fn least_bytes(&mut self, bytes: usize, choices: Choices<'_>) -> i32 {
        let available = choices.available.iter().copied();
        let all = if choices.available.is_empty() { 0..choices.count } else { 0..0 };
        self.least.partition(bytes, available.chain(all)).unwrap_or(0)
    }

    /// There are other partitions to choose from.
    pub(crate) fn reset(&mut self) {
        self.sticky.reset();
        self.least.reset();
    }
}

#[cfg(test)]
mod tests;
