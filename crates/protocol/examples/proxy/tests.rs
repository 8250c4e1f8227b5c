//! The proxy between a client and a broker that are made by hand.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use ottla_protocol::messages::metadata::MetadataResponseBroker;
use ottla_protocol::messages::produce::NodeEndpoint;
use ottla_protocol::messages::{
    ApiVersionsResponse, FindCoordinatorRequest, FindCoordinatorResponse, MetadataRequest, MetadataResponse,
    ProduceRequest, ProduceResponse, SaslHandshakeRequest, SaslHandshakeResponse,
};
use ottla_protocol::{ApiKey, BrokerId, ErrorCode, Message as _, Request, frame};

use crate::proxy::Proxy;

const ANYWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What the proxy prints.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<u8>>>);

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Printed {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// Waits until it was printed: the proxy prints in threads of its own.
    fn wait_for(&self, words: &str) -> String {
        let began = Instant::now();
        loop {
            let text = self.text();
            if text.contains(words) {
                return text;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "no {words:?} in: {text}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A broker that gives every request the same answers, and says of itself that it is at its port.
fn broker() -> SocketAddr {
    let listener = TcpListener::bind(ANYWHERE).unwrap();
    let at = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            std::thread::spawn(move || serve(client, at.port()));
        }
    });
    at
}

fn serve(mut client: TcpStream, port: u16) {
    let (host, port_number) = ("127.0.0.1", i32::from(port));
    while let Some(bytes) = read(&mut client) {
        let Ok((header, body)) = frame::decode_request_header(&bytes) else {
            // What is no request is given back, turned round.
            write(&mut client, &bytes.iter().rev().copied().collect::<Vec<_>>());
            continue;
        };
        let (version, correlation_id) = (header.version, header.correlation_id);
        let answer = match header.key {
            ApiKey::METADATA => {
                let broker = |id: i32| MetadataResponseBroker {
                    node_id: BrokerId(id),
                    host: host.into(),
                    port: if id == 3 { port_number + 1 } else { port_number },
                    ..Default::default()
                };
                let response =
                    MetadataResponse { brokers: vec![broker(1), broker(2), broker(3)], ..Default::default() };
                frame::encode_response(&response, version, correlation_id)
            }
            ApiKey::FIND_COORDINATOR => {
                let response = FindCoordinatorResponse { port: -1, ..Default::default() };
                frame::encode_response(&response, version, correlation_id)
            }
            ApiKey::PRODUCE => {
                if ProduceRequest::decode(&body, version).unwrap().acks == 0 {
                    continue;
                }
                let node =
                    NodeEndpoint { node_id: BrokerId(1), host: host.into(), port: port_number, ..Default::default() };
                let response = ProduceResponse { node_endpoints: vec![node], ..Default::default() };
                frame::encode_response(&response, version, correlation_id)
            }
            ApiKey::API_VERSIONS => {
                let response = ApiVersionsResponse { error_code: ErrorCode::UNSUPPORTED_VERSION, ..Default::default() };
                frame::encode_response(&response, 0, correlation_id)
            }
            ApiKey::SASL_HANDSHAKE => {
                frame::encode_response(&SaslHandshakeResponse::default(), version, correlation_id)
            }
            other => panic!("{other}"),
        };
        client.write_all(&answer.unwrap().concat()).unwrap();
    }
}

fn read(from: &mut TcpStream) -> Option<Bytes> {
    let mut length = [0; 4];
    from.read_exact(&mut length).ok()?;
    let mut bytes = vec![0; u32::from_be_bytes(length) as usize];
    from.read_exact(&mut bytes).unwrap();
    Some(bytes.into())
}

fn write(to: &mut TcpStream, bytes: &[u8]) {
    to.write_all(&u32::try_from(bytes.len()).unwrap().to_be_bytes()).unwrap();
    to.write_all(bytes).unwrap();
}

fn send<R: Request>(to: &mut TcpStream, request: &R, version: i16, correlation_id: i32) {
    let mut frame = frame::encode_request(request, version, Some("tester")).unwrap();
    frame.set_correlation_id(correlation_id);
    to.write_all(&frame.head).unwrap();
    frame.tail.iter().for_each(|chunk| to.write_all(chunk).unwrap());
}

fn ask<R: Request>(connection: &mut TcpStream, request: &R, version: i16) -> R::Response {
    send(connection, request, version, 77);
    let bytes = read(connection).unwrap();
    let (correlation_id, body) = frame::decode_response_header(&bytes, R::KEY, version).unwrap();
    assert_eq!(correlation_id, 77);
    R::Response::decode(&body, version).unwrap()
}

/// A proxy in front of a broker, and what it prints.
fn proxied() -> (Arc<Proxy>, TcpStream, SocketAddr, Printed) {
    let (broker, printed) = (broker(), Printed::default());
    let proxy = Proxy::new(ANYWHERE, printed.clone());
    let (at, _) = proxy.listen(ANYWHERE, &broker.to_string()).unwrap();
    (proxy, TcpStream::connect(at).unwrap(), broker, printed)
}

#[test]
fn brokers_are_reached_through_the_proxy_alone() {
    for version in [0, 1, 8, 12] {
        let (_proxy, mut client, broker, printed) = proxied();
        let answer = ask(&mut client, &MetadataRequest::default(), version);
        let ports: Vec<_> = answer.brokers.iter().map(|broker| broker.port).collect();
        assert!(!ports.contains(&i32::from(broker.port())), "{ports:?}");
        assert_eq!(ports[0], ports[1], "one address, one listener");
        assert_ne!(ports[0], ports[2]);
        let mut second = TcpStream::connect(("127.0.0.1", u16::try_from(ports[0]).unwrap())).unwrap();
        assert_eq!(ask(&mut second, &MetadataRequest::default(), version), answer);
        let text = printed.wait_for("connection 2");
        assert!(text.contains(&format!("request 77: Metadata v{version} {{\"header\"")), "{text}");
        assert!(text.contains(" ms: Metadata v") && text.contains("\"clientId\":\"tester\""), "{text}");
        assert!(!text.contains("UNDECODED"), "{text}");
    }
}

#[test]
fn addresses_in_tagged_fields_are_replaced_and_those_that_lead_nowhere_are_not() {
    let (_proxy, mut client, broker, _) = proxied();
    let answer = ask(&mut client, &ProduceRequest { acks: -1, ..Default::default() }, 10);
    assert_eq!(answer.node_endpoints.len(), 1);
    assert_ne!(answer.node_endpoints[0].port, i32::from(broker.port()));
    assert_eq!(ask(&mut client, &FindCoordinatorRequest::default(), 3).port, -1);
}

#[test]
fn a_request_that_is_not_answered_does_not_confuse_the_others() {
    let (_proxy, mut client, _, printed) = proxied();
    send(&mut client, &ProduceRequest { acks: 0, ..Default::default() }, 9, 1);
    ask(&mut client, &MetadataRequest::default(), 5);
    let text = printed.wait_for("Metadata v5 {\"header\":{\"correlationId\"");
    assert!(!text.contains("UNDECODED"), "{text}");
}

#[test]
fn what_cannot_be_read_is_forwarded_as_it_is_and_counted() {
    let (_proxy, mut client, _, printed) = proxied();
    for count in [2, 4] {
        write(&mut client, b"\x7f\xffno request");
        assert_eq!(read(&mut client).unwrap(), &b"tseuqer on\xff\x7f"[..]);
        printed.wait_for(&format!("the {count}. in all"));
    }
    ask(&mut client, &MetadataRequest::default(), 5);
}

#[test]
fn the_answer_to_a_request_of_a_newer_version_is_read_where_it_can_be() {
    let (_proxy, mut client, _, printed) = proxied();
    // ApiVersions of a version that there will not be for long, which is answered in version 0.
    write(&mut client, b"\x00\x12\x7f\x00\x00\x00\x00\x09\xff\xff\x00what will be");
    assert_eq!(read(&mut client).unwrap(), &b"\x00\x00\x00\x09\x00\x23\x00\x00\x00\x00"[..]);
    let text = printed.wait_for("response 9 after");
    assert!(text.contains("ApiVersions v0") && text.contains("the 1. in all"), "{text}");
}

#[test]
fn the_bytes_of_sasl_after_its_first_handshake_pass() {
    let (_proxy, mut client, _, printed) = proxied();
    ask(&mut client, &SaslHandshakeRequest { mechanism: "PLAIN".into(), ..Default::default() }, 0);
    write(&mut client, b"\0user\0secret");
    assert_eq!(read(&mut client).unwrap(), &b"terces\0resu\0"[..]);
    ask(&mut client, &MetadataRequest::default(), 5);
    let text = printed.wait_for("Metadata v5 {\"header\":{\"correlationId\"");
    assert!(text.contains("12 bytes of SASL from the broker"), "{text}");
    assert!(!text.contains("UNDECODED") && !text.contains("secret"), "{text}");
}
