//! A record as one line of JSON.
//!
//! ```json
//! {"topic":"orders","partition":0,"offset":7,"timestamp":1700000000123,"key":null,"value":"text","headers":[{"name":"a","value":"1"}]}
//! ```
//!
//! Bytes that are not UTF-8 come under the same name with `_base64` behind it: `"value_base64":"/wA="`. Null is `null`,
//! empty is `""`; headers keep their order and duplicates.

use serde_json::ser::{CompactFormatter, Formatter};

use crate::view::View;

/// Appends a record and a line end.
pub(crate) fn write(record: &View<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"topic\":");
    string(out, record.topic);
    field(out, b",\"partition\":", i64::from(record.partition));
    field(out, b",\"offset\":", record.offset);
    field(out, b",\"timestamp\":", record.timestamp);
    out.push(b',');
    bytes(out, "key", record.key);
    out.push(b',');
    bytes(out, "value", record.value);
    out.extend_from_slice(b",\"headers\":[");
    for (index, (name, value)) in record.headers.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"{".as_slice() } else { b",{" });
        bytes(out, "name", Some(name));
        out.push(b',');
        bytes(out, "value", *value);
        out.push(b'}');
    }
    out.extend_from_slice(b"]}\n");
}

// Writing to a Vec cannot fail: hence the ignored results below.

fn field(out: &mut Vec<u8>, name: &[u8], number: i64) {
    out.extend_from_slice(name);
    let _ = CompactFormatter.write_i64(out, number);
}

fn string(out: &mut Vec<u8>, text: &str) {
    let _ = serde_json::to_writer(out, text);
}

/// Appends a member of an object: text where the bytes are UTF-8.
pub(crate) fn bytes(out: &mut Vec<u8>, name: &str, bytes: Option<&[u8]>) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    let Some(bytes) = bytes else {
        out.extend_from_slice(b"\":null");
        return;
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            out.extend_from_slice(b"\":");
            string(out, text);
        }
        Err(_) => {
            out.extend_from_slice(b"_base64\":\"");
            base64(out, bytes);
            out.push(b'"');
        }
    }
}

/// RFC 4648, standard alphabet, padded.
fn base64(out: &mut Vec<u8>, bytes: &[u8]) {
    const SYMBOLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let mut group = [0; 4];
        group[1..=chunk.len()].copy_from_slice(chunk);
        let group = u32::from_be_bytes(group);
        for place in 0..4 {
            if place <= chunk.len() {
                out.push(SYMBOLS[(group >> (18 - 6 * place)) as usize & 63]);
            } else {
                out.push(b'=');
            }
        }
    }
}

#[cfg(test)]
mod tests;
