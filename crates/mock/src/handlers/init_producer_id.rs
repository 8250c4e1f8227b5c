//! InitProducerId, versions 0–5: a new producer id with epoch 0, whatever id the client had before.
//!
//! Gaps: there are no transactions, so a transactional id is told that its coordinator is not available.

use ottla_protocol::VersionRange;
use ottla_protocol::messages::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use ottla_types::{ErrorCode, ProducerId};

use super::{Handler, Reply};
use crate::cluster::ClusterState;
use crate::connection::Call;

impl Handler for InitProducerIdRequest {
    const VERSIONS: VersionRange = VersionRange::new(0, 5);

    fn handle(self, state: &mut ClusterState, call: &Call) -> Reply<InitProducerIdResponse> {
        let mut response = InitProducerIdResponse {
            throttle_time_ms: call.verdict.throttle_ms(),
            producer_id: ProducerId::NONE,
            producer_epoch: -1,
            ..InitProducerIdResponse::default()
        };
        if let Some(code) = call.verdict.error() {
            response.error_code = code;
        } else if self.transactional_id.is_some() {
            response.error_code = ErrorCode::COORDINATOR_NOT_AVAILABLE;
        } else {
            response.producer_id = ProducerId(state.next_producer_id);
            response.producer_epoch = 0;
            state.next_producer_id += 1;
        }
        Reply::now(response)
    }
}
