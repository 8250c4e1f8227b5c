//! Frames: headers by version, shared chunks, and what is refused.

use bytes::{Buf, BytesMut};

use super::*;
use crate::messages::{
    ApiVersionsRequest, ApiVersionsResponse, ControlledShutdownRequest, FetchResponse, HeartbeatRequest,
    MetadataResponse, ProduceRequest, fetch, produce,
};
use crate::{Encode, EncodeErrorKind};

fn joined(frame: &RequestFrame) -> Bytes {
    let mut whole = frame.head.clone();
    frame.tail.iter().for_each(|chunk| whole.extend_from_slice(chunk));
    whole.freeze()
}

/// The frame without its length, which is checked.
fn unframed(mut whole: Bytes) -> Bytes {
    assert_eq!(whole.get_i32() as usize, whole.len());
    whole
}

fn body<M: Encode>(message: &M, version: i16) -> Bytes {
    let mut out = BytesMut::new();
    message.encode(version, &mut out).expect("writable");
    out.freeze()
}

fn produce(sizes: &[usize]) -> ProduceRequest {
    let partition = |size: &usize| produce::PartitionProduceData {
        records: Some(Bytes::from(vec![b'r'; *size])),
        ..Default::default()
    };
    let topic = produce::TopicProduceData {
        name: "orders".into(),
        partition_data: sizes.iter().map(partition).collect(),
        ..Default::default()
    };
    ProduceRequest { topic_data: vec![topic], ..Default::default() }
}

#[test]
fn a_request_has_length_header_and_body_and_its_correlation_id_is_set_later() {
    for (version, header) in [(0, 1), (3, 1), (4, 2)] {
        let request = HeartbeatRequest { group_id: "g".into(), ..Default::default() };
        let mut frame = encode_request(&request, version, Some("client")).expect("writable");
        frame.set_correlation_id(0x0102_0304);
        assert_eq!(frame.len(), joined(&frame).len());
        let (found, rest) = decode_request_header(&unframed(joined(&frame))).expect("a header");
        assert_eq!((found.key, found.version, found.correlation_id), (ApiKey::HEARTBEAT, version, 0x0102_0304));
        assert_eq!(found.client_id.as_deref(), Some("client"));
        assert_eq!(rest, body(&request, version), "header {header}");
    }
}

#[test]
fn a_client_without_a_name_and_the_request_without_a_client_id_are_read() {
    let frame = encode_request(&HeartbeatRequest::default(), 4, None).expect("writable");
    let (header, _) = decode_request_header(&unframed(joined(&frame))).expect("a header");
    assert_eq!(header.client_id, None);
    let shutdown = ControlledShutdownRequest { broker_id: 7.into(), ..Default::default() };
    let frame = encode_request(&shutdown, 0, Some("ignored")).expect("writable");
    let (header, rest) = decode_request_header(&unframed(joined(&frame))).expect("a header");
    assert_eq!((header.client_id, rest), (None, body(&shutdown, 0)));
}

#[test]
fn large_records_leave_as_chunks_that_are_shared_with_the_request() {
    for version in [3, 9, 13] {
        for sizes in [&[4096][..], &[5000, 10, 4500], &[4095], &[10, 8000], &[8000, 8000]] {
            let mut request = produce(sizes);
            if version >= 13 {
                request.topic_data[0].name = Utf8Bytes::new();
            }
            let frame = encode_request(&request, version, Some("c")).expect("writable");
            let (_, rest) = decode_request_header(&unframed(joined(&frame))).expect("a header");
            assert_eq!(rest, body(&request, version));
            let large = request.topic_data[0].partition_data.iter().filter_map(|partition| partition.records.as_ref());
            for records in large.filter(|records| records.len() >= 4096) {
                assert!(frame.tail.iter().any(|chunk| chunk.as_ptr() == records.as_ptr()), "{sizes:?}");
            }
            assert!(frame.tail.iter().all(|chunk| !chunk.is_empty()));
        }
    }
}

#[test]
fn a_response_is_read_by_the_header_of_its_api_and_version() {
    for version in [0, 9] {
        let response =
            MetadataResponse { controller_id: if version > 0 { 3.into() } else { (-1).into() }, ..Default::default() };
        let frame: Bytes = encode_response(&response, version, 77).expect("writable").concat().into();
        let (id, rest) = decode_response_header(&unframed(frame), ApiKey::METADATA, version).expect("a header");
        assert_eq!((id, rest), (77, body(&response, version)));
    }
    // The header of ApiVersions never has tagged fields, whatever its body has.
    let response = ApiVersionsResponse::default();
    let frame: Bytes = encode_response(&response, 4, 1).expect("writable").concat().into();
    let (_, rest) = decode_response_header(&unframed(frame), ApiKey::API_VERSIONS, 4).expect("a header");
    assert_eq!(rest, body(&response, 4));
}

#[test]
fn small_records_fill_one_buffer_after_the_other() {
    let sizes = [1100; 100];
    let request = produce(&sizes);
    let frame = encode_request(&request, 9, Some("c")).expect("writable");
    let (_, rest) = decode_request_header(&unframed(joined(&frame))).expect("a header");
    assert_eq!(rest, body(&request, 9));
    let lengths: Vec<_> = frame.tail.iter().map(Bytes::len).collect();
    assert!((2..10).contains(&lengths.len()) && lengths.iter().all(|length| *length <= 64 * 1024), "{lengths:?}");
}

#[test]
fn large_records_of_a_response_are_shared_too() {
    let partition = |size| fetch::PartitionData { records: Some(Bytes::from(vec![1; size])), ..Default::default() };
    let response =
        fetch::FetchableTopicResponse { partitions: vec![partition(4096), partition(3)], ..Default::default() };
    let response = FetchResponse { responses: vec![response], ..Default::default() };
    let chunks = encode_response(&response, 17, 5).expect("writable");
    assert_eq!(chunks.len(), 3);
    let (_, rest) = decode_response_header(&unframed(chunks.concat().into()), ApiKey::FETCH, 17).expect("a header");
    assert_eq!(rest, body(&response, 17));
}

#[test]
fn frames_are_cut_off_a_stream_one_by_one_and_never_longer_than_is_taken() {
    let stream = [&4_i32.to_be_bytes()[..], b"four", &0_i32.to_be_bytes(), &2_i32.to_be_bytes(), b"t"].concat();
    let (frame, rest) = split(&stream, 4).unwrap().unwrap();
    assert_eq!(frame, b"four");
    let (frame, rest) = split(rest, 4).unwrap().unwrap();
    assert_eq!(frame, b"");
    assert_eq!(split(rest, 4), Ok(None));
    assert_eq!(split(&rest[..3], 4), Ok(None));
    assert_eq!(split(&stream, 3).unwrap_err().kind, WireError::FrameLength);
    for refused in [-1, i32::MIN, 5] {
        assert_eq!(length(refused.to_be_bytes(), 4).unwrap_err().kind, WireError::FrameLength);
    }
}

#[test]
fn a_version_of_api_versions_that_is_not_known_still_has_a_readable_header() {
    let mut frame = encode_request(&ApiVersionsRequest::default(), 4, Some("new")).expect("writable");
    frame.head[6..8].copy_from_slice(&99_i16.to_be_bytes());
    let (header, _) = decode_request_header(&unframed(joined(&frame))).expect("a header");
    assert_eq!((header.key, header.version), (ApiKey::API_VERSIONS, 99));
    assert_eq!(header.client_id.as_deref(), Some("new"));
}

#[test]
fn what_is_no_header_is_refused() {
    let unknown = Bytes::from_static(&[0x7f, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff]);
    for end in 0..unknown.len() {
        let error = decode_request_header(&unknown.slice(..end)).expect_err("no such API, or cut short");
        // What follows the version depends on the API.
        let expected = if end < 4 { (WireError::Truncated, end & 2) } else { (WireError::UnknownApiKey, 0) };
        assert_eq!((error.kind, error.offset), expected);
        let walked = crate::walk::Frame::request(&unknown[..end]).expect_err("as typed");
        assert_eq!((walked.kind, walked.offset), expected);
    }
    assert!(decode_response_header(&Bytes::from_static(&[0, 0, 0]), ApiKey::METADATA, 0).is_err());
    assert!(decode_response_header(&Bytes::from_static(&[0, 0, 0, 1]), ApiKey::METADATA, 12).is_err());
}

#[test]
fn a_request_that_cannot_be_written_leaves_no_frame() {
    let long = "x".repeat(40_000);
    let error = encode_request(&HeartbeatRequest::default(), 0, Some(&long)).expect_err("too long");
    assert_eq!((error.field, error.kind), ("ClientId", EncodeErrorKind::StringTooLong));
    assert!(encode_request(&HeartbeatRequest::default(), 99, None).is_err());
    assert!(encode_response(&MetadataResponse::default(), 99, 0).is_err());
}
