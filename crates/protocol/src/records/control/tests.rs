//! Markers as brokers write them.

use ottla_types::ProducerId;

use super::{ControlRecord, ControlRecordType, end_transaction_batch};
use crate::records::{BatchBuilder, NO_HEADERS, Producer, RecordError, RecordFault, RecordIter, batches};

#[test]
fn markers_are_written_and_read() {
    let producer = Producer { id: ProducerId(9), epoch: 1, base_sequence: 5 };
    for (commit, expected) in [(true, ControlRecordType::Commit), (false, ControlRecordType::Abort)] {
        let batch = end_transaction_batch(commit, producer, 42, 1000, Vec::new()).unwrap();
        let raw = batches(batch.as_bytes()).next().unwrap().unwrap();
        assert!(raw.header().is_control() && raw.header().is_transactional());
        assert_eq!(raw.header().producer, Producer { base_sequence: -1, ..producer });
        let mut scratch = Vec::new();
        let record = raw.open(&mut Default::default(), &mut scratch, 0).unwrap().next().unwrap();
        let control = ControlRecord::read(&record).unwrap();
        assert_eq!((control.record_type, control.coordinator_epoch), (expected, Some(42)));
        assert_eq!((record.timestamp, record.key), (1000, Some(&[0, 0, 0, u8::from(commit)][..])));
    }
}

fn read(key: Option<&[u8]>) -> Option<ControlRecordType> {
    let mut builder = BatchBuilder::new(Vec::new());
    builder.append(0, key, None, NO_HEADERS).unwrap();
    let batch = builder.build();
    let record = RecordIter::new(batch.header(), batch.payload()).next().unwrap();
    ControlRecord::read(&record).ok().map(|control| control.record_type)
}

#[test]
fn types_are_known_by_number_and_later_versions_are_read() {
    for id in -1..9 {
        assert_eq!(ControlRecordType::from_id(id).id(), id);
    }
    assert_eq!(read(Some(&[0, 0, 0, 6])), Some(ControlRecordType::KRaftVoters));
    assert_eq!(read(Some(&[0, 3, 0, 1, 9, 9])), Some(ControlRecordType::Commit));
    assert_eq!(read(Some(&[0, 0, 0, 99])), Some(ControlRecordType::Unknown(99)));
    for bad in [None, Some(&[][..]), Some(&[0, 0, 0]), Some(&[0xff, 0xff, 0, 0])] {
        assert_eq!(read(bad), None);
    }
}

/// What a control record of a type and with a value gives: its message's name, version and length.
fn value(id: u8, value: Option<&[u8]>) -> Result<Option<(&'static str, i16, usize)>, RecordError> {
    let mut builder = BatchBuilder::new(Vec::new());
    builder.append(0, Some(&[0, 0, 0, id]), value, NO_HEADERS).unwrap();
    let batch = builder.build();
    let record = RecordIter::new(batch.header(), batch.payload()).next().unwrap();
    let value = ControlRecord::read(&record).unwrap().value(&record)?;
    Ok(value.map(|value| (value.schema.name, value.version, value.body.len())))
}

#[test]
fn values_are_messages_behind_a_version_or_beginning_with_it() {
    let long = [0, 1, 0, 0, 0, 0, 9, 9, 9];
    assert_eq!(value(0, Some(&long)), Ok(Some(("EndTxnMarker", 0, 7))), "a later version of a marker");
    assert_eq!(value(1, Some(&long[..2])), Ok(Some(("EndTxnMarker", 0, 0))));
    assert_eq!(value(2, Some(&long)), Ok(Some(("LeaderChangeMessage", 1, 9))));
    let names = ["SnapshotHeaderRecord", "SnapshotFooterRecord", "KRaftVersionRecord", "VotersRecord"];
    for (id, name) in (3..).zip(names) {
        assert_eq!(value(id, Some(&[0, 0, 5])), Ok(Some((name, 0, 3))));
    }
    assert_eq!(value(7, None), Ok(None), "an unknown type");
    let bad = Err(RecordFault::Control.at(0, 0));
    for damaged in [None, Some(&[][..]), Some(&[0]), Some(&[0xff, 0, 0])] {
        assert_eq!(value(1, damaged), bad);
    }
}

#[test]
fn every_known_type_has_a_name_and_a_definition() {
    for id in 0..=6 {
        let record_type = ControlRecordType::from_id(id);
        assert!(record_type.name().is_some() && record_type.schema().is_some(), "{id}");
    }
    assert!(ControlRecordType::from_id(7).name().is_none());
}
