//! DescribeCluster, versions 0–2: brokers and controller.
//!
//! Gaps: controllers cannot be listed (endpoint type 2), no broker is ever fenced, authorized operations are not told.

use ottla_protocol::VersionRange;
use ottla_protocol::messages::describe_cluster::{
    DescribeClusterBroker, DescribeClusterRequest, DescribeClusterResponse,
};
use ottla_types::ErrorCode;

use super::{Handler, Reply};
use crate::cluster::ClusterState;
use crate::connection::Call;

impl Handler for DescribeClusterRequest {
    const VERSIONS: VersionRange = VersionRange::new(0, 2);

    fn handle(self, state: &mut ClusterState, call: &Call) -> Reply<DescribeClusterResponse> {
        let error = call.verdict.error();
        let error_code = match error {
            Some(code) => code,
            None if self.endpoint_type != 1 => ErrorCode::UNSUPPORTED_ENDPOINT_TYPE,
            None => ErrorCode::NONE,
        };
        let mut response = DescribeClusterResponse {
            throttle_time_ms: call.verdict.throttle_ms(),
            error_code,
            ..DescribeClusterResponse::default()
        };
        if error_code.is_ok() {
            response.cluster_id = state.config.cluster_id.clone().into();
            response.controller_id = state.controller();
            let up = state.brokers.values().filter(|broker| broker.up);
            let described = up.map(|broker| DescribeClusterBroker {
                broker_id: broker.id,
                host: broker.host.clone().into(),
                port: i32::from(broker.port),
                rack: broker.rack.clone().map(Into::into),
                ..Default::default()
            });
            response.brokers = described.collect();
        }
        Reply::now(response)
    }
}
