//! The time of each operation of `ottla_benches::workloads`: messages, and the ways to read and write records.
#![allow(missing_docs, reason = "a benchmark")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ottla_benches::workloads;

fn all(c: &mut Criterion) {
    for workload in workloads::ALL {
        let (group, name) = workload.name.split_once('/').unwrap_or(("", workload.name));
        let mut group = c.benchmark_group(group);
        group.throughput(Throughput::Elements(workload.elements));
        let mut work = (workload.prepare)();
        group.bench_function(name, |b| b.iter(&mut work));
        group.finish();
    }
}

criterion_group!(benches, all);
criterion_main!(benches);
