//! Frames out of bytes, and answers matched with requests.

use bytes::{BufMut, Bytes, BytesMut};
use ottla_protocol::ApiKey;
use ottla_protocol::frame::{RequestFrame, encode_request};
use ottla_protocol::messages::ApiVersionsRequest;

use super::{Frames, InFlight};
use crate::error::ErrorKind;

fn frames() -> Frames {
    Frames::new(1000)
}

fn framed(bytes: &[u8]) -> BytesMut {
    let mut buffer = BytesMut::new();
    buffer.put_i32(i32::try_from(bytes.len()).unwrap());
    buffer.put_slice(bytes);
    buffer
}

fn complaint(bytes: &[u8]) -> String {
    let error = frames().take(&mut BytesMut::from(bytes)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    error.to_string()
}

#[test]
fn frames_are_cut_wherever_the_reads_end() {
    let mut stream = framed(b"first");
    stream.extend_from_slice(&framed(b"second"));
    for split in 0..=stream.len() {
        let (mut buffer, mut cut) = (BytesMut::new(), Vec::new());
        for part in [&stream[..split], &stream[split..]] {
            buffer.extend_from_slice(part);
            while let Some(frame) = frames().take(&mut buffer).unwrap() {
                cut.push(frame);
            }
        }
        assert_eq!(cut, [Bytes::from("first"), Bytes::from("second")]);
        assert!(buffer.is_empty());
    }
}

#[test]
fn what_is_not_kafka_is_called_by_its_name() {
    assert!(complaint(b"HTTP/1.1 400").contains("HTTP"));
    assert!(complaint(b"SSH-2.0").contains("SSH"));
    assert!(complaint(&[0x15, 0x03, 0x03, 0, 2, 2, 70]).contains("TLS alert"));
    assert!(complaint(&[0x16, 0x03, 0x01, 0, 5]).contains("TLS handshake"));
    assert!(complaint(b"hello").contains("\"hell\""));
    assert!(complaint(&[0xff; 4]).contains("-1 bytes"));
    assert!(complaint(&[0, 0, 0, 3]).contains("3 bytes"));
    assert!(complaint(&1001_i32.to_be_bytes()).contains("receive.message.max.bytes"));
}

fn request() -> RequestFrame {
    encode_request(&ApiVersionsRequest::default(), 0, None).unwrap()
}

fn send(in_flight: &mut InFlight<&'static str>, tag: &'static str) -> i32 {
    let mut frame = request();
    let id = in_flight.number(&mut frame);
    assert_eq!(frame.head[8..12], id.to_be_bytes());
    in_flight.expect(id, ApiKey::METADATA, 9, tag);
    id
}

#[test]
fn answers_go_to_the_requests_in_their_order() {
    let mut in_flight = InFlight::default();
    let ids = ["a", "b"].map(|tag| send(&mut in_flight, tag));
    for (id, tag) in ids.into_iter().zip(["a", "b"]) {
        let mut frame = BytesMut::new();
        frame.put_i32(id);
        frame.put_u8(0);
        frame.put_slice(tag.as_bytes());
        let (answered, response) = in_flight.answer(&frame.freeze()).unwrap();
        assert_eq!((answered, response.version, response.body), (tag, 9, Bytes::from(tag)));
    }
    assert!(in_flight.is_empty());
}

#[test]
fn an_answer_out_of_order_or_unasked_for_is_malformed() {
    let mut in_flight = InFlight::default();
    send(&mut in_flight, "a");
    let second = send(&mut in_flight, "b");
    let mut frame = BytesMut::new();
    frame.put_i32(second);
    frame.put_u8(0);
    assert_eq!(in_flight.answer(&frame.clone().freeze()).unwrap_err().kind(), ErrorKind::Malformed);
    assert_eq!(in_flight.drain().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(in_flight.answer(&frame.freeze()).unwrap_err().kind(), ErrorKind::Malformed);
    assert_eq!(in_flight.answer(&Bytes::from_static(&[0])).unwrap_err().kind(), ErrorKind::Malformed);
}

#[test]
fn correlation_ids_wrap_without_becoming_negative() {
    let mut in_flight: InFlight<()> = InFlight { next: i32::MAX, ..InFlight::default() };
    assert_eq!(in_flight.number(&mut request()), i32::MAX);
    assert_eq!(in_flight.number(&mut request()), 0);
}
