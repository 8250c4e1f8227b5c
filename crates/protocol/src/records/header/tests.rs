//! The header's fields and where they stand.

use ottla_types::ProducerId;
use proptest::prelude::*;

use super::{BatchHeader, Producer, sequence_after};
use crate::records::Attributes;

fn header() -> BatchHeader {
    BatchHeader {
        base_offset: 0x0102_0304_0506_0708,
        batch_length: 0x1112_1314,
        leader_epoch: 0x2122_2324,
        crc: 0x3132_3334,
        attributes: Attributes(0x4142),
        last_offset_delta: 0x5152_5354,
        base_timestamp: 0x6162_6364_6566_6768,
        max_timestamp: 0x7172_7374_7576_7778,
        producer: Producer { id: ProducerId(0x0a0b_0c0d_0e0f_0001), epoch: 0x1a1b, base_sequence: 0x2a2b_2c2d },
        count: 0x3a3b_3c3d,
    }
}

#[test]
fn fields_stand_where_kafka_puts_them() {
    let bytes = header().to_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        hex,
        "010203040506070811121314212223240231323334414251525354\
         616263646566676871727374757677780a0b0c0d0e0f00011a1b2a2b2c2d3a3b3c3d"
    );
    assert_eq!(BatchHeader::read(&bytes), Some(header()));
    assert_eq!(BatchHeader::read(&bytes[..60]), None);
}

#[test]
fn sequences_go_on_at_zero() {
    assert_eq!(sequence_after(5, 3), 8);
    assert_eq!(sequence_after(i32::MAX, 1), 0);
    assert_eq!(sequence_after(i32::MAX - 1, 5), 3);
    let mut header = header();
    header.producer.base_sequence = i32::MAX;
    header.last_offset_delta = 2;
    assert_eq!(header.last_sequence(), 1);
    header.producer = Producer::NONE;
    assert_eq!(header.last_sequence(), -1);
}

#[test]
fn the_delete_horizon_is_the_base_timestamp_of_a_batch_that_has_one() {
    let mut header = header();
    header.attributes = Attributes(0x40);
    assert_eq!(header.delete_horizon(), Some(header.base_timestamp));
    header.attributes = Attributes(0);
    assert_eq!((header.delete_horizon(), header.log_append_time()), (None, None));
    header.attributes = Attributes(8);
    assert_eq!(header.log_append_time(), Some(header.max_timestamp));
}

proptest! {
    #[test]
    fn any_bytes_survive_reading_and_writing(mut bytes: [[u8; 32]; 2]) {
        bytes[0][16] = 2;
        let bytes = bytes.as_flattened();
        prop_assert_eq!(&BatchHeader::read(bytes).unwrap().to_bytes()[..], &bytes[..61]);
    }
}
