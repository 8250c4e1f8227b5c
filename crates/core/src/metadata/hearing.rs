//! What answers, and their absence, change.

use std::sync::Arc;
use std::time::Instant;

use ottla_protocol::Message;
use ottla_protocol::messages::MetadataResponse;
use ottla_types::{BrokerId, ErrorCode, Topic};

use super::{MetadataMachine, Question, answer};
use crate::clock::Now;
use crate::cluster::{Broker, Trouble};
use crate::coordinator::{self, Endpoint, Key};
use crate::error::{Error, ErrorKind};
use crate::lane::{Lane, Link};
use crate::machine::{RequestId, Response, SendError};

impl MetadataMachine {
    fn learn_broker(&mut self, id: BrokerId, endpoint: Endpoint) {
        let (host, port, rack) = endpoint;
        let rack = rack.or_else(|| self.view.brokers.get(&id).and_then(|known| known.rack.clone()));
        let broker = Broker { id, host, port, rack };
        if self.view.brokers.get(&id) != Some(&broker) {
            Arc::make_mut(&mut self.view.brokers).insert(id, broker);
            self.changed = true;
        }
    }

    pub(super) fn on_leader_hint(
        &mut self,
        topic: &Topic,
        partition: i32,
        leader: BrokerId,
        leader_epoch: i32,
        endpoint: Option<Endpoint>,
    ) {
        if leader.0 < 0 {
            return;
        }
        if let Some(endpoint) = endpoint {
            self.learn_broker(leader, endpoint);
        }
        if !self.view.brokers.contains_key(&leader) {
            return;
        }
        let revision = self.view.revision.saturating_add(1);
        if let Some(view) = answer::with_leader(&self.view, topic, partition, leader, leader_epoch, revision) {
            self.view.insert_topic(view);
            self.changed = true;
        }
    }

    pub(super) fn on_response(&mut self, now: Now, id: RequestId, result: Result<Response, SendError>) {
        let Some(flight) = self.flights.remove(&id) else { return };
        self.awaited.take_if(|awaited| *awaited == id);
        let broker = flight.broker;
        match (flight.question, result) {
            (Question::Metadata { asked, full }, Ok(response)) => {
                match MetadataResponse::decode(&response.body, response.version) {
                    Ok(answer) => self.on_metadata(now, broker, asked, full, &answer),
                    Err(error) => self.on_metadata_lost(now, broker, asked, full, error.into()),
                }
            }
            (Question::Metadata { asked, full }, Err(lost)) => {
                self.on_metadata_lost(now, broker, asked, full, lost.error);
            }
            (Question::Coordinators(keys), Ok(response)) => self.on_coordinators(now, broker, &keys, &response),
            (Question::Coordinators(keys), Err(lost)) => {
                self.coordinators.ask_again(now.mono, &keys);
                self.on_broker_failed(now, broker, lost.error);
            }
        }
    }

    fn on_metadata_lost(&mut self, now: Now, broker: BrokerId, asked: Option<Vec<Topic>>, full: bool, error: Error) {
        self.interest.asked_again(asked.as_deref().unwrap_or_default(), now.mono);
        if full {
            self.refresh_at = Some(now.mono);
        }
        self.on_broker_failed(now, broker, error);
    }

    fn on_metadata(
        &mut self,
        now: Now,
        broker: BrokerId,
        asked: Option<Vec<Topic>>,
        full: bool,
        answer: &MetadataResponse,
    ) {
        if !answer.error_code.is_ok() || answer.brokers.is_empty() {
            let rebootstrap = answer.error_code == ErrorCode::REBOOTSTRAP_REQUIRED && self.config.rebootstrap;
            let error = if answer.error_code.is_ok() {
                Error::new(ErrorKind::Broker(ErrorCode::BROKER_NOT_AVAILABLE), "the answer names no brokers")
            } else {
                Error::broker(answer.error_code, "metadata")
            };
            let error = error.within(self.name_of(broker));
            self.on_metadata_lost(now, broker, asked, full || rebootstrap, error);
            if rebootstrap {
                self.candidates.bootstrap_again();
            }
            return;
        }
        self.failures = 0;
        self.not_before = None;
        self.candidates.on_success(broker);
        if self.refresh_at.is_none() {
            self.refresh_at = Some(now.after(self.config.max_age));
        }
        let revision = self.view.revision.saturating_add(1);
        let mut merge = answer::Merge {
            now: now.mono,
            revision,
            backoff: &self.config.backoff,
            random: &mut self.random,
            view: &mut self.view,
            interest: &mut self.interest,
        };
        merge.cluster(answer);
        merge.topics(answer, asked.as_deref());
        if self.view.trouble.take().is_some() {
            tracing::info!("the cluster can be reached again");
        }
        self.changed = true;
    }

    fn on_coordinators(&mut self, now: Now, broker: BrokerId, keys: &[Key], response: &Response) {
        let found = match coordinator::read(keys, response) {
            Ok(found) => found,
            Err(error) => {
                self.coordinators.fail(now, keys, &error, &mut self.view);
                self.changed = true;
                return;
            }
        };
        self.candidates.on_success(broker);
        self.failures = 0;
        self.view.trouble = None;
        self.changed = true;
        for found in found {
            if let Ok((id, Some(endpoint))) = &found.answer {
                self.learn_broker(*id, endpoint.clone());
            }
            let backoff = &self.config.backoff;
            self.coordinators.on_found(now, found, backoff, &mut self.random, &mut self.view);
        }
    }

    pub(super) fn on_link(&mut self, now: Now, link: &Link) {
        if link.lane != Lane::Shared {
            return;
        }
        if let Some(error) = self.candidates.on_link(link) {
            let wanted = self.wants_an_answer(now.mono);
            if wanted {
                self.on_broker_failed_to_connect(now, link.broker, error);
            }
        }
    }

    fn wants_an_answer(&self, now: Instant) -> bool {
        self.refresh_at.is_some_and(|at| at <= now)
            || self.view.brokers.is_empty() && self.interest.is_wanted()
            || self.interest.is_due(now)
            || self.coordinators.is_due(now)
    }

    /// A request failed: pause, as the next broker may fail in the same way.
    pub(super) fn on_broker_failed(&mut self, now: Now, broker: BrokerId, error: Error) {
        self.failures = self.failures.saturating_add(1);
        let pause = self.config.backoff.pause(self.failures, &mut self.random);
        self.not_before = Some(now.after(pause));
        self.on_broker_failed_to_connect(now, broker, error);
    }

    /// A connection failed: the next candidate follows at once, and connections have their own pauses.
    pub(super) fn on_broker_failed_to_connect(&mut self, now: Now, broker: BrokerId, error: Error) {
        tracing::debug!(%broker, %error, "a broker could not be asked for metadata");
        if self.candidates.on_failed(broker, &self.view, self.config.rebootstrap) {
            let since = self.view.trouble.take().map_or(now.mono, |trouble| trouble.since);
            let error = Error::new(error.kind(), "no broker can be asked, the last one failed").caused_by(error);
            self.view.trouble = Some(Trouble { error, since });
            self.changed = true;
        }
    }
}
