//! Any records, built into a batch with any codec: they come out as they went in.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use ottla_protocol::records::{BatchBuilder, Codec, Compressor, Decompressor, batches};

#[derive(Debug, Arbitrary)]
struct Input {
    codec: u8,
    records: Vec<Record>,
}

#[derive(Debug, Arbitrary)]
struct Record {
    timestamp: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Record {
    fn headers(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> + Clone {
        self.headers.iter().map(|(key, value)| (&key[..], value.as_deref()))
    }
}

fuzz_target!(|input: Input| {
    if input.records.is_empty() {
        return;
    }
    let mut builder = BatchBuilder::new(Vec::new());
    for record in &input.records {
        builder
            .append(record.timestamp, record.key.as_deref(), record.value.as_deref(), record.headers())
            .expect("a small record fits");
    }
    let codecs = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];
    let codec = codecs[usize::from(input.codec) % codecs.len()];
    let mut batch = builder.build();
    let mut compressed = Vec::new();
    batch.compress(&codec.into(), &mut Compressor::new(), &mut compressed).expect("anything can be compressed");
    batch.seal();
    let bytes = batch.into_inner();

    let mut scratch = Vec::new();
    let mut found = batches(&bytes);
    let batch = found.next().expect("one batch").expect("a whole one");
    let records = batch.open(&mut Decompressor::new(), &mut scratch, usize::MAX).expect("a good batch");
    let mut count = 0;
    for (record, sent) in records.zip(&input.records) {
        assert_eq!(record.timestamp, sent.timestamp);
        assert_eq!((record.key, record.value), (sent.key.as_deref(), sent.value.as_deref()));
        assert!(record.headers().map(|header| (header.key, header.value)).eq(sent.headers()));
        count += 1;
    }
    assert_eq!(count, input.records.len());
    assert!(found.next().is_none());
});
