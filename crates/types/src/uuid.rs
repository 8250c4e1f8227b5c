//! Kafka's 128-bit ids, of topics, log directories, members and clusters, and the text that Kafka writes them as.

use std::fmt;
use std::str::FromStr;

/// A 128-bit id. Its text is URL-safe base64 without padding, 22 characters, as Kafka prints it.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub [u8; 16]);

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl Uuid {
    /// All zeros: Kafka's "no id".
    pub const NIL: Self = Self([0; 16]);

    /// Whether this is [`Uuid::NIL`].
    pub fn is_nil(&self) -> bool {
        self.0 == [0; 16]
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(22);
        // 128 bits in groups of 6: the last character carries the two bits that are left, in its high end.
        let bits = u128::from_be_bytes(self.0);
        for group in 0..22_u32 {
            let end = group.wrapping_mul(6).wrapping_add(6);
            let six = if end <= 128 { bits >> (128_u32.wrapping_sub(end)) } else { bits << end.wrapping_sub(128) };
            text.push(ALPHABET.get((six & 63) as usize).copied().map_or('A', char::from));
        }
        f.pad(&text)
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no [`Uuid`]: not 22 characters of URL-safe base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseUuidError(());

impl fmt::Display for ParseUuidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an id of 22 characters of URL-safe base64")
    }
}

impl std::error::Error for ParseUuidError {}

impl FromStr for Uuid {
    type Err = ParseUuidError;

    /// Takes what `Display` writes, with or without the padding `==`.
    fn from_str(text: &str) -> Result<Self, ParseUuidError> {
        let text = text.strip_suffix("==").unwrap_or(text);
        if text.len() != 22 {
            return Err(ParseUuidError(()));
        }
        let mut bits = 0_u128;
        for (place, character) in text.bytes().enumerate() {
            let six = ALPHABET.iter().position(|known| *known == character).ok_or(ParseUuidError(()))? as u128;
            bits = if place == 21 {
                // Only two bits are left: the other four must be zero, or two texts would name one id.
                if six & 0b1111 != 0 {
                    return Err(ParseUuidError(()));
                }
                (bits << 2) | (six >> 4)
            } else {
                (bits << 6) | six
            };
        }
        Ok(Self(bits.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests;
