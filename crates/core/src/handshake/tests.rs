//! The first words on a connection, with brokers of every age.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use ottla_protocol::frame::{RequestFrame, decode_request_header, encode_response};
use ottla_protocol::messages::api_versions::{ApiVersion, FinalizedFeatureKey};
use ottla_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse, MetadataRequest};
use ottla_protocol::{ApiKey, Message, Utf8Bytes};
use ottla_types::ErrorCode;

use super::{Handshake, Progress};
use crate::error::ErrorKind;
use crate::versions::Versions;

fn asked(frame: &RequestFrame) -> (i16, i32, ApiVersionsRequest) {
    let bytes = frame.head.clone().freeze().slice(4..);
    let (header, body) = decode_request_header(&bytes).unwrap();
    assert_eq!((header.key, header.client_id.as_deref()), (ApiKey::API_VERSIONS, Some("me")));
    (header.version, header.correlation_id, ApiVersionsRequest::decode(&body, header.version).unwrap())
}

fn framed(response: &ApiVersionsResponse, version: i16, correlation_id: i32) -> Bytes {
    let mut bytes = BytesMut::new();
    for chunk in encode_response(response, version, correlation_id).unwrap() {
        bytes.extend_from_slice(&chunk);
    }
    bytes.freeze().slice(4..)
}

fn ranges(api_versions_max: Option<i16>) -> Vec<ApiVersion> {
    let range =
        |key: ApiKey, max| ApiVersion { api_key: key.0, min_version: 0, max_version: max, ..Default::default() };
    let own = api_versions_max.map(|max| range(ApiKey::API_VERSIONS, max));
    own.into_iter().chain([range(ApiKey::METADATA, 9)]).collect()
}

/// Shakes hands with a broker that knows ApiVersions up to `max`, and says so in a refusal if it `tells`.
fn shake(max: i16, tells: bool) -> (Vec<i16>, Versions) {
    let mut handshake = Handshake::new(Arc::from("me"));
    let mut frame = handshake.start().unwrap();
    let mut versions = Vec::new();
    loop {
        let (version, correlation_id, request) = asked(&frame);
        versions.push(version);
        assert_eq!(&*request.client_software_name, if version >= 3 { "ottla" } else { "" });
        let answer = if version > max {
            let api_keys = if tells { ranges(Some(max)) } else { Vec::new() };
            let refusal =
                ApiVersionsResponse { error_code: ErrorCode::UNSUPPORTED_VERSION, api_keys, ..Default::default() };
            framed(&refusal, 0, correlation_id)
        } else {
            let feature = FinalizedFeatureKey {
                name: Utf8Bytes::from("group.version"),
                max_version_level: 1,
                ..Default::default()
            };
            let finalized_features = if version >= 3 { vec![feature] } else { Vec::new() };
            let answer = ApiVersionsResponse { api_keys: ranges(Some(max)), finalized_features, ..Default::default() };
            framed(&answer, version, correlation_id)
        };
        match handshake.on_frame(&answer).unwrap() {
            Progress::Send(next) => frame = next,
            Progress::Ready(found) => return (versions, found),
        }
    }
}

#[test]
fn a_broker_that_knows_the_newest_version_is_asked_once() {
    let (asked, versions) = shake(4, true);
    assert_eq!(asked, [4]);
    assert_eq!(versions.pick::<MetadataRequest>().unwrap(), 9);
    assert_eq!(versions.feature("group.version"), Some(1));
}

#[test]
fn an_older_broker_is_asked_again_in_what_it_offers_or_in_the_first_version() {
    assert_eq!(shake(3, true).0, [4, 3]);
    assert_eq!(shake(2, false).0, [4, 0]);
    assert_eq!(shake(0, false).0, [4, 0]);
}

#[test]
fn a_broker_that_refuses_every_version_is_given_up() {
    let mut handshake = Handshake::new(Arc::from("me"));
    let refusal = ApiVersionsResponse { error_code: ErrorCode::UNSUPPORTED_VERSION, ..Default::default() };
    let (_, first, _) = asked(&handshake.start().unwrap());
    assert!(matches!(handshake.on_frame(&framed(&refusal, 0, first)), Ok(Progress::Send(_))));
    let error = handshake.on_frame(&framed(&refusal, 0, 1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incompatible);
}

#[test]
fn an_answer_with_another_error_or_that_cannot_be_read_ends_the_attempt() {
    let refusal = ApiVersionsResponse { error_code: ErrorCode::CLUSTER_AUTHORIZATION_FAILED, ..Default::default() };
    let mut handshake = Handshake::new(Arc::from("me"));
    handshake.start().unwrap();
    assert_eq!(handshake.on_frame(&framed(&refusal, 4, 0)).unwrap_err().kind(), ErrorKind::Authorization);
    let mut handshake = Handshake::new(Arc::from("me"));
    handshake.start().unwrap();
    let garbage = Bytes::from_static(&[0, 0, 0, 0, 0]);
    assert_eq!(handshake.on_frame(&garbage).unwrap_err().kind(), ErrorKind::Malformed);
}

#[test]
fn a_close_in_answer_to_the_first_words_names_the_likely_reasons() {
    let text = Handshake::new(Arc::from("me")).ended().to_string();
    assert!(text.contains("TLS") && text.contains("0.10.0"));
}
