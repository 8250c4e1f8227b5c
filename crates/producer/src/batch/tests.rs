//! When batches close, and what their job makes of them.

use ottla_core::machine::Work;
use ottla_protocol::ProducerId;
use ottla_protocol::records::{BatchBuilder, Codec, Compression, NO_HEADERS, Producer, batches};
use ottla_types::Topic;

use super::{Batch, Closing, Encode, Encoding, Stage};
use crate::buffers::Buffers;
use crate::receipt::BatchSlot;
use crate::testing::start;

#[test]
fn one_table_decides_when_a_batch_closes() {
    let open = Closing::default();
    let table = [
        (open, false),
        (Closing { full: true, ..open }, true),
        (Closing { lingered: true, ..open }, true),
        (Closing { flushed: true, ..open }, true),
        (Closing { pressed: true, ..open }, true),
        (Closing { hurried: true, ..open }, false),
        (Closing { leader_is_idle: true, ..open }, false),
        (Closing { hurried: true, leader_is_idle: true, ..open }, true),
        (Closing { hurried: true, lingered: true, ..open }, true),
    ];
    for (closing, expected) in table {
        assert_eq!(closing.now(), expected, "{closing:?}");
    }
}

fn encode(codec: Codec, producer: Producer) -> Encode {
    let mut builder = BatchBuilder::new(Vec::new());
    for _ in 0..50 {
        builder.append(1000, Some(b"key"), Some(b"the same value over and over"), NO_HEADERS).unwrap();
    }
    let buffers = Buffers::new(1 << 20);
    let compression = Compression::new(codec);
    Encode { partition: 0, number: 1, gathered: None, compression, producer, buffers, state: Encoding::Todo(builder) }
}

#[test]
fn an_encoded_batch_has_its_codec_sequence_and_crc() {
    for codec in Codec::ALL {
        let producer = Producer { id: ProducerId(7), epoch: 2, base_sequence: 40 };
        let mut job = encode(codec, producer);
        assert!(job.cost() > 0);
        job.run();
        let Encoding::Done(Ok(bytes)) = job.state else { panic!("not encoded") };
        let batch = batches(&bytes).next().unwrap().unwrap();
        batch.verify_crc().unwrap();
        assert_eq!(batch.header().producer, producer);
        assert_eq!(batch.header().attributes.codec(), Ok(codec));
        assert_eq!(batch.header().count, 50);
    }
}

#[test]
fn another_sequence_changes_the_bytes_without_compressing_again() {
    let mut job = encode(Codec::Zstd, Producer::NONE);
    job.run();
    let Encoding::Done(Ok(bytes)) = job.state else { panic!("not encoded") };
    let mut batch = Batch {
        number: 1,
        slot: BatchSlot::new(Topic::from("t"), 0, 0),
        stage: Stage::Ready,
        closed_at: start(),
        bytes: bytes.clone(),
        count: 50,
        charged: 0,
        kept: 0,
        awaited: false,
        stamped: Producer::NONE,
        sequence: None,
        maybe_written: false,
        failures: 0,
        abandoned: false,
        last_error: None,
    };
    let producer = Producer { id: ProducerId(1), epoch: 0, base_sequence: 3 };
    batch.stamp(producer, &Buffers::new(0));
    let changed = batches(&batch.bytes).next().unwrap().unwrap();
    changed.verify_crc().unwrap();
    assert_eq!(changed.header().producer, producer);
    assert_eq!(changed.payload(), batches(&bytes).next().unwrap().unwrap().payload());
}
