//! Varints against a byte-by-byte model of their definition.

use proptest::prelude::*;

use super::*;

fn model(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn check32(number: i32) {
    let mut written = Vec::new();
    Varint::new(number).put(&mut written);
    assert_eq!(Varint::new(number).len(), written.len());
    let expected = model(u64::from(zigzag32(number)));
    assert_eq!(written, expected, "{number}");
    assert_eq!(len32(number), expected.len());
    let mut bytes = expected.clone();
    bytes.push(0xff);
    assert_eq!(read32(&bytes), Some((number, &[0xff][..])));
    assert_eq!(read32(&expected), Some((number, &[][..])));
    for len in 0..expected.len() {
        assert_eq!(read32(&expected[..len]), None);
    }
}

fn check64(number: i64) {
    let mut written = Vec::new();
    put64(&mut written, number);
    let expected = model(zigzag64(number));
    assert_eq!(written, expected, "{number}");
    assert_eq!(len64(number), expected.len());
    assert_eq!(read64(&expected), Some((number, &[][..])));
    for len in 0..expected.len() {
        assert_eq!(read64(&expected[..len]), None);
    }
}

#[test]
fn the_edges_of_every_length_come_back() {
    for bit in 0..32 {
        for number in [1_i32 << bit, (1_i32 << bit).wrapping_sub(1), (1_i32 << bit).wrapping_neg()] {
            check32(number);
            check32(!number);
        }
    }
    for bit in 0..64 {
        for number in [1_i64 << bit, (1_i64 << bit).wrapping_sub(1), (1_i64 << bit).wrapping_neg()] {
            check64(number);
            check64(!number);
        }
    }
}

#[test]
fn zigzag_is_the_one_of_protocol_buffers() {
    for (number, mapped) in [(0, 0), (-1, 1), (1, 2), (-2, 3), (i32::MAX, u32::MAX - 1), (i32::MIN, u32::MAX)] {
        assert_eq!(zigzag32(number), mapped);
    }
}

#[test]
fn several_numbers_stand_in_a_row() {
    let mut written = Vec::new();
    Varint::new(300).put(&mut written);
    Varint::new(-300).and_zero().put(&mut written);
    put64(&mut written, i64::MIN);
    Varint::length(None).put(&mut written);
    Varint::new(i32::MIN).and_zero().put(&mut written);
    let mut expected = vec![0xd8, 0x04, 0xd7, 0x04, 0];
    expected.extend([0xff; 9]);
    expected.extend([1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0]);
    assert_eq!(written, expected);
}

#[test]
fn overlong_forms_are_read_and_endless_ones_are_not() {
    assert_eq!(read32(&[0x80, 0]), Some((0, &[][..])));
    assert_eq!(read32(&[0x82, 0x80, 0x80, 0x80, 0]), Some((1, &[][..])));
    assert_eq!(read32(&[0x80, 0x80, 0x80, 0x80, 0x80, 0]), None);
    assert_eq!(read64(&[0x80; 10]), None);
    assert_eq!(read64(&[0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0]), Some((1, &[][..])));
}

proptest! {
    #[test]
    fn any_number_comes_back(small: i32, large: i64, shift in 0_u32..63) {
        check32(small);
        check64(large >> shift);
        prop_assert_eq!(len_of_len(small.unsigned_abs() as usize >> 1), len32((small.unsigned_abs() >> 1) as i32));
    }
}
