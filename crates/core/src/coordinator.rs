//! Coordinator lookups: which keys are wanted by whom, when to ask, and what the answers say.
//!
//! A part of [`metadata`](crate::metadata), which chooses the broker and publishes what is found.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use ottla_protocol::Message;
use ottla_protocol::messages::{FindCoordinatorRequest, FindCoordinatorResponse};
use ottla_types::{BrokerId, ErrorCode};

use crate::backoff::BackoffPolicy;
use crate::clock::Now;
use crate::cluster::{Cluster, CoordinatorState, CoordinatorView};
use crate::error::Error;
use crate::io::{CoordinatorKind, OwnerId};
use crate::machine::Response;
use crate::metadata::utf8;
use crate::schedule::Schedule;

/// From this version on a request asks for several keys.
const BATCHED_FROM: i16 = 4;

/// What a coordinator is looked up by.
pub(crate) type Key = (CoordinatorKind, Arc<str>);

/// Host, port, rack.
pub(crate) type Endpoint = (Arc<str>, u16, Option<Arc<str>>);

/// One answer: the broker and its address, or why there is none.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) key: Key,
    pub(crate) answer: Result<(BrokerId, Option<Endpoint>), Error>,
}

#[derive(Debug, Default)]
pub(crate) struct Coordinators {
    wanted: BTreeMap<Key, Wanted>,
    due: Schedule<Key>,
}

#[derive(Debug, Default)]
struct Wanted {
    owners: BTreeSet<OwnerId>,
    in_flight: bool,
    /// Answers in a row that did not help.
    failures: u32,
    failing_since: Option<Instant>,
    /// Who was refused as not being it.
    wrong: Option<BrokerId>,
}

impl Coordinators {
    /// Notes a demand. True says that the view has the answer already.
    #[expect(clippy::too_many_arguments, reason = "the parts of one demand, and the view that it may change")]
    pub(crate) fn want(
        &mut self,
        now: Now,
        owner: OwnerId,
        kind: CoordinatorKind,
        key: &Arc<str>,
        wrong: Option<BrokerId>,
        view: &mut Cluster,
        changed: &mut bool,
    ) -> bool {
        let entry = (kind, Arc::clone(key));
        let wanted = self.wanted.entry(entry.clone()).or_default();
        wanted.owners.insert(owner);
        if let Some(known) = view.coordinator_id(kind, key) {
            if wrong != Some(known) {
                return true;
            }
            view.set_coordinator(kind, key, None);
            *changed = true;
        }
        if wrong.is_some() {
            wanted.wrong = wrong;
        }
        if !wanted.in_flight && self.due.get(&entry).is_none() {
            self.due.set(&entry, now.mono);
        }
        false
    }

    pub(crate) fn forget(
        &mut self,
        owner: OwnerId,
        kind: CoordinatorKind,
        key: &Arc<str>,
        view: &mut Cluster,
        changed: &mut bool,
    ) {
        let entry = (kind, Arc::clone(key));
        if let Some(wanted) = self.wanted.get_mut(&entry) {
            wanted.owners.remove(&owner);
            if wanted.owners.is_empty() {
                self.wanted.remove(&entry);
                self.due.clear(&entry);
                *changed |= view.coordinator(kind, key).is_some();
                view.set_coordinator(kind, key, None);
            }
        }
    }

    pub(crate) fn forget_owner(&mut self, owner: OwnerId, view: &mut Cluster, changed: &mut bool) {
        let held = self.wanted.iter().filter(|(_, wanted)| wanted.owners.contains(&owner));
        let keys: Vec<Key> = held.map(|(key, _)| key.clone()).collect();
        for (kind, key) in keys {
            self.forget(owner, kind, &key, view, changed);
        }
    }

    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.due.is_due(now)
    }

    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.due.next()
    }

    pub(crate) fn kinds_due(&self, now: Instant) -> BTreeSet<CoordinatorKind> {
        self.due.due(now).map(|(kind, _)| *kind).collect()
    }

    /// The requests for all keys of a kind that are due, as few as the version allows.
    pub(crate) fn take_requests(
        &mut self,
        now: Instant,
        kind: CoordinatorKind,
        version: i16,
    ) -> Vec<(FindCoordinatorRequest, Vec<Key>)> {
        let keys: Vec<Key> = self.due.due(now).filter(|key| key.0 == kind).cloned().collect();
        for key in &keys {
            self.due.clear(key);
            if let Some(wanted) = self.wanted.get_mut(key) {
                wanted.in_flight = true;
            }
        }
        let key_type = kind.key_type();
        if version >= BATCHED_FROM {
            let coordinator_keys = keys.iter().map(|(_, key)| utf8(key)).collect();
            return vec![(FindCoordinatorRequest { key_type, coordinator_keys, ..Default::default() }, keys)];
        }
        let single =
            |key: Key| (FindCoordinatorRequest { key: utf8(&key.1), key_type, ..Default::default() }, vec![key]);
        keys.into_iter().map(single).collect()
    }

    /// The question got lost.
    pub(crate) fn ask_again(&mut self, now: Instant, keys: &[Key]) {
        for key in keys {
            if let Some(wanted) = self.wanted.get_mut(key) {
                wanted.in_flight = false;
                self.due.set(key, now);
            }
        }
    }

    /// No lookup of this kind can be made.
    pub(crate) fn refuse(&mut self, now: Now, kind: CoordinatorKind, error: &Error, view: &mut Cluster) {
        let keys: Vec<Key> = self.wanted.keys().filter(|key| key.0 == kind).cloned().collect();
        self.fail(now, &keys, error, view);
    }

    /// These lookups failed for good.
    pub(crate) fn fail(&mut self, now: Now, keys: &[Key], error: &Error, view: &mut Cluster) {
        for entry in keys {
            if let Some(wanted) = self.wanted.get_mut(entry) {
                let (kind, key) = entry;
                wanted.in_flight = false;
                self.due.clear(entry);
                let since = *wanted.failing_since.get_or_insert(now.mono);
                let state = CoordinatorState::Failed { error: error.clone(), since };
                let revision = view.revision.saturating_add(1);
                view.set_coordinator(*kind, key, Some(CoordinatorView { revision, state }));
            }
        }
    }

    /// Takes one answer.
    pub(crate) fn on_found(
        &mut self,
        now: Now,
        found: Found,
        backoff: &BackoffPolicy,
        random: &mut fastrand::Rng,
        view: &mut Cluster,
    ) {
        let Some(wanted) = self.wanted.get_mut(&found.key) else { return };
        wanted.in_flight = false;
        let (kind, key) = &found.key;
        let revision = view.revision.saturating_add(1);
        let state = match found.answer {
            Ok((broker, _)) if wanted.wrong == Some(broker) && wanted.failures == 0 => {
                // The same broker again: the brokers have not agreed yet, or it is right by now. One more question tells.
                wanted.failures = 1;
                self.due.set(&found.key, now.after(backoff.pause(1, random)));
                return;
            }
            Ok((broker, _)) => {
                wanted.failures = 0;
                wanted.failing_since = None;
                wanted.wrong = None;
                CoordinatorState::Known(broker)
            }
            Err(error) => {
                if error.is_retriable() {
                    wanted.failures = wanted.failures.saturating_add(1);
                    self.due.set(&found.key, now.after(backoff.pause(wanted.failures, random)));
                }
                let since = *wanted.failing_since.get_or_insert(now.mono);
                CoordinatorState::Failed { error, since }
            }
        };
        view.set_coordinator(*kind, key, Some(CoordinatorView { revision, state }));
    }
}

/// Reads a response to a lookup of these keys. A key that is not answered gets an error that may pass.
pub(crate) fn read(keys: &[Key], response: &Response) -> Result<Vec<Found>, Error> {
    let answer = FindCoordinatorResponse::decode(&response.body, response.version)?;
    let found = |key: &Key| {
        let (code, message, id, host, port) = if response.version >= BATCHED_FROM {
            let Some(one) = answer.coordinators.iter().find(|one| *one.key == *key.1) else {
                return Err(failure(key, ErrorCode::COORDINATOR_NOT_AVAILABLE, Some("left out of the answer")));
            };
            (one.error_code, &one.error_message, one.node_id, &one.host, one.port)
        } else {
            (answer.error_code, &answer.error_message, answer.node_id, &answer.host, answer.port)
        };
        if !code.is_ok() {
            return Err(failure(key, code, message.as_deref()));
        }
        if id.0 < 0 {
            return Err(failure(key, ErrorCode::COORDINATOR_NOT_AVAILABLE, None));
        }
        let endpoint = u16::try_from(port).ok().map(|port| (Arc::from(&**host), port, None));
        Ok((id, endpoint))
    };
    Ok(keys.iter().map(|key| Found { key: key.clone(), answer: found(key) }).collect())
}

fn failure((kind, key): &Key, code: ErrorCode, message: Option<&str>) -> Error {
    let what = match kind {
        CoordinatorKind::Group => "group",
        CoordinatorKind::Transaction => "transactional id",
    };
    let message = message.filter(|message| !message.is_empty()).map(|message| format!(" ({message})"));
    Error::broker(code, format!("coordinator of {what} `{key}`{}", message.unwrap_or_default()))
}

#[cfg(test)]
mod tests;
