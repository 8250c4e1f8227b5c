//! Operations by name, each made ready to be done over and over: for criterion, which tells their time, and for the gate
//! that counts their instructions.
#![allow(clippy::unwrap_used, reason = "benchmarks")]

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use ottla_protocol::frame::encode_request;
use ottla_protocol::messages::fetch::FetchResponse;
use ottla_protocol::messages::metadata::MetadataResponse;
use ottla_protocol::messages::produce::ProduceRequest;
use ottla_protocol::records::{
    BatchBuilder, Decompressor, EncodedBatch, NO_HEADERS, OwnedBatch, RecordCursor, batches, check_records,
};
use ottla_protocol::{Decode, Encode, Message};

use crate::messages::{self, versions};

/// An operation, and how many records or partitions it is about.
pub struct Workload {
    /// Its name.
    pub name: &'static str,
    /// The records or partitions in one go of it.
    pub elements: u64,
    /// Makes it ready.
    pub prepare: fn() -> Box<dyn FnMut()>,
}

/// All of them.
pub const ALL: &[Workload] = &[
    Workload { name: "records/encode", elements: 1_000, prepare: || encode_records(0) },
    Workload { name: "records/encode with headers", elements: 1_000, prepare: || encode_records(2) },
    Workload { name: "records/check", elements: 1_000, prepare: check },
    Workload { name: "records/views", elements: 1_000, prepare: views },
    Workload { name: "records/ranges", elements: 1_000, prepare: ranges },
    Workload { name: "records/crc and check of one", elements: 1, prepare: one },
    Workload { name: "records/decode to an owned batch", elements: 1_000, prepare: owned },
    Workload { name: "produce request/encode a frame", elements: 100, prepare: produce_frame },
    Workload { name: "produce request/decode", elements: 100, prepare: produce_decode },
    Workload { name: "fetch response/encode", elements: 100, prepare: fetch_encode },
    Workload { name: "fetch response/decode", elements: 100, prepare: fetch_decode },
    Workload { name: "metadata response/encode", elements: 10_000, prepare: metadata_encode },
    Workload { name: "metadata response/decode", elements: 10_000, prepare: metadata_decode },
];

const NOW: i64 = 1_700_000_000_000;
const KEY: Option<&[u8]> = Some(b"user-4711");
const RECORDS: usize = 1_000;

fn values(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|seed| format!("{{\"id\":{seed:09},\"action\":\"click\"}}").repeat(4)[..100].into()).collect()
}

fn build(values: &[Vec<u8>], headers: usize, buffer: Vec<u8>) -> EncodedBatch {
    let header = (&b"traceparent"[..], Some(&b"00-0af7651916cd43dd8448eb211c80319c-01"[..]));
    let mut builder = BatchBuilder::new(buffer);
    for (value, at) in values.iter().zip(NOW..) {
        if headers == 0 {
            builder.append(at, KEY, Some(value), NO_HEADERS).unwrap();
        } else {
            builder.append(at, KEY, Some(value), std::iter::repeat_n(header, headers)).unwrap();
        }
    }
    let mut batch = builder.build();
    batch.seal();
    batch
}

fn wire(count: usize) -> Bytes {
    build(&values(count), 0, Vec::new()).into_inner().into()
}

fn encode_records(headers: usize) -> Box<dyn FnMut()> {
    let values = values(RECORDS);
    let mut buffer = Vec::new();
    Box::new(move || buffer = black_box(build(&values, headers, std::mem::take(&mut buffer))).into_inner())
}

fn check() -> Box<dyn FnMut()> {
    let batch = build(&values(RECORDS), 0, Vec::new());
    Box::new(move || check_records(black_box(batch.header()), black_box(batch.payload())).unwrap())
}

fn views() -> Box<dyn FnMut()> {
    let wire = wire(RECORDS);
    Box::new(move || {
        let mut scratch = Vec::new();
        let raw = batches(black_box(&wire)).next().unwrap().unwrap();
        let records = raw.open(&mut Decompressor::new(), &mut scratch, 0).unwrap();
        black_box(records.fold(0, |sum, record| sum + record.value.map_or(0, <[u8]>::len)));
    })
}

fn one() -> Box<dyn FnMut()> {
    let wire = wire(1);
    Box::new(move || {
        let raw = batches(black_box(&wire)).next().unwrap().unwrap();
        raw.verify_crc().unwrap();
        check_records(raw.header(), raw.payload()).unwrap();
    })
}

fn ranges() -> Box<dyn FnMut()> {
    let batch = build(&values(RECORDS), 0, Vec::new());
    Box::new(move || {
        let mut cursor = RecordCursor::new(black_box(batch.header()));
        let mut sum = 0;
        while let Some(ranges) = cursor.next_ranges(black_box(batch.payload())) {
            sum += ranges.len();
        }
        black_box(sum);
    })
}

fn owned() -> Box<dyn FnMut()> {
    let wire = wire(RECORDS);
    let mut decompressor = Decompressor::new();
    Box::new(move || {
        let raw = batches(black_box(&wire)).next().unwrap().unwrap();
        black_box(OwnedBatch::open(&raw, &wire, &mut decompressor, 0).unwrap());
    })
}

fn produce_frame() -> Box<dyn FnMut()> {
    let request = messages::produce(100, &wire(10));
    Box::new(move || {
        black_box(encode_request(black_box(&request), versions::PRODUCE, Some("client")).unwrap());
    })
}

fn produce_decode() -> Box<dyn FnMut()> {
    decode::<ProduceRequest>(messages::body(&messages::produce(100, &wire(10)), versions::PRODUCE), versions::PRODUCE)
}

fn fetch_encode() -> Box<dyn FnMut()> {
    encode(messages::fetch(100, &wire(10)), versions::FETCH)
}

fn fetch_decode() -> Box<dyn FnMut()> {
    decode::<FetchResponse>(messages::body(&messages::fetch(100, &wire(10)), versions::FETCH), versions::FETCH)
}

fn metadata_encode() -> Box<dyn FnMut()> {
    encode(messages::metadata(), versions::METADATA)
}

fn metadata_decode() -> Box<dyn FnMut()> {
    decode::<MetadataResponse>(messages::body(&messages::metadata(), versions::METADATA), versions::METADATA)
}

fn encode<M: Message + Encode>(message: M, version: i16) -> Box<dyn FnMut()> {
    let mut out = BytesMut::new();
    Box::new(move || {
        out.clear();
        black_box(&message).encode(version, &mut out).unwrap();
        black_box(&out);
    })
}

fn decode<M: Message + Decode>(body: Bytes, version: i16) -> Box<dyn FnMut()> {
    Box::new(move || {
        black_box(M::decode(black_box(&body), version).unwrap());
    })
}
