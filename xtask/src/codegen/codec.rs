//! The generated codecs: how a struct is read and written, field by field, in each version.

use std::fmt::Write as _;

use super::module::{Struct, StructField};
use super::table::{Base, Versions};

/// Writes `read` and `write` of a struct: two impls, each under the features that need it.
pub(crate) fn codec(each: &Struct, out: &mut String) {
    let name = &each.rust_name;
    let (reads, writes) = directions(each);
    let (read_header, write_header, visibility) = match each.message {
        Some(_) => (format!("impl Decode for {name}"), format!("impl Encode for {name}"), ""),
        None => (format!("impl {name}"), format!("impl {name}"), "pub(crate) "),
    };
    let read = read(each);
    let write = write(each);
    let version = |body: &str, from: &str| {
        let used = body.contains("(v ") || body.contains(" v ") || body.contains("(&v)") || body.contains("(v,");
        if used { format!("let v = {from}.version();\n") } else { String::new() }
    };
    let _ = write!(
        out,
        "\n{reads}{read_header} {{
        {visibility}fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {{
        {}{read}}}
        }}

        {writes}{write_header} {{
        {visibility}fn write(&self, w: &mut Writer<'_>) {{
        {}{write}}}
        }}\n",
        version(&read, "r"),
        version(&write, "w"),
    );
}

/// The features under which a struct is read, and those under which it is written, as attributes.
fn directions(each: &Struct) -> (&'static str, &'static str) {
    const CLIENT: &str = "#[cfg(feature = \"client\")]\n";
    const BROKER: &str = "#[cfg(feature = \"broker\")]\n";
    const EITHER: &str = "#[cfg(any(feature = \"client\", feature = \"broker\"))]\n";
    match (each.used.in_request, each.used.in_response, each.used.in_other) {
        (true, false, false) => (BROKER, CLIENT),
        (false, true, false) => (CLIENT, BROKER),
        (true, true, false) => (EITHER, EITHER),
        _ => ("", ""),
    }
}

/// When a version of `all` is among `some`: an expression of `v`, or nothing for always.
fn condition(some: Versions, all: Versions) -> Option<String> {
    match (some.low <= all.low, some.high >= all.high) {
        (true, true) => None,
        (false, true) => Some(format!("v >= {}", some.low)),
        (true, false) => Some(format!("v <= {}", some.high)),
        _ if some.low == some.high => Some(format!("v == {}", some.low)),
        (false, false) => Some(format!("({}..={}).contains(&v)", some.low, some.high)),
    }
}

/// When a version of `all` is not among `some`: an expression of `v`, or nothing for never.
fn negated(some: Versions, all: Versions) -> Option<String> {
    let condition = condition(some, all)?;
    Some(match condition.split_at_checked(5) {
        Some(("v >= ", low)) => format!("v < {low}"),
        Some(("v <= ", high)) => format!("v > {high}"),
        Some(("v == ", only)) => format!("v != {only}"),
        _ => format!("!{condition}"),
    })
}

/// When the struct is flexible: never (nothing), always (an empty condition), or by version.
fn flexible(each: &Struct) -> Option<Option<String>> {
    let versions = Versions { low: each.flexible_from?, high: i16::MAX }.clip(each.versions)?;
    Some(condition(versions, each.versions))
}

fn read(each: &Struct) -> String {
    let flexible = flexible(each);
    let mut out = String::from(if flexible.is_some() { "let mut this = Self {\n" } else { "Ok(Self {\n" });
    for field in &each.fields {
        let value = match (field.field.tag, condition(field.versions, each.versions)) {
            (Some(_), _) => field.default(),
            (None, None) => read_value(field),
            (None, Some(present)) => format!("if {present} {{ {} }} else {{ {} }}", read_value(field), field.default()),
        };
        let _ = writeln!(out, "{}: {value},", field.rust_name);
    }
    out.push_str("unknown_tagged_fields: TaggedFields::new(),\n");
    let Some(condition_of_tags) = flexible else {
        out.push_str("})\n");
        return out;
    };
    out.push_str("};\n");
    let mut tags = String::new();
    if each.fields.iter().any(|field| field.field.tag.is_some()) {
        tags.push_str("for _ in 0..r.unsigned_varint()? {\nlet tag = r.tag()?;\nmatch tag.0 {\n");
        for field in &each.fields {
            let Some(tag) = field.field.tag else {
                continue;
            };
            let flexible = Versions { low: each.flexible_from.unwrap_or(0), high: i16::MAX };
            let within = each.versions.clip(flexible).unwrap_or(each.versions);
            let present = condition(field.versions, within);
            let guard = present.as_ref().map_or(String::new(), |present| format!(" if {present}"));
            let _ = writeln!(tags, "{tag}{guard} => this.{} = {},", field.rust_name, read_value(field));
            if present.is_some() {
                let _ = writeln!(tags, "{tag} => return Err(WireError::UnexpectedTag),");
            }
        }
        tags.push_str("_ => r.unknown_tag(tag, &mut this.unknown_tagged_fields)?,\n}\n}\n");
    } else {
        tags.push_str("r.unknown_tags(&mut this.unknown_tagged_fields)?;\n");
    }
    match condition_of_tags {
        None => out.push_str(&tags),
        Some(flexible) => {
            let _ = writeln!(out, "if {flexible} {{\n{tags}}}");
        }
    }
    out.push_str("Ok(this)\n");
    out
}

/// The value of a field that is there.
fn read_value(field: &StructField) -> String {
    let Some(nullable) = field.nullable else {
        return read_plain(field, "");
    };
    match condition(nullable, field.versions) {
        None => read_plain(field, "nullable_"),
        Some(nullable) => {
            format!("if {nullable} {{ {} }} else {{ Some({}) }}", read_plain(field, "nullable_"), read_plain(field, ""))
        }
    }
}

fn read_plain(field: &StructField, nullable: &str) -> String {
    let element = element_method(field);
    let least = field.least.unwrap_or(1);
    match (&field.struct_name, field.field.array) {
        (Some(name), true) => format!("r.{nullable}array({name}::read, {least})?"),
        (None, true) if element == "broker_id" => format!("r.{nullable}broker_ids()?"),
        (None, true) => format!("r.{nullable}array(Reader::{element}, {least})?"),
        (Some(name), false) if nullable.is_empty() => format!("{name}::read(r)?"),
        (Some(name), false) => format!("r.nullable_struct({name}::read)?"),
        (None, false) => match field.field.base {
            Base::Records => format!("r.{nullable}bytes()?"),
            Base::String if field.field.inflexible => "r.classic_nullable_string()?".into(),
            _ => format!("r.{nullable}{element}()?"),
        },
    }
}

/// The method of the reader and the writer for a value, or for one element.
fn element_method(field: &StructField) -> &'static str {
    match field.field.base {
        Base::Bool => "bool",
        Base::Int8 => "int8",
        Base::Int16 if field.is_error_code() => "error_code",
        Base::Int16 => "int16",
        Base::Uint16 => "uint16",
        Base::Int32 if field.is_entity("brokerId") => "broker_id",
        Base::Int32 => "int32",
        Base::Uint32 => "uint32",
        Base::Int64 if field.is_entity("producerId") => "producer_id",
        Base::Int64 => "int64",
        Base::Float64 => "float64",
        Base::Uuid => "uuid",
        Base::String => "string",
        Base::Bytes => "bytes",
        Base::Records => "records",
        Base::Struct(_) => "",
    }
}

fn write(each: &Struct) -> String {
    let mut out = String::new();
    for field in each.fields.iter().filter(|field| field.field.tag.is_none()) {
        let value = write_value(field);
        match condition(field.versions, each.versions) {
            None => {
                let _ = writeln!(out, "{value};");
            }
            Some(present) if field.field.ignorable => {
                let _ = writeln!(out, "if {present} {{ {value}; }}");
            }
            Some(present) => {
                let _ = writeln!(
                    out,
                    "if {present} {{ {value}; }} else if {} {{ w.refuse_absent(\"{}\"); }}",
                    field.differs(),
                    field.path
                );
            }
        }
    }
    let tagged: Vec<&StructField> = each.fields.iter().filter(|field| field.field.tag.is_some()).collect();
    for field in tagged.iter().filter(|field| !field.field.ignorable) {
        if let Some(absent) = negated(field.versions, each.versions) {
            let differs = field.differs();
            let _ = writeln!(out, "if {absent} && {differs} {{ w.refuse_absent(\"{}\"); }}", field.path);
        }
    }
    let no_tags = "w.no_tags(&self.unknown_tagged_fields);";
    let Some(condition_of_tags) = flexible(each) else {
        let _ = writeln!(out, "{no_tags}");
        return out;
    };
    let tags = write_tags(each, tagged);
    match condition_of_tags {
        None => out.push_str(&tags),
        Some(flexible) => {
            let _ = writeln!(out, "if {flexible} {{\n{tags}}} else {{ {no_tags} }}");
        }
    }
    out
}

fn write_tags(each: &Struct, mut tagged: Vec<&StructField>) -> String {
    if tagged.is_empty() {
        return "w.unknown_tags(&self.unknown_tagged_fields);\n".into();
    }
    tagged.sort_by_key(|field| field.field.tag);
    let flexible = Versions { low: each.flexible_from.unwrap_or(0), high: i16::MAX };
    let within = each.versions.clip(flexible).unwrap_or(each.versions);
    let mut out = String::new();
    let mut names = Vec::new();
    for field in &tagged {
        let name = format!("has_{}", field.rust_name.trim_start_matches("r#"));
        let differs = field.differs();
        let _ = match condition(field.versions, within) {
            None => writeln!(out, "let {name} = {differs};"),
            Some(present) => writeln!(out, "let {name} = {present} && {differs};"),
        };
        names.push(name);
    }
    let _ = writeln!(out, "let mut tags = w.begin_tags(&[{}], &self.unknown_tagged_fields);", names.join(", "));
    for (field, name) in tagged.iter().zip(&names) {
        let tag = field.field.tag.unwrap_or_default();
        let _ = writeln!(
            out,
            "if {name} {{\nlet tag = w.begin_tag(&mut tags, {tag});\n{};\nw.end_tag(tag);\n}}",
            write_value(field)
        );
    }
    out.push_str("w.end_tags(tags);\n");
    out
}

/// Writes a field that is there.
fn write_value(field: &StructField) -> String {
    let own = format!("self.{}", field.rust_name);
    let path = format!("\"{}\"", field.path);
    let element = element_method(field);
    let null_allowed =
        field.nullable.map(|nullable| condition(nullable, field.versions).unwrap_or_else(|| "true".to_owned()));
    let each = match (&field.struct_name, &field.field.base) {
        (Some(name), _) => format!("{name}::write"),
        (None, Base::String) => format!("|value, w| w.string(value, {path})"),
        (None, _) => format!("|value, w| w.{element}(*value)"),
    };
    match (null_allowed, field.field.array, &field.struct_name, &field.field.base) {
        (None, true, ..) => format!("w.array(&{own}, {each}, {path})"),
        (Some(null), true, ..) => format!("w.nullable_array({own}.as_deref(), {null}, {each}, {path})"),
        (None, false, Some(_), _) => format!("{own}.write(w)"),
        (Some(null), false, Some(_), _) => format!("w.nullable_struct(&{own}, {null}, {each}, {path})"),
        (Some(_), false, None, _) if field.field.inflexible => format!("w.classic_nullable_string(&{own}, {path})"),
        (Some(null), false, None, _) => format!("w.nullable_{element}(&{own}, {null}, {path})"),
        (None, false, None, Base::String | Base::Bytes | Base::Records) => format!("w.{element}(&{own}, {path})"),
        (None, false, None, _) => format!("w.{element}({own})"),
    }
}
