//! Messages of the size that busy clients see.

use std::iter::repeat_n;

use bytes::{Bytes, BytesMut};
use ottla_protocol::messages::fetch::{FetchResponse, FetchableTopicResponse, PartitionData};
use ottla_protocol::messages::metadata::{
    MetadataResponse, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use ottla_protocol::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use ottla_protocol::{BrokerId, BrokerIds, Encode, Message, Uuid};

/// The versions that are measured: what a current broker and client agree on, and other protocol crates have too.
pub mod versions {
    /// Of Produce.
    pub const PRODUCE: i16 = 13;
    /// Of Fetch.
    pub const FETCH: i16 = 17;
    /// Of Metadata.
    pub const METADATA: i16 = 13;
}

const TOPIC_ID: Uuid = Uuid([7; 16]);

/// A request with so many partitions of one topic, each with these records.
pub fn produce(partitions: usize, records: &Bytes) -> ProduceRequest {
    let partition = |(index, records)| PartitionProduceData { index, records: Some(records), ..Default::default() };
    let partition_data = (0..).zip(repeat_n(records.clone(), partitions)).map(partition).collect();
    let topic = TopicProduceData { topic_id: TOPIC_ID, partition_data, ..Default::default() };
    ProduceRequest { acks: -1, timeout_ms: 30_000, topic_data: vec![topic], ..Default::default() }
}

/// A response with so many partitions of one topic, each with these records.
pub fn fetch(partitions: usize, records: &Bytes) -> FetchResponse {
    let partition = |(partition_index, records)| PartitionData {
        partition_index,
        high_watermark: 1_000_000,
        last_stable_offset: 1_000_000,
        log_start_offset: 0,
        aborted_transactions: None,
        records: Some(records),
        ..Default::default()
    };
    let partitions = (0..).zip(repeat_n(records.clone(), partitions)).map(partition).collect();
    let topic = FetchableTopicResponse { topic_id: TOPIC_ID, partitions, ..Default::default() };
    FetchResponse { session_id: 77, responses: vec![topic], ..Default::default() }
}

/// A cluster of 12 brokers and 100 topics of 100 partitions with three replicas each.
pub fn metadata() -> MetadataResponse {
    let broker = |id| MetadataResponseBroker {
        node_id: BrokerId(id),
        host: format!("broker-{id}.example.org").into(),
        port: 9092,
        rack: Some("rack-1".into()),
        ..Default::default()
    };
    MetadataResponse {
        brokers: (0..12).map(broker).collect(),
        cluster_id: Some("a-cluster-of-some-name".into()),
        topics: (0..100_u8).map(topic).collect(),
        ..Default::default()
    }
}

fn topic(number: u8) -> MetadataResponseTopic {
    let partition = |index| {
        let replicas: BrokerIds = (index..index + 3).map(|id| BrokerId(id % 12)).collect();
        MetadataResponsePartition {
            partition_index: index,
            leader_id: BrokerId(index % 12),
            leader_epoch: 3,
            isr_nodes: replicas.clone(),
            replica_nodes: replicas,
            ..Default::default()
        }
    };
    MetadataResponseTopic {
        name: Some(format!("some-topic-{number}").into()),
        topic_id: Uuid([number; 16]),
        partitions: (0..100).map(partition).collect(),
        ..Default::default()
    }
}

/// The body of a message.
///
/// # Panics
///
/// When the message cannot be written in this version.
#[allow(clippy::expect_used, reason = "a benchmark's input")]
pub fn body<M: Message + Encode>(message: &M, version: i16) -> Bytes {
    let mut out = BytesMut::new();
    message.encode(version, &mut out).expect("the message fits its version");
    out.freeze()
}
