//! Tests of the cluster behind sockets and in memory.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use ottla_protocol::frame::{decode_response_header, encode_request};
use ottla_protocol::messages::fetch::{FetchPartition, FetchTopic};
use ottla_protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use ottla_protocol::messages::{ApiVersionsRequest, FetchRequest, MetadataRequest, ProduceRequest};
use ottla_protocol::records::{BatchBuilder, NO_HEADERS};
use ottla_protocol::{Message, Request};
use ottla_types::{BrokerId, ErrorCode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::MockCluster;
use crate::{ApiKey, Fault, MockConfig, MockRecord};

async fn send<R: Request>(stream: &mut (impl AsyncWrite + Unpin), request: &R, version: i16) {
    let frame = encode_request(request, version, Some("test")).unwrap();
    stream.write_all(&frame.head).await.unwrap();
    for chunk in frame.tail {
        stream.write_all(&chunk).await.unwrap();
    }
}

async fn receive<R: Request>(stream: &mut (impl AsyncRead + Unpin), version: i16) -> std::io::Result<R::Response> {
    let length = stream.read_i32().await?;
    let mut frame = BytesMut::zeroed(usize::try_from(length).unwrap());
    stream.read_exact(&mut frame).await?;
    let (_, body) = decode_response_header(&frame.freeze(), <R as Request>::KEY, version).unwrap();
    Ok(R::Response::decode(&body, version).unwrap())
}

async fn ask<R: Request, S>(stream: &mut S, request: &R, version: i16) -> std::io::Result<R::Response>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    send(stream, request, version).await;
    receive::<R>(stream, version).await
}

fn fetch(offset: i64, max_wait_ms: i32) -> FetchRequest {
    let partition = FetchPartition { fetch_offset: offset, partition_max_bytes: 1 << 24, ..Default::default() };
    let topic = FetchTopic { topic: "t".into(), partitions: vec![partition], ..Default::default() };
    FetchRequest { max_wait_ms, min_bytes: 1, topics: vec![topic], ..Default::default() }
}

fn produce(value: &[u8]) -> ProduceRequest {
    let mut builder = BatchBuilder::new(Vec::new());
    builder.append(0, None, Some(value), NO_HEADERS).unwrap();
    let mut batch = builder.build();
    batch.seal();
    let data = PartitionProduceData { records: Some(batch.into_inner().into()), ..Default::default() };
    let topic = TopicProduceData { name: "t".into(), partition_data: vec![data], ..Default::default() };
    ProduceRequest { acks: -1, topic_data: vec![topic], ..Default::default() }
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_takes_no_time_on_a_paused_clock() {
    let cluster = MockCluster::in_memory(MockConfig::new(1));
    cluster.create_topic("t", 1).unwrap();
    let mut stream = cluster.connect("mock-1", 9092).unwrap();
    let (begun, real) = (Instant::now(), std::time::Instant::now());
    let response = ask(&mut stream, &fetch(0, 3_600_000), 12).await.unwrap();
    assert_eq!(response.responses[0].partitions[0].error_code, ErrorCode::NONE);
    assert_eq!(begun.elapsed().as_secs(), 3_600);
    assert!(real.elapsed() < Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_parked_fetch_is_answered_when_a_test_appends() {
    let cluster = MockCluster::in_memory(MockConfig::new(1));
    cluster.create_topic("t", 1).unwrap();
    let mut stream = cluster.connect("mock-1", 9092).unwrap();
    send(&mut stream, &fetch(0, 10_000), 12).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begun = Instant::now();
    cluster.append("t", 0, &[MockRecord::value("late")]).unwrap();
    let response = receive::<FetchRequest>(&mut stream, 12).await.unwrap();
    assert!(!response.responses[0].partitions[0].records.as_ref().unwrap().is_empty());
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn many_requests_at_once_are_answered_in_order() {
    let cluster = MockCluster::in_memory(MockConfig::new(1));
    cluster.create_topic("t", 1).unwrap();
    cluster.inject(Fault::delay(Duration::from_secs(1)).api(ApiKey::PRODUCE));
    let (mut read, mut write) = tokio::io::split(cluster.connect("mock-1", 9092).unwrap());
    let writer = tokio::spawn(async move {
        for n in 0..500 {
            send(&mut write, &produce(format!("record {n}").as_bytes()), 9).await;
        }
        write
    });
    for n in 0..500 {
        let response = receive::<ProduceRequest>(&mut read, 9).await.unwrap();
        assert_eq!(response.responses[0].partition_responses[0].base_offset, n);
    }
    writer.await.unwrap();
}

#[tokio::test]
async fn large_requests_and_responses_go_over_sockets() {
    let cluster = MockCluster::start_with(MockConfig::new(1).max_message_bytes(1 << 24), 0).await.unwrap();
    cluster.create_topic("t", 1).unwrap();
    let mut stream = TcpStream::connect(cluster.bootstrap_servers()).await.unwrap();
    let value: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[n as usize % 3]).collect();
    assert_eq!(ask(&mut stream, &produce(&value), 9).await.unwrap().responses.len(), 1);
    let response = ask(&mut stream, &fetch(0, 0), 12).await.unwrap();
    let records = response.responses[0].partitions[0].records.clone().unwrap();
    assert_eq!(records, cluster.state().batches("t", 0).unwrap()[0]);
    assert_eq!(cluster.records("t", 0).unwrap()[0].value, Some(Bytes::from(value)));
}

#[tokio::test]
async fn a_broker_that_is_down_refuses_connections_until_it_is_up_again() {
    let cluster = MockCluster::start(2).await.unwrap();
    let address = cluster.state().address(BrokerId(2)).map(|(host, port)| format!("{host}:{port}")).unwrap();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    ask(&mut stream, &ApiVersionsRequest::default(), 3).await.unwrap();
    cluster.stop_broker(BrokerId(2)).unwrap();
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
    let refused = async {
        while TcpStream::connect(&address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), refused).await.unwrap();
    cluster.start_broker(BrokerId(2)).unwrap();
    let accepted = async {
        loop {
            match TcpStream::connect(&address).await {
                Ok(stream) => return stream,
                Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    };
    let mut stream = tokio::time::timeout(Duration::from_secs(10), accepted).await.unwrap();
    assert_eq!(ask(&mut stream, &MetadataRequest::default(), 12).await.unwrap().brokers.len(), 2);
}

#[tokio::test]
async fn what_is_not_kafka_is_cut_off() {
    let cluster = MockCluster::start(1).await.unwrap();
    let mut stream = TcpStream::connect(cluster.bootstrap_servers()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut [0; 16])).await.unwrap();
    assert!(matches!(read, Ok(0) | Err(_)));
}

#[tokio::test]
async fn shutdown_ends_connections_and_frees_the_ports() {
    let cluster = MockCluster::start(1).await.unwrap();
    let address = cluster.bootstrap_servers();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    ask(&mut stream, &ApiVersionsRequest::default(), 3).await.unwrap();
    cluster.shutdown();
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
    let freed = async {
        while TcpStream::connect(&address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), freed).await.unwrap();
    assert!(cluster.connect("127.0.0.1", 1).is_err());
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_ends_the_cluster() {
    let cluster = MockCluster::in_memory(MockConfig::new(1));
    let mut stream = cluster.clone().connect("mock-1", 9092).unwrap();
    ask(&mut stream, &ApiVersionsRequest::default(), 3).await.unwrap();
    drop(cluster);
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
}
