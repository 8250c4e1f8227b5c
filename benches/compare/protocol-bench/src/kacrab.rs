//! kacrab-protocol.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use kacrab_protocol::generated::{FetchResponseData, MetadataResponseData, ProduceRequestData};
use kacrab_protocol::record::{RecordBatch, decode_batches};

use crate::input::{FETCH, Input, METADATA, PRODUCE};
use crate::measure::Work;

fn batch(wire: &Bytes) -> RecordBatch {
    RecordBatch::decode(&mut wire.clone()).expect("reads")
}

pub fn encode(input: &Input) -> Work {
    let batch = batch(&input.wire);
    let mut out = BytesMut::new();
    let mut write = move || {
        out.clear();
        batch.encode(&mut out).expect("writes");
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

/// The crate has no trait for it.
macro_rules! typed {
    ($message:ty, $input:expr, $version:expr, $then:expr) => {{
        let then: fn(&$message) -> usize = $then;
        let message = <$message>::read(&mut $input.wire.clone(), $version).expect("reads");
        let mut out = BytesMut::with_capacity($input.wire.len());
        message.write(&mut out, $version).expect("writes");
        assert_eq!(out, $input.wire);
        let (wire, again) = ($input.wire.clone(), message.clone());
        let length = wire.len();
        let send = move || {
            let mut out = BytesMut::with_capacity(length);
            again.write(&mut out, $version).expect("writes");
            black_box(out);
        };
        let encode = move || {
            out.clear();
            message.write(&mut out, $version).expect("writes");
            black_box(&out);
        };
        let decode = move || {
            let message = <$message>::read(&mut wire.clone(), $version).expect("reads");
            black_box(then(&message));
            black_box(message);
        };
        (Box::new(encode) as Work, Box::new(send) as Work, Box::new(decode) as Work)
    }};
}

pub fn message(input: &Input) -> (Work, Work, Work) {
    match input.message {
        "produce" => typed!(ProduceRequestData, input, PRODUCE, |_| 0),
        "fetch" => typed!(FetchResponseData, input, FETCH, |response| {
            let partitions = response.responses.iter().flat_map(|topic| &topic.partitions);
            let found = partitions.filter_map(|partition| partition.records.as_ref());
            found.map(|bytes| black_box(decode_batches(&mut bytes.clone()).expect("reads")).len()).sum()
        }),
        _ => typed!(MetadataResponseData, input, METADATA, |_| 0),
    }
}
