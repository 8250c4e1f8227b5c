//! Random messages as bytes, made from the schema alone: what they are compared with knows nothing of the generated code.
//!
//! The bytes are in the one form that Kafka writes: tagged fields in order, and only where they differ from the default.

use crate::schema::{FieldKind, FieldSchema, MessageSchema};

/// Random numbers from a seed (splitmix64).
#[derive(Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn bytes(&mut self, length: u64) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }

    /// A number of this many bytes, extremes among them.
    fn number(&mut self, width: usize) -> Vec<u8> {
        match self.below(6) {
            0 => vec![0; width],
            1 => vec![0xff; width],
            2 => [vec![0x80], vec![0; width - 1]].concat(),
            3 => [vec![0x7f], vec![0xff; width - 1]].concat(),
            _ => self.bytes(width as u64),
        }
    }

    /// A length; those around a varint's second byte among them.
    fn length(&mut self) -> u64 {
        match self.below(12) {
            0 => 126,
            1 => 127,
            2 => 128,
            _ => self.below(9),
        }
    }
}

/// The body of a message in this version.
pub(crate) fn body(schema: &MessageSchema, version: i16, dice: &mut Dice) -> Vec<u8> {
    let mut out = Vec::new();
    let shape = Shape { version, flexible: schema.is_flexible(version) };
    shape.fields(schema.fields, Some(dice), &mut out);
    out
}

/// The body of a message whose fields all have their defaults, or are empty where null is not allowed.
#[derive(Clone, Copy)]
struct Shape {
    version: i16,
    flexible: bool,
}

impl Shape {
    /// Without dice every field has its default.
    fn fields(self, fields: &[FieldSchema], mut dice: Option<&mut Dice>, out: &mut Vec<u8>) {
        let present = |field: &&FieldSchema| field.versions.contains(self.version);
        for field in fields.iter().filter(|field| field.tag.is_none()).filter(present) {
            self.field(field, dice.as_deref_mut(), out);
        }
        if !self.flexible {
            return;
        }
        let mut tags: Vec<(u32, Vec<u8>)> = Vec::new();
        if let Some(dice) = dice {
            for field in fields.iter().filter(present) {
                let Some(tag) = field.tag else { continue };
                let (mut random, mut default) = (Vec::new(), Vec::new());
                self.field(field, Some(dice), &mut random);
                self.field(field, None, &mut default);
                if random != default {
                    tags.push((tag, random));
                }
            }
            if dice.below(4) == 0 {
                let known = fields.iter().filter_map(|field| field.tag).max().map_or(0, |tag| tag + 1);
                for tag in [known, 127, 128, 16_384, u32::MAX].into_iter().filter(|tag| *tag >= known) {
                    if dice.below(2) == 0 && tags.iter().all(|(other, _)| *other != tag) {
                        let length = dice.length();
                        tags.push((tag, dice.bytes(length)));
                    }
                }
            }
            tags.sort();
        }
        unsigned_varint(tags.len() as u32, out);
        for (tag, data) in tags {
            unsigned_varint(tag, out);
            unsigned_varint(data.len() as u32, out);
            out.extend(data);
        }
    }

    fn field(self, field: &FieldSchema, mut dice: Option<&mut Dice>, out: &mut Vec<u8>) {
        let nullable = field.is_nullable(self.version);
        let null = match &mut dice {
            Some(dice) => nullable && dice.below(3) == 0,
            None => nullable && field.default == Some("null"),
        };
        if !field.array {
            return self.single(field, nullable, null, dice, out);
        }
        if null {
            return self.length(None, out);
        }
        let count = dice.as_mut().map_or(0, |dice| dice.below(4) as usize);
        self.length(Some(count), out);
        for _ in 0..count {
            self.single(field, false, false, dice.as_deref_mut(), out);
        }
    }

    fn single(self, field: &FieldSchema, nullable: bool, null: bool, mut dice: Option<&mut Dice>, out: &mut Vec<u8>) {
        let width = match field.kind {
            FieldKind::Bool => {
                let default = field.default == Some("true");
                return out.push(dice.map_or(default, |dice| dice.below(2) == 1).into());
            }
            FieldKind::Int8 => 1,
            FieldKind::Int16 | FieldKind::Uint16 => 2,
            FieldKind::Int32 | FieldKind::Uint32 => 4,
            FieldKind::Int64 | FieldKind::Float64 => 8,
            FieldKind::Uuid => 16,
            FieldKind::String => {
                let mut text: Option<Vec<u8>> = (!null).then(Vec::new);
                if let (Some(text), Some(dice)) = (&mut text, dice) {
                    for _ in 0..dice.length() {
                        let character = ['a', 'Z', '\0', '"', 'é', '中', '𝄞'][dice.below(7) as usize];
                        text.extend(character.to_string().bytes());
                    }
                }
                if self.flexible && !field.inflexible {
                    self.length(text.as_ref().map(Vec::len), out);
                } else {
                    out.extend(text.as_ref().map_or(-1, |text| text.len() as i16).to_be_bytes());
                }
                return out.extend(text.unwrap_or_default());
            }
            FieldKind::Bytes | FieldKind::Records => {
                let data = (!null).then(|| {
                    dice.map_or(Vec::new(), |dice| {
                        let length = if dice.below(4) == 0 { 2000 } else { dice.length() };
                        dice.bytes(length)
                    })
                });
                self.length(data.as_ref().map(Vec::len), out);
                return out.extend(data.unwrap_or_default());
            }
            FieldKind::Struct(fields) => {
                if nullable {
                    out.push(if null { 0xff } else { 1 });
                }
                if !null {
                    self.fields(fields, dice, out);
                }
                return;
            }
        };
        match &mut dice {
            Some(dice) => out.extend(dice.number(width)),
            None => {
                let text = field.default.unwrap_or("0");
                let number = match text.strip_prefix("0x") {
                    Some(hex) => i128::from_str_radix(hex, 16).expect("a number"),
                    None => text.parse().expect("a number"),
                };
                out.extend(&number.to_be_bytes()[16 - width..]);
            }
        }
    }

    fn length(self, length: Option<usize>, out: &mut Vec<u8>) {
        if self.flexible {
            unsigned_varint(length.map_or(0, |length| length as u32 + 1), out);
        } else {
            out.extend(length.map_or(-1, |length| length as i32).to_be_bytes());
        }
    }
}

fn unsigned_varint(mut value: u32, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
