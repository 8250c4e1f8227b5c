//! What the broker answers.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use ottla_protocol::frame::{RequestHeader, encode_response};
use ottla_protocol::messages::api_versions::ApiVersion;
use ottla_protocol::messages::fetch::{FetchableTopicResponse, PartitionData};
use ottla_protocol::messages::list_offsets::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use ottla_protocol::messages::metadata::{MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic};
use ottla_protocol::messages::produce::{PartitionProduceResponse, TopicProduceResponse};
use ottla_protocol::messages::{
    ApiVersionsResponse, FetchRequest, FetchResponse, InitProducerIdResponse, ListOffsetsRequest, ListOffsetsResponse,
    MetadataRequest, MetadataResponse, ProduceRequest, ProduceResponse,
};
use ottla_protocol::{ApiKey, BrokerId, ErrorCode, Message as _, ProducerId, Utf8Bytes};

use crate::log::{LEADER_EPOCH, Log};

/// The topic that there is.
pub(crate) const TOPIC: &str = "stub";

/// The only broker.
const BROKER: BrokerId = BrokerId(0);

/// Every API that the broker has, with the versions of it: all that know topics by name and record batches. Clients ask
/// for these first, and use none besides them.
const APIS: [(ApiKey, i16, i16); 6] = [
    (ApiKey::PRODUCE, 3, 12),
    (ApiKey::FETCH, 4, 12),
    (ApiKey::LIST_OFFSETS, 1, 7),
    (ApiKey::METADATA, 0, 12),
    (ApiKey::API_VERSIONS, 0, 4),
    (ApiKey::INIT_PRODUCER_ID, 0, 4),
];

/// The longest that a consumer waits for records, whatever it asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

pub(crate) struct Broker {
    at: SocketAddr,
    log: Log,
    producer_id: AtomicI64,
}

impl Broker {
    /// With an empty partition, reached at this address.
    pub(crate) fn new(at: SocketAddr) -> Self {
        Self { at, log: Log::default(), producer_id: AtomicI64::new(0) }
    }

    /// The response to a request, as chunks of a whole frame; none to a request that wants none.
    ///
    /// # Errors
    ///
    /// When the request is none that this broker said it knows: the connection is to be closed.
    pub(crate) fn answer(
        &self,
        header: &RequestHeader,
        body: &Bytes,
    ) -> Result<Vec<Bytes>, Box<dyn Error + Send + Sync>> {
        let (key, version, id) = (header.key, header.version, header.correlation_id);
        let known = APIS.iter().any(|(api, min, max)| *api == key && (*min..=*max).contains(&version));
        let frame = match key {
            // A client that begins with a version too high gets to know the others, in the version that all understand.
            ApiKey::API_VERSIONS if !known => encode_response(&api_versions(ErrorCode::UNSUPPORTED_VERSION), 0, id),
            _ if !known => return Err(format!("{key} version {version} was not offered").into()),
            ApiKey::API_VERSIONS => encode_response(&api_versions(ErrorCode::NONE), version, id),
            ApiKey::METADATA => {
                encode_response(&self.metadata(&MetadataRequest::decode(body, version)?, version), version, id)
            }
            ApiKey::INIT_PRODUCER_ID => encode_response(&self.init_producer_id(), version, id),
            ApiKey::PRODUCE => {
                let request = ProduceRequest::decode(body, version)?;
                let response = self.produce(&request);
                if request.acks == 0 {
                    return Ok(Vec::new());
                }
                encode_response(&response, version, id)
            }
            ApiKey::LIST_OFFSETS => {
                encode_response(&self.list_offsets(&ListOffsetsRequest::decode(body, version)?), version, id)
            }
            ApiKey::FETCH => encode_response(&self.fetch(&FetchRequest::decode(body, version)?), version, id),
            _ => return Err(format!("{key} has no answer").into()),
        };
        Ok(frame?)
    }

    fn metadata(&self, request: &MetadataRequest, version: i16) -> MetadataResponse {
        let broker = MetadataResponseBroker {
            node_id: BROKER,
            host: self.at.ip().to_string().into(),
            port: self.at.port().into(),
            ..Default::default()
        };
        let names: Vec<_> = match &request.topics {
            // None of them stood for all in the first version; since then, null does.
            Some(topics) if version > 0 || !topics.is_empty() => {
                topics.iter().map(|topic| topic.name.clone()).collect()
            }
            _ => vec![Some(TOPIC.into())],
        };
        let topic = |name: Option<Utf8Bytes>| {
            let is_there = name.as_deref() == Some(TOPIC);
            let partition = MetadataResponsePartition {
                leader_id: BROKER,
                leader_epoch: LEADER_EPOCH,
                replica_nodes: [BROKER].into_iter().collect(),
                isr_nodes: [BROKER].into_iter().collect(),
                ..Default::default()
            };
            MetadataResponseTopic {
                error_code: if is_there { ErrorCode::NONE } else { ErrorCode::UNKNOWN_TOPIC_OR_PARTITION },
                name,
                partitions: if is_there { vec![partition] } else { Vec::new() },
                ..Default::default()
            }
        };
        MetadataResponse {
            brokers: vec![broker],
            cluster_id: Some("one-broker".into()),
            controller_id: BROKER,
            topics: names.into_iter().map(topic).collect(),
            ..Default::default()
        }
    }

    fn init_producer_id(&self) -> InitProducerIdResponse {
        let id = self.producer_id.fetch_add(1, Ordering::Relaxed);
        InitProducerIdResponse { producer_id: ProducerId(id), producer_epoch: 0, ..Default::default() }
    }

    fn produce(&self, request: &ProduceRequest) -> ProduceResponse {
        let topic = |topic: &ottla_protocol::messages::produce::TopicProduceData| TopicProduceResponse {
            name: topic.name.clone(),
            partition_responses: topic
                .partition_data
                .iter()
                .map(|partition| {
                    let records = partition.records.as_deref().unwrap_or_default();
                    let appended = known(&topic.name, partition.index).and_then(|()| self.log.append(records));
                    PartitionProduceResponse {
                        index: partition.index,
                        error_code: appended.err().unwrap_or(ErrorCode::NONE),
                        base_offset: appended.unwrap_or(-1),
                        log_start_offset: 0,
                        ..Default::default()
                    }
                })
                .collect(),
            ..Default::default()
        };
        ProduceResponse { responses: request.topic_data.iter().map(topic).collect(), ..Default::default() }
    }

    fn list_offsets(&self, request: &ListOffsetsRequest) -> ListOffsetsResponse {
        const EARLIEST: i64 = -2;
        let topic = |topic: &ottla_protocol::messages::list_offsets::ListOffsetsTopic| ListOffsetsTopicResponse {
            name: topic.name.clone(),
            partitions: topic
                .partitions
                .iter()
                .map(|partition| ListOffsetsPartitionResponse {
                    partition_index: partition.partition_index,
                    error_code: known(&topic.name, partition.partition_index).err().unwrap_or(ErrorCode::NONE),
                    // Timestamps are not looked for: what is asked for by time is at the end.
                    offset: if partition.timestamp == EARLIEST { 0 } else { self.log.end() },
                    leader_epoch: LEADER_EPOCH,
                    ..Default::default()
                })
                .collect(),
            ..Default::default()
        };
        ListOffsetsResponse { topics: request.topics.iter().map(topic).collect(), ..Default::default() }
    }

    /// Answers without a session: then the consumer names all of its partitions each time.
    fn fetch(&self, request: &FetchRequest) -> FetchResponse {
        let wait = Duration::from_millis(request.max_wait_ms.try_into().unwrap_or(0)).min(LONGEST_WAIT);
        let topic = |topic: &ottla_protocol::messages::fetch::FetchTopic| FetchableTopicResponse {
            topic: topic.topic.clone(),
            partitions: topic
                .partitions
                .iter()
                .map(|partition| {
                    let most = usize::try_from(partition.partition_max_bytes).unwrap_or(0);
                    let read = known(&topic.topic, partition.partition)
                        .and_then(|()| self.log.read(partition.fetch_offset, most, wait));
                    let end = self.log.end();
                    PartitionData {
                        partition_index: partition.partition,
                        error_code: read.as_ref().err().copied().unwrap_or(ErrorCode::NONE),
                        high_watermark: end,
                        last_stable_offset: end,
                        log_start_offset: 0,
                        records: Some(read.unwrap_or_default()),
                        ..Default::default()
                    }
                })
                .collect(),
            ..Default::default()
        };
        FetchResponse { responses: request.topics.iter().map(topic).collect(), ..Default::default() }
    }
}

fn api_versions(error_code: ErrorCode) -> ApiVersionsResponse {
    let version = |(key, min_version, max_version): (ApiKey, i16, i16)| ApiVersion {
        api_key: key.0,
        min_version,
        max_version,
        ..Default::default()
    };
    ApiVersionsResponse { error_code, api_keys: APIS.into_iter().map(version).collect(), ..Default::default() }
}

/// Whether there is such a partition.
fn known(topic: &str, partition: i32) -> Result<(), ErrorCode> {
    if topic == TOPIC && partition == 0 { Ok(()) } else { Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) }
}
