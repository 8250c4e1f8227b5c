//! ottla-protocol.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use ottla_compression::{Codec, Compression, Compressor, Decompressor};
use ottla_protocol::frame::{encode_request, encode_response};
use ottla_protocol::messages::{FetchResponse, MetadataResponse, ProduceRequest};
use ottla_protocol::records::{BatchBuilder, OwnedBatch, batches};
use ottla_protocol::{Decode, Encode, Message, Request, Response};

use crate::input::{FETCH, Input, METADATA, PRODUCE};
use crate::measure::Work;

/// The most that a batch here holds.
const LIMIT: usize = 64 << 20;

type Fields = (i64, Option<Bytes>, Option<Bytes>, Vec<(Bytes, Option<Bytes>)>);

pub fn encode(input: &Input) -> Work {
    let owned = open(&input.wire);
    let records: Vec<Fields> = owned
        .iter()
        .map(|record| {
            let copied = |bytes: &[u8]| Bytes::copy_from_slice(bytes);
            let headers = record.headers().map(|header| (copied(header.key), header.value.map(copied))).collect();
            (record.timestamp, record.key.map(copied), record.value.map(copied), headers)
        })
        .collect();
    let (mut buffer, mut compressed, mut compressor) = (Vec::new(), Vec::new(), Compressor::new());
    let compression = Compression::new(input.codec);
    let mut work = move || {
        let mut builder = BatchBuilder::new(std::mem::take(&mut buffer));
        for (timestamp, key, value, headers) in &records {
            let headers = headers.iter().map(|(key, value)| (&key[..], value.as_deref()));
            builder.append(*timestamp, key.as_deref(), value.as_deref(), headers).expect("fits");
        }
        let mut batch = builder.build();
        batch.compress(&compression, &mut compressor, &mut compressed).expect("compresses");
        batch.seal();
        buffer = black_box(batch).into_inner();
    };
    work();
    Box::new(work)
}

fn open(wire: &Bytes) -> OwnedBatch {
    let raw = batches(wire).next().expect("a batch").expect("a good one");
    OwnedBatch::open(&raw, wire, &mut Decompressor::new(), LIMIT).expect("good records")
}

pub fn decode(input: &Input) -> Work {
    let wire = input.wire.clone();
    let mut decompressor = Decompressor::new();
    Box::new(move || {
        let raw = batches(&wire).next().expect("a batch").expect("a good one");
        black_box(OwnedBatch::open(&raw, &wire, &mut decompressor, LIMIT).expect("good records"));
    })
}

pub fn walk(input: &Input) -> Work {
    let wire = input.wire.clone();
    let (mut decompressor, mut scratch) = (Decompressor::new(), Vec::new());
    Box::new(move || {
        let raw = batches(&wire).next().expect("a batch").expect("a good one");
        raw.verify_crc().expect("its CRC");
        let payload = if raw.codec() == Ok(Codec::None) {
            raw.payload()
        } else {
            scratch.clear();
            raw.decompress(&mut decompressor, &mut scratch, LIMIT).expect("decompresses");
            &scratch
        };
        ottla_protocol::records::check_records(black_box(raw.header()), payload).expect("good records");
    })
}

pub fn message(input: &Input) -> (Work, Work, Work) {
    match input.message {
        "produce" => typed::<ProduceRequest>(&input.wire, PRODUCE, send_request, |_| 0),
        "fetch" => typed::<FetchResponse>(&input.wire, FETCH, send_response, |response| {
            let partitions = response.responses.iter().flat_map(|topic| &topic.partitions);
            let mut decompressor = Decompressor::new();
            let mut count = 0;
            for records in partitions.filter_map(|partition| partition.records.as_ref()) {
                for batch in batches(records) {
                    let batch = batch.expect("a good one");
                    count += OwnedBatch::open(&batch, records, &mut decompressor, LIMIT).expect("good records").len();
                }
            }
            count
        }),
        _ => typed::<MetadataResponse>(&input.wire, METADATA, send_response, |_| 0),
    }
}

/// A whole frame as it goes to the socket: its length and header too, and large records shared instead of copied.
fn send_request<R: Request>(request: &R, version: i16) {
    black_box(encode_request(request, version, Some("client")).expect("writes"));
}

fn send_response<R: Response>(response: &R, version: i16) {
    black_box(encode_response(response, version, 7).expect("writes"));
}

fn typed<M: Message + Encode + Decode>(
    wire: &Bytes,
    version: i16,
    send: fn(&M, i16),
    then: fn(&M) -> usize,
) -> (Work, Work, Work) {
    let message = M::decode(wire, version).expect("reads");
    let mut out = BytesMut::with_capacity(wire.len());
    message.encode(version, &mut out).expect("writes");
    assert_eq!(out, wire);
    let (wire, again) = (wire.clone(), message.clone());
    let send = move || send(&again, version);
    let encode = move || {
        out.clear();
        message.encode(version, &mut out).expect("writes");
        black_box(&out);
    };
    let decode = move || {
        let message = M::decode(&wire, version).expect("reads");
        black_box(then(&message));
        black_box(message);
    };
    (Box::new(encode), Box::new(send), Box::new(decode))
}
