//! krabka-protocol. Reading a Produce request or a Fetch response, it reads the records too.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use krabka_protocol::owned::fetch_response::FetchResponse;
use krabka_protocol::owned::metadata_response::MetadataResponse;
use krabka_protocol::owned::produce_request::ProduceRequest;
use krabka_protocol::records::{RecordBatch, RecordsPayload, validate_one_v2_batch};
use krabka_protocol::{Decode, Encode};

use crate::input::{FETCH, Input, METADATA, PRODUCE};
use crate::measure::Work;

fn batch(wire: &Bytes) -> RecordBatch {
    RecordBatch::decode_batch(&mut wire.clone()).expect("reads")
}

pub fn encode(input: &Input) -> Work {
    let batch = batch(&input.wire);
    let mut out = BytesMut::new();
    let mut write = move || {
        out.clear();
        batch.encode_batch(&mut out).expect("writes");
        black_box(out.len())
    };
    assert!(write() > 0);
    Box::new(move || {
        write();
    })
}

pub fn decode(input: &Input) -> Work {
    let wire = input.wire.clone();
    assert_eq!(batch(&wire).records.len(), input.count);
    Box::new(move || {
        black_box(batch(&wire));
    })
}

pub fn walk(input: &Input) -> Work {
    let wire = input.wire.clone();
    Box::new(move || {
        let batch = validate_one_v2_batch(&wire).expect("a good one");
        batch.validate_records(Default::default()).expect("good records");
        black_box(batch);
    })
}

pub fn message(input: &Input) -> (Work, Work, Work) {
    match input.message {
        "produce" => {
            let mut request = ProduceRequest::decode(&mut input.wire.clone(), PRODUCE).expect("reads");
            let partitions = request.topic_data.iter_mut().flat_map(|topic| &mut topic.partition_data);
            partitions.for_each(|partition| encoded(&mut partition.records));
            typed(&input.wire, PRODUCE, request)
        }
        "fetch" => {
            let mut response = FetchResponse::decode(&mut input.wire.clone(), FETCH).expect("reads");
            let partitions = response.responses.iter_mut().flat_map(|topic| &mut topic.partitions);
            partitions.for_each(|partition| encoded(&mut partition.records));
            typed(&input.wire, FETCH, response)
        }
        _ => {
            let response = MetadataResponse::decode(&mut input.wire.clone(), METADATA).expect("reads");
            typed(&input.wire, METADATA, response)
        }
    }
}

/// Has the records as bytes, as the others have them, so that writing the message does not encode them as well.
fn encoded(records: &mut Option<RecordsPayload>) {
    if let Some(RecordsPayload::V2(batches)) = records {
        let bytes: Vec<u8> = batches.iter().flat_map(|batch| batch.encode_to_bytes().expect("writes")).collect();
        *records = Some(RecordsPayload::Raw(bytes.into()));
    }
}

fn typed<M: Encode + for<'a> Decode<'a> + Clone + 'static>(
    wire: &Bytes,
    version: i16,
    message: M,
) -> (Work, Work, Work) {
    let mut out = BytesMut::with_capacity(wire.len());
    message.encode(&mut out, version).expect("writes");
    assert_eq!(out, wire);
    let (wire, again) = (wire.clone(), message.clone());
    let length = wire.len();
    let send = move || {
        let mut out = BytesMut::with_capacity(length);
        again.encode(&mut out, version).expect("writes");
        black_box(out);
    };
    let encode = move || {
        out.clear();
        message.encode(&mut out, version).expect("writes");
        black_box(&out);
    };
    let decode = move || {
        black_box(M::decode(&mut wire.clone(), version).expect("reads"));
    };
    (Box::new(encode), Box::new(send), Box::new(decode))
}
