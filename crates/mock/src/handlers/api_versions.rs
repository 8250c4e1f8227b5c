//! ApiVersions, versions 0–4: what the brokers serve, cut down by the cluster's settings.
//!
//! A version that is not served is answered in version 0 with UNSUPPORTED_VERSION and the versions of this API.
//! Gaps: no features are announced, supported or finalized; the software's name and version are not checked.

use ottla_protocol::frame::encode_response;
use ottla_protocol::messages::api_versions::{ApiVersion, ApiVersionsRequest, ApiVersionsResponse};
use ottla_protocol::{ApiKey, VersionRange};
use ottla_types::ErrorCode;

use super::{APIS, Handler, Reply, Step};
use crate::cluster::ClusterState;
use crate::connection::Call;

impl Handler for ApiVersionsRequest {
    const VERSIONS: VersionRange = VersionRange::new(0, 4);

    fn handle(self, state: &mut ClusterState, call: &Call) -> Reply<ApiVersionsResponse> {
        if let Some(code) = call.verdict.error() {
            return Reply::now(ApiVersionsResponse { error_code: code, ..Default::default() });
        }
        Reply::now(ApiVersionsResponse {
            api_keys: announced(state, |_| true),
            throttle_time_ms: call.verdict.throttle_ms(),
            ..Default::default()
        })
    }
}

fn announced(state: &ClusterState, wanted: impl Fn(ApiKey) -> bool) -> Vec<ApiVersion> {
    let served = APIS.iter().filter(|api| wanted(api.key)).filter_map(|api| {
        let range = state.config.served(api.key, api.versions)?;
        Some(ApiVersion { api_key: api.key.0, min_version: range.min, max_version: range.max, ..Default::default() })
    });
    served.collect()
}

/// What becomes of a request that is not served in its version.
pub(crate) fn unserved(state: &ClusterState, call: &Call, key: ApiKey) -> Step {
    if key != ApiKey::API_VERSIONS {
        return Step::Close;
    }
    let response = ApiVersionsResponse {
        error_code: ErrorCode::UNSUPPORTED_VERSION,
        api_keys: announced(state, |key| key == ApiKey::API_VERSIONS),
        ..Default::default()
    };
    match encode_response(&response, 0, call.correlation_id) {
        Ok(frames) => Step::Answer(frames),
        Err(_) => Step::Close,
    }
}
