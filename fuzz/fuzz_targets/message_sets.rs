//! Any bytes, read as message sets of the formats before v2: turned into batches that can be read, or refused, within a
//! budget.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_protocol::records::{Decompressor, batches, legacy};

const LIMIT: usize = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let mut out = Vec::new();
    let read = legacy::upgrade(data, &mut Decompressor::new(), &mut out, LIMIT);
    assert!(read.is_err() || read.is_ok_and(|read| read <= data.len()));
    assert!(out.len() <= LIMIT.max(data.len()));
    for batch in batches(&out) {
        let _ = batch.expect("what we wrote are batches").header();
    }
});
