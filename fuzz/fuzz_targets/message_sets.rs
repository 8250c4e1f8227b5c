//! Any bytes, read as message sets of the formats before v2: turned into batches that can be read, or refused, within a
//! budget; as they are, with the right CRCs, and with those as the contents of a compressed message of each format.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_fuzz::records::{codec, seal_messages};
use ottla_protocol::records::{Codec, Compressor, Decompressor, batches, check_records, legacy};

const LIMIT: usize = 1 << 20;

fuzz_target!(|data: &[u8]| {
    read(data);
    let [magic, codec_byte, set @ ..] = data else { return };
    let mut set = set.to_vec();
    seal_messages(&mut set);
    read(&set);
    read(&wrapper(magic % 2, codec(*codec_byte), &set));
});

/// A compressed message with the set in it.
fn wrapper(magic: u8, codec: Codec, set: &[u8]) -> Vec<u8> {
    let mut value = Vec::new();
    if magic == 0 && codec != Codec::Zstd {
        Compressor::new().compress_v0(&codec.into(), set, &mut value).expect("anything can be compressed");
    } else {
        Compressor::new().compress(&codec.into(), set, &mut value).expect("anything can be compressed");
    }
    let mut covered = vec![magic, codec.id()];
    if magic == 1 {
        covered.extend(1_700_000_000_000_i64.to_be_bytes());
    }
    covered.extend((-1_i32).to_be_bytes());
    covered.extend((value.len() as i32).to_be_bytes());
    covered.extend(value);
    let mut message = 1000_i64.to_be_bytes().to_vec();
    message.extend((covered.len() as i32 + 4).to_be_bytes());
    message.extend([0; 4]);
    message.extend(covered);
    seal_messages(&mut message);
    message
}

fn read(data: &[u8]) {
    let mut out = Vec::new();
    let read = legacy::upgrade(data, &mut Decompressor::new(), &mut out, LIMIT);
    assert!(read.is_err() || read.is_ok_and(|read| read <= data.len()));
    assert!(out.len() <= LIMIT.max(data.len()));
    for batch in batches(&out) {
        let batch = batch.expect("what we wrote are batches");
        // Those of format v2 are handed on as they are.
        if batch.verify_crc().is_ok() && batch.codec() == Ok(Codec::None) {
            let _ = check_records(batch.header(), batch.payload());
        }
    }
}
