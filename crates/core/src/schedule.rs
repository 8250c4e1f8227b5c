//! What is due when: one time per key, the earliest first.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// Times by key. Finding the earliest costs the same however many there are.
#[derive(Debug)]
pub(crate) struct Schedule<K> {
    times: BTreeMap<K, Instant>,
    order: BTreeSet<(Instant, K)>,
}

impl<K> Default for Schedule<K> {
    fn default() -> Self {
        Self { times: BTreeMap::new(), order: BTreeSet::new() }
    }
}

impl<K: Ord + Clone> Schedule<K> {
    /// Sets a key's time in place of what it was.
    pub(crate) fn set(&mut self, key: &K, at: Instant) {
        self.clear(key);
        self.times.insert(key.clone(), at);
        self.order.insert((at, key.clone()));
    }

    /// Sets a key's time unless it has an earlier one.
    pub(crate) fn hasten(&mut self, key: &K, at: Instant) {
        if self.get(key).is_none_or(|known| at < known) {
            self.set(key, at);
        }
    }

    /// Takes a key's time away.
    pub(crate) fn clear(&mut self, key: &K) {
        if let Some(at) = self.times.remove(key) {
            self.order.remove(&(at, key.clone()));
        }
    }

    /// A key's time.
    pub(crate) fn get(&self, key: &K) -> Option<Instant> {
        self.times.get(key).copied()
    }

    /// The earliest time.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Whether anything is due.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.next().is_some_and(|at| at <= now)
    }

    /// The keys that are due, by time.
    pub(crate) fn due(&self, now: Instant) -> impl Iterator<Item = &K> {
        self.order.iter().take_while(move |(at, _)| *at <= now).map(|(_, key)| key)
    }
}

#[cfg(test)]
mod tests;
