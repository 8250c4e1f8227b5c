//! Output templates with kcat's tokens.

use std::io::Write;

use crate::escapes::escape;
use crate::view::View;

/// The help text on tokens.
pub(crate) const HELP: &str = "\
How to print a record, with kcat's tokens:
  %s value         %S its length, -1 for null      %R its length as 4 bytes, big-endian
  %k key           %K its length, -1 for null
  %t topic         %p partition                    %o offset
  %T timestamp (ms since 1970, -1 for none)        %D the same as RFC 3339
  %h headers (name=value,...; NULL for null)       %% a percent sign
and the escapes \\n \\r \\t \\0 \\\\ \\xHH. Nothing is added at the end: write \\n yourself.";

/// A parsed template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(Vec<u8>),
    Topic,
    Partition,
    Offset,
    Key,
    KeyLength,
    Value,
    ValueLength,
    ValueLengthBinary,
    Timestamp,
    Date,
    Headers,
}

impl Template {
    /// Reads a template; the error names the token that is not known.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut literal = Vec::new();
        let mut rest = text.as_bytes();
        while let Some((&first, tail)) = rest.split_first() {
            match first {
                b'\\' => match escape(tail) {
                    Some((byte, tail)) => {
                        literal.push(byte);
                        rest = tail;
                    }
                    None => return Err(format!("the escape at `{}` is not known", String::from_utf8_lossy(rest))),
                },
                b'%' => {
                    let Some((&letter, tail)) = tail.split_first() else {
                        return Err("it ends with a single `%`: write `%%` for a percent sign".to_owned());
                    };
                    rest = tail;
                    if letter == b'%' {
                        literal.push(b'%');
                        continue;
                    }
                    let Some(part) = token(letter) else {
                        return Err(format!(
                            "`%{}` is not known: there are %s %S %R %k %K %t %p %o %T %D %h %%",
                            char::from(letter)
                        ));
                    };
                    if !literal.is_empty() {
                        parts.push(Part::Literal(std::mem::take(&mut literal)));
                    }
                    parts.push(part);
                }
                byte => {
                    literal.push(byte);
                    rest = tail;
                }
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Self { parts })
    }

    /// The value and a line end.
    pub(crate) fn value_lines() -> Self {
        Self { parts: vec![Part::Value, Part::Literal(b"\n".to_vec())] }
    }

    /// Whether the record's headers are needed.
    pub(crate) fn wants_headers(&self) -> bool {
        self.parts.contains(&Part::Headers)
    }

    /// Appends a record. Null keys and values print as nothing.
    pub(crate) fn write(&self, record: &View<'_>, out: &mut Vec<u8>) {
        for part in &self.parts {
            match part {
                Part::Literal(bytes) => out.extend_from_slice(bytes),
                Part::Topic => out.extend_from_slice(record.topic.as_bytes()),
                Part::Partition => number(out, i64::from(record.partition)),
                Part::Offset => number(out, record.offset),
                Part::Key => out.extend_from_slice(record.key.unwrap_or_default()),
                Part::KeyLength => number(out, length(record.key)),
                Part::Value => out.extend_from_slice(record.value.unwrap_or_default()),
                Part::ValueLength => number(out, length(record.value)),
                Part::ValueLengthBinary => {
                    let length = i32::try_from(length(record.value)).unwrap_or(i32::MAX);
                    out.extend_from_slice(&length.to_be_bytes());
                }
                Part::Timestamp => number(out, record.timestamp),
                Part::Date => date(out, record.timestamp),
                Part::Headers => headers(out, record.headers),
            }
        }
    }
}

fn token(letter: u8) -> Option<Part> {
    Some(match letter {
        b's' => Part::Value,
        b'S' => Part::ValueLength,
        b'R' => Part::ValueLengthBinary,
        b'k' => Part::Key,
        b'K' => Part::KeyLength,
        b't' => Part::Topic,
        b'p' => Part::Partition,
        b'o' => Part::Offset,
        b'T' => Part::Timestamp,
        b'D' => Part::Date,
        b'h' => Part::Headers,
        _ => return None,
    })
}

fn length(bytes: Option<&[u8]>) -> i64 {
    bytes.map_or(-1, |bytes| i64::try_from(bytes.len()).unwrap_or(i64::MAX))
}

fn number(out: &mut Vec<u8>, number: i64) {
    // Writing to a Vec cannot fail.
    let _ = write!(out, "{number}");
}

/// A time in milliseconds since 1970 as RFC 3339, or a dash.
pub(crate) fn date(out: &mut Vec<u8>, timestamp: i64) {
    match jiff::Timestamp::from_millisecond(timestamp) {
        Ok(date) if timestamp >= 0 => {
            let _ = write!(out, "{date:.3}");
        }
        _ => out.push(b'-'),
    }
}

fn headers(out: &mut Vec<u8>, headers: &[(&[u8], Option<&[u8]>)]) {
    for (index, (name, value)) in headers.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(name);
        out.push(b'=');
        out.extend_from_slice(value.unwrap_or(b"NULL"));
    }
}

#[cfg(test)]
mod tests;
