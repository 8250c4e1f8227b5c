//! Records as lines of text, as `Records.java` reads and prints them; and records of every kind to try.

use std::fmt::Write;

use ottla::{NewRecord, Record};

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) partition: i32,
    timestamp: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Line {
    /// A record with this key and an empty value.
    pub(crate) fn keyed(key: &[u8]) -> Self {
        Self { partition: 0, timestamp: 1, key: Some(key.to_vec()), value: Some(Vec::new()), headers: Vec::new() }
    }

    /// Records of every kind: null, empty, binary, large, that can be compressed and that cannot; timestamps out of
    /// order; headers that come twice, are empty or null, or have a name outside ASCII.
    pub(crate) fn various(seed: u64, partitions: i32) -> Vec<Self> {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let every_byte: Vec<u8> = (0..=255).collect();
        let mut bodies = vec![
            (None, None),
            (Some(Vec::new()), None),
            (None, Some(Vec::new())),
            (Some(Vec::new()), Some(Vec::new())),
            (Some(every_byte.clone()), Some(every_byte.clone())),
            (Some(vec![0]), Some(vec![0; 500_000])),
            (None, Some(random.bytes(500_000))),
            (Some(random.bytes(70_000)), Some(b"a large key".to_vec())),
        ];
        for number in 0..600 {
            let size = random.below(if number % 50 == 0 { 40_000 } else { 400 });
            let value = if number % 3 == 0 { random.bytes(size) } else { b"again and ".repeat(size / 10) };
            bodies.push(((number % 2 == 0).then(|| random.bytes(number % 17)), Some(value)));
        }
        let mut lines: Vec<Self> = Vec::with_capacity(bodies.len());
        for (number, (key, value)) in (0..).zip(bodies) {
            let headers = match number % 5 {
                0 => Vec::new(),
                1 => vec![("a".to_owned(), Some(b"1".to_vec())), ("a".to_owned(), None), ("b".to_owned(), None)],
                2 => vec![(String::new(), Some(Vec::new())), ("\u{e4}\u{6f22}".to_owned(), Some(every_byte.clone()))],
                3 => vec![("a".to_owned(), None), ("a".to_owned(), Some(Vec::new())), ("a".to_owned(), None)],
                _ => (0..40).map(|n| (format!("name-{n}"), Some(random.bytes(n)))).collect(),
            };
            let timestamp = 1_600_000_000_000 + i64::try_from(random.below(10_000_000)).unwrap() - 5_000_000;
            lines.push(Self { partition: number % partitions, timestamp, key, value, headers });
        }
        lines
    }

    /// The record as it came from ottla.
    pub(crate) fn from_record(record: &Record) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self {
            partition: record.partition,
            timestamp: record.timestamp(),
            key: record.key().map(<[u8]>::to_vec),
            value: record.value().map(<[u8]>::to_vec),
            headers: record.headers().map(|header| (text(header.key), header.value.map(<[u8]>::to_vec))).collect(),
        }
    }

    /// The record for ottla.
    pub(crate) fn to_record<'a>(&'a self, topic: &'a str) -> NewRecord<'a> {
        let mut record = NewRecord::to(topic).partition(self.partition).timestamp(self.timestamp);
        if let Some(key) = &self.key {
            record = record.key(key);
        }
        if let Some(value) = &self.value {
            record = record.value(value);
        }
        for (name, value) in &self.headers {
            record = match value {
                Some(value) => record.header(name, value),
                None => record.null_header(name),
            };
        }
        record
    }

    /// Lines, one behind the other.
    pub(crate) fn text(lines: &[Self]) -> String {
        lines.iter().map(|line| line.place(&line.partition.to_string())).collect()
    }

    /// The line of a record for whose partition the client decides.
    pub(crate) fn unplaced(&self) -> String {
        self.place("")
    }

    fn place(&self, partition: &str) -> String {
        let mut text = format!("{partition}\t{}\t{}\t{}\t", self.timestamp, bytes(&self.key), bytes(&self.value));
        for (number, (name, value)) in self.headers.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            let _ = write!(text, "{comma}{}={}", hex(name.as_bytes()), bytes(value));
        }
        text.push('\n');
        text
    }

    /// Reads a line.
    pub(crate) fn parse(text: &str) -> Self {
        let fields: Vec<&str> = text.split('\t').collect();
        let [partition, timestamp, key, value, headers] = fields[..] else { panic!("no record: {text:?}") };
        let header = |header: &str| {
            let (name, value) = header.split_once('=').unwrap();
            (String::from_utf8(unhex(name)).unwrap(), parse_bytes(value))
        };
        Self {
            partition: partition.parse().unwrap(),
            timestamp: timestamp.parse().unwrap(),
            key: parse_bytes(key),
            value: parse_bytes(value),
            headers: headers.split(',').filter(|text| !text.is_empty()).map(header).collect(),
        }
    }

    /// The beginning of the line.
    pub(crate) fn brief(&self) -> String {
        self.place(&self.partition.to_string()).chars().take(400).collect()
    }
}

fn bytes(bytes: &Option<Vec<u8>>) -> String {
    bytes.as_ref().map_or_else(|| "-".to_owned(), |bytes| format!(":{}", hex(bytes)))
}

fn parse_bytes(text: &str) -> Option<Vec<u8>> {
    (text != "-").then(|| unhex(text.strip_prefix(':').unwrap()))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |at: u8| u8::try_from(char::from(at).to_digit(16).unwrap()).unwrap();
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> usize {
        usize::try_from(self.next() % end).unwrap()
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| (self.next() >> 32) as u8).collect()
    }
}
