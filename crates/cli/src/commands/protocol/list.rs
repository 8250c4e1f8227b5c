//! `ottla protocol list`: the APIs, and the fields of one.

use clap::Args;
use ottla_protocol::schema::{FieldKind, FieldSchema, MessageSchema};
use ottla_protocol::{ApiKey, VersionRange};
use serde_json::{Value, json};

use super::super::cluster::Form;
use super::api;
use crate::failure::Outcome;
use crate::output;
use crate::table::table;

/// What to list.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print the fields of this API's request and response, by name or key
    #[arg(long, value_name = "NAME|KEY")]
    api: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    output: Form,
}

/// Lists them.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let text = match (&arguments.api, arguments.output) {
        (None, Form::Text) => {
            table(["KEY", "API", "VERSIONS", "STABLE", "FLEXIBLE", "SINCE KAFKA"], ApiKey::ALL.iter().map(row))
        }
        (None, Form::Json) => lines(ApiKey::ALL.iter().map(|key| api_json(*key))),
        (Some(name), form) => {
            let key = api(name)?;
            let messages = [MessageSchema::request(key), MessageSchema::response(key)];
            let messages = messages.into_iter().flatten();
            match form {
                Form::Text => {
                    let releases =
                        releases(key).into_iter().map(|(release, versions)| [release.to_owned(), span(versions)]);
                    let releases = table(["SINCE KAFKA", "VERSIONS"], releases);
                    let fields: String = messages.map(|message| format!("\n{}", fields_text(message))).collect();
                    format!("{key}, key {}\n\n{releases}{fields}", key.0)
                }
                Form::Json => lines(messages.map(message_json)),
            }
        }
    };
    output::print(&text)
}

fn lines(values: impl Iterator<Item = Value>) -> String {
    values.map(|value| format!("{value}\n")).collect()
}

fn row(key: &ApiKey) -> [String; 6] {
    [
        key.0.to_string(),
        key.to_string(),
        key.versions().map(span).unwrap_or_default(),
        key.latest_stable().map(|version| version.to_string()).unwrap_or_default(),
        key.flexible_from().map_or("-".to_owned(), |version| format!("{version}+")),
        releases(*key).first().map(|(release, _)| (*release).to_owned()).unwrap_or_default(),
    ]
}

/// The releases that brought versions of an API, the oldest first, each with those versions.
fn releases(key: ApiKey) -> Vec<(&'static str, VersionRange)> {
    let mut found: Vec<(&str, VersionRange)> = Vec::new();
    for version in key.versions().into_iter().flat_map(|versions| versions.min..=versions.max) {
        match (key.since(version), found.last_mut()) {
            (Some(release), Some((last, versions))) if *last == release => versions.max = version,
            (Some(release), _) => found.push((release, VersionRange::new(version, version))),
            (None, _) => {}
        }
    }
    found
}

fn api_json(key: ApiKey) -> Value {
    json!({
        "key": key.0,
        "name": key.name(),
        "versions": key.versions().map(range_json),
        "latest_stable": key.latest_stable(),
        "flexible_from": key.flexible_from(),
        "releases": releases(key).into_iter().map(release_json).collect::<Value>(),
    })
}

fn release_json((release, versions): (&'static str, VersionRange)) -> Value {
    json!({"kafka": release, "versions": range_json(versions)})
}

/// `4-18`, `3`, `2+` for what goes on for ever.
fn span(versions: VersionRange) -> String {
    match (versions.min, versions.max) {
        (min, i16::MAX) => format!("{min}+"),
        (min, max) if min == max => min.to_string(),
        (min, max) => format!("{min}-{max}"),
    }
}

fn range_json(versions: VersionRange) -> Value {
    json!({"min": versions.min, "max": versions.max})
}

fn fields_text(message: &'static MessageSchema) -> String {
    let mut rows = Vec::new();
    rows_of(message.fields, 0, message.versions, &mut rows);
    let fields = table(["FIELD", "TYPE", "VERSIONS", "NULL IN", "TAG", "DEFAULT", "IS"], rows);
    format!("{}, versions {}\n\n{fields}", message.name, span(message.versions))
}

fn rows_of(fields: &'static [FieldSchema], depth: usize, within: VersionRange, rows: &mut Vec<[String; 7]>) {
    for field in fields {
        // What a field says about versions that its message, or its struct, does not have is of no use.
        let Some(versions) = field.versions.intersect(within) else { continue };
        let nullable = field.nullable.and_then(|nullable| nullable.intersect(versions));
        let mut is: Vec<&str> = field.entity.into_iter().collect();
        if field.secret {
            is.push("secret");
        }
        rows.push([
            format!("{}{}", "  ".repeat(depth), field.name),
            kind(field),
            span(versions),
            nullable.map(span).unwrap_or_default(),
            field.tag.map(|tag| tag.to_string()).unwrap_or_default(),
            field.default.unwrap_or_default().to_owned(),
            is.join(", "),
        ]);
        if let FieldKind::Struct(fields) = field.kind {
            rows_of(fields, depth + 1, versions, rows);
        }
    }
}

fn message_json(message: &'static MessageSchema) -> Value {
    json!({
        "name": message.name,
        "key": message.key.map(|key| key.0),
        "versions": range_json(message.versions),
        "flexible_from": message.flexible_from,
        "fields": fields_json(message.fields, message.versions),
    })
}

fn fields_json(fields: &'static [FieldSchema], within: VersionRange) -> Value {
    let fields = fields.iter().filter_map(|field| {
        let versions = field.versions.intersect(within)?;
        let mut json = json!({
            "name": field.name,
            "type": kind(field),
            "versions": range_json(versions),
            "nullable": field.nullable.and_then(|nullable| nullable.intersect(versions)).map(range_json),
            "tag": field.tag,
            "default": field.default,
            "entity": field.entity,
            "ignorable": field.ignorable,
            "secret": field.secret,
        });
        if let FieldKind::Struct(fields) = field.kind {
            json["fields"] = fields_json(fields, versions);
        }
        Some(json)
    });
    fields.collect()
}

fn kind(field: &FieldSchema) -> String {
    let name = match field.kind {
        FieldKind::Bool => "bool",
        FieldKind::Int8 => "int8",
        FieldKind::Int16 => "int16",
        FieldKind::Uint16 => "uint16",
        FieldKind::Int32 => "int32",
        FieldKind::Uint32 => "uint32",
        FieldKind::Int64 => "int64",
        FieldKind::Float64 => "float64",
        FieldKind::Uuid => "uuid",
        FieldKind::String => "string",
        FieldKind::Bytes => "bytes",
        FieldKind::Records => "records",
        FieldKind::Struct(_) => "struct",
        _ => "?",
    };
    if field.array { format!("[]{name}") } else { name.to_owned() }
}
