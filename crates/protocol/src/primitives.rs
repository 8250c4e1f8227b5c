//! The values that messages are made of, as nom parsers over plain slices.
//!
//! The shape is nom's, the parsers are our own: fixed-width numbers by `split_first_chunk`, and an error of one byte that
//! is `Copy`. Measured, that is as fast as a hand-written cursor, while nom's stock number parsers are not.

use nom::{Err, IResult};

use crate::WireError;

/// What every parser of this crate gives: the rest of the input and a value.
pub(crate) type Parsed<'a, T> = IResult<&'a [u8], T, WireError>;

macro_rules! fixed_width {
    ($($name:ident: $type:ty, $doc:literal;)*) => {$(
        #[doc = $doc]
        #[inline]
        #[allow(dead_code, reason = "not every width occurs in this version of Kafka")]
        pub(crate) fn $name(input: &[u8]) -> Parsed<'_, $type> {
            match input.split_first_chunk() {
                Some((bytes, rest)) => Ok((rest, <$type>::from_be_bytes(*bytes))),
                None => Err(Err::Error(WireError::Truncated)),
            }
        }
    )*};
}

fixed_width! {
    int8: i8, "One byte.";
    uint8: u8, "One byte.";
    int16: i16, "Two bytes, big-endian.";
    uint16: u16, "Two bytes, big-endian.";
    int32: i32, "Four bytes, big-endian.";
    uint32: u32, "Four bytes, big-endian.";
    int64: i64, "Eight bytes, big-endian.";
    float64: f64, "Eight bytes, big-endian IEEE 754.";
}

/// 16 bytes as they stand.
#[inline]
pub(crate) fn uuid(input: &[u8]) -> Parsed<'_, [u8; 16]> {
    match input.split_first_chunk() {
        Some((bytes, rest)) => Ok((rest, *bytes)),
        None => Err(Err::Error(WireError::Truncated)),
    }
}

/// The next `count` bytes, not copied.
#[inline]
pub(crate) fn take(count: usize) -> impl Fn(&[u8]) -> Parsed<'_, &[u8]> {
    move |input| match input.split_at_checked(count) {
        Some((taken, rest)) => Ok((rest, taken)),
        None => Err(Err::Error(WireError::Truncated)),
    }
}

/// Base 128, least significant group first, of 32 bits: five bytes at most. Overlong forms are accepted, as Kafka does.
#[inline]
pub(crate) fn unsigned_varint(input: &[u8]) -> Parsed<'_, u32> {
    // Nearly every varint of a message is below 128.
    if let Some((&first, rest)) = input.split_first()
        && first < 0x80
    {
        return Ok((rest, u32::from(first)));
    }
    let (rest, value) = base_128(input)?;
    // The fifth byte has room for more than 32 bits; what is above them falls away, as in Kafka's reader.
    #[expect(clippy::cast_possible_truncation, reason = "see above")]
    Ok((rest, value as u32))
}

/// Five groups of seven bits at most.
fn base_128(input: &[u8]) -> Parsed<'_, u64> {
    let mut value = 0_u64;
    let mut rest = input;
    for group in 0..5_u32 {
        let Some((&byte, after)) = rest.split_first() else {
            return Err(Err::Error(WireError::Truncated));
        };
        rest = after;
        value |= u64::from(byte & 0x7f).wrapping_shl(group.wrapping_mul(7));
        if byte < 0x80 {
            return Ok((rest, value));
        }
    }
    Err(Err::Error(WireError::VarintTooLong))
}

#[cfg(test)]
mod tests;
