//! Bodies of messages that ask for as much memory as they can, made from the schema: one attack at one place of one message
//! in one version, everything else as small as it may be.

use ottla_protocol::schema::{FieldKind, FieldSchema, MessageKind, MessageSchema};

/// What is done at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attack {
    /// As many elements as there is room for, each as small as it can be.
    Dense,
    /// As many elements as there is room for, each with everything that costs memory and few bytes: an unknown tag, an
    /// element in each array, a string that is not UTF-8.
    Rich,
    /// The greatest count that the bytes left could hold if each element took one, and zeros.
    Zeros,
    /// The same count, and bytes that mean null, or huge, or nothing.
    Ones,
    /// The greatest length or count there is, and nothing.
    Huge,
    /// The longest string there is, of bytes that are not UTF-8.
    NotText,
    /// As many unknown tagged fields as there is room for, all empty.
    Tags,
}

impl Attack {
    pub(crate) const ALL: [Self; 7] =
        [Self::Dense, Self::Rich, Self::Zeros, Self::Ones, Self::Huge, Self::NotText, Self::Tags];

    /// Whether the message is whole, so that it must be read.
    pub(crate) fn is_honest(self) -> bool {
        matches!(self, Self::Dense | Self::Rich | Self::NotText | Self::Tags)
    }
}

/// Longest string that Kafka allows.
const LONGEST_STRING: usize = i16::MAX as usize;

/// The body of a message with one attack at the place of this number, counted in the order of writing; nothing if there is no such
/// place, or if it is none for this attack.
pub(crate) fn body(
    schema: &MessageSchema,
    version: i16,
    place: usize,
    attack: Attack,
    size: usize,
) -> Result<Vec<u8>, NoSuch> {
    let mut maker = Maker {
        version,
        flexible: schema.is_flexible(version),
        header: schema.kind == MessageKind::Header,
        left: Some(place),
        attack,
        size,
        ended: false,
        out: Vec::new(),
    };
    maker.fields(schema.fields, Mode::Path);
    match maker.left {
        Some(_) => Err(NoSuch::Place),
        None if maker.out.is_empty() => Err(NoSuch::Attack),
        None => Ok(maker.out),
    }
}

/// Why there is no body.
#[derive(Debug)]
pub(crate) enum NoSuch {
    Place,
    Attack,
}

/// How a field is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// With one of everything, since the place may be inside.
    Path,
    /// As small as it can be.
    Least,
    /// With everything that costs memory.
    Rich,
}

struct Maker {
    version: i16,
    flexible: bool,
    header: bool,
    /// How many places are still before the one that is attacked.
    left: Option<usize>,
    attack: Attack,
    size: usize,
    /// Nothing follows the attack.
    ended: bool,
    out: Vec<u8>,
}

impl Maker {
    /// Whether this is the place.
    fn hit(&mut self, mode: Mode) -> bool {
        if mode != Mode::Path {
            return false;
        }
        match self.left {
            Some(0) => self.left = None,
            Some(left) => {
                self.left = Some(left - 1);
                return false;
            }
            None => return false,
        }
        true
    }

    /// The attack is none for this place.
    fn refuse(&mut self) {
        self.out.clear();
        self.ended = true;
    }

    fn fields(&mut self, fields: &[FieldSchema], mode: Mode) {
        let version = self.version;
        let present = move |field: &&FieldSchema| field.versions.contains(version);
        for field in fields.iter().filter(present).filter(|field| field.tag.is_none()) {
            self.field(field, mode);
        }
        if !self.flexible || self.ended {
            return;
        }
        if self.hit(mode) {
            return self.attack_tags();
        }
        let known = fields.iter().filter(present).filter(|field| field.tag.is_some() && mode != Mode::Least);
        let mut tags: Vec<(u32, Vec<u8>)> = Vec::new();
        for field in known {
            let before = std::mem::take(&mut self.out);
            self.field(field, mode);
            let own = std::mem::replace(&mut self.out, before);
            if self.ended {
                // The attack is what is left of the message.
                if self.attack.is_honest() || own.is_empty() {
                    return self.refuse();
                }
                self.varint(1);
                self.varint(field.tag.unwrap_or_default() as usize);
                self.varint(own.len());
                return self.out.extend(own);
            }
            tags.push((field.tag.unwrap_or_default(), own));
        }
        if mode == Mode::Rich {
            tags.push((1000, Vec::new()));
        }
        tags.sort();
        self.varint(tags.len());
        for (tag, data) in tags {
            self.varint(tag as usize);
            self.varint(data.len());
            self.out.extend(data);
        }
    }

    fn attack_tags(&mut self) {
        match self.attack {
            Attack::Tags => {
                // Two bytes each, in ascending order as far as that goes; Kafka reads any order.
                let count = self.size / 2;
                self.varint(count);
                for _ in 0..count {
                    self.out.extend([0x7f, 0]);
                }
            }
            Attack::Huge => {
                self.varint(u32::MAX as usize);
                self.ended = true;
            }
            Attack::Ones => {
                // One tag of four GiB.
                self.varint(1);
                self.varint(0x7f);
                self.varint(u32::MAX as usize);
                self.ended = true;
            }
            _ => self.refuse(),
        }
    }

    fn field(&mut self, field: &FieldSchema, mode: Mode) {
        if self.ended {
            return;
        }
        if !field.array {
            return self.single(field, field.is_nullable(self.version) && field.tag.is_none(), mode);
        }
        if self.hit(mode) {
            return self.attack_array(field);
        }
        let count = usize::from(mode != Mode::Least);
        self.length(Some(count), 4);
        for _ in 0..count {
            self.single(field, false, mode);
        }
    }

    fn attack_array(&mut self, field: &FieldSchema) {
        match self.attack {
            Attack::Dense | Attack::Rich => {
                let mode = if self.attack == Attack::Dense { Mode::Least } else { Mode::Rich };
                let before = std::mem::take(&mut self.out);
                self.single(field, false, mode);
                let element = std::mem::replace(&mut self.out, before);
                if element.is_empty() {
                    return self.refuse();
                }
                let count = (self.size / element.len()).max(1);
                self.length(Some(count), 4);
                for _ in 0..count {
                    self.out.extend(&element);
                }
            }
            Attack::Zeros | Attack::Ones => {
                let byte = if self.attack == Attack::Zeros { 0 } else { 0xff };
                self.length(Some(self.size / field.least.max(1)), 4);
                self.out.resize(self.out.len() + self.size, byte);
                self.ended = true;
            }
            Attack::Huge => {
                self.length(Some(i32::MAX as usize - 1), 4);
                self.ended = true;
            }
            Attack::NotText | Attack::Tags => self.refuse(),
        }
    }

    fn single(&mut self, field: &FieldSchema, nullable: bool, mode: Mode) {
        if self.ended {
            return;
        }
        let width = match field.kind {
            FieldKind::Bool | FieldKind::Int8 => 1,
            FieldKind::Int16 | FieldKind::Uint16 => 2,
            FieldKind::Int32 | FieldKind::Uint32 => 4,
            FieldKind::Int64 | FieldKind::Float64 => 8,
            FieldKind::Uuid => 16,
            FieldKind::String => return self.text(field, mode),
            FieldKind::Bytes | FieldKind::Records => return self.bytes(mode),
            FieldKind::Struct(fields) => {
                if nullable && mode == Mode::Least {
                    return self.out.push(0xff);
                }
                if nullable {
                    self.out.push(1);
                }
                return self.fields(fields, mode);
            }
            _ => unreachable!("a kind that is not known here"),
        };
        // Not the default, so that nothing is left out.
        self.out.resize(self.out.len() + width, 1);
    }

    fn text(&mut self, field: &FieldSchema, mode: Mode) {
        // The client id of headers has its old length in flexible versions too.
        let compact = self.flexible && !(self.header && field.name == "ClientId");
        let length = |maker: &mut Self, length: usize| {
            if compact {
                maker.varint(length + 1);
            } else {
                maker.out.extend((length as u16).to_be_bytes());
            }
        };
        if self.hit(mode) {
            match self.attack {
                Attack::NotText => {
                    length(self, LONGEST_STRING);
                    self.out.resize(self.out.len() + LONGEST_STRING, 0xff);
                }
                Attack::Huge => {
                    length(self, if compact { i32::MAX as usize - 1 } else { LONGEST_STRING });
                    self.ended = true;
                }
                _ => self.refuse(),
            }
            return;
        }
        let long = usize::from(mode == Mode::Rich);
        length(self, long);
        self.out.resize(self.out.len() + long, 0xff);
    }

    fn bytes(&mut self, mode: Mode) {
        if self.hit(mode) {
            match self.attack {
                Attack::Huge => {
                    self.length(Some(i32::MAX as usize - 1), 4);
                    self.ended = true;
                }
                _ => self.refuse(),
            }
            return;
        }
        self.length(Some(0), 4);
    }

    fn length(&mut self, length: Option<usize>, width: usize) {
        let length = length.map_or(-1, |length| length as i64);
        if self.flexible {
            self.varint((length + 1) as usize);
        } else {
            self.out.extend(&length.to_be_bytes()[8 - width..]);
        }
    }

    fn varint(&mut self, mut value: usize) {
        while value >= 0x80 {
            self.out.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.out.push(value as u8);
    }
}
