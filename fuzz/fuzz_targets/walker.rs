//! Any bytes, walked by the schema of any message in any version: read and refused where the typed message is, for the same
//! reason at the same byte; printed as JSON that is JSON; copied as they are; redacted so that nothing is left to hide.
#![no_main]

use bytes::{Bytes, BytesMut};
use libfuzzer_sys::fuzz_target;
use ottla_fuzz::Picked;
use ottla_protocol::schema::FieldKind;
use ottla_protocol::walk::{Payloads, Step, Text, Value, Walker, json, redact, rewrite};

/// What stands for secrets in redacted messages.
const HIDDEN: &[u8] = b"<hidden>";

fuzz_target!(|data: &[u8]| {
    let Some(picked) = ottla_fuzz::pick(data) else { return };
    let walker = || Walker::new(picked.schema, &picked.body, picked.version).expect("a version that there is");
    let mut walking = walker();
    let (mut deepest, mut open) = (0, 0_usize);
    let walked = loop {
        match walking.step() {
            Ok(Some(Step::BeginStruct(_))) => open += 1,
            Ok(Some(Step::EndStruct)) => open -= 1,
            Ok(Some(_)) => {}
            Ok(None) => break Ok(walking.offset()),
            Err(error) => break Err(error),
        }
        deepest = deepest.max(open);
        assert_eq!(walking.depth(), open);
    };
    match (picked.read(), &walked) {
        (Ok(typed), Ok(walked)) => assert_eq!(typed, *walked, "the lengths"),
        (Err(typed), Err(walked)) => {
            assert_eq!((typed.kind, typed.offset), (walked.kind, walked.offset), "{typed}, but by the schema {walked}");
            assert_eq!(typed.to_string(), walked.to_string());
        }
        (typed, walked) => panic!("{typed:?}, but by the schema {walked:?}"),
    }
    let mut out = BytesMut::from(&b"before"[..]);
    if walked.is_err() {
        assert!(json(walker(), Payloads::Shown).is_err());
        assert!(rewrite(walker(), &mut out, |_| ()).is_err());
        assert!(redact(walker(), &mut out).is_err());
        assert_eq!(&out[..], b"before");
        return;
    }
    for payloads in [Payloads::Shown, Payloads::Hidden] {
        let text = json(walker(), payloads).expect("it was walked").to_string();
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&text) {
            panic!("{error}: {text}");
        }
    }
    rewrite(walker(), &mut out, |_| ()).expect("it was walked");
    assert_eq!(out.split_off(6), picked.body);
    // Setting every value to what it is changes nothing but what is written in more bytes than it needs. Arrays and structs
    // cannot be made null, so those that are stay as they are.
    rewrite(walker(), &mut out, |slot| {
        let field = slot.field();
        if slot.value() != Value::Null || !(field.array || matches!(field.kind, FieldKind::Struct(_))) {
            slot.set(slot.value());
        }
    })
    .expect("it was walked");
    let set = out.split_off(6).freeze();
    compare(&picked, &set);
    redact(walker(), &mut out).expect("it was walked");
    redacted(&picked, &out.split_off(6).freeze());
});

/// Whether another body has the same steps.
fn compare(picked: &Picked, other: &Bytes) {
    let mut one = Walker::new(picked.schema, &picked.body, picked.version).expect("as before");
    let mut two = Walker::new(picked.schema, other, picked.version).expect("as before");
    loop {
        let (one, two) = (one.step().expect("as before"), two.step().expect("the copy can be read"));
        assert_eq!(format!("{one:?}"), format!("{two:?}"));
        if one.is_none() {
            return;
        }
    }
}

/// Whether the body can be read and has nothing to hide.
fn redacted(picked: &Picked, body: &Bytes) {
    let mut walker = Walker::new(picked.schema, body, picked.version).expect("as before");
    while let Some(step) = walker.step().expect("what is redacted can be read") {
        match step {
            Step::Value(_, Value::Bytes(bytes) | Value::Records(bytes)) | Step::UnknownTag(_, bytes) => {
                assert!(bytes.is_empty());
            }
            Step::Value(field, Value::String(text)) if field.secret => assert_eq!(text, Text::new(HIDDEN)),
            _ => {}
        }
    }
}
