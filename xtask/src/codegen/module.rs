//! The structs of one generated module: what the tables say, flattened, with Rust's names and types.

use std::collections::BTreeMap;

use super::least;
use super::names::{field_name, snake_case};
use super::table::{Base, Field, Kind, Message, Versions};

/// The messages of one API, or one message that belongs to none.
#[derive(Debug)]
pub(crate) struct Module {
    /// In snake case.
    pub(crate) name: String,
    pub(crate) messages: Vec<Message>,
    pub(crate) structs: Vec<Struct>,
}

/// One struct of a module.
#[derive(Debug)]
pub(crate) struct Struct {
    pub(crate) rust_name: String,
    /// What it is, for its documentation.
    pub(crate) doc: String,
    /// The message, if it is one and not a part of one.
    pub(crate) message: Option<Message>,
    /// The versions in which it can occur.
    pub(crate) versions: Versions,
    pub(crate) flexible_from: Option<i16>,
    pub(crate) used: Used,
    pub(crate) fields: Vec<StructField>,
}

/// The kinds of messages that a struct is, or is a part of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    pub(crate) in_request: bool,
    pub(crate) in_response: bool,
    pub(crate) in_other: bool,
}

impl Used {
    fn by(self, kind: Kind) -> Self {
        match kind {
            Kind::Request => Self { in_request: true, ..self },
            Kind::Response => Self { in_response: true, ..self },
            Kind::Header | Kind::Data => Self { in_other: true, ..self },
        }
    }
}

/// One field of a struct, its versions clipped to those of the struct.
#[derive(Debug)]
pub(crate) struct StructField {
    pub(crate) rust_name: String,
    /// Kafka's name, after that of the struct unless that is the message, for errors.
    pub(crate) path: String,
    /// What the table says.
    pub(crate) field: Field,
    /// The name of its struct in Rust, where it has one.
    pub(crate) struct_name: Option<String>,
    pub(crate) versions: Versions,
    pub(crate) nullable: Option<Versions>,
    /// The least bytes of one element, if it is an array.
    pub(crate) least: Option<usize>,
    /// Whether it may be a secret.
    pub(crate) secret: bool,
    /// Whether `Debug` shows no more than its length: payloads and secrets.
    pub(crate) hidden: bool,
}

/// Fields that may be secrets. The definitions do not say so.
const SECRETS: &[(&str, &str)] = &[
    ("AlterConfigsRequest", "Value"),
    ("AlterUserScramCredentialsRequest", "SaltedPassword"),
    ("CreateDelegationTokenResponse", "Hmac"),
    ("DescribeDelegationTokenResponse", "Hmac"),
    ("ExpireDelegationTokenRequest", "Hmac"),
    ("IncrementalAlterConfigsRequest", "Value"),
    ("RenewDelegationTokenRequest", "Hmac"),
    ("SaslAuthenticateRequest", "AuthBytes"),
    ("SaslAuthenticateResponse", "AuthBytes"),
];

/// One struct of a message, not yet named in Rust.
#[derive(Debug, PartialEq)]
struct Found {
    name: String,
    versions: Versions,
    flexible_from: Option<i16>,
    fields: Vec<Field>,
}

impl Module {
    pub(crate) fn new(name: &str, messages: Vec<Message>) -> Result<Self, String> {
        let found: Vec<Vec<Found>> = messages.iter().map(found).collect::<Result<_, _>>()?;
        // A name that the request and the response both have: one struct if they mean the same, two names if not.
        let mut by_name: BTreeMap<&str, Vec<&Found>> = BTreeMap::new();
        for found in found.iter().flatten() {
            by_name.entry(&found.name).or_default().push(found);
        }
        let mut renamed: Vec<String> = Vec::new();
        loop {
            // A struct whose parts have two names needs two names itself.
            let more: Vec<String> = by_name
                .iter()
                .filter(|(name, found)| {
                    found.len() > 1
                        && !renamed.iter().any(|renamed| renamed == *name)
                        && found.iter().any(|other| {
                            *other != found[0]
                                || other
                                    .fields
                                    .iter()
                                    .any(|field| matches!(&field.base, Base::Struct(name) if renamed.contains(name)))
                        })
                })
                .map(|(name, _)| (*name).to_owned())
                .collect();
            if more.is_empty() {
                break;
            }
            renamed.extend(more);
        }

        let mut structs: Vec<Struct> = Vec::new();
        for (message, found) in messages.iter().zip(&found) {
            let rust_name = |name: &str| match (renamed.iter().any(|renamed| renamed == name), message.kind) {
                (true, Kind::Request) => format!("Request{name}"),
                (true, _) => format!("Response{name}"),
                (false, _) => name.to_owned(),
            };
            structs.push(Struct {
                rust_name: message.name.clone(),
                doc: message_doc(message),
                versions: message.versions,
                flexible_from: message.flexible_from,
                used: Used::default().by(message.kind),
                fields: fields(&message.fields, message.versions, "", message, &rust_name)?,
                message: Some(message.clone()),
            });
            for part in found {
                let name = rust_name(&part.name);
                if let Some(known) = structs.iter_mut().find(|known| known.rust_name == name) {
                    known.used = known.used.by(message.kind);
                    continue;
                }
                let prefix = format!("{}.", part.name);
                structs.push(Struct {
                    doc: format!("`{}`, a part of [`{}`].", part.name, message.name),
                    versions: part.versions,
                    flexible_from: part.flexible_from,
                    used: Used::default().by(message.kind),
                    fields: fields(&part.fields, part.versions, &prefix, message, &rust_name)?,
                    message: None,
                    rust_name: name,
                });
            }
        }
        least::fill(&mut structs)?;
        Ok(Self { name: name.to_owned(), messages, structs })
    }

    /// The name of the API without `Request` or `Response`.
    pub(crate) fn api_name(&self) -> Option<(&str, &Message)> {
        let request = self.messages.iter().find(|message| message.kind == Kind::Request)?;
        Some((request.name.strip_suffix("Request")?, request))
    }
}

/// The name of the constant for an API.
pub(crate) fn key_constant(api_name: &str) -> String {
    snake_case(api_name).to_uppercase()
}

fn message_doc(message: &Message) -> String {
    let mut doc = format!("`{}`", message.name);
    if let Some(key) = message.key {
        doc.push_str(&format!(", API key {key}"));
    }
    doc.push_str(&format!(", versions {}", message.versions.text()));
    if let Some(flexible) = message.flexible_from {
        doc.push_str(&format!(", flexible from {flexible}"));
    }
    if message.unstable {
        doc.push_str(", the latest unstable");
    }
    doc.push('.');
    doc
}

/// All structs below a message, in the order of their first use, common ones last.
fn found(message: &Message) -> Result<Vec<Found>, String> {
    fn below(fields: &[Field], within: Versions, flexible_from: Option<i16>, found: &mut Vec<Found>) {
        for field in fields {
            let (Base::Struct(name), Some(versions)) = (&field.base, field.versions.clip(within)) else {
                continue;
            };
            if !field.fields.is_empty() {
                let name = name.clone();
                found.push(Found { name, versions, flexible_from, fields: field.fields.clone() });
                below(&field.fields, versions, flexible_from, found);
            }
        }
    }
    let mut all = Vec::new();
    below(&message.fields, message.versions, message.flexible_from, &mut all);
    for common in &message.structs {
        let versions = common.versions.clip(message.versions).ok_or("a struct without versions")?;
        let (name, fields) = (common.name.clone(), common.fields.clone());
        all.push(Found { name, versions, flexible_from: message.flexible_from, fields });
        below(&common.fields, versions, message.flexible_from, &mut all);
    }
    Ok(all)
}

fn fields(
    fields: &[Field],
    within: Versions,
    prefix: &str,
    message: &Message,
    rust_name: &dyn Fn(&str) -> String,
) -> Result<Vec<StructField>, String> {
    let mut clipped = Vec::new();
    for field in fields {
        let Some(versions) = field.versions.clip(within) else {
            continue;
        };
        let bytes = matches!(field.base, Base::Bytes | Base::Records);
        if bytes && field.array {
            return Err(format!("{}: an array of bytes", field.name));
        }
        if field.tag.is_some() && holds_records(field, message) {
            // The writer puts the length of a tagged field before it when it is written, which shared chunks forbid.
            return Err(format!("{}: records in a tagged field", field.name));
        }
        let secret = SECRETS.contains(&(&message.name, &field.name));
        clipped.push(StructField {
            rust_name: field_name(&field.name),
            path: format!("{prefix}{}", field.name),
            struct_name: match &field.base {
                Base::Struct(name) => Some(rust_name(name)),
                _ => None,
            },
            versions,
            nullable: field.nullable.and_then(|nullable| nullable.clip(versions)),
            least: None,
            secret,
            hidden: bytes || secret,
            field: field.clone(),
        });
    }
    Ok(clipped)
}

fn holds_records(field: &Field, message: &Message) -> bool {
    let below = |fields: &[Field]| fields.iter().any(|field| holds_records(field, message));
    let common = message.structs.iter().find(|common| field.base == Base::Struct(common.name.clone()));
    field.base == Base::Records || below(&field.fields) || common.is_some_and(|common| below(&common.fields))
}
