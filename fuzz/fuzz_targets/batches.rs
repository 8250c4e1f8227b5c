//! Any bytes, read as record batches: each batch and record is read or refused, within a budget, once with the CRC that
//! the bytes have and once with the right one; and what is read is written again as the same records.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_fuzz::records::seal_batches;
use ottla_protocol::records::{
    BatchBuilder, ControlRecord, Decompressor, RawBatch, TimestampType, batches, check_records,
};

const LIMIT: usize = 1 << 20;

fuzz_target!(|data: &[u8]| {
    read_all(data);
    let mut sealed = data.to_vec();
    seal_batches(&mut sealed);
    for batch in batches(&sealed).flatten() {
        batch.verify_crc().expect("sealed");
    }
    read_all(&sealed);
});

fn read_all(bytes: &[u8]) {
    let mut decompressor = Decompressor::new();
    for batch in batches(bytes) {
        let Ok(batch) = batch else { continue };
        assert!(batch.bytes().len() <= bytes.len());
        read(&batch, &mut decompressor, bytes.len());
    }
}

fn read(batch: &RawBatch<'_>, decompressor: &mut Decompressor, whole: usize) {
    let mut plain = Vec::new();
    if batch.decompress(decompressor, &mut plain, LIMIT).is_ok() {
        assert!(plain.len() <= LIMIT);
    }
    let mut scratch = Vec::new();
    let Ok(records) = batch.open(decompressor, &mut scratch, LIMIT) else { return };
    let records: Vec<_> = records.collect();
    let header = batch.header();
    assert_eq!(i32::try_from(records.len()), Ok(header.count));
    let mut builder = BatchBuilder::new(Vec::new());
    // What the broker stamped hides what the records say, and a first delta that is not zero has another base.
    let mut same = header.attributes.timestamp_type() == TimestampType::CreateTime
        && records.first().is_some_and(|first| first.timestamp == header.base_timestamp);
    for record in &records {
        let length = record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
        assert!(length <= LIMIT.max(whole));
        for header in record.headers() {
            let _ = header.key_str();
        }
        if header.is_control() {
            let _ = ControlRecord::read(record);
        }
        let delta = record.offset.wrapping_sub(header.base_offset);
        let headers = record.headers().map(|header| (header.key, header.value)).collect::<Vec<_>>();
        let appended = i32::try_from(delta)
            .is_ok_and(|delta| builder.append_at(delta, record.timestamp, record.key, record.value, headers).is_ok());
        // Deltas that are negative or do not rise are read, but not written.
        same &= appended;
    }
    if !same {
        return;
    }
    let mut again = builder.build_with(header.attributes);
    again.set_base_offset(header.base_offset);
    again.seal();
    let again = again.into_inner();
    let copy = batches(&again).next().expect("a batch").expect("a good one");
    assert_eq!(check_records(copy.header(), copy.payload()), Ok(()));
    let mut scratch = Vec::new();
    let copied = copy.open(&mut Decompressor::new(), &mut scratch, LIMIT).expect("a good batch");
    for (record, copied) in records.iter().zip(copied) {
        assert_eq!((record.offset, record.timestamp), (copied.offset, copied.timestamp));
        assert_eq!((record.key, record.value), (copied.key, copied.value));
        let pair =
            |header: ottla_protocol::records::HeaderView<'_>| (header.key.to_vec(), header.value.map(<[u8]>::to_vec));
        assert!(record.headers().map(pair).eq(copied.headers().map(pair)));
    }
}
