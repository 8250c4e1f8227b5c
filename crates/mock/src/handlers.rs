//! What the brokers serve: one file per API, each with the versions and the gaps at its head.

pub(crate) mod api_versions;
mod create_partitions;
mod create_topics;
mod delete_topics;
mod describe_cluster;
mod describe_configs;
pub(crate) mod fetch;
mod find_coordinator;
mod init_producer_id;
mod list_offsets;
mod metadata;
mod offset_for_leader_epoch;
mod produce;

use bytes::Bytes;
use ottla_protocol::frame::encode_response;
use ottla_protocol::messages::{
    ApiVersionsRequest, CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest, DescribeClusterRequest,
    DescribeConfigsRequest, FetchRequest, FindCoordinatorRequest, InitProducerIdRequest, ListOffsetsRequest,
    MetadataRequest, OffsetForLeaderEpochRequest, ProduceRequest,
};
use ottla_protocol::{ApiKey, Request, Response, VersionRange};
use ottla_types::BrokerId;

use crate::cluster::ClusterState;
use crate::config::MockConfig;
use crate::connection::Call;
use crate::fault::Touched;
use crate::handlers::fetch::ParkedFetch;

/// A request that the brokers serve.
pub(crate) trait Handler: Request {
    /// The versions that are served.
    const VERSIONS: VersionRange;

    /// The topics and partitions that it names, for faults that concern those.
    fn touched(&self, _state: &ClusterState, _broker: BrokerId) -> Vec<Touched> {
        Vec::new()
    }

    /// Carries it out.
    fn handle(self, state: &mut ClusterState, call: &Call) -> Reply<Self::Response>;
}

/// What becomes of a request.
pub(crate) enum Reply<R> {
    Now(Box<R>),
    /// It is not answered, as Produce with `acks=0`.
    Nothing,
    Close,
    Park(Box<ParkedFetch>),
}

impl<R> Reply<R> {
    pub(crate) fn now(response: R) -> Self {
        Self::Now(Box::new(response))
    }
}

/// As [`Reply`], encoded.
pub(crate) enum Step {
    Answer(Vec<Bytes>),
    Nothing,
    Close,
    Park(Box<ParkedFetch>),
}

/// One API of the table.
pub(crate) struct Api {
    pub(crate) key: ApiKey,
    pub(crate) versions: VersionRange,
    pub(crate) touched: fn(&ClusterState, BrokerId, i16, &Bytes) -> Vec<Touched>,
    pub(crate) run: fn(&mut ClusterState, &Call, &Bytes) -> Step,
}

/// Every API that is served.
pub(crate) const APIS: &[Api] = &[
    api::<ProduceRequest>(),
    api::<FetchRequest>(),
    api::<ListOffsetsRequest>(),
    api::<MetadataRequest>(),
    api::<FindCoordinatorRequest>(),
    api::<ApiVersionsRequest>(),
    api::<CreateTopicsRequest>(),
    api::<DeleteTopicsRequest>(),
    api::<InitProducerIdRequest>(),
    api::<OffsetForLeaderEpochRequest>(),
    api::<DescribeConfigsRequest>(),
    api::<CreatePartitionsRequest>(),
    api::<DescribeClusterRequest>(),
];

const fn api<H: Handler>() -> Api {
    Api { key: <H as Request>::KEY, versions: H::VERSIONS, touched: touched::<H>, run: run::<H> }
}

/// The API, if it is served in this version.
pub(crate) fn find(config: &MockConfig, key: ApiKey, version: i16) -> Option<&'static Api> {
    let api = APIS.iter().find(|api| api.key == key)?;
    config.served(key, api.versions)?.contains(version).then_some(api)
}

fn touched<H: Handler>(state: &ClusterState, broker: BrokerId, version: i16, body: &Bytes) -> Vec<Touched> {
    H::decode(body, version).map(|request| request.touched(state, broker)).unwrap_or_default()
}

fn run<H: Handler>(state: &mut ClusterState, call: &Call, body: &Bytes) -> Step {
    // What cannot be read ends the connection, as in Kafka.
    let Ok(request) = H::decode(body, call.version) else { return Step::Close };
    match request.handle(state, call) {
        Reply::Now(response) => encode(&*response, call),
        Reply::Nothing => Step::Nothing,
        Reply::Close => Step::Close,
        Reply::Park(fetch) => Step::Park(fetch),
    }
}

/// Encodes a response to a request.
pub(crate) fn encode<R: Response>(response: &R, call: &Call) -> Step {
    match encode_response(response, call.version, call.correlation_id) {
        Ok(frames) => Step::Answer(frames),
        Err(_) => Step::Close,
    }
}
