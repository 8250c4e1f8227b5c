//! Whole frames, against those that typed messages make.

use bytes::{Bytes, BytesMut};

use super::super::Payloads;
use super::Frame;
use crate::frame::{decode_request_header, encode_request, encode_response};
use crate::messages::{
    ApiVersionsRequest, ApiVersionsResponse, HeartbeatRequest, MetadataResponse, SaslAuthenticateRequest, metadata,
};
use crate::{ApiKey, BrokerId, ErrorCode, Message, Request, Response, WireError};

/// A request without its length.
fn request<R: Request>(request: &R, version: i16) -> Bytes {
    let mut frame = encode_request(request, version, Some("me")).expect("writable");
    frame.set_correlation_id(7);
    frame
        .tail
        .iter()
        .fold(frame.head.split_off(4), |mut all, chunk| {
            all.extend_from_slice(chunk);
            all
        })
        .freeze()
}

fn response<R: Response>(response: &R, version: i16) -> Bytes {
    Bytes::from(encode_response(response, version, 7).expect("writable").concat()).slice(4..)
}

#[test]
fn requests_are_read_with_every_version_of_the_header() {
    for (version, header) in [(0, 1), (3, 1), (4, 2)] {
        let bytes = request(&HeartbeatRequest { group_id: "g".into(), ..Default::default() }, version);
        let frame = Frame::request(&bytes).expect("readable");
        assert_eq!((frame.key(), frame.version(), frame.correlation_id()), (ApiKey::HEARTBEAT, version, 7));
        assert_eq!(frame.header().version(), header);
        assert_eq!(frame.client_id().map(|id| id.to_string()).as_deref(), Some("me"));
        let (typed, body) = decode_request_header(&bytes).expect("readable");
        assert_eq!((typed.key, typed.version, &body[..]), (frame.key(), frame.version(), frame.body_bytes()));
        assert_eq!(frame.check(), Ok(()));
        let json = frame.json(Payloads::Hidden).expect("readable").to_string();
        assert!(json.starts_with(r#"{"header":{"requestApiKey":12,"requestApiVersion":"#), "{json}");
        assert!(json.contains(r#""correlationId":7,"clientId":"me"},"body":{"groupId":"g","#), "{json}");
    }
    // The only request without a client id.
    let frame = Frame::request(b"\x00\x07\x00\x00\x00\x00\x00\x09\x00\x00\x00\x01").expect("readable");
    assert_eq!((frame.header().version(), frame.client_id(), frame.body_bytes()), (0, None, &[0, 0, 0, 1][..]));
}

#[test]
fn responses_are_read_with_the_header_of_their_request() {
    let broker =
        metadata::MetadataResponseBroker { node_id: BrokerId(1), host: "b".into(), port: 9092, ..Default::default() };
    let message = MetadataResponse { brokers: vec![broker], ..Default::default() };
    for version in 0..=MetadataResponse::MAX {
        let bytes = response(&message, version);
        let frame = Frame::response(&bytes, ApiKey::METADATA, version).expect("readable");
        assert_eq!((frame.correlation_id(), frame.version()), (7, version));
        assert_eq!(frame.check(), Ok(()));
        let mut out = BytesMut::new();
        frame
            .rewrite(&mut out, |slot| {
                if slot.path().is(&["Brokers", "Host"]) {
                    slot.set("proxy.example");
                } else if slot.path().is(&["Brokers", "Port"]) {
                    slot.set(19_092);
                } else if slot.message().name == "ResponseHeader" {
                    slot.set(8);
                }
            })
            .expect("rewritten");
        let mut changed = message.clone();
        changed.brokers[0].host = "proxy.example".into();
        changed.brokers[0].port = 19_092;
        let expected = Bytes::from(encode_response(&changed, version, 8).expect("writable").concat()).slice(4..);
        assert_eq!(out, expected);
    }
}

#[test]
fn an_api_versions_response_may_have_version_0_whatever_was_asked_for() {
    let message = ApiVersionsResponse { error_code: ErrorCode::UNSUPPORTED_VERSION, ..Default::default() };
    let bytes = response(&message, 0);
    let frame = Frame::response(&bytes, ApiKey::API_VERSIONS, 4).expect("readable");
    assert_eq!((frame.version(), frame.check()), (0, Ok(())));
    for version in 0..=4 {
        let bytes = response(&ApiVersionsResponse::default(), version);
        let frame = Frame::response(&bytes, ApiKey::API_VERSIONS, version).expect("readable");
        assert_eq!((frame.version(), frame.header().version(), frame.check()), (version, 0, Ok(())));
    }
}

#[test]
fn a_version_that_nobody_knows_is_no_obstacle_before_the_body() {
    let mut bytes = request(&ApiVersionsRequest::default(), 4).to_vec();
    bytes[3] = 77;
    let frame = Frame::request(&bytes).expect("readable");
    assert_eq!((frame.version(), frame.correlation_id()), (77, 7));
    assert_eq!(frame.check().expect_err("no such version").kind, WireError::UnsupportedVersion);
    assert!(frame.redact(&mut BytesMut::new()).is_err());
}

#[test]
fn failures_tell_the_place_in_the_frame() {
    let bytes = request(&HeartbeatRequest { group_id: "group".into(), ..Default::default() }, 0);
    let frame = Frame::request(&bytes[..bytes.len() - 1]).expect("readable");
    let error = frame.check().expect_err("cut short");
    // 12 bytes of header; group id, generation.
    assert_eq!((&*error.path, error.offset), ("MemberId", 12 + 7 + 4));
    let error = Frame::request(&bytes[..9]).expect_err("cut short");
    assert_eq!(error.to_string(), "RequestHeader version 1, ClientId, byte 8: the bytes end too early");
    let unknown = Frame::request(b"\x7f\x00\x00\x00").expect_err("no such API");
    assert_eq!((unknown.kind, &*unknown.path), (WireError::UnknownApiKey, "RequestApiKey"));
    assert_eq!(Frame::response(b"", ApiKey(0x7f00), 0).expect_err("no such API").kind, WireError::UnknownApiKey);
}

#[test]
fn a_redacted_frame_is_still_a_frame() {
    let message = SaslAuthenticateRequest { auth_bytes: Bytes::from_static(b"\0me\0secret"), ..Default::default() };
    for version in 0..=2 {
        let bytes = request(&message, version);
        let mut out = BytesMut::new();
        Frame::request(&bytes).expect("readable").redact(&mut out).expect("redacted");
        assert_eq!(out, request(&SaslAuthenticateRequest::default(), version));
    }
}
