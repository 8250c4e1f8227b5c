//! Taking the answers to fetches: records, errors of partitions, errors of the session.
//!
//! From the heads of the record batches the position is known, so that the next fetch leaves before anything is checked or
//! decompressed; that is done by jobs, and what they find is handed over in order.

use std::sync::Arc;
use std::time::Duration;

use ottla_core::clock::Now;
use ottla_core::error::{Error, ErrorKind, Result};
use ottla_core::io::Demand;
use ottla_core::machine::{Response, SendError};
use ottla_core::retry::{self, Verdict};
use ottla_protocol::Message;
use ottla_protocol::messages::fetch::{
    AbortedTransaction, FetchResponse, FetchableTopicResponse, NodeEndpoint, PartitionData,
};
use ottla_types::{BrokerId, ErrorCode};

use crate::assignment::{Change, Part, PartitionState};
use crate::index::{Damage, IndexJob, PartId, heads};
use crate::isolation::IsolationLevel;
use crate::lookup::LookupKind;
use crate::machine::{ConsumerEvent, ConsumerMachine, Timer};
use crate::offset_reset::{Goal, OffsetReset};
use crate::position::Position;

/// How long a follower that the leader named is read from before the leader is asked again (Kafka's default for
/// `metadata.max.age.ms`, which Java uses).
const REPLICA_LEASE: Duration = Duration::from_secs(300);
/// Responses in a row that cannot be read before the broker's partitions fail.
const UNREADABLE: u32 = 3;
/// The most that the batches of one part may decompress to, where the budget is less.
const DECOMPRESSED: usize = 256 << 20;

impl ConsumerMachine {
    pub(crate) fn on_fetch(&mut self, broker: BrokerId, result: Result<Response, SendError>, now: Now) {
        let Some(fetcher) = self.fetchers.get_mut(&broker) else { return };
        self.dirty.insert(broker);
        if let Some(flight) = fetcher.flight.take() {
            self.settle(flight.reserved);
        }
        let Some(fetcher) = self.fetchers.get_mut(&broker) else { return };
        let response = match read(result) {
            Ok(response) => response,
            Err(error) => {
                fetcher.session.restart();
                self.on_fetch_failed(broker, &error, now);
                return;
            }
        };
        self.throttle(broker, response.throttle_time_ms, now);
        let Some(fetcher) = self.fetchers.get_mut(&broker) else { return };
        match response.error_code {
            ErrorCode::NONE => {
                fetcher.session.on_response(response.session_id);
                fetcher.refuses_sessions = !fetcher.session.is_there();
                fetcher.failures = 0;
            }
            code => {
                if code == ErrorCode::FETCH_SESSION_ID_NOT_FOUND {
                    fetcher.session.lost();
                } else {
                    fetcher.session.restart();
                }
                fetcher.failures = fetcher.failures.saturating_add(1);
                if retry::verdict(code).is_retriable() && fetcher.failures == 1 {
                    // The usual end of a session: begun anew at once.
                    return;
                }
                self.on_fetch_failed(broker, &Error::broker(code, "a fetch was refused"), now);
                return;
            }
        }
        let full_again = fetcher.session.is_full();
        for (index, data) in self.resolve(response.responses) {
            let sent = self.fetchers.get(&broker).and_then(|fetcher| fetcher.session.sent(index));
            let Some(sent) = sent else { continue };
            self.on_data(index, sent.incarnation, sent.offset, data, &response.node_endpoints, now);
        }
        if full_again && let Some(fetcher) = self.fetchers.get_mut(&broker) {
            fetcher.session.restart();
        }
    }

    pub(crate) fn on_fetch_aside(&mut self, broker: BrokerId, result: Result<Response, SendError>, now: Now) {
        self.dirty.insert(broker);
        let Some(aside) = self.fetchers.get_mut(&broker).and_then(|fetcher| fetcher.aside.take()) else { return };
        self.settle(aside.reserved);
        let response = read(result).and_then(|response| match response.error_code {
            ErrorCode::NONE => Ok(response),
            code => Err(Error::broker(code, "a fetch was refused")),
        });
        for &(index, incarnation, _) in &aside.entries {
            if let Some(partition) = self.assignment.same(index, incarnation) {
                partition.fetched_aside = false;
            }
        }
        match response {
            Ok(response) => {
                self.throttle(broker, response.throttle_time_ms, now);
                for (index, data) in self.resolve(response.responses) {
                    if let Some(&(_, incarnation, offset)) = aside.entries.iter().find(|entry| entry.0 == index) {
                        self.on_data(index, incarnation, offset, data, &response.node_endpoints, now);
                    }
                }
            }
            Err(error) => self.on_fetch_failed(broker, &error, now),
        }
        for (index, _, _) in aside.entries {
            self.reckon(index);
        }
    }

    /// The partitions of a response, by their place. Brokers answer in another order than asked.
    fn resolve(&self, topics: Vec<FetchableTopicResponse>) -> Vec<(usize, PartitionData)> {
        let mut found = Vec::new();
        for topic in topics {
            for data in topic.partitions {
                let index = if topic.topic_id.is_nil() {
                    self.assignment.find(&topic.topic, data.partition_index)
                } else {
                    self.assignment.find_by_id(topic.topic_id, data.partition_index)
                };
                found.extend(index.map(|index| (index, data)));
            }
        }
        found
    }

    fn throttle(&mut self, broker: BrokerId, millis: i32, now: Now) {
        if let Ok(millis @ 1..) = u64::try_from(millis)
            && let Some(fetcher) = self.fetchers.get_mut(&broker)
        {
            let until = now.after(Duration::from_millis(millis));
            fetcher.not_before = fetcher.not_before.max(Some(until));
        }
    }

    /// A whole fetch came to nothing.
    fn on_fetch_failed(&mut self, broker: BrokerId, error: &Error, now: Now) {
        let Some(fetcher) = self.fetchers.get_mut(&broker) else { return };
        fetcher.failures = fetcher.failures.saturating_add(1);
        let failures = fetcher.failures;
        if error.kind() == ErrorKind::Transport {
            // Connecting again has its own pauses.
            self.on_broker_down(broker, error);
            return;
        }
        let at = self.pause_after(failures, now);
        if let Some(fetcher) = self.fetchers.get_mut(&broker) {
            fetcher.not_before = fetcher.not_before.max(Some(at));
        }
        if error.is_retriable() || failures < UNREADABLE {
            let passing = Error::new(ErrorKind::Transport, format!("broker {broker}: {error}"));
            self.on_broker_down(broker, &passing);
        } else {
            self.on_broker_down(broker, &error.clone().within(format_args!("broker {broker}")));
        }
    }

    /// Takes what a response tells of a partition, if that is still where it was when it was asked for.
    fn on_data(
        &mut self,
        index: usize,
        incarnation: u64,
        offset: i64,
        data: PartitionData,
        endpoints: &[NodeEndpoint],
        now: Now,
    ) {
        let Some(partition) = self.assignment.same(index, incarnation) else { return };
        if partition.position.offset != offset || partition.state != PartitionState::Fetching {
            return;
        }
        if !data.error_code.is_ok() {
            self.on_data_refused(index, data, endpoints, now);
            return;
        }
        partition.high_watermark = data.high_watermark;
        partition.last_stable_offset =
            if data.last_stable_offset >= 0 { data.last_stable_offset } else { data.high_watermark };
        partition.log_start_offset = data.log_start_offset;
        partition.failures = 0;
        partition.last_error = None;
        if data.diverging_epoch.end_offset >= 0 {
            self.on_truncated(index, data.diverging_epoch.end_offset);
            return;
        }
        if data.preferred_read_replica.0 >= 0 && Some(data.preferred_read_replica) != partition.source() {
            let until = now.after(REPLICA_LEASE);
            partition.replica = Some((data.preferred_read_replica, until));
            self.timers.insert((until, Timer::Partition(index)));
            self.reckon(index);
            return;
        }
        match data.records.filter(|records| !records.is_empty()) {
            Some(records) => self.on_records(index, records, data.aborted_transactions, now),
            None => {
                // Nothing new: the broker goes on knowing what it knows, and the session's next fetch asks again.
                self.check_stop(index);
            }
        }
    }

    fn on_records(&mut self, index: usize, records: bytes::Bytes, aborted: Option<Vec<AbortedTransaction>>, now: Now) {
        let Some(partition) = self.assignment.get_mut(index) else { return };
        let heads = heads(&records);
        let from = partition.position.offset;
        let next = heads.next.filter(|(next, _)| *next > from);
        let next_offset = match next {
            Some((next, leader_epoch)) => {
                partition.position = Position { offset: next, leader_epoch };
                partition.max_bytes = self.config.max_partition_fetch_bytes;
                next
            }
            None if heads.damaged => from,
            None if heads.next.is_none() => {
                // Not one batch is complete: brokers before 0.10.1 do not go over the limit for the first.
                partition.max_bytes = partition.max_bytes.saturating_mul(2).min(i32::MAX.unsigned_abs() as usize);
                self.reckon(index);
                return;
            }
            None => {
                let error = Error::new(
                    ErrorKind::Malformed,
                    format!("{}: the broker answers offset {from} with records before it", partition.name()),
                );
                self.retry_later(index, error, now);
                return;
            }
        };
        let number = partition.next_part;
        partition.next_part += 1;
        let bytes = records.len();
        partition.parts.push_back(Part { number, from, bytes, chunk: None });
        partition.held += bytes;
        let job = IndexJob {
            id: PartId { index, incarnation: partition.incarnation, number },
            topic: partition.topic.clone(),
            partition: partition.partition,
            records,
            from,
            next_offset,
            aborted: match self.config.isolation_level {
                IsolationLevel::ReadCommitted => aborted,
                IsolationLevel::ReadUncommitted => None,
            },
            check_crcs: self.config.check_crcs,
            compressed: heads.compressed,
            limit: self.budget.limit().max(DECOMPRESSED),
            pools: Arc::clone(&self.pools),
            outcome: None,
        };
        self.budget.hold(bytes);
        self.waiting_jobs.push_back(job);
        self.start_jobs();
        self.reckon(index);
    }

    /// Starts the jobs that the budget has room for; one always, where nothing else can give bytes back.
    pub(crate) fn start_jobs(&mut self) {
        while let Some(job) = self.waiting_jobs.front() {
            let alone = self.indexing == 0 && self.line.is_empty();
            if job.compressed && !self.budget.has_room() && !alone {
                return;
            }
            self.indexing += 1;
            self.jobs.extend(self.waiting_jobs.pop_front());
        }
    }

    pub(crate) fn on_indexed(&mut self, mut job: IndexJob) {
        self.indexing = self.indexing.saturating_sub(1);
        let PartId { index, incarnation, number } = job.id;
        if let Some(indexed) = job.outcome.take()
            && let Some(partition) = self.assignment.same(index, incarnation)
            && let Some(at) = partition.parts.iter().position(|part| part.number == number)
            && let Some(part) = partition.parts.get_mut(at)
        {
            let bytes = if indexed.decompressed > 0 { indexed.decompressed } else { part.bytes };
            self.budget.release(part.bytes);
            self.budget.hold(bytes);
            partition.held = partition.held.saturating_sub(part.bytes).saturating_add(bytes);
            part.bytes = bytes;
            part.chunk = Some(indexed.chunk);
            if let Some(damage) = indexed.damage {
                self.on_damage(index, at, &damage);
            }
            self.line_up(index);
        }
        self.start_jobs();
    }

    /// What lies behind a batch that cannot be read is not handed over: the partition stands still before it.
    fn on_damage(&mut self, index: usize, at: usize, damage: &Damage) {
        let Some(partition) = self.assignment.get_mut(index) else { return };
        let behind = partition.parts.split_off(at + 1);
        let bytes = behind.iter().map(|part| part.bytes).sum();
        partition.held = partition.held.saturating_sub(bytes);
        partition.position = Position::at(damage.offset);
        let mut context = format!("{}: the record batch at offset {} cannot be read", partition.name(), damage.offset);
        if let Some(next) = damage.next_offset {
            context.push_str(&format!(" (offset {next} is behind it)"));
        }
        let error = Error::new(ErrorKind::Malformed, format!("{context}: {}", damage.error))
            .with_source(Arc::new(damage.error) as Arc<_>);
        self.budget.release(bytes);
        self.events.push_back(ConsumerEvent::Discard(behind));
        self.fail(index, error);
    }

    fn on_data_refused(&mut self, index: usize, data: PartitionData, endpoints: &[NodeEndpoint], now: Now) {
        let Some(partition) = self.assignment.get_mut(index) else { return };
        let code = data.error_code;
        let topic = partition.topic.clone();
        let error = Error::broker(code, format!("{} cannot be fetched", partition.name()));
        if code == ErrorCode::OFFSET_OUT_OF_RANGE {
            self.on_out_of_range(index, error, now);
            return;
        }
        if partition.replica.take().is_some() {
            // Whatever is wrong with the follower, the leader knows better.
            self.reckon(index);
            return;
        }
        match retry::verdict(code) {
            Verdict::RefreshMetadata => {
                let hint = &data.current_leader;
                if hint.leader_id.0 >= 0 && hint.leader_epoch > partition.leader_epoch() {
                    let endpoint = endpoints.iter().find(|endpoint| endpoint.node_id == hint.leader_id);
                    self.demands.push_back(Demand::LeaderHint {
                        topic: topic.clone(),
                        partition: data.partition_index,
                        leader: hint.leader_id,
                        leader_epoch: hint.leader_epoch,
                        endpoint: endpoint.and_then(|endpoint| {
                            let rack = endpoint.rack.as_ref().map(|rack| Arc::from(rack.as_str()));
                            Some((Arc::from(endpoint.host.as_str()), u16::try_from(endpoint.port).ok()?, rack))
                        }),
                    });
                }
                self.report_stale(&topic);
                self.retry_later(index, error, now);
            }
            verdict if verdict.is_retriable() => self.retry_later(index, error, now),
            // Kafka's brokers answer this to what passes: a log directory on its way out, a reassignment under way.
            _ if code == ErrorCode::UNKNOWN_SERVER_ERROR => self.retry_later(index, error, now),
            _ => self.fail(index, error),
        }
    }

    fn on_out_of_range(&mut self, index: usize, error: Error, now: Now) {
        let Some(partition) = self.assignment.get_mut(index) else { return };
        if partition.replica.take().is_some() {
            self.reckon(index);
            return;
        }
        let offset = partition.position.offset;
        match Goal::after_out_of_range(self.config.auto_offset_reset, offset, now.wall_ms) {
            Some(goal) => {
                tracing::warn!(partition = partition.name(), offset, ?goal, "position out of range, resetting");
                partition.last_error = Some(error);
                partition.state = partition.state.after(Change::Misplaced);
                let incarnation = partition.incarnation;
                self.lookups.start(index, LookupKind::Start, incarnation, goal);
                self.reckon(index);
            }
            None => {
                let error =
                    error.within(format_args!("offset {offset} is out of range, and `auto.offset.reset` is none"));
                self.fail(index, error);
            }
        }
    }

    /// The log was cut off before the position: its leader wrote other records from `end` on.
    fn on_truncated(&mut self, index: usize, end: i64) {
        let incarnation = self.next_incarnation();
        let Some(partition) = self.assignment.get_mut(index) else { return };
        let position = partition.position.offset;
        let error = Error::broker(
            ErrorCode::OFFSET_OUT_OF_RANGE,
            format!("{}: the log was truncated to offset {end}, before the position {position}", partition.name()),
        );
        tracing::warn!(partition = partition.name(), position, end, "log truncated");
        if self.config.auto_offset_reset == OffsetReset::Fail {
            self.fail(index, error);
            return;
        }
        let first = partition.parts.front().map_or(position, |part| part.from);
        let dropped = std::mem::take(&mut partition.parts);
        let held = std::mem::take(&mut partition.held);
        partition.incarnation = incarnation;
        partition.position = Position::at(end.min(first));
        partition.delivered.advance(end.min(first));
        partition.last_error = Some(error);
        self.budget.release(held);
        self.events.push_back(ConsumerEvent::Discard(dropped));
        self.reckon(index);
    }
}

fn read(result: Result<Response, SendError>) -> Result<FetchResponse> {
    let response = result.map_err(|failure| failure.error)?;
    FetchResponse::decode(&response.body, response.version).map_err(|error| {
        Error::new(ErrorKind::Malformed, "a Fetch response cannot be read").with_source(Arc::new(error) as Arc<_>)
    })
}
