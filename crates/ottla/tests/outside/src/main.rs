//! What a program does that speaks Kafka by itself: asks for metadata, reads the answer, and walks over fetched records.

use std::error::Error;

use bytes::Bytes;
use ottla_protocol::frame::{decode_response_header, encode_request};
use ottla_protocol::messages::{MetadataRequest, MetadataResponse, metadata};
use ottla_protocol::records::{BatchBuilder, Decompressor, NO_HEADERS, batches};
use ottla_protocol::{ApiKey, Message};

/// Version 1 of Metadata has no compact lengths: what a broker answers can be read by eye.
const VERSION: i16 = 1;

fn main() -> Result<(), Box<dyn Error>> {
    let orders = metadata::MetadataRequestTopic { name: Some("orders".into()), ..Default::default() };
    let request = MetadataRequest { topics: Some(vec![orders]), ..Default::default() };
    let mut frame = encode_request(&request, VERSION, Some("outside"))?;
    frame.set_correlation_id(42);
    let expected = b"\0\0\0\x1d\0\x03\0\x01\0\0\0\x2a\0\x07outside\0\0\0\x01\0\x06orders";
    if frame.head[..] != expected[..] || !frame.tail.is_empty() {
        return Err(format!("the request is {:?}", frame.head).into());
    }
    println!("encoded a request of {} bytes", frame.len());

    let answer = Bytes::from_static(
        b"\0\0\0\x2a\
          \0\0\0\x01\0\0\0\x05\0\x04host\0\0\x23\x84\xff\xff\
          \0\0\0\x05\
          \0\0\0\x01\0\0\0\x06orders\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\x05\0\0\0\x01\0\0\0\x05\0\0\0\x01\0\0\0\x05",
    );
    let (correlation_id, body) = decode_response_header(&answer, ApiKey::METADATA, VERSION)?;
    let response = MetadataResponse::decode(&body, VERSION)?;
    let (Some(broker), Some(topic)) = (response.brokers.first(), response.topics.first()) else {
        return Err("no broker or no topic".into());
    };
    println!(
        "decoded response {correlation_id}: broker {} is {}:{}, {} has {} partition",
        broker.node_id,
        broker.host,
        broker.port,
        topic.name.as_deref().unwrap_or_default(),
        topic.partitions.len()
    );

    let mut builder = BatchBuilder::new(Vec::new());
    builder.append(1_700_000_000_000, Some(b"customer-7"), Some(b"12.50 EUR"), NO_HEADERS)?;
    builder.append(1_700_000_000_001, None, Some(b"0.99 EUR"), NO_HEADERS)?;
    let mut batch = builder.build();
    batch.seal();
    let stored = batch.into_inner();
    let (mut decompressor, mut scratch) = (Decompressor::new(), Vec::new());
    for batch in batches(&stored) {
        for record in batch?.open(&mut decompressor, &mut scratch, 1 << 20)? {
            let value = record.value.map(String::from_utf8_lossy).unwrap_or_default();
            println!("walked over record {}: {value}", record.offset);
        }
    }
    Ok(())
}
