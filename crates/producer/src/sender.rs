//! One broker's requests: which batches go into the next one, and when it leaves.
//!
//! A request takes at most one batch of each partition, in turn, until it is full. It leaves when the connection is ready,
//! fewer than `max.in.flight.requests.per.connection` are on their way, and every batch that was closed to go along is
//! encoded. A request that was answered keeps its place until those whom the answer woke had a turn, so that what they add
//! goes along too.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use ottla_core::clock::Now;
use ottla_core::error::{Error, ErrorKind};
use ottla_core::lane::Lane;
use ottla_core::machine::{Outbound, RequestId};
use ottla_core::versions::Versions;
use ottla_protocol::frame::encode_request;
use ottla_protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use ottla_protocol::messages::{InitProducerIdRequest, ProduceRequest};
use ottla_protocol::records::Codec;
use ottla_protocol::{ApiKey, Request};
use ottla_types::BrokerId;

use crate::batch::{Closing, Stage};
use crate::config::Acks;
use crate::machine::ProducerMachine;

/// What is known of one broker as a leader of partitions.
#[derive(Debug, Default)]
pub(crate) struct Broker {
    /// Partitions that may have a batch to send.
    pub(crate) ready: VecDeque<usize>,
    /// Partitions whose open batch is to leave once the requests before it are answered.
    pub(crate) hurried: VecDeque<usize>,
    /// Whether a batch was opened for which a connection, and an identity, will be needed.
    pub(crate) expecting: bool,
    /// Batches being encoded that the next request waits for.
    pub(crate) gathering: usize,
    /// Requests on their way, oldest first.
    pub(crate) in_flight: VecDeque<u64>,
    /// Until when the broker asked for quiet (KIP-219).
    pub(crate) throttled_until: Option<Instant>,
    /// The connections up to this epoch are over.
    pub(crate) over: Option<u64>,
    /// When the last request left.
    pub(crate) sent_at: Option<Instant>,
    /// Why the connection was lost or could not be made.
    pub(crate) last_error: Option<Error>,
}

/// A request on its way.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) broker: BrokerId,
    pub(crate) epoch: u64,
    pub(crate) content: Content,
}

/// What a request was sent for.
#[derive(Debug)]
pub(crate) enum Content {
    /// A producer id.
    Identity,
    /// These batches: partition and number, ordered by partition.
    Produce(Vec<Carried>),
}

/// A batch in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Carried {
    pub(crate) topic: usize,
    /// The number of the partition within its topic.
    pub(crate) number: i32,
    /// The index of the partition among all of the producer's.
    pub(crate) partition: usize,
    pub(crate) batch: u64,
}

impl ProducerMachine {
    /// Has a partition looked at when its leader's next request is made.
    pub(crate) fn list(&mut self, index: usize) {
        let Some(partition) = self.partitions.get_mut(index) else { return };
        let Some(leader) = partition.leader else { return };
        if !std::mem::replace(&mut partition.listed, true) {
            self.broker(leader).ready.push_back(index);
        }
        self.dirty.insert(leader);
    }

    /// Sends what can be sent to a broker now.
    pub(crate) fn pump(&mut self, now: Now, id: BrokerId) {
        let Some(broker) = self.brokers.get_mut(&id) else { return };
        if broker.throttled_until.is_some_and(|until| now.mono < until) {
            return;
        }
        broker.throttled_until = None;
        if broker.ready.is_empty() && broker.hurried.is_empty() && !broker.expecting {
            return;
        }
        let Some((epoch, versions)) = self.links.ready(id, Lane::Produce) else {
            if let Some(demand) = self.links.want(id, Lane::Produce) {
                self.out.demands.push_back(demand);
            }
            return;
        };
        if broker.over.is_some_and(|over| epoch <= over) {
            return;
        }
        broker.expecting = false;
        let versions = Arc::clone(versions);
        if self.idempotence.enabled() && self.idempotence.identity().is_none() {
            if self.idempotence.should_ask() {
                self.ask_identity(now, id, epoch, &versions);
            }
            return;
        }
        self.gather(now, id);
        while let Some(broker) = self.brokers.get(&id)
            && broker.gathering == 0
            && broker.in_flight.len() < self.settings.max_in_flight
        {
            let carried = self.pick(now, id);
            if carried.is_empty() {
                break;
            }
            self.send(now, id, epoch, &versions, carried);
        }
    }

    /// Closes the open batches that hurry and whose turn has come.
    fn gather(&mut self, now: Now, id: BrokerId) {
        while let Some(broker) = self.brokers.get_mut(&id)
            && let Some(index) = broker.hurried.front().copied()
        {
            let oldest = broker.in_flight.front().copied();
            let after = self.partitions.get(index).filter(|partition| partition.leader == Some(id));
            let Some(after) = after.and_then(|partition| partition.hurried_after) else {
                // Closed meanwhile, or moved.
                broker.hurried.pop_front();
                continue;
            };
            let leader_is_idle = oldest.is_none_or(|oldest| oldest > after);
            if !leader_is_idle {
                return;
            }
            broker.hurried.pop_front();
            self.maybe_close(now, index, None, Closing { hurried: true, leader_is_idle, ..Closing::default() });
        }
    }

    /// Takes the batches of the next request.
    fn pick(&mut self, now: Now, id: BrokerId) -> Vec<Carried> {
        let (mut carried, mut again) = (Vec::new(), Vec::new());
        let mut bytes = 0_usize;
        let idempotent = self.idempotence.enabled();
        let most = self.settings.max_in_flight;
        let request = RequestId(self.newest_request + 1);
        let Some(broker) = self.brokers.get_mut(&id) else { return carried };
        for _ in 0..broker.ready.len() {
            let Some(index) = broker.ready.pop_front() else { break };
            let Some(partition) = self.partitions.get_mut(index) else { continue };
            // An entry from before the leadership went to and fro is passed over, so that no partition comes twice.
            if partition.leader != Some(id) || !std::mem::replace(&mut partition.listed, false) {
                continue;
            }
            let Some(position) = partition.next_to_send(id, now.mono, idempotent, most) else { continue };
            let Some(length) = partition.batches.get(position).map(|batch| batch.bytes.len()) else { continue };
            if !carried.is_empty() && bytes.saturating_add(length) > self.settings.max_request_size {
                partition.listed = true;
                broker.ready.push_front(index);
                break;
            }
            if let Some(identity) = self.idempotence.identity()
                && let Some(sequence) = partition.sequence(position, identity)
                && let Some(batch) = partition.batches.get_mut(position)
            {
                batch.stamp(sequence, &self.buffers);
            }
            let Some(batch) = partition.batches.get_mut(position) else { continue };
            batch.stage = Stage::InFlight(request);
            bytes = bytes.saturating_add(length);
            let (topic, number, batch) = (partition.topic, partition.index, batch.number);
            carried.push(Carried { topic, number, partition: index, batch });
            partition.in_flight += 1;
            partition.in_flight_on = id;
            if partition.next_to_send(id, now.mono, idempotent, most).is_some() {
                again.push(index);
            }
        }
        for index in again {
            if let Some(partition) = self.partitions.get_mut(index) {
                partition.listed = true;
                broker.ready.push_back(index);
            }
        }
        carried.sort_unstable();
        carried
    }

    fn send(&mut self, now: Now, id: BrokerId, epoch: u64, versions: &Versions, carried: Vec<Carried>) {
        let request_id = self.request_ids.next_id();
        self.newest_request = request_id.0;
        let request = self.produce_request(&carried);
        // Topic ids since version 13; a topic that came without one is named.
        let all_identified = request.topic_data.iter().all(|topic| !topic.topic_id.is_nil());
        let newest = if all_identified { 13 } else { 12 };
        let oldest = if self.settings.compression.codec() == Codec::Zstd { 7 } else { 3 };
        let version = versions.pick_within::<ProduceRequest>(oldest, newest).map_err(|error| {
            let needing = if oldest == 7 { "`compression.type` = zstd" } else { "record batches of format v2" };
            error.within(format!("{needing} cannot be sent to broker {id}"))
        });
        let encoded = version.and_then(|version| {
            encode_request(&request, version, Some(&self.client_id))
                .map(|frame| (version, frame))
                .map_err(|error| Error::new(ErrorKind::Internal, format!("a request could not be encoded: {error}")))
        });
        let (version, frame) = match encoded {
            Ok(encoded) => encoded,
            Err(error) => {
                for carried in carried {
                    self.refuse(now, carried, request_id, &error);
                }
                return;
            }
        };
        self.requests.insert(request_id.0, InFlight { broker: id, epoch, content: Content::Produce(carried) });
        let broker = self.broker(id);
        broker.in_flight.push_back(request_id.0);
        broker.sent_at = Some(now.mono);
        self.out.requests.push_back(Outbound {
            id: request_id,
            broker: id,
            lane: Lane::Produce,
            epoch,
            key: ApiKey::PRODUCE,
            version,
            frame,
            timeout: self.settings.request_timeout,
            expects_response: self.settings.acks != Acks::None,
        });
    }

    fn produce_request(&self, carried: &[Carried]) -> ProduceRequest {
        let mut topic_data: Vec<TopicProduceData> = Vec::new();
        let mut last = None;
        for one in carried {
            let Some(partition) = self.partitions.get(one.partition) else { continue };
            let batch = partition.position(one.batch).and_then(|position| partition.batches.get(position));
            let Some(batch) = batch else { continue };
            if last != Some(one.topic) {
                let Some(entry) = self.topics.get(one.topic) else { continue };
                topic_data.push(TopicProduceData {
                    name: entry.wire_name.clone(),
                    topic_id: entry.id,
                    ..TopicProduceData::default()
                });
                last = Some(one.topic);
            }
            let records = Some(batch.bytes.clone());
            if let Some(topic) = topic_data.last_mut() {
                let data = PartitionProduceData { index: one.number, records, ..PartitionProduceData::default() };
                topic.partition_data.push(data);
            }
        }
        ProduceRequest {
            acks: self.settings.acks.code(),
            timeout_ms: i32::try_from(self.settings.request_timeout.as_millis()).unwrap_or(i32::MAX),
            topic_data,
            ..ProduceRequest::default()
        }
    }

    fn ask_identity(&mut self, now: Now, id: BrokerId, epoch: u64, versions: &Versions) {
        // An empty id is not the same as none: brokers refuse it.
        let request = InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: i32::MAX,
            ..InitProducerIdRequest::default()
        };
        let encoded = versions.pick::<InitProducerIdRequest>().and_then(|version| {
            encode_request(&request, version, Some(&self.client_id))
                .map(|frame| (version, frame))
                .map_err(|error| Error::new(ErrorKind::Internal, format!("a request could not be encoded: {error}")))
        });
        let (version, frame) = match encoded {
            Ok(encoded) => encoded,
            Err(error) => {
                let error = error.within(format!("broker {id} gives no producer id, which `enable.idempotence` needs"));
                self.on_no_identity(now, error, false);
                return;
            }
        };
        let request_id = self.request_ids.next_id();
        self.newest_request = request_id.0;
        self.idempotence.on_asked();
        self.requests.insert(request_id.0, InFlight { broker: id, epoch, content: Content::Identity });
        self.out.requests.push_back(Outbound {
            id: request_id,
            broker: id,
            lane: Lane::Produce,
            epoch,
            key: InitProducerIdRequest::KEY,
            version,
            frame,
            timeout: self.settings.request_timeout,
            expects_response: true,
        });
    }

    /// Frees the places of requests that were answered.
    pub(crate) fn free_places(&mut self) {
        for (id, request) in std::mem::take(&mut self.resting) {
            if let Some(broker) = self.brokers.get_mut(&id) {
                broker.in_flight.retain(|in_flight| *in_flight != request);
            }
            self.dirty.insert(id);
        }
    }

    /// Tells why batches for a broker do not leave, as far as that is known.
    pub(crate) fn obstacle(&self, id: BrokerId) -> Option<&Error> {
        self.links.down(id, Lane::Produce).or_else(|| self.brokers.get(&id)?.last_error.as_ref())
    }
}

/// The answers of a response by the batch that they are for. Brokers answer in an order of their own.
pub(crate) type Answers<'a> = BTreeMap<(usize, i32), &'a ottla_protocol::messages::produce::PartitionProduceResponse>;
