//! Batches whose records are kept.

use bytes::Bytes;
use ottla_compression::{Codec, Compressor, Decompressor};

use super::OwnedBatch;
use crate::records::{BatchBuilder, EncodedBatch, RecordError, RecordFault, RecordView, batches};

fn batch(count: usize, codec: Codec) -> Bytes {
    let mut builder = BatchBuilder::new(Vec::new());
    for number in 0..count {
        let value = format!("value {number}").repeat(3);
        let key = (number % 2 == 0).then_some(&b"key"[..]);
        let headers = (0..number % 4).map(|_| (&b"same"[..], (number % 3 == 0).then_some(&b""[..])));
        builder.append(1_000 + number as i64, key, Some(value.as_bytes()), headers).unwrap();
    }
    let mut batch = builder.build();
    batch.set_base_offset(70);
    batch.compress(&codec.into(), &mut Compressor::new(), &mut Vec::new()).unwrap();
    batch.seal();
    batch.into_inner().into()
}

fn open(fetched: &Bytes, limit: usize) -> Result<OwnedBatch, RecordError> {
    OwnedBatch::open(&batches(fetched).next().unwrap()?, fetched, &mut Decompressor::new(), limit)
}

#[test]
fn gives_the_same_records_as_the_borrowed_way() {
    for codec in Codec::ALL {
        let fetched = batch(300, codec);
        let owned = open(&fetched, 1 << 20).unwrap();
        let raw = batches(&fetched).next().unwrap().unwrap();
        let mut scratch = Vec::new();
        let borrowed: Vec<RecordView<'_>> =
            raw.open(&mut Decompressor::new(), &mut scratch, 1 << 20).unwrap().collect();
        assert!(owned.iter().eq(borrowed.iter().copied()), "{codec}");
        assert_eq!((owned.len(), owned.is_empty()), (300, false));
        assert_eq!(owned.get(299), borrowed.last().copied());
        assert_eq!(owned.get(300), None);
    }
}

#[test]
fn keeps_the_buffer_that_the_records_came_in() {
    let fetched = batch(3, Codec::None);
    let owned = open(&fetched, 0).unwrap();
    assert!(fetched.as_ptr_range().contains(&owned.payload().as_ptr()));
}

#[test]
fn copies_the_records_when_it_is_handed_another_buffer() {
    let fetched = batch(3, Codec::None);
    let other = Bytes::from(vec![0; fetched.len()]);
    let owned = OwnedBatch::open(&batches(&fetched).next().unwrap().unwrap(), &other, &mut Decompressor::new(), 0);
    assert_eq!(owned.unwrap().payload(), &fetched.slice(61..));
}

#[test]
fn refuses_what_the_checking_walk_refuses_and_with_the_same_fault() {
    let fetched = batch(40, Codec::None);
    let mut refused = 0;
    for place in 57..fetched.len() {
        for flip in [1, 0x40, 0x80, 0xff] {
            let mut bytes = fetched.to_vec();
            bytes[place] ^= flip;
            let Ok(mut batch) = EncodedBatch::from_bytes(bytes) else { continue };
            batch.seal();
            let damaged = Bytes::from(batch.into_inner());
            let Ok(raw) = batches(&damaged).next().unwrap() else { continue };
            let walked = super::super::check_records(raw.header(), raw.payload());
            let owned = open(&damaged, 1 << 20);
            assert_eq!(owned.map(|owned| owned.len()), walked.map(|()| raw.header().count as usize), "byte {place}");
            refused += usize::from(walked.is_err());
        }
    }
    assert!(refused > 100);
}

#[test]
fn a_count_that_the_bytes_cannot_hold_reserves_nothing() {
    let mut bytes = batch(2, Codec::None).to_vec();
    bytes[57..61].copy_from_slice(&i32::MAX.to_be_bytes());
    let Ok(mut batch) = EncodedBatch::from_bytes(bytes) else { panic!("still a batch") };
    batch.seal();
    let fault = open(&batch.into_inner().into(), 0).unwrap_err();
    assert!(matches!(fault, RecordError::Malformed { base_offset: 70, fault: RecordFault::Count, .. }));
}

#[test]
fn debug_of_whatever_holds_records_shows_none_of_their_bytes() {
    let mut builder = BatchBuilder::new(Vec::new());
    // 113 stands nowhere but in the record
    builder.append(0, Some(&[113; 3]), Some(&[113; 4]), [(&[113; 2][..], Some(&[113; 5][..]))]).unwrap();
    let building = format!("{builder:?}");
    let mut built = builder.build();
    built.seal();
    let bytes = Bytes::from(built.as_bytes().to_vec());
    let raw = batches(&bytes).next().unwrap().unwrap();
    let mut scratch = Vec::new();
    let records = raw.open(&mut Decompressor::new(), &mut scratch, 0).unwrap();
    let header = records.clone().next().unwrap().headers().next().unwrap();
    assert_eq!(format!("{header:?}"), "HeaderView { key_len: 2, value_len: Some(5) }");
    let owned = OwnedBatch::open(&raw, &bytes, &mut Decompressor::new(), 0).unwrap();
    let headers = owned.get(0).unwrap().headers();
    for shown in [
        building,
        format!("{built:?}"),
        format!("{:?}", batches(&bytes)),
        format!("{raw:?}"),
        format!("{records:?}"),
        format!("{owned:?}"),
        format!("{headers:?}"),
    ] {
        assert!(!shown.contains("113, 113"), "{shown}");
    }
}
