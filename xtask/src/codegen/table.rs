//! The format of `crates/protocol/schema/*.txt`.
//!
//! One file an API, the request and the response in it, or a header, or a message that travels as data. A line without
//! indentation begins a message, or a struct that several fields of the message before it use:
//!
//! ```text
//! request FetchRequest versions 0-18 key 1 flexible 12+ listeners broker,controller
//! struct Cursor 0+
//! ```
//!
//! Below it, a line a field, in wire order, two spaces deeper than its struct; the fields of a struct that is defined on the
//! spot follow their field, deeper again:
//!
//! ```text
//!   Topics []FetchTopic 0+ null 1+ tag 0 ignorable key inflexible entity topicName default null
//! ```
//!
//! Name, type and versions are always there. `null`: the versions in which it may be null. `tag`: it is a tagged field.
//! `ignorable`: it may be dropped in versions that lack it. `key`: elements of the array are known by it. `inflexible`: its
//! length is never compact. `default`: where it is not zero, empty or false. A message is `unstable` if its latest version
//! is. A range is `3`, `0-4` or `7+`.

use std::iter::Peekable;
use std::str::Lines;

/// An inclusive range of versions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Versions {
    pub(crate) low: i16,
    pub(crate) high: i16,
}

impl Versions {
    fn parse(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse::<i16>().map_err(|_| format!("not a version: {text}"));
        if let Some(low) = text.strip_suffix('+') {
            return Ok(Self { low: number(low)?, high: i16::MAX });
        }
        let (low, high) = text.split_once('-').unwrap_or((text, text));
        Ok(Self { low: number(low)?, high: number(high)? })
    }

    pub(crate) fn clip(self, to: Self) -> Option<Self> {
        let both = Self { low: self.low.max(to.low), high: self.high.min(to.high) };
        (both.low <= both.high).then_some(both)
    }

    pub(crate) fn text(self) -> String {
        match self.high {
            i16::MAX => format!("{}+", self.low),
            high if high == self.low => high.to_string(),
            high => format!("{}-{high}", self.low),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Request,
    Response,
    Header,
    Data,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) versions: Versions,
    pub(crate) key: Option<i16>,
    pub(crate) flexible_from: Option<i16>,
    pub(crate) unstable: bool,
    pub(crate) fields: Vec<Field>,
    pub(crate) structs: Vec<CommonStruct>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CommonStruct {
    pub(crate) name: String,
    pub(crate) versions: Versions,
    pub(crate) fields: Vec<Field>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Base {
    Bool,
    Int8,
    Int16,
    Uint16,
    Int32,
    Uint32,
    Int64,
    Float64,
    Uuid,
    String,
    Bytes,
    Records,
    Struct(String),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) array: bool,
    pub(crate) base: Base,
    pub(crate) versions: Versions,
    pub(crate) nullable: Option<Versions>,
    pub(crate) tag: Option<u32>,
    pub(crate) ignorable: bool,
    pub(crate) key: bool,
    pub(crate) inflexible: bool,
    pub(crate) entity: Option<String>,
    pub(crate) default: Option<String>,
    pub(crate) fields: Vec<Field>,
}

/// Reads one table.
pub(crate) fn parse(text: &str) -> Result<Vec<Message>, String> {
    let mut lines = text.lines().peekable();
    let mut messages: Vec<Message> = Vec::new();
    while let Some(line) = lines.next() {
        if let Some(common) = line.strip_prefix("struct ") {
            let (name, versions) = common.split_once(' ').ok_or("a struct without versions")?;
            let common = CommonStruct {
                name: name.to_owned(),
                versions: Versions::parse(versions)?,
                fields: fields(&mut lines, 1)?,
            };
            messages.last_mut().ok_or("a struct before any message")?.structs.push(common);
        } else {
            let mut message = message(line)?;
            message.fields = fields(&mut lines, 1)?;
            messages.push(message);
        }
    }
    Ok(messages)
}

fn message(line: &str) -> Result<Message, String> {
    let mut words = line.split(' ');
    let kind = match words.next() {
        Some("request") => Kind::Request,
        Some("response") => Kind::Response,
        Some("header") => Kind::Header,
        Some("data") => Kind::Data,
        _ => return Err(format!("not a message: {line}")),
    };
    let name = words.next().ok_or("a message without a name")?.to_owned();
    let (mut versions, mut key, mut flexible_from, mut unstable) = (None, None, None, false);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} without a value: {line}"));
        match word {
            "versions" => versions = Some(Versions::parse(value()?)?),
            "key" => key = Some(value()?.parse().map_err(|_| format!("not a key: {line}"))?),
            "flexible" => flexible_from = Some(Versions::parse(value()?)?.low),
            "unstable" => unstable = true,
            // Which servers listen to it is a fact that the code has no use for yet.
            "listeners" => drop(value()?),
            _ => return Err(format!("{word}: {line}")),
        }
    }
    let versions = versions.ok_or("a message without versions")?;
    Ok(Message { kind, name, versions, key, flexible_from, unstable, fields: Vec::new(), structs: Vec::new() })
}

fn fields(lines: &mut Peekable<Lines<'_>>, depth: usize) -> Result<Vec<Field>, String> {
    let mut fields = Vec::new();
    while let Some(line) = lines.next_if(|line| indentation(line) == depth * 2) {
        let mut field = field(line.trim_start())?;
        field.fields = self::fields(lines, depth + 1)?;
        fields.push(field);
    }
    Ok(fields)
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn field(line: &str) -> Result<Field, String> {
    let mut words = line.split(' ');
    let mut need = |what| words.next().ok_or_else(|| format!("no {what}: {line}"));
    let name = need("name")?.to_owned();
    let r#type = need("type")?;
    let versions = Versions::parse(need("versions")?)?;
    let element = r#type.strip_prefix("[]");
    let mut field = Field {
        name,
        array: element.is_some(),
        base: base(element.unwrap_or(r#type)),
        versions,
        nullable: None,
        tag: None,
        ignorable: false,
        key: false,
        inflexible: false,
        entity: None,
        default: None,
        fields: Vec::new(),
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} without a value: {line}"));
        match word {
            "null" => field.nullable = Some(Versions::parse(value()?)?),
            "tag" => field.tag = Some(value()?.parse().map_err(|_| format!("not a tag: {line}"))?),
            "ignorable" => field.ignorable = true,
            "key" => field.key = true,
            "inflexible" => field.inflexible = true,
            "entity" => field.entity = Some(value()?.to_owned()),
            "default" => field.default = Some(value()?.to_owned()),
            _ => return Err(format!("{word}: {line}")),
        }
    }
    Ok(field)
}

fn base(name: &str) -> Base {
    match name {
        "bool" => Base::Bool,
        "int8" => Base::Int8,
        "int16" => Base::Int16,
        "uint16" => Base::Uint16,
        "int32" => Base::Int32,
        "uint32" => Base::Uint32,
        "int64" => Base::Int64,
        "float64" => Base::Float64,
        "uuid" => Base::Uuid,
        "string" => Base::String,
        "bytes" => Base::Bytes,
        "records" => Base::Records,
        name => Base::Struct(name.to_owned()),
    }
}

#[cfg(test)]
mod tests;
