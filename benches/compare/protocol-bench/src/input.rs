//! What is read and written: made once, by ottla, as the bytes on the wire.

use bytes::Bytes;
use ottla_benches::messages::{body, fetch, metadata, produce};
use ottla_benches::values::text;
use ottla_compression::{Codec, Compressor};
use ottla_protocol::records::BatchBuilder;

pub use ottla_benches::messages::versions::{FETCH, METADATA, PRODUCE};

/// Bytes on the wire, and what they are.
pub struct Input {
    /// For the table.
    pub name: String,
    /// The records, or partitions, in it.
    pub count: usize,
    /// The codec of a batch.
    pub codec: Codec,
    /// The batch, or the body of the message.
    pub wire: Bytes,
    /// Which message it is.
    pub message: &'static str,
}

impl Input {
    /// Batches of records with a key of 9 bytes.
    pub fn batches() -> Vec<Self> {
        let mut inputs = Vec::new();
        for len in [10, 100, 1024] {
            for count in [1, 100, 10_000] {
                inputs.push(Self::batch(len, count, Codec::None, false));
            }
        }
        inputs.push(Self::batch(100, 1_000, Codec::None, true));
        for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
            inputs.push(Self::batch(100, 1_000, codec, false));
        }
        inputs
    }

    fn batch(len: usize, count: usize, codec: Codec, with_headers: bool) -> Self {
        let wire = batch(len, count, codec, with_headers);
        let codec_name = if codec == Codec::None { String::new() } else { format!(", {codec}") };
        let headers = if with_headers { ", 2 headers" } else { "" };
        let name = format!("{count} records of {len} B{headers}{codec_name}");
        Self { name, count, codec, wire, message: "" }
    }

    /// Messages, each counted by its partitions.
    pub fn messages() -> Vec<Self> {
        let small = batch(100, 10, Codec::None, false);
        let large = batch(100, 150, Codec::None, false);
        let of =
            |name: &str, message, count, wire| Self { name: name.into(), count, codec: Codec::None, wire, message };
        vec![
            of(
                "Produce request of 100 partitions, 10 records each",
                "produce",
                100,
                body(&produce(100, &small), PRODUCE),
            ),
            of("Produce request of 100 partitions, 16 KiB each", "produce", 100, body(&produce(100, &large), PRODUCE)),
            of("Fetch response of 100 partitions, 10 records each", "fetch", 100, body(&fetch(100, &small), FETCH)),
            of("Fetch response of 100 partitions, 16 KiB each", "fetch", 100, body(&fetch(100, &large), FETCH)),
            of("Metadata of 10 000 partitions", "metadata", 10_000, body(&metadata(), METADATA)),
        ]
    }
}

fn batch(len: usize, count: usize, codec: Codec, with_headers: bool) -> Bytes {
    let mut builder = BatchBuilder::new(Vec::new());
    let headers =
        [(&b"traceparent"[..], Some(&b"00-0af7651916cd43dd8448eb211c80319c-01"[..])), (&b"v"[..], Some(&b"1"[..]))];
    for number in 0..count {
        let value = text(len, number);
        let timestamp = 1_700_000_000_000 + number as i64 / 8;
        let headers = headers.into_iter().take(if with_headers { 2 } else { 0 });
        builder.append(timestamp, Some(b"user-4711"), Some(&value), headers).expect("the record fits");
    }
    let mut batch = builder.build();
    batch.compress(&codec.into(), &mut Compressor::new(), &mut Vec::new()).expect("compresses");
    batch.seal();
    batch.into_inner().into()
}
