//! kafka-protocol.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{FetchResponse, MetadataResponse, ProduceRequest};
use kafka_protocol::protocol::{Decodable, Encodable};
use kafka_protocol::records::{Compression, Record, RecordBatchDecoder, RecordBatchEncoder, RecordEncodeOptions};
use ottla_compression::Codec;

use crate::input::{FETCH, Input, METADATA, PRODUCE};
use crate::measure::Work;

fn records(wire: &Bytes) -> Vec<Record> {
    RecordBatchDecoder::decode(&mut wire.clone()).expect("reads").records
}

pub fn encode(input: &Input) -> Work {
    let compression = match input.codec {
        Codec::Gzip => Compression::Gzip,
        Codec::Snappy => Compression::Snappy,
        Codec::Lz4 => Compression::Lz4,
        Codec::Zstd => Compression::Zstd,
        _ => Compression::None,
    };
    let options = RecordEncodeOptions { version: 2, compression };
    let records = records(&input.wire);
    let mut out = BytesMut::new();
    let mut write = move || {
        out.clear();
        RecordBatchEncoder::encode(&mut out, &records, &options).expect("writes");
        black_box(out.len())
    };
    assert!(write() > 0);
    Box::new(move || {
        write();
    })
}

pub fn decode(input: &Input) -> Work {
    let wire = input.wire.clone();
    assert_eq!(records(&wire).len(), input.count);
    Box::new(move || {
        black_box(records(&wire));
    })
}

pub fn message(input: &Input) -> (Work, Work, Work) {
    match input.message {
        "produce" => typed::<ProduceRequest>(&input.wire, PRODUCE, |_| 0),
        "fetch" => typed::<FetchResponse>(&input.wire, FETCH, |response| {
            let partitions = response.responses.iter().flat_map(|topic| &topic.partitions);
            let found = partitions.filter_map(|partition| partition.records.as_ref());
            found.map(|bytes| black_box(records(bytes)).len()).sum()
        }),
        _ => typed::<MetadataResponse>(&input.wire, METADATA, |_| 0),
    }
}

fn typed<M: Encodable + Decodable + Clone + 'static>(
    wire: &Bytes,
    version: i16,
    then: fn(&M) -> usize,
) -> (Work, Work, Work) {
    let message = M::decode(&mut wire.clone(), version).expect("reads");
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
        let message = M::decode(&mut wire.clone(), version).expect("reads");
        black_box(then(&message));
        black_box(message);
    };
    (Box::new(encode), Box::new(send), Box::new(decode))
}
