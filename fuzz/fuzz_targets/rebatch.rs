//! Any bytes, read as record batches with the right CRCs: merged and split, compressed otherwise, and kept: refused, or the same
//! records come out.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use ottla_fuzz::records::{LIMIT, Record, codec, data_records, records, seal_batches};
use ottla_protocol::records::{Compressor, Decompressor, OwnedBatch, Rebatch, batches, rebatch, recompress};

fuzz_target!(|data: &[u8]| {
    let [how, codec_byte, bytes, count, set @ ..] = data else { return };
    let mut set = set.to_vec();
    seal_batches(&mut set);
    let set = Bytes::from(set);
    let codec = codec(*codec_byte);

    let mut into = Rebatch::into_at_most(100 + 20 * usize::from(*bytes), 1 + usize::from(*count) % 20);
    if how & 1 == 1 {
        into = into.compress(codec.into());
    }
    if how & 2 == 2 {
        into = into.renumber(1000);
    }
    let mut out = Vec::new();
    let done = rebatch(&set, &into, &mut Decompressor::new(), &mut Compressor::new(), &mut out, LIMIT);
    assert!(out.len() <= LIMIT.max(set.len()));
    if let Ok(done) = done {
        assert!(done.read <= set.len());
        // Control batches, and those without records, are passed on unread.
        let sent = data_records(&set).expect("it was read");
        let found = data_records(&out).expect("we wrote it");
        if how & 2 == 2 {
            let contents = |of: Vec<Record>| of.into_iter().map(|record| record.contents()).collect::<Vec<_>>();
            assert_eq!(contents(found), contents(sent));
        } else {
            assert_eq!(found, sent);
        }
        assert_eq!(batches(&out).count(), done.batches_written);
        if let Some(last) = batches(&out).last() {
            assert_eq!(last.expect("we wrote it").header().next_offset(), done.next_offset);
        }
    }

    for batch in batches(&set).flatten() {
        let one = records(batch.bytes());
        let kept = OwnedBatch::open(&batch, &set, &mut Decompressor::new(), LIMIT);
        match (&one, kept) {
            (Ok(one), Ok(kept)) => assert!(kept.iter().map(|record| Record::of(&record)).eq(one.iter().cloned())),
            (Err(_), Err(_)) => {}
            (one, kept) => panic!("{one:?}, but kept as {kept:?}"),
        }
        let mut buffer = Vec::new();
        let (decompressor, compressor) = (&mut Decompressor::new(), &mut Compressor::new());
        let Ok(packed) = recompress(&batch, &codec.into(), decompressor, compressor, &mut buffer, LIMIT) else {
            continue;
        };
        // The records are not looked into, so those that are wrong stay so.
        match (records(packed.as_bytes()), one) {
            (Ok(packed), Ok(one)) => assert_eq!(packed, one),
            (Err(_), Err(_)) => {}
            (packed, one) => panic!("{one:?} became {packed:?}"),
        }
    }
});
