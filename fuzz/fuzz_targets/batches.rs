//! Any bytes, read as record batches: each batch and record is read or refused, within a budget, once with the CRC that
//! the bytes have and once with the right one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_protocol::records::{Decompressor, batches, edit};

const LIMIT: usize = 1 << 20;

fuzz_target!(|data: &[u8]| {
    read_all(data);
    let mut sealed = data.to_vec();
    for batch in batches(data).flatten() {
        let range = batch.position()..batch.position() + batch.bytes().len();
        edit::seal(&mut sealed[range]);
    }
    read_all(&sealed);
});

fn read_all(bytes: &[u8]) {
    let mut decompressor = Decompressor::new();
    let mut scratch = Vec::new();
    for batch in batches(bytes) {
        let Ok(batch) = batch else { continue };
        assert!(batch.bytes().len() <= bytes.len());
        let Ok(records) = batch.open(&mut decompressor, &mut scratch, LIMIT) else { continue };
        for record in records {
            let length = record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
            assert!(length <= LIMIT.max(bytes.len()));
            for header in record.headers() {
                let _ = header.key_str();
            }
        }
    }
}
