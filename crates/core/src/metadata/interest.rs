//! Who holds which topic, and which topics are to be asked about when.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use ottla_types::Topic;

use crate::backoff::BackoffPolicy;
use crate::io::OwnerId;
use crate::schedule::Schedule;

#[derive(Debug, Default)]
pub(super) struct Interest {
    topics: BTreeMap<Topic, Held>,
    /// When to ask about which topic. A topic is not here while nobody doubts what is known, and while it is being asked
    /// about.
    due: Schedule<Topic>,
    all: BTreeSet<OwnerId>,
}

#[derive(Debug, Default)]
struct Held {
    /// Who holds it, and whether it may be created for them.
    owners: BTreeMap<OwnerId, bool>,
    asked_at: Option<Instant>,
    /// Somebody found the view wrong, so that the next answer counts as news even if it says the same.
    doubted: bool,
    /// Answers in a row that settled nothing.
    failures: u32,
}

impl Interest {
    pub(super) fn hold(&mut self, owner: OwnerId, topic: &Topic, create: bool, now: Instant, known: bool) {
        let held = self.topics.entry(topic.clone()).or_default();
        held.owners.insert(owner, create);
        if !known {
            self.due.hasten(topic, now);
        }
    }

    pub(super) fn hold_all(&mut self, owner: OwnerId) {
        self.all.insert(owner);
    }

    /// True says that nobody holds the topic any more.
    pub(super) fn forget(&mut self, owner: OwnerId, topic: &Topic) -> bool {
        let Some(held) = self.topics.get_mut(topic) else { return false };
        held.owners.remove(&owner);
        let free = held.owners.is_empty();
        if free {
            self.topics.remove(topic);
            self.due.clear(topic);
        }
        free
    }

    /// True says that topics may be free now.
    pub(super) fn forget_owner(&mut self, owner: OwnerId) -> bool {
        let mut freed = self.all.remove(&owner);
        self.topics.retain(|topic, held| {
            held.owners.remove(&owner);
            if held.owners.is_empty() {
                self.due.clear(topic);
                freed = true;
            }
            !held.owners.is_empty()
        });
        freed
    }

    pub(super) fn wants_all(&self) -> bool {
        !self.all.is_empty()
    }

    pub(super) fn holds(&self, topic: &Topic) -> bool {
        self.topics.contains_key(topic)
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.wants_all() || !self.topics.is_empty()
    }

    /// What is known of the topic was found to be wrong. The first doubt is followed up at once, further ones after a
    /// pause that grows while the answers stay the same.
    pub(super) fn doubt(&mut self, topic: &Topic, now: Instant, backoff: &BackoffPolicy, random: &mut fastrand::Rng) {
        let Some(held) = self.topics.get_mut(topic) else { return };
        held.doubted = true;
        if self.due.get(topic).is_none() {
            let pause = backoff.pause(held.failures.max(1), random);
            let earliest = held.asked_at.and_then(|asked| asked.checked_add(pause));
            self.due.set(topic, earliest.map_or(now, |earliest| earliest.max(now)));
        }
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.due.is_due(now)
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.next()
    }

    /// The topics for the next request, and whether it may create them. A request creates all or none, so those that may
    /// be created leave the others to the next request. A full refresh asks for all, and creates only what is due.
    pub(super) fn take_due(&mut self, now: Instant, full: bool) -> (Vec<Topic>, bool) {
        let due: Vec<Topic> = self.due.due(now).cloned().collect();
        let creates =
            |topic: &Topic| self.topics.get(topic).is_some_and(|held| held.owners.values().any(|create| *create));
        let (created, found): (Vec<_>, Vec<_>) = due.into_iter().partition(creates);
        let (taken, create) = if full {
            (self.topics.keys().filter(|topic| !created.contains(topic)).cloned().collect(), false)
        } else if created.is_empty() {
            (found, false)
        } else {
            (created, true)
        };
        for topic in &taken {
            self.due.clear(topic);
            if let Some(held) = self.topics.get_mut(topic) {
                held.asked_at = Some(now);
            }
        }
        (taken, create)
    }

    /// The question was not answered.
    pub(super) fn asked_again(&mut self, topics: &[Topic], now: Instant) {
        for topic in topics {
            if self.topics.contains_key(topic) {
                self.due.hasten(topic, now);
            }
        }
    }

    /// The answer settles what is known. True says that it was doubted.
    pub(super) fn settle(&mut self, topic: &Topic, changed: bool) -> bool {
        let Some(held) = self.topics.get_mut(topic) else { return false };
        let doubted = std::mem::take(&mut held.doubted);
        held.failures = if doubted && !changed { held.failures.saturating_add(1) } else { 0 };
        doubted
    }

    /// The answer may be another one soon: ask again after a pause. Gives how many such answers came before in a row.
    pub(super) fn retry(
        &mut self,
        topic: &Topic,
        now: Instant,
        backoff: &BackoffPolicy,
        random: &mut fastrand::Rng,
    ) -> u32 {
        let Some(held) = self.topics.get_mut(topic) else { return 0 };
        let before = held.failures;
        held.doubted = false;
        held.failures = held.failures.saturating_add(1);
        if let Some(at) = now.checked_add(backoff.pause(held.failures, random)) {
            self.due.set(topic, at);
        }
        before
    }
}
