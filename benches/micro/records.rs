//! Record batches: building, sealing, checking, iterating, and the codecs around them.
//!
//! Everything is told per batch with the number of records as throughput, so that criterion prints records per second;
//! nanoseconds per record are its inverse. See `README.md` for the floors to compare with.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ottla_benches::values::text;
use ottla_compression::{Codec, Compressor, Decompressor};
use ottla_protocol::records::{
    BatchBuilder, EncodedBatch, NO_HEADERS, RecordCursor, RecordIter, RecordRanges, batches, check_records, edit,
};

const NOW: i64 = 1_700_000_000_000;
const KEY: Option<&[u8]> = Some(b"user-4711");

fn values(len: usize, count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|seed| text(len, seed)).collect()
}

fn build(values: &[Vec<u8>], buffer: Vec<u8>) -> EncodedBatch {
    let mut builder = BatchBuilder::new(buffer);
    for (i, value) in values.iter().enumerate() {
        builder.append(NOW + i as i64 / 8, KEY, Some(value), NO_HEADERS).unwrap();
    }
    builder.build()
}

/// Value lengths and counts, such that the whole stays below some 10 MiB.
fn shapes() -> impl Iterator<Item = (usize, usize)> {
    [10, 100, 1024].into_iter().flat_map(|len| [1, 100, 10_000].into_iter().map(move |count| (len, count)))
}

fn encode(c: &mut Criterion) {
    let mut group = c.benchmark_group("encode");
    for (len, count) in shapes() {
        let values = values(len, count);
        group.throughput(Throughput::Elements(count as u64));
        let mut buffer = Vec::with_capacity(16 << 20);
        group.bench_function(BenchmarkId::new("append", format!("{len}B x {count}")), |b| {
            b.iter(|| buffer = black_box(build(&values, std::mem::take(&mut buffer))).into_inner());
        });
    }
    let values = values(100, 10_000);
    group.throughput(Throughput::Elements(10_000));
    let mut buffer = Vec::with_capacity(16 << 20);
    group.bench_function("append and seal/100B x 10000", |b| {
        b.iter(|| {
            let mut batch = build(&values, std::mem::take(&mut buffer));
            batch.seal();
            buffer = black_box(batch).into_inner();
        });
    });
    let headers = [(&b"traceparent"[..], Some(&b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"[..]))];
    group.bench_function("append with a header/100B x 10000", |b| {
        b.iter(|| {
            let mut builder = BatchBuilder::new(std::mem::take(&mut buffer));
            for value in &values {
                builder.append(NOW, KEY, Some(value), headers).unwrap();
            }
            buffer = black_box(builder.build()).into_inner();
        });
    });
    let mut fields = Vec::new();
    group.bench_function("encode fields, then append them/100B x 10000", |b| {
        b.iter(|| {
            let mut builder = BatchBuilder::new(std::mem::take(&mut buffer));
            for value in &values {
                fields.clear();
                BatchBuilder::encode_fields(KEY, Some(value), NO_HEADERS, &mut fields).unwrap();
                builder.append_encoded(NOW, &fields).unwrap();
            }
            buffer = black_box(builder.build()).into_inner();
        });
    });
    // the floor: the same bytes copied, without any format
    group.bench_function("floor: copy key and value/100B x 10000", |b| {
        b.iter(|| {
            buffer.clear();
            for value in &values {
                buffer.extend_from_slice(KEY.unwrap_or_default());
                buffer.extend_from_slice(value);
            }
            black_box(&buffer);
        });
    });
    group.finish();
}

fn decode(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode");
    for (len, count) in shapes() {
        let mut batch = build(&values(len, count), Vec::new());
        batch.seal();
        let shape = format!("{len}B x {count}");
        let (header, payload) = (*batch.header(), batch.payload().to_vec());
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::new("check", &shape), |b| {
            b.iter(|| check_records(black_box(&header), black_box(&payload)).unwrap());
        });
        group.bench_function(BenchmarkId::new("iterate", &shape), |b| {
            b.iter(|| {
                let mut sum = 0;
                for record in RecordIter::new(black_box(&header), black_box(&payload)) {
                    sum += record.offset as usize + record.value.map_or(0, <[u8]>::len);
                }
                sum
            });
        });
        group.bench_function(BenchmarkId::new("ranges", &shape), |b| {
            b.iter(|| {
                let mut cursor = RecordCursor::new(black_box(&header));
                let mut sum = 0;
                while let Some(ranges) = cursor.next_ranges(black_box(&payload)) {
                    sum += ranges.offset as usize + ranges.len();
                }
                sum
            });
        });
        group.bench_function(BenchmarkId::new("crc, check, views", &shape), |b| {
            b.iter(|| {
                let raw = batches(black_box(batch.as_bytes())).next().unwrap().unwrap();
                let mut scratch = Vec::new();
                let mut sum = 0;
                for record in raw.open(&mut Decompressor::new(), &mut scratch, 0).unwrap() {
                    sum += record.offset as usize + record.value.map_or(0, <[u8]>::len);
                }
                sum
            });
        });
        group.bench_function(BenchmarkId::new("crc, check, owned", &shape), |b| {
            b.iter(|| owned(black_box(&batch)));
        });
    }
    group.finish();
}

/// A record as a consumer may hold it: a count on its payload, and where its parts are.
struct Owned {
    payload: Arc<Vec<u8>>,
    ranges: RecordRanges,
}

fn owned(batch: &EncodedBatch) -> usize {
    thread_local! {
        static SHARED: std::cell::RefCell<Option<(usize, Arc<Vec<u8>>)>> = const { std::cell::RefCell::new(None) };
    }
    // the payload is in memory already; taking it over is not what is measured
    let payload = SHARED.with_borrow_mut(|shared| match shared {
        Some((len, payload)) if *len == batch.len() => Arc::clone(payload),
        other => Arc::clone(&other.insert((batch.len(), Arc::new(batch.payload().to_vec()))).1),
    });
    let raw = batches(batch.as_bytes()).next().unwrap().unwrap();
    raw.verify_crc().unwrap();
    check_records(raw.header(), &payload).unwrap();
    let mut cursor = RecordCursor::new(raw.header());
    let mut sum = 0;
    while let Some(ranges) = cursor.next_ranges(&payload) {
        let record = black_box(Owned { payload: Arc::clone(&payload), ranges });
        sum += record.ranges.value(&record.payload).map_or(0, <[u8]>::len);
    }
    sum
}

fn crc(c: &mut Criterion) {
    let mut group = c.benchmark_group("crc");
    for len in [1 << 10, 16 << 10, 1 << 20] {
        let bytes = vec![7; len];
        group.throughput(Throughput::Bytes(len as u64));
        group.bench_function(BenchmarkId::from_parameter(len), |b| b.iter(|| edit::crc(black_box(&bytes))));
    }
    group.finish();
}

fn codecs(c: &mut Criterion) {
    let mut group = c.benchmark_group("codecs");
    let plain = build(&values(100, 10_000), Vec::new());
    let (mut compressor, mut decompressor) = (Compressor::new(), Decompressor::new());
    group.throughput(Throughput::Elements(10_000));
    for codec in Codec::ALL {
        let mut buffer = Vec::with_capacity(2 << 20);
        group.bench_function(BenchmarkId::new("compress", codec), |b| {
            b.iter(|| {
                buffer.clear();
                compressor.compress(&codec.into(), plain.payload(), &mut buffer).unwrap();
            });
        });
        let mut batch = plain.clone();
        batch.compress(&codec.into(), &mut compressor, &mut Vec::new()).unwrap();
        batch.seal();
        let mut scratch = Vec::with_capacity(2 << 20);
        group.bench_function(BenchmarkId::new("crc, decompress, check, views", codec), |b| {
            b.iter(|| {
                let raw = batches(black_box(batch.as_bytes())).next().unwrap().unwrap();
                raw.open(&mut decompressor, &mut scratch, 4 << 20).unwrap().count()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, encode, decode, crc, codecs);
criterion_main!(benches);
