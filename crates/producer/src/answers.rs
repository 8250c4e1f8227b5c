//! What comes back: answers and lost requests, what they mean for each batch, and the end of batches.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ottla_core::clock::Now;
use ottla_core::error::{Error, ErrorKind};
use ottla_core::io::Demand;
use ottla_core::machine::{Delivery, RequestId, Response, SendError};
use ottla_core::planted::{Planted, planted};
use ottla_core::retry::verdict;
use ottla_protocol::Message;
use ottla_protocol::messages::produce::{NodeEndpoint, PartitionProduceResponse};
use ottla_protocol::messages::{InitProducerIdResponse, ProduceResponse};
use ottla_types::{BrokerId, ErrorCode};

use crate::batch::{Batch, Stage};
use crate::idempotence::Identity;
use crate::lifecycle::Unacknowledged;
use crate::machine::{Event, ProducerMachine};
use crate::outcome::{
    Again, BatchOutcome, Filled, SequenceFault, Settlement, Written, given_up, leader_hint, outcome, settle,
};
use crate::partition::Recovery;
use crate::sender::{Answers, Carried, Content, InFlight};

impl ProducerMachine {
    pub(crate) fn on_response(&mut self, now: Now, id: RequestId, result: Result<Response, SendError>) {
        let Some(InFlight { broker, epoch, content }) = self.requests.remove(&id.0) else { return };
        if let Err(lost) = &result {
            let state = self.broker(broker);
            state.over = state.over.max(Some(epoch));
            state.last_error = Some(lost.error.clone());
        }
        let carried = match content {
            Content::Identity => {
                self.on_identity(now, broker, result);
                return;
            }
            Content::Produce(carried) => carried,
        };
        let awaited = carried.iter().any(|one| self.is_awaited(*one));
        match result {
            Ok(response) => match ProduceResponse::decode(&response.body, response.version) {
                Ok(answer) => self.on_answer(now, broker, id, response.version, &answer, &carried),
                Err(error) => {
                    let error = Error::new(ErrorKind::Malformed, format!("broker {broker} answered: {error}"));
                    self.on_unanswered(now, id, &carried, &error, Delivery::MaybeSent, true);
                }
            },
            Err(SendError { delivery, error }) => {
                self.on_unanswered(now, id, &carried, &error, delivery, false);
            }
        }
        // Those who are woken add to the next request before it leaves.
        self.resting.push((broker, id.0));
        if awaited || self.settings.linger.is_zero() {
            if !std::mem::replace(&mut self.yielding, true) {
                self.out.yields = true;
            }
        } else if !self.yielding {
            self.free_places();
        }
    }

    /// A request without a response (`acks=0`) was handed to the socket.
    pub(crate) fn on_written(&mut self, now: Now, id: RequestId) {
        let Some(InFlight { broker, content, .. }) = self.requests.remove(&id.0) else { return };
        if let Content::Produce(carried) = content {
            for one in carried {
                let written = Written { base_offset: None, log_append_time: None };
                self.on_settled(now, one, id, Settlement::Written(written));
            }
        }
        self.resting.push((broker, id.0));
        if !self.yielding {
            self.free_places();
        }
    }

    fn is_awaited(&self, one: Carried) -> bool {
        let Some(partition) = self.partitions.get(one.partition) else { return false };
        partition.position(one.batch).and_then(|at| partition.batches.get(at)).is_some_and(|batch| batch.awaited)
    }

    fn on_answer(
        &mut self,
        now: Now,
        broker: BrokerId,
        id: RequestId,
        version: i16,
        answer: &ProduceResponse,
        carried: &[Carried],
    ) {
        // Older brokers wait themselves before they answer.
        if version >= 6
            && let Ok(throttle) = u64::try_from(answer.throttle_time_ms)
            && throttle > 0
        {
            let until = now.after(Duration::from_millis(throttle));
            self.broker(broker).throttled_until = Some(until);
            self.throttles.insert((until, broker));
        }
        let mut answers = Answers::new();
        for topic in &answer.responses {
            let index =
                if version >= 13 { self.topics.by_id(topic.topic_id) } else { self.topics.by_name(&topic.name) };
            if let Some(index) = index {
                answers.extend(topic.partition_responses.iter().map(|answer| ((index, answer.index), answer)));
            }
        }
        for one in carried {
            let Some(told) = answers.get(&(one.topic, one.number)) else {
                let context = format!("broker {broker} did not answer for partition {}", self.name_of(*one));
                let error = Error::new(ErrorKind::Malformed, context);
                self.on_unanswered(now, id, &[*one], &error, Delivery::MaybeSent, true);
                continue;
            };
            self.on_hint(*one, told, &answer.node_endpoints);
            let count = self.count_of(*one);
            let name = || format!("{} records for {}", count, self.name_of(*one));
            let settlement = settle(told, &name, count);
            self.on_settled(now, *one, id, settlement);
        }
    }

    fn count_of(&self, one: Carried) -> i32 {
        let Some(partition) = self.partitions.get(one.partition) else { return 0 };
        partition.position(one.batch).and_then(|at| partition.batches.get(at)).map_or(0, |batch| batch.count)
    }

    fn name_of(&self, one: Carried) -> String {
        let topic = self.topics.get(one.topic).map_or("", |entry| entry.topic.name());
        format!("{topic}-{}", one.number)
    }

    /// Passes on the leader that an answer names (KIP-951).
    fn on_hint(&mut self, one: Carried, told: &PartitionProduceResponse, endpoints: &[NodeEndpoint]) {
        let Some((leader, leader_epoch)) = leader_hint(told) else { return };
        let Some(entry) = self.topics.get(one.topic) else { return };
        let endpoint = endpoints.iter().find(|endpoint| endpoint.node_id == leader).and_then(|endpoint| {
            let port = u16::try_from(endpoint.port).ok()?;
            let rack = endpoint.rack.as_ref().map(|rack| Arc::from(&**rack));
            Some((Arc::from(&*endpoint.host), port, rack))
        });
        let (topic, partition) = (entry.topic.clone(), one.number);
        self.out.demands.push_back(Demand::LeaderHint { topic, partition, leader, leader_epoch, endpoint });
    }

    /// Batches whose request ended without an answer for them.
    fn on_unanswered(
        &mut self,
        now: Now,
        id: RequestId,
        carried: &[Carried],
        error: &Error,
        delivery: Delivery,
        pause: bool,
    ) {
        let maybe_written = delivery == Delivery::MaybeSent;
        for one in carried {
            if maybe_written && planted(Planted::NoRetryAfterDisconnect) {
                self.on_settled(now, *one, id, Settlement::Refused(BatchOutcome::failed(error.clone())));
                continue;
            }
            let error = error.clone();
            let sequence = SequenceFault::None;
            let again = Again { error, maybe_written, refresh: true, sequence, pause };
            self.on_settled(now, *one, id, Settlement::Again(again));
        }
    }

    /// One attempt of one batch is over.
    fn on_settled(&mut self, now: Now, one: Carried, id: RequestId, settlement: Settlement) {
        let index = one.partition;
        let Some(partition) = self.partitions.get_mut(index) else { return };
        let Some(position) = partition.position(one.batch) else { return };
        let Some(batch) = partition.batches.get_mut(position) else { return };
        if batch.stage != Stage::InFlight(id) {
            return;
        }
        batch.stage = Stage::Ready;
        partition.in_flight = partition.in_flight.saturating_sub(1);
        match settlement {
            Settlement::Written(written) => {
                partition.failures = 0;
                if partition.recovery == Recovery::None {
                    partition.proven = true;
                }
                partition.last_success = Some(now.mono);
                if let Some(batch) = partition.batches.remove(position) {
                    self.finish_batch(batch, BatchOutcome::Written(written));
                }
            }
            Settlement::Again(again) => self.on_again(now, index, position, again),
            Settlement::Refused(refused) => {
                if let Some(batch) = partition.batches.remove(position) {
                    partition.on_dropped(&batch);
                    let refused = if batch.maybe_written { refused.maybe_written() } else { refused };
                    self.finish_batch(batch, refused);
                }
            }
        }
        self.recover(index);
        self.list(index);
    }

    fn on_again(&mut self, now: Now, index: usize, position: usize, again: Again) {
        let idempotent = self.idempotence.enabled();
        let retries = self.settings.retries;
        let acks_none = self.settings.acks == crate::config::Acks::None;
        let Some(partition) = self.partitions.get_mut(index) else { return };
        let (topic, leaderless) = (partition.topic, partition.leader.is_none());
        let Some(batch) = partition.batches.get_mut(position) else { return };
        let lost_for_good = acks_none && again.maybe_written;
        let sent = again.maybe_written || again.pause || again.sequence != SequenceFault::None;
        batch.maybe_written |= again.maybe_written;
        batch.failures = batch.failures.saturating_add(u32::from(sent));
        batch.last_error = Some(again.error);
        let exhausted = batch.failures > retries;
        match again.sequence {
            SequenceFault::None => partition.recovery = partition.recovery.max(Recovery::Draining),
            // Neither this batch nor any after it is in the log.
            SequenceFault::OutOfOrder => {
                batch.maybe_written = false;
                let gap = position == 0 && partition.recovery != Recovery::Renewing;
                let recovery = if gap { Recovery::Renewing } else { Recovery::Draining };
                partition.recovery = partition.recovery.max(recovery);
            }
            SequenceFault::Forgotten => {
                batch.maybe_written = false;
                partition.recovery = Recovery::Renewing;
            }
        }
        if planted(Planted::NewSequenceOnRetry) {
            batch.sequence = None;
        }
        if batch.abandoned || exhausted || lost_for_good || (again.sequence != SequenceFault::None && !idempotent) {
            if let Some(batch) = partition.batches.remove(position) {
                partition.on_dropped(&batch);
                let context = "the record was not acknowledged, and is not sent again".to_owned();
                let last = batch.last_error.as_ref();
                let kind = last.map_or(ErrorKind::Transport, Error::kind);
                let error = given_up(kind, context, batch.maybe_written, last);
                self.finish_batch(batch, BatchOutcome::failed(error));
            }
        } else if again.pause && !leaderless {
            self.pause(now, index);
        }
        if again.refresh {
            self.demand_stale(topic);
        }
    }

    /// Goes on where a partition's recovery is over.
    pub(crate) fn recover(&mut self, index: usize) {
        let Some(partition) = self.partitions.get_mut(index) else { return };
        if let Some(stale) = partition.recover() {
            self.idempotence.bump(stale);
        }
    }

    fn on_identity(&mut self, now: Now, broker: BrokerId, result: Result<Response, SendError>) {
        let response = match result {
            Ok(response) => response,
            Err(lost) => return self.on_no_identity(now, lost.error, true),
        };
        match InitProducerIdResponse::decode(&response.body, response.version) {
            Ok(answer) if answer.error_code.is_ok() => {
                self.idempotence.on_identity(Identity { id: answer.producer_id, epoch: answer.producer_epoch });
                self.dirty.extend(self.brokers.keys().copied());
            }
            Ok(answer) => {
                let code = answer.error_code;
                // While its own topics are made, a broker that has just started says that it is no coordinator.
                let again = verdict(code).is_retriable() || code == ErrorCode::UNKNOWN_SERVER_ERROR;
                let context = format!("broker {broker} gave no producer id, which `enable.idempotence` needs");
                self.on_no_identity(now, Error::broker(code, context), again);
            }
            Err(error) => {
                let context = format!("broker {broker} answered: {error}");
                self.on_no_identity(now, Error::new(ErrorKind::Malformed, context), true);
            }
        }
    }

    /// There is no producer id. It is asked for again after a pause; where that does not help, what waits fails.
    pub(crate) fn on_no_identity(&mut self, now: Now, error: Error, again: bool) {
        let failures = self.idempotence.on_failure(error.clone());
        let pause = self.settings.backoff.pause(failures, &mut self.random);
        self.idempotence.wait_until(now.after(pause));
        if !again {
            for index in 0..self.partitions.len() {
                self.fail_waiting(now, index, &error);
            }
        }
    }

    /// The delivery timeout of a batch is over.
    pub(crate) fn expire(&mut self, now: Now, number: u64, index: usize) {
        self.outstanding.remove(&number);
        let Some(partition) = self.partitions.get(index) else { return };
        let topic = self.topics.get(partition.topic).map_or("", |entry| entry.topic.name());
        let name = format!("{topic}-{}", partition.index);
        let limit = self.settings.delivery_timeout.as_millis();
        let position = partition.position(number);
        let batch = position.and_then(|position| partition.batches.get(position));
        let in_flight = batch.is_some_and(|batch| matches!(batch.stage, Stage::InFlight(_)));
        let maybe_written = in_flight || batch.is_some_and(|batch| batch.maybe_written);
        let last = batch
            .and_then(|batch| batch.last_error.as_ref())
            .or_else(|| partition.leader.and_then(|leader| self.obstacle(leader)))
            .or_else(|| self.idempotence.last_error());
        let cause = match (partition.leader, last) {
            (None, _) => ": the partition has no leader",
            (Some(_), None) if !in_flight => ": its turn did not come",
            _ => "",
        };
        let context =
            format!("the record for {name} was not acknowledged within `delivery.timeout.ms` = {limit}{cause}");
        let error = given_up(ErrorKind::Timeout, context, maybe_written, last);
        match position {
            Some(position) if in_flight => {
                self.abandon_in_flight(index, position, error);
            }
            Some(position) => self.drop_batch(now, index, position, &error),
            None => {
                self.drop_open(index, number, &error);
            }
        }
    }

    /// The receipts of a batch in flight are told of a failure. Its answer is still of use: it tells whether the sequence has
    /// a gap. Says how many records that were.
    pub(crate) fn abandon_in_flight(&mut self, index: usize, position: usize, error: Error) -> usize {
        let Some(partition) = self.partitions.get_mut(index) else { return 0 };
        let Some(batch) = partition.batches.get_mut(position).filter(|batch| !batch.abandoned) else { return 0 };
        batch.abandoned = true;
        let (slot, count) = (Arc::clone(&batch.slot), batch.count);
        self.outstanding.remove(&batch.number);
        self.accumulator.keep_unread(std::mem::take(&mut batch.kept));
        self.life.note_failure(&error);
        self.out.events.push_back(Event::Filled(Filled { slot, outcome: BatchOutcome::failed(error) }));
        usize::try_from(count).unwrap_or(0)
    }

    /// A batch that is not in flight ends with an error.
    pub(crate) fn drop_batch(&mut self, _now: Now, index: usize, position: usize, error: &Error) {
        let Some(partition) = self.partitions.get_mut(index) else { return };
        let Some(batch) = partition.batches.remove(position) else { return };
        partition.on_dropped(&batch);
        let error = error.clone().with_outcome(outcome(batch.maybe_written));
        self.finish_batch(batch, BatchOutcome::failed(error));
        self.recover(index);
        self.list(index);
    }

    /// The open batch `number` of a partition ends with an error.
    fn drop_open(&mut self, index: usize, number: u64, error: &Error) -> usize {
        let Some(partition) = self.partitions.get_mut(index) else { return 0 };
        let Some(open) = partition.open.take_if(|open| open.number == number) else { return 0 };
        partition.hurried_after = None;
        let count = open.builder.count();
        self.buffers.give(open.builder.into_buffer());
        self.accumulator.keep_unread(open.kept);
        self.finish_slot(open.number, open.charged, open.slot, BatchOutcome::failed(error.clone()));
        usize::try_from(count).unwrap_or(0)
    }

    /// A batch that was never sent, because its request could not be made.
    pub(crate) fn refuse(&mut self, now: Now, one: Carried, id: RequestId, error: &Error) {
        self.on_settled(now, one, id, Settlement::Refused(BatchOutcome::failed(error.clone())));
    }

    /// Fails all batches of a partition that are not in flight.
    pub(crate) fn fail_waiting(&mut self, now: Now, index: usize, error: &Error) {
        let Some(partition) = self.partitions.get(index) else { return };
        let waiting = |batch: &&Batch| !matches!(batch.stage, Stage::InFlight(_));
        // From the last one on, so that their sequences are used again where that is safe.
        let numbers: Vec<u64> = partition.batches.iter().filter(waiting).map(|batch| batch.number).rev().collect();
        if let Some(open) = &partition.open {
            let number = open.number;
            self.drop_open(index, number, error);
        }
        for number in numbers {
            if let Some(position) = self.partitions.get(index).and_then(|partition| partition.position(number)) {
                self.drop_batch(now, index, position, error);
            }
        }
    }

    /// Fails everything that has no outcome. Says how many records that were.
    pub(crate) fn fail_all(&mut self, _now: Now, error: &Error) -> Unacknowledged {
        let mut left = Unacknowledged::default();
        for index in 0..self.partitions.len() {
            let Some(partition) = self.partitions.get_mut(index) else { continue };
            partition.in_flight = 0;
            let batches = std::mem::take(&mut partition.batches);
            if let Some(open) = &partition.open {
                let number = open.number;
                left.add(self.drop_open(index, number, error), false);
            }
            for batch in batches {
                let maybe_written = batch.maybe_written || matches!(batch.stage, Stage::InFlight(_));
                let records = if batch.abandoned { 0 } else { usize::try_from(batch.count).unwrap_or(0) };
                left.add(records, maybe_written);
                let error = error.clone().with_outcome(outcome(maybe_written));
                self.finish_batch(batch, BatchOutcome::failed(error));
            }
        }
        self.requests.clear();
        left
    }

    fn finish_batch(&mut self, mut batch: Batch, outcome: BatchOutcome) {
        batch.bytes = Bytes::new();
        if batch.abandoned {
            // Its receipts have been told; only its memory is left.
            let mut answers = Vec::new();
            self.accumulator.release(batch.charged, &mut answers);
            self.tell(answers);
            return;
        }
        self.accumulator.keep_unread(batch.kept);
        self.finish_slot(batch.number, batch.charged, batch.slot, outcome);
    }

    fn finish_slot(
        &mut self,
        number: u64,
        charged: usize,
        slot: Arc<crate::receipt::BatchSlot>,
        outcome: BatchOutcome,
    ) {
        self.outstanding.remove(&number);
        if let BatchOutcome::Failed { error, .. } = &outcome {
            self.life.note_failure(error);
        }
        self.out.events.push_back(Event::Filled(Filled { slot, outcome }));
        let mut answers = Vec::new();
        self.accumulator.release(charged, &mut answers);
        self.tell(answers);
    }
}
