//! What to ask, and when: the requests that are due, the connection to make them on, and what to do about slow answers.

use std::collections::BTreeSet;

use ottla_protocol::frame::encode_request;
use ottla_protocol::messages::metadata::MetadataRequestTopic;
use ottla_protocol::messages::{FindCoordinatorRequest, MetadataRequest};
use ottla_protocol::{Message, Request};
use ottla_types::{BrokerId, Topic};

use super::candidates::Choice;
use super::{Flight, MetadataMachine, Question, utf8};
use crate::clock::Now;
use crate::error::{Error, ErrorKind};
use crate::lane::Lane;
use crate::machine::{Outbound, RequestId};
use crate::versions::Versions;

impl MetadataMachine {
    /// Makes the requests that are due, or the demands for a connection to make them on.
    pub(super) fn pump(&mut self, now: Now) {
        self.give_up_waiting(now);
        self.patience = None;
        self.waiting = false;
        if self.closed || self.not_before.is_some_and(|at| at > now.mono) {
            return;
        }
        self.not_before = None;
        let topics_due = self.awaited.is_none()
            && (self.refresh_at.is_some_and(|at| at <= now.mono)
                || self.view.brokers.is_empty() && self.interest.is_wanted()
                || self.interest.is_due(now.mono));
        let coordinators_due = self.coordinators.is_due(now.mono);
        if !topics_due && !coordinators_due {
            return;
        }
        match self.candidates.choose(&self.view, now.mono) {
            Choice::Ask { broker, epoch, versions } => {
                if topics_due {
                    self.ask_metadata(now, broker, epoch, &versions);
                }
                if coordinators_due {
                    self.ask_coordinators(now, broker, epoch, &versions);
                }
            }
            Choice::Connect { demand, patience } => {
                self.demands.push_back(demand);
                self.patience = patience;
                self.waiting = true;
            }
            Choice::Wait(patience) => {
                self.patience = patience;
                self.waiting = true;
            }
        }
    }

    fn ask_metadata(&mut self, now: Now, broker: BrokerId, epoch: u64, versions: &Versions) {
        let version = match versions.pick::<MetadataRequest>() {
            Ok(version) => version,
            Err(error) => return self.on_broker_failed(now, broker, error),
        };
        let full = self.refresh_at.is_none_or(|at| at <= now.mono);
        let all = full && self.interest.wants_all();
        let (mut topics, mut create) = self.interest.take_due(now.mono, full);
        if version < 4 {
            create = true;
        }
        if version == 0 && topics.is_empty() && !all {
            // An empty list means all topics in this version; a name that no topic can have gives the brokers alone.
            topics.push(Topic::from("-"));
        }
        let request = MetadataRequest {
            topics: if all { (version == 0).then(Vec::new) } else { Some(topics.iter().map(asked_topic).collect()) },
            allow_auto_topic_creation: create,
            ..Default::default()
        };
        match self.send(broker, epoch, version, &request) {
            Ok(id) => {
                let asked = (!all).then_some(topics);
                self.await_answer(now, id, broker, Question::Metadata { asked, full });
                self.awaited = Some(id);
                if full {
                    self.refresh_at = Some(now.after(self.config.max_age));
                    self.refreshed_at = Some(now.mono);
                }
            }
            Err(error) => {
                self.interest.asked_again(&topics, now.mono);
                self.on_broker_failed(now, broker, error);
            }
        }
    }

    fn ask_coordinators(&mut self, now: Now, broker: BrokerId, epoch: u64, versions: &Versions) {
        for kind in self.coordinators.kinds_due(now.mono) {
            let minimum = i16::from(kind.key_type() != 0);
            let version = match versions.pick_within::<FindCoordinatorRequest>(minimum, FindCoordinatorRequest::MAX) {
                Ok(version) => version,
                Err(error) => {
                    self.coordinators.refuse(now, kind, &error, &mut self.view);
                    self.changed = true;
                    continue;
                }
            };
            for (request, keys) in self.coordinators.take_requests(now.mono, kind, version) {
                match self.send(broker, epoch, version, &request) {
                    Ok(id) => self.await_answer(now, id, broker, Question::Coordinators(keys)),
                    Err(error) => {
                        self.coordinators.fail(now, &keys, &error, &mut self.view);
                        self.changed = true;
                    }
                }
            }
        }
    }

    fn send<R: Request>(
        &mut self,
        broker: BrokerId,
        epoch: u64,
        version: i16,
        request: &R,
    ) -> Result<RequestId, Error> {
        let frame = encode_request(request, version, Some(&self.client_id))?;
        let id = self.ids.next_id();
        self.requests.push_back(Outbound {
            id,
            broker,
            lane: Lane::Shared,
            epoch,
            key: R::KEY,
            version,
            frame,
            timeout: self.config.request_timeout,
            expects_response: true,
        });
        Ok(id)
    }

    fn await_answer(&mut self, now: Now, id: RequestId, broker: BrokerId, question: Question) {
        let slow_at = Some(now.after(self.config.request_timeout / 3));
        self.flights.insert(id, Flight { broker, question, slow_at });
    }

    /// Asks elsewhere what a broker has not answered for long. Its answer is still taken.
    fn give_up_waiting(&mut self, now: Now) {
        if self.flights.values().all(|flight| flight.slow_at.is_none_or(|at| at > now.mono)) {
            return;
        }
        let mut slow = BTreeSet::new();
        for (id, flight) in &mut self.flights {
            if flight.slow_at.take_if(|at| *at <= now.mono).is_none() {
                continue;
            }
            slow.insert(flight.broker);
            match &flight.question {
                Question::Metadata { asked, full } => {
                    self.interest.asked_again(asked.as_deref().unwrap_or_default(), now.mono);
                    if *full {
                        self.refresh_at = Some(now.mono);
                    }
                    self.awaited.take_if(|awaited| awaited == id);
                }
                Question::Coordinators(keys) => self.coordinators.ask_again(now.mono, keys),
            }
        }
        for broker in slow {
            let context = format!("{} is slow to answer", self.name_of(broker));
            self.on_broker_failed_to_connect(now, broker, Error::new(ErrorKind::Timeout, context));
        }
    }
}

fn asked_topic(topic: &Topic) -> MetadataRequestTopic {
    MetadataRequestTopic { name: Some(utf8(topic.name())), ..Default::default() }
}
