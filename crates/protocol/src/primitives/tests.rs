//! Varints, and ends of input.

use super::*;

#[test]
fn varints_read_as_kafka_writes_them() {
    assert_eq!(unsigned_varint(&[0x00, 9]), Ok((&[9][..], 0)));
    assert_eq!(unsigned_varint(&[0xac, 0x02]), Ok((&[][..], 300)));
    assert_eq!(unsigned_varint(&[0xff, 0xff, 0xff, 0xff, 0x0f]), Ok((&[][..], u32::MAX)));
}

#[test]
fn an_overlong_varint_is_accepted_and_an_endless_one_refused() {
    assert_eq!(unsigned_varint(&[0x80, 0x00]), Ok((&[][..], 0)));
    assert_eq!(unsigned_varint(&[0x80; 6]), Err(Err::Error(WireError::VarintTooLong)));
    assert_eq!(unsigned_varint(&[0x80; 4]), Err(Err::Error(WireError::Truncated)));
}

#[test]
fn every_parser_says_truncated_where_bytes_are_missing() {
    assert!(int8(&[]).is_err() && uint8(&[]).is_err() && int16(&[0]).is_err() && uint16(&[0]).is_err());
    assert!(int32(&[0; 3]).is_err() && uint32(&[0; 3]).is_err() && int64(&[0; 7]).is_err());
    assert!(float64(&[0; 7]).is_err() && uuid(&[0; 15]).is_err() && take(3)(&[0; 2]).is_err());
    assert_eq!(int32(&[0, 0, 1, 0, 7]), Ok((&[7][..], 256)));
}
