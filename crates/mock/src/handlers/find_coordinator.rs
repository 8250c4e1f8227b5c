//! FindCoordinator, versions 0–5: there is none yet, which clients take as a reason to ask again.
//!
//! Gaps: no groups, no transactions.

use ottla_protocol::messages::find_coordinator::{Coordinator, FindCoordinatorRequest, FindCoordinatorResponse};
use ottla_protocol::{Utf8Bytes, VersionRange};
use ottla_types::{BrokerId, ErrorCode};

use super::{Handler, Reply};
use crate::cluster::ClusterState;
use crate::connection::Call;

impl Handler for FindCoordinatorRequest {
    const VERSIONS: VersionRange = VersionRange::new(0, 5);

    fn handle(self, _: &mut ClusterState, call: &Call) -> Reply<FindCoordinatorResponse> {
        let error_code = call.verdict.error().unwrap_or(ErrorCode::COORDINATOR_NOT_AVAILABLE);
        let mut response = FindCoordinatorResponse {
            throttle_time_ms: call.verdict.throttle_ms(),
            ..FindCoordinatorResponse::default()
        };
        if call.version >= 4 {
            let none = |key: Utf8Bytes| Coordinator {
                key,
                node_id: BrokerId::NONE,
                port: -1,
                error_code,
                error_message: Some(Utf8Bytes::new()),
                ..Default::default()
            };
            response.coordinators = self.coordinator_keys.into_iter().map(none).collect();
        } else {
            response.error_code = error_code;
            response.node_id = BrokerId::NONE;
            response.port = -1;
        }
        Reply::now(response)
    }
}
