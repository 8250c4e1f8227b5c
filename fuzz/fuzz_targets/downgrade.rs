//! Any bytes, read as record batches with the right CRCs and converted down to either old format: refused, or the same records
//! come out of what was written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_fuzz::records::{LIMIT, codec, data_records, seal_batches, seal_messages};
use ottla_protocol::records::legacy::{Downgrade, MessageFormat, downgrade, upgrade};
use ottla_protocol::records::{Codec, Compressor, Decompressor, RecordError, batches};

fuzz_target!(|data: &[u8]| {
    let [how, codec_byte, set @ ..] = data else { return };
    let mut set = set.to_vec();
    seal_batches(&mut set);
    seal_messages(&mut set);
    let format = if how & 1 == 0 { MessageFormat::V0 } else { MessageFormat::V1 };
    let mut to = Downgrade::to(format);
    if how & 2 != 0 {
        to = to.lossless();
    }
    match codec(*codec_byte) {
        Codec::Zstd => {}
        codec => to = to.compress(codec.into()),
    }
    let mut old = Vec::new();
    let mut compressor = Compressor::new();
    let Ok(done) = downgrade(&set, &to, &mut Decompressor::new(), &mut compressor, &mut old, LIMIT) else { return };
    assert!(done.read <= set.len());
    assert!(old.len() <= LIMIT.max(set.len()));
    // What was in an old format already was not looked into.
    if batches(&set).any(|batch| matches!(batch, Err(RecordError::Legacy { .. }))) {
        return;
    }
    let mut sent = data_records(&set).expect("it was converted");
    // Nothing has an offset below 0, and a compressed message that had one could not be told from one with bad offsets inside.
    if sent.iter().any(|record| record.offset < 0) {
        return;
    }
    let mut again = Vec::new();
    let read = upgrade(&old, &mut Decompressor::new(), &mut again, 64 << 20).expect("what we wrote");
    assert_eq!(read, old.len());
    for record in &mut sent {
        record.headers.clear();
        if format == MessageFormat::V0 {
            record.timestamp = -1;
        }
    }
    assert_eq!(sent.len(), done.records);
    assert_eq!(data_records(&again), Ok(sent));
});
