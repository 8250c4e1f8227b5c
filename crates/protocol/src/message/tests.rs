//! Every message in every version: random, damaged, cut short, and moved between versions.

use bytes::Bytes;
use proptest::prelude::*;

use super::random::{Dice, body};
use super::tree::{StructValue, Tree, read};
use super::walk::Walked;
use crate::messages::registry;
use crate::schema::{FieldSchema, MessageSchema};
use crate::walk::Value;
use crate::{EncodeErrorKind, WireError};

/// Calls with every message and version, and a seed of its own for each.
fn walk(each: impl Fn(&Walked, &'static MessageSchema, i16, Dice)) {
    for (place, message) in registry::ALL.iter().enumerate() {
        let schema = MessageSchema::named(message.name).expect("every message has a schema");
        for version in message.min..=message.max {
            each(message, schema, version, Dice(place as u64 * 1000 + version as u64));
        }
    }
}

#[test]
fn random_messages_are_read_and_written_back_byte_for_byte() {
    walk(|message, schema, version, mut dice| {
        for _ in 0..30 {
            let bytes = Bytes::from(body(schema, version, &mut dice));
            let (again, length) = (message.again)(&bytes, version).expect("readable").expect("writable");
            assert_eq!(again, bytes, "{} version {version}", message.name);
            assert_eq!(length, bytes.len(), "{} version {version}", message.name);
        }
    });
}

#[test]
fn a_message_that_is_cut_short_anywhere_is_refused_at_a_place_inside_of_it() {
    walk(|message, schema, version, mut dice| {
        let bytes = Bytes::from(body(schema, version, &mut dice));
        for end in 0..bytes.len().min(400) {
            let error = (message.again)(&bytes.slice(..end), version).expect_err("cut short");
            assert!(error.offset <= end, "{error}");
            assert!(matches!(error.kind, WireError::Truncated | WireError::CountTooLarge), "{error}");
        }
    });
}

#[test]
fn bytes_after_a_message_are_ignored_and_counted_out() {
    walk(|message, schema, version, mut dice| {
        let mut bytes = body(schema, version, &mut dice);
        let end = bytes.len();
        bytes.extend([0xaa; 7]);
        let (again, length) = (message.again)(&bytes.into(), version).expect("readable").expect("writable");
        assert_eq!((again.len(), length), (end, end));
    });
}

#[test]
fn random_bytes_never_panic() {
    walk(|message, _, version, mut dice| {
        for length in [0, 1, 3, 9, 40, 300] {
            // Small bytes make counts and lengths that fit, and so reach further.
            for mask in [0xff, 0x03] {
                let bytes: Bytes = (0..length).map(|_| dice.next() as u8 & mask).collect();
                let _ = (message.again)(&bytes, version);
            }
        }
    });
}

#[test]
fn damaged_messages_never_panic() {
    walk(|message, schema, version, mut dice| {
        for _ in 0..30 {
            let mut bytes = body(schema, version, &mut dice);
            for _ in 0..=dice.below(3) {
                if !bytes.is_empty() {
                    let place = dice.below(bytes.len() as u64) as usize;
                    bytes[place] = [0, 1, 0x7f, 0x80, 0xff, dice.next() as u8][dice.below(6) as usize];
                }
            }
            let _ = (message.again)(&bytes.into(), version);
        }
    });
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), pick in any::<prop::sample::Index>()) {
        let message = pick.get(registry::ALL);
        let bytes = Bytes::from(bytes);
        for version in message.min..=message.max {
            let _ = (message.again)(&bytes, version);
        }
    }
}

#[test]
fn versions_outside_of_the_range_are_refused_both_ways() {
    for message in registry::ALL {
        for version in [message.min - 1, message.max + 1] {
            let error = (message.again)(&Bytes::new(), version).expect_err("no such version");
            assert_eq!(
                (error.message, error.version, error.kind),
                (message.name, version, WireError::UnsupportedVersion)
            );
            let error = (message.default)(version).expect_err("no such version");
            assert_eq!(error.kind, EncodeErrorKind::UnsupportedVersion);
        }
    }
}

#[test]
fn converting_between_versions_refuses_exactly_what_the_other_version_cannot_say() {
    walk(|message, schema, from, mut dice| {
        for _ in 0..3 {
            let bytes = Bytes::from(body(schema, from, &mut dice));
            let value = read(schema, &bytes, from);
            for to in message.min..=message.max {
                let refusals = refusals(schema.fields, &value, schema.is_flexible(to), to);
                match (message.convert)(&bytes, from, to) {
                    Ok(converted) => {
                        assert_eq!(refusals, [] as [&str; 0], "{} from {from} to {to}", message.name);
                        let back = read(schema, &converted, to);
                        assert!(back.fields.iter().all(|(field, _)| field.versions.contains(to)));
                    }
                    Err(error) => {
                        assert!(
                            matches!(error.kind, EncodeErrorKind::NotInVersion | EncodeErrorKind::NullNotAllowed),
                            "{error}"
                        );
                        let field = error.field.rsplit('.').next().unwrap_or_default();
                        assert!(refusals.contains(&field), "{error}; expected for {refusals:?}");
                    }
                }
                match (message.dropping)(&bytes, from, to) {
                    Ok(converted) => {
                        let back = read(schema, &converted, to);
                        kept(&value, &back, to);
                    }
                    Err(error) => assert_eq!(error.kind, EncodeErrorKind::NullNotAllowed, "{error}"),
                }
            }
        }
    });
}

/// Asserts that everything of a struct that this version has is as it was.
fn kept(before: &StructValue<'_>, after: &StructValue<'_>, to: i16) {
    for (field, value) in &before.fields {
        if !field.versions.contains(to) {
            assert!(after.get(field.name).is_none(), "{}", field.name);
            continue;
        }
        match (value, after.get(field.name)) {
            (Tree::Struct(before), Some(Tree::Struct(after))) => kept(before, after, to),
            (Tree::Array(before), Some(Tree::Array(after))) => {
                assert_eq!(before.len(), after.len(), "{}", field.name);
                for elements in before.iter().zip(after) {
                    match elements {
                        (Tree::Struct(before), Tree::Struct(after)) => kept(before, after, to),
                        // Not-a-number is not equal to itself.
                        (before, after) => assert_eq!(format!("{before:?}"), format!("{after:?}"), "{}", field.name),
                    }
                }
            }
            (before, Some(after)) => assert_eq!(format!("{before:?}"), format!("{after:?}"), "{}", field.name),
            // Of a tagged struct nothing may be left but defaults.
            (_, None) => assert!(field.tag.is_some(), "{}", field.name),
        }
    }
}

/// The fields for which this version cannot be written, as the schema has it.
fn refusals(schema: &[FieldSchema], value: &StructValue<'_>, flexible: bool, to: i16) -> Vec<&'static str> {
    let mut refusals = Vec::new();
    for field in schema {
        let own = value.get(field.name);
        if !field.versions.contains(to) {
            if !field.ignorable && own.is_some_and(|own| !is_default(field, own)) {
                refusals.push(field.name);
            }
            continue;
        }
        let null = own.map_or(field.default == Some("null"), |own| own.is_null());
        if null && !field.is_nullable(to) && field.tag.is_none() {
            refusals.push(field.name);
        }
        if let crate::schema::FieldKind::Struct(fields) = field.kind {
            let elements = match own {
                Some(Tree::Array(elements)) => elements.as_slice(),
                Some(single) => std::slice::from_ref(single),
                None => &[],
            };
            for element in elements {
                if let Tree::Struct(element) = element {
                    refusals.extend(self::refusals(fields, element, flexible, to));
                }
            }
        }
    }
    if !flexible && value.has_unknown_tags {
        refusals.push("unknown tagged fields");
    }
    refusals
}

fn is_default(field: &FieldSchema, tree: &Tree<'_>) -> bool {
    let default = field.default.unwrap_or("0");
    match tree {
        tree if tree.is_null() => default == "null",
        _ if default == "null" => false,
        Tree::Plain(Value::Bool(value)) => *value == (default == "true"),
        Tree::Plain(Value::Int(value)) => match default.strip_prefix("0x") {
            Some(hex) => i64::from_str_radix(hex, 16) == Ok(*value),
            None => default.parse() == Ok(*value),
        },
        Tree::Plain(Value::Float(value)) => *value == 0.0,
        Tree::Plain(Value::Uuid(value)) => value.is_nil(),
        Tree::Plain(Value::String(value)) => value.is_empty(),
        Tree::Plain(Value::Bytes(value) | Value::Records(value)) => value.is_empty(),
        Tree::Plain(Value::Null) => false,
        Tree::Array(elements) => elements.is_empty(),
        Tree::Struct(value) => {
            !value.has_unknown_tags && value.fields.iter().all(|(field, value)| is_default(field, value))
        }
    }
}

mod policy;
