//! The walker against typed messages, over every message and version: the same is read, and the same is refused.

use std::fs::File;
use std::io::read_to_string;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use flate2::read::GzDecoder;

use super::{DEPTH, Step, Text, Value, Walker};
use crate::message::random::{Dice, body};
use crate::messages::registry;
use crate::schema::{FieldKind, FieldSchema, MessageSchema};
use crate::{DecodeError, WireError};

/// Calls with every message and version.
pub(super) fn each(call: impl Fn(&'static MessageSchema, i16, &mut Dice)) {
    for (place, schema) in MessageSchema::ALL.iter().enumerate() {
        for version in schema.versions.min..=schema.versions.max {
            call(schema, version, &mut Dice(place as u64 * 1000 + version as u64));
        }
    }
}

/// The files of messages that Kafka wrote: the committed ones, or those of the folder that `OTTLA_GOLDEN` names.
fn corpus() -> Vec<String> {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let folder = std::env::var_os("OTTLA_GOLDEN").map_or(committed, PathBuf::from);
    let read = |name: &str| match File::open(folder.join(format!("{name}.gz"))) {
        Ok(file) => read_to_string(GzDecoder::new(file)),
        Err(_) => read_to_string(File::open(folder.join(name)).expect("a file of vectors")),
    };
    ["golden-new.tsv", "golden-old.tsv"].map(|name| read(name).expect("text")).into()
}

/// The bytes that Kafka wrote of every message and version.
pub(crate) fn golden(mut call: impl FnMut(&'static MessageSchema, i16, Bytes)) {
    for text in corpus() {
        for line in text.lines() {
            let columns: Vec<&str> = line.split('\t').collect();
            let name = columns[0].replace("ListClientMetricsResources", "ListConfigResources");
            let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("hex"), 16).expect("hex");
            let bytes: Bytes = columns[4].as_bytes().chunks(2).map(digits).collect();
            call(MessageSchema::named(&name).expect("known"), columns[3].parse().expect("a version"), bytes);
        }
    }
}

/// The whole walk: how many bytes the message took.
fn walk(schema: &'static MessageSchema, bytes: &[u8], version: i16) -> Result<usize, DecodeError> {
    let mut walker = Walker::new(schema, bytes, version)?;
    walker.finish()?;
    Ok(walker.offset())
}

/// What the typed message makes of it.
fn typed(schema: &'static MessageSchema, bytes: &Bytes, version: i16) -> Result<usize, DecodeError> {
    let message = registry::ALL.iter().find(|message| message.name == schema.name).expect("a type");
    (message.holds)(bytes, version)
}

/// The same with a few bytes changed.
pub(crate) fn damaged(bytes: &Bytes, dice: &mut Dice) -> Bytes {
    let mut bytes = bytes.to_vec();
    for _ in 0..=dice.below(3) {
        if !bytes.is_empty() {
            let place = dice.below(bytes.len() as u64) as usize;
            bytes[place] = [0, 1, 0x7f, 0x80, 0xff, dice.next() as u8][dice.below(6) as usize];
        }
    }
    bytes.into()
}

#[test]
fn what_kafka_wrote_is_walked_to_its_end() {
    golden(|schema, version, bytes| {
        assert_eq!(walk(schema, &bytes, version), Ok(bytes.len()), "{} {version}", schema.name);
    });
}

#[test]
fn damaged_messages_are_refused_by_both_at_one_place_for_one_reason() {
    let (mut refused, mut with_path) = (0, 0);
    golden(|schema, version, bytes| {
        let dice = &mut Dice(bytes.len() as u64);
        let cut = (0..bytes.len().min(40)).map(|end| bytes.slice(..end)).collect::<Vec<_>>();
        let damaged = (0..40).map(|_| damaged(&bytes, dice)).collect::<Vec<_>>();
        for bytes in cut.iter().chain(&damaged) {
            let (walked, typed) = (walk(schema, bytes, version), typed(schema, bytes, version));
            assert_eq!(walked, typed, "{} {version}: {bytes:?}", schema.name);
            refused += usize::from(walked.is_err());
            with_path += usize::from(walked.is_err_and(|error| !error.path.is_empty()));
        }
    });
    assert!(refused > 10_000 && with_path > refused * 9 / 10, "{with_path} paths of {refused} failures");
}

#[test]
fn random_and_damaged_random_messages_are_read_or_refused_alike() {
    each(|schema, version, dice| {
        for _ in 0..20 {
            let bytes = Bytes::from(body(schema, version, dice));
            assert_eq!(walk(schema, &bytes, version), Ok(bytes.len()));
            let bytes = damaged(&bytes, dice);
            assert_eq!(walk(schema, &bytes, version), typed(schema, &bytes, version), "{} {version}", schema.name);
        }
    });
}

#[test]
fn no_message_is_nested_deeper_than_the_walker_can_go() {
    fn depth(fields: &[FieldSchema]) -> usize {
        let inner = fields.iter().map(|field| match field.kind {
            FieldKind::Struct(fields) => depth(fields),
            _ => 0,
        });
        1 + inner.max().unwrap_or(0)
    }
    let deepest = MessageSchema::ALL.iter().map(|schema| depth(schema.fields)).max();
    assert!(deepest < Some(DEPTH), "{deepest:?}");
}

#[test]
fn a_failure_names_the_field_by_the_way_to_it() {
    let schema = MessageSchema::named("FetchResponse").expect("known");
    // One topic of two partitions: 38 zeros are one without records, and of the other the records are cut short.
    let bytes =
        [&[0; 10][..], &[0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 2], &[0; 38 + 34], &[0, 0, 0, 3, b'a', b'b']].concat();
    let error = walk(schema, &bytes, 7).expect_err("cut short");
    assert_eq!(
        error.to_string(),
        "FetchResponse version 7, Responses[0].Partitions[1].Records, byte 97: the bytes end too early"
    );
    assert_eq!(typed(schema, &bytes.into(), 7), Err(error));
}

#[test]
fn a_walk_that_failed_says_so_again() {
    let schema = MessageSchema::named("HeartbeatRequest").expect("known");
    let mut walker = Walker::new(schema, b"\x00\x05abc", 0).expect("a version");
    assert!(matches!(walker.step(), Ok(Some(Step::BeginStruct(None)))));
    let error = walker.step().expect_err("cut short");
    assert_eq!((error.kind, error.offset, &*error.path), (WireError::Truncated, 2, "GroupId"));
    assert_eq!(walker.step().expect_err("still"), error);
}

#[test]
fn text_that_is_not_utf_8_is_there_as_it_stands() {
    let schema = MessageSchema::named("SaslHandshakeRequest").expect("known");
    let mut walker = Walker::new(schema, b"\x00\x03a\xffb", 1).expect("a version");
    walker.step().expect("the beginning");
    let Ok(Some(Step::Value(_, Value::String(text)))) = walker.step() else { panic!("a string") };
    assert_eq!(text.as_bytes(), b"a\xffb");
    assert_eq!((text.to_string(), text.to_str_lossy().into_owned()), ("a\u{fffd}b".into(), "a\u{fffd}b".into()));
    assert!(text.to_str().is_err());
    assert_ne!(text, Text::from("a"));
}

#[test]
fn leaving_a_struct_goes_past_its_end() {
    let schema = MessageSchema::named("MetadataRequest").expect("known");
    // Two topics, and whether to make them.
    let body = b"\x00\x00\x00\x02\x00\x01a\x00\x01b\x01";
    let mut walker = Walker::new(schema, body, 4).expect("a version");
    let mut left = Vec::new();
    while let Some(step) = walker.step().expect("readable") {
        if let Step::BeginStruct(Some(_)) = step {
            left.push(walker.path().to_string());
            walker.leave().expect("readable");
            assert_eq!(walker.depth(), 1);
        }
    }
    assert_eq!(left, ["Topics[0]", "Topics[1]"]);
    assert_eq!(walker.offset(), body.len());
}

#[test]
fn unknown_tags_are_told_with_their_contents_and_the_way_to_them() {
    let schema = MessageSchema::named("HeartbeatRequest").expect("known");
    let body = b"\x02g\x00\x00\x00\x07\x02m\x00\x02\x09\x03abc\x85\x00\x00";
    let mut walker = Walker::new(schema, body, 4).expect("a version");
    let mut unknown = Vec::new();
    while let Some(step) = walker.step().expect("readable") {
        if let Step::UnknownTag(tag, contents) = step {
            unknown.push((tag, contents, walker.path().to_string()));
        }
    }
    let path = || "_tagged_fields".to_owned();
    assert_eq!(unknown, [(9, &b"abc"[..], path()), (5, &b""[..], path())]);
}

#[test]
fn debug_shows_neither_payloads_nor_secrets() {
    let schema = MessageSchema::named("SaslAuthenticateRequest").expect("known");
    let mut walker = Walker::new(schema, b"\x00\x00\x00\x06secret", 0).expect("a version");
    walker.step().expect("the beginning");
    let step = walker.step().expect("readable").expect("a value");
    assert_eq!(format!("{step:?}"), "Value(AuthBytes, Bytes(<6 bytes>))");
    assert_eq!(format!("{walker:?}"), "SaslAuthenticateRequest at byte 10 of 10, version 0, AuthBytes");
}

#[test]
fn compact_lengths_beyond_an_int32_are_what_java_makes_of_them() {
    let read = |name: &str, bytes: &[u8], version| {
        let schema = MessageSchema::named(name).expect("known");
        let (walked, typed) = (walk(schema, bytes, version), typed(schema, &Bytes::copy_from_slice(bytes), version));
        assert_eq!(walked, typed);
        walked.map_err(|error| error.kind)
    };
    // 2³¹ less one is the greatest int32, 2³¹ + 1 less one is negative.
    assert_eq!(read("MetadataRequest", b"\x80\x80\x80\x80\x08\x01\x00\x00", 12), Err(WireError::CountTooLarge));
    assert_eq!(read("MetadataRequest", b"\x81\x80\x80\x80\x08\x01\x00\x00", 12), Ok(8));
    assert_eq!(read("FindCoordinatorRequest", b"\x80\x80\x80\x80\x08\x00\x00", 3), Err(WireError::StringTooLong));
    assert_eq!(read("FindCoordinatorRequest", b"\x81\x80\x80\x80\x08\x00\x00", 3), Err(WireError::UnexpectedNull));
}
