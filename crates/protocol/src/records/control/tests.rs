//! Markers as brokers write them.

use ottla_types::ProducerId;

use super::{ControlRecord, ControlRecordType, end_transaction_batch};
use crate::records::{BatchBuilder, NO_HEADERS, Producer, RecordIter, batches};

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
