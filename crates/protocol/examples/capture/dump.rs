//! The bytes in a hex dump, as Wireshark, xxd and `hexdump -C` print it: a place, bytes in hex, the same as text.

use crate::conversation::Side;

/// The bytes of a line.
#[derive(Debug, PartialEq)]
pub(crate) struct Piece {
    pub(crate) side: Side,
    pub(crate) bytes: Vec<u8>,
}

/// Reads a dump. Lines that do not begin with a place are passed over.
pub(crate) fn read(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    for line in text.lines() {
        let side = if line.starts_with([' ', '\t']) { Side::Broker } else { Side::Client };
        let line = line.trim();
        let Some((place, rest)) = line.split_once([' ', ':']) else { continue };
        if place.len() < 4 || !place.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            continue;
        }
        // xxd has a colon behind the place, and two spaces before the text; the others have space in the middle too.
        let xxd = line.get(place.len()..).is_some_and(|rest| rest.starts_with(':'));
        let end = rest.trim_start().find(if xxd { "  " } else { "   " });
        let hex = rest.trim_start();
        let hex = hex.get(..end.unwrap_or(hex.len())).unwrap_or_default();
        let hex = hex.split('|').next().unwrap_or_default();
        let digits: String = hex.split_whitespace().collect();
        let bytes: Option<Vec<u8>> = digits.as_bytes().chunks(2).map(byte).collect();
        let bytes = bytes.ok_or_else(|| format!("the line is no part of a hex dump: {line}"))?;
        if !bytes.is_empty() {
            pieces.push(Piece { side, bytes });
        }
    }
    if pieces.is_empty() { Err("there is no hex dump in it".to_owned()) } else { Ok(pieces) }
}

fn byte(digits: &[u8]) -> Option<u8> {
    match digits {
        [_, _] => u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok(),
        _ => None,
    }
}
