//! Zigzag varints, the numbers inside of a record.
//!
//! Written as words that are stored whole, read with the one- and two-byte forms first: lengths, deltas and counts
//! are nearly always that short.

#[cfg(test)]
mod tests;

/// Maps small numbers of either sign to small unsigned ones.
pub(crate) const fn zigzag32(number: i32) -> u32 {
    (number.cast_unsigned() << 1) ^ (number >> 31).cast_unsigned()
}

/// As [`zigzag32`], for int64.
pub(crate) const fn zigzag64(number: i64) -> u64 {
    (number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned()
}

const fn unzigzag32(number: u32) -> i32 {
    (number >> 1).cast_signed() ^ (number & 1).cast_signed().wrapping_neg()
}

const fn unzigzag64(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ (number & 1).cast_signed().wrapping_neg()
}

/// The bytes that a varint takes: 1 to 5.
pub(crate) const fn len32(number: i32) -> usize {
    unsigned_len(zigzag32(number) as u64)
}

/// The bytes that a varlong takes: 1 to 10.
pub(crate) const fn len64(number: i64) -> usize {
    unsigned_len(zigzag64(number))
}

/// The varint length of a length of `usize`, as Kafka counts it in an int32: what is larger never gets written.
pub(crate) const fn len_of_len(len: usize) -> usize {
    unsigned_len((len as u64) << 1)
}

const fn unsigned_len(number: u64) -> usize {
    // bits / 7, rounded up, for 1 to 64 bits
    let bits = 64_u32.wrapping_sub((number | 1).leading_zeros());
    (bits.wrapping_mul(9).wrapping_add(64) >> 6) as usize
}

/// What [`Varint::put`] needs free in the buffer behind the bytes that it appends, so as not to make it grow; also the most
/// bytes that it appends.
pub(crate) const SLACK: usize = 8;

/// An encoded varint on its way into a buffer: at most eight bytes, in a word.
#[derive(Clone, Copy)]
pub(crate) struct Varint {
    /// The bytes, the first lowest, zeros behind them.
    word: u64,
    len: usize,
}

impl Varint {
    /// No bytes at all.
    pub(crate) const NONE: Self = Self { word: 0, len: 0 };

    /// Encodes an int32.
    #[inline(always)]
    pub(crate) const fn new(number: i32) -> Self {
        Self::unsigned(zigzag32(number) as u64)
    }

    /// Encodes an int64, if eight bytes are enough.
    #[inline(always)]
    pub(crate) const fn short64(number: i64) -> Option<Self> {
        let number = zigzag64(number);
        if number >> 56 == 0 { Some(Self::unsigned(number)) } else { None }
    }

    /// Encodes the length that stands before bytes, or -1 for null. What is longer than an int32 can say is never
    /// written, only counted.
    #[inline(always)]
    pub(crate) const fn length(bytes: Option<&[u8]>) -> Self {
        match bytes {
            Some(bytes) => Self::unsigned((bytes.len() as u64) << 1),
            None => Self { word: 1, len: 1 },
        }
    }

    /// Encodes a number of at most 56 bits.
    #[inline(always)]
    const fn unsigned(number: u64) -> Self {
        if number < 1 << 7 {
            return Self { word: number, len: 1 };
        }
        if number < 1 << 14 {
            return Self { word: (number & 0x7f) | (number << 1 & 0x7f00) | 0x80, len: 2 };
        }
        if number < 1 << 21 {
            let word = (number & 0x7f) | (number << 1 & 0x7f00) | (number << 2 & 0x7f_0000) | 0x8080;
            return Self { word, len: 3 };
        }
        Self::long(number)
    }

    #[cold]
    #[inline(never)]
    const fn long(number: u64) -> Self {
        let len = unsigned_len(number);
        let more = CONTINUE & !(u64::MAX << (len.wrapping_sub(1).wrapping_mul(8) & 63));
        Self { word: spread(number) | more, len }
    }

    /// The number of bytes.
    #[inline(always)]
    pub(crate) const fn len(self) -> usize {
        self.len
    }

    /// This one and another behind it, of eight bytes together at most: one store for both.
    #[inline(always)]
    pub(crate) const fn then(self, next: Self) -> Self {
        let bits = (self.len as u32).wrapping_mul(8);
        Self { word: self.word | next.word.wrapping_shl(bits), len: self.len.wrapping_add(next.len) }
    }

    /// The same with a zero byte behind it.
    #[inline(always)]
    pub(crate) const fn and_zero(self) -> Self {
        Self { word: self.word, len: self.len.wrapping_add(1) }
    }

    /// Appends the bytes. Eight are stored and those that do not count cut off again: one store, where as many bytes
    /// as there are would be a call to copy them.
    #[inline(always)]
    pub(crate) fn put(self, buffer: &mut Vec<u8>) {
        let end = buffer.len().wrapping_add(self.len);
        buffer.extend_from_slice(&self.word.to_le_bytes());
        buffer.truncate(end);
    }
}

/// Appends a varlong.
#[cold]
pub(crate) fn put64(buffer: &mut Vec<u8>, number: i64) {
    let mut number = zigzag64(number);
    while number >> 56 != 0 {
        buffer.push(number as u8 | 0x80);
        number >>= 7;
    }
    Varint::unsigned(number).put(buffer);
}

const CONTINUE: u64 = 0x8080_8080_8080_8080;

/// Spreads the groups of seven bits over the bytes of a word.
const fn spread(number: u64) -> u64 {
    let number = (number & 0x0000_0000_0fff_ffff) | ((number & 0x00ff_ffff_f000_0000) << 4);
    let number = (number & 0x0000_3fff_0000_3fff) | ((number & 0x0fff_c000_0fff_c000) << 2);
    (number & 0x007f_007f_007f_007f) | ((number & 0x3f80_3f80_3f80_3f80) << 1)
}

/// Reads a varint off the front. Like Kafka, it takes at most five bytes, accepts overlong forms, and loses what does
/// not fit into 32 bits.
#[inline(always)]
pub(crate) fn read32(bytes: &[u8]) -> Option<(i32, &[u8])> {
    match bytes {
        [a, rest @ ..] if *a < 0x80 => Some((unzigzag32(u32::from(*a)), rest)),
        [a, b, rest @ ..] if *b < 0x80 => Some((unzigzag32(u32::from(*a & 0x7f) | u32::from(*b) << 7), rest)),
        _ => read32_long(bytes),
    }
}

fn read32_long(bytes: &[u8]) -> Option<(i32, &[u8])> {
    let mut number = 0_u32;
    let mut rest = bytes;
    for shift in [0, 7, 14, 21, 28] {
        let (byte, after) = rest.split_first()?;
        rest = after;
        number |= u32::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some((unzigzag32(number), rest));
        }
    }
    None
}

/// Reads a varlong off the front: at most ten bytes.
#[inline(always)]
pub(crate) fn read64(bytes: &[u8]) -> Option<(i64, &[u8])> {
    match bytes {
        [a, rest @ ..] if *a < 0x80 => Some((unzigzag64(u64::from(*a)), rest)),
        [a, b, rest @ ..] if *b < 0x80 => Some((unzigzag64(u64::from(*a & 0x7f) | u64::from(*b) << 7), rest)),
        _ => read64_long(bytes),
    }
}

fn read64_long(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let mut number = 0_u64;
    let mut rest = bytes;
    for shift in [0, 7, 14, 21, 28, 35, 42, 49, 56, 63] {
        let (byte, after) = rest.split_first()?;
        rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some((unzigzag64(number), rest));
        }
    }
    None
}
