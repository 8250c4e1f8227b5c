//! Rewriting against typed messages that are decoded, changed and encoded.

use bytes::{Bytes, BytesMut};

use super::super::tests::{each, golden};
use super::super::{Payloads, Step, Text, Value, Walker, json, redact, rewrite};
use super::{RewriteError, Slot};
use crate::message::random::{Dice, body};
use crate::messages::{
    DescribeClusterResponse, FetchResponse, FindCoordinatorResponse, MetadataResponse, ProduceRequest, ProduceResponse,
    ShareFetchResponse, fetch, produce,
};
use crate::schema::{FieldKind, MessageSchema};
use crate::writer::varint_bytes;
use crate::{Decode, Encode, EncodeErrorKind, Message as _, TaggedFields, Utf8Bytes};

fn walker<'a>(name: &str, body: &'a [u8], version: i16) -> Walker<'a> {
    Walker::new(MessageSchema::named(name).expect("known"), body, version).expect("a version")
}

fn rewritten<'a>(walker: Walker<'a>, edit: impl FnMut(&mut Slot<'_, 'a>)) -> Result<Bytes, RewriteError> {
    let mut out = BytesMut::from(&b"before"[..]);
    let result = rewrite(walker, &mut out, edit);
    assert!(out.starts_with(b"before"));
    result.map(|()| out.split_off(6).freeze()).inspect_err(|_| assert_eq!(out.len(), 6))
}

#[test]
fn without_a_change_every_byte_stays() {
    golden(|schema, version, bytes| {
        let walker = walker(schema.name, &bytes, version);
        assert_eq!(rewritten(walker, |_| {}), Ok(bytes.clone()), "{} {version}", schema.name);
        let same = rewritten(walker, |slot| slot.set(slot.value()));
        assert_eq!(same, Ok(bytes.clone()), "{} {version}", schema.name);
    });
    each(|schema, version, dice| {
        let mut bytes = body(schema, version, dice);
        bytes.extend(b"after the end");
        let copy = rewritten(walker(schema.name, &bytes, version), |_| {});
        assert_eq!(copy, Ok(bytes.clone().into()), "{} {version}", schema.name);
    });
}

/// A change of strings that can be made to a value and to its bytes.
fn longer(text: &str) -> String {
    let long = "x".repeat(text.len() % 3 * 70);
    format!("{text}-{long}")
}

/// Rewrites the strings at these paths in random messages, and compares with what `typed` makes of them.
fn compare<M: Encode + Decode>(paths: &[&[&str]], typed: impl Fn(&mut M, i16)) {
    let schema = MessageSchema::named(M::NAME).expect("known");
    let mut dice = Dice(5);
    for version in M::MIN..=M::MAX {
        for _ in 0..60 {
            let bytes = Bytes::from(body(schema, version, &mut dice));
            let ours = rewritten(walker(M::NAME, &bytes, version), |slot| {
                if let Value::String(text) = slot.value()
                    && paths.iter().any(|path| slot.path().is(path))
                {
                    slot.set(longer(text.to_str().expect("text")).as_str());
                }
            });
            let mut message = M::decode(&bytes, version).expect("readable");
            typed(&mut message, version);
            let mut expected = BytesMut::new();
            message.encode(version, &mut expected).expect("writable");
            assert_eq!(ours, Ok(expected.freeze()), "{} {version}", M::NAME);
        }
    }
}

fn change(text: &mut Utf8Bytes) {
    *text = longer(text).into();
}

#[test]
fn other_strings_are_written_as_typed_messages_write_them() {
    compare::<MetadataResponse>(&[&["Brokers", "Host"], &["ClusterId"]], |message, _| {
        message.brokers.iter_mut().for_each(|broker| change(&mut broker.host));
        message.cluster_id.iter_mut().for_each(change);
    });
    compare::<FindCoordinatorResponse>(&[&["Host"], &["Coordinators", "Host"]], |message, version| {
        if version < 4 {
            change(&mut message.host);
        }
        message.coordinators.iter_mut().for_each(|coordinator| change(&mut coordinator.host));
    });
    compare::<DescribeClusterResponse>(&[&["Brokers", "Rack"]], |message, _| {
        message.brokers.iter_mut().filter_map(|broker| broker.rack.as_mut()).for_each(change);
    });
}

#[test]
fn the_sizes_of_tagged_fields_follow_what_is_in_them() {
    let paths: &[&[&str]] = &[&["NodeEndpoints", "Host"], &["NodeEndpoints", "Rack"]];
    compare::<FetchResponse>(paths, |message, _| {
        for node in &mut message.node_endpoints {
            change(&mut node.host);
            node.rack.iter_mut().for_each(change);
        }
    });
    compare::<ProduceResponse>(paths, |message, _| {
        for node in &mut message.node_endpoints {
            change(&mut node.host);
            node.rack.iter_mut().for_each(change);
        }
    });
    compare::<ShareFetchResponse>(paths, |message, _| {
        for node in &mut message.node_endpoints {
            change(&mut node.host);
            node.rack.iter_mut().for_each(change);
        }
    });
}

#[test]
fn any_string_and_bytes_of_any_message_may_get_another_length() {
    each(|schema, version, dice| {
        let bytes = body(schema, version, dice);
        let mut changed = Vec::new();
        let ours = rewritten(walker(schema.name, &bytes, version), |slot| {
            let long = vec![b'y'; 100 + changed.len() % 60];
            match slot.value() {
                Value::String(_) => slot.set(Text::new(&long)),
                Value::Bytes(_) | Value::Records(_) => slot.set(Value::Bytes(&long)),
                _ => return,
            }
            changed.push((slot.path().to_string(), long));
        });
        let ours = ours.expect("rewritten");
        let mut walker = walker(schema.name, &ours, version);
        let mut found = Vec::new();
        while let Some(step) = walker.step().expect("readable") {
            if let Step::Value(_, Value::String(text)) = step {
                found.push((walker.path().to_string(), text.as_bytes().to_vec()));
            } else if let Step::Value(_, Value::Bytes(bytes) | Value::Records(bytes)) = step {
                found.push((walker.path().to_string(), bytes.to_vec()));
            }
        }
        assert_eq!(found, changed, "{} {version}", schema.name);
        assert_eq!(walker.offset(), ours.len());
    });
}

#[test]
fn numbers_nulls_and_text_that_is_not_utf_8_are_set_too() {
    let bytes = b"\xff\xff\x00\x01\x00\x00\x00\x05\x00\x00\x00\x01\x00\x02t\xff\x00\x00\x00\x01\x00\x00\x00\x07\x00\x00\x00\x02ab";
    let ours = rewritten(walker("ProduceRequest", bytes, 3), |slot| match slot.field().name {
        "TransactionalId" => slot.set("x"),
        "Acks" => slot.set(-1_i64),
        "Records" => slot.set(Value::Null),
        _ => {}
    });
    let expected = b"\x00\x01x\xff\xff\x00\x00\x00\x05\x00\x00\x00\x01\x00\x02t\xff\x00\x00\x00\x01\x00\x00\x00\x07\xff\xff\xff\xff";
    assert_eq!(ours, Ok(Bytes::from_static(expected)));
}

#[test]
fn a_value_that_the_field_cannot_have_is_refused_by_name() {
    let bytes = b"\x00\x01x\x00\x01\x00\x00\x00\x05\x00\x00\x00\x00";
    let refused = |name: &'static str, value: Value<'_>| {
        let result = rewritten(walker("ProduceRequest", bytes, 3), |slot| {
            if slot.field().name == name {
                slot.set(value);
            }
        });
        match result {
            Err(RewriteError::Encode(error)) => {
                assert_eq!((error.message, error.version, error.field), ("ProduceRequest", 3, name));
                error.kind
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused("Acks", Value::Int(40_000)), EncodeErrorKind::WrongType);
    assert_eq!(refused("Acks", "one".into()), EncodeErrorKind::WrongType);
    assert_eq!(refused("TransactionalId", Value::Int(1)), EncodeErrorKind::WrongType);
    let long = "x".repeat(32_768);
    assert_eq!(refused("TransactionalId", long.as_str().into()), EncodeErrorKind::StringTooLong);
    let null = rewritten(walker("HeartbeatRequest", b"\x00\x01g\x00\x00\x00\x07\x00\x01m", 0), |slot| {
        if slot.field().name == "GroupId" {
            slot.set(None::<&str>);
        }
    });
    let Err(RewriteError::Encode(error)) = null else { panic!("{null:?}") };
    assert_eq!(error.kind, EncodeErrorKind::NullNotAllowed);
    // A mistake that was mended does not count.
    let mended = rewritten(walker("ProduceRequest", bytes, 3), |slot| {
        if slot.field().name == "Acks" {
            slot.set("one");
            slot.set(1_i64);
        }
    });
    assert_eq!(mended, Ok(Bytes::from_static(bytes)));
}

#[test]
fn arrays_and_structs_that_are_null_stay_so() {
    let heartbeat = [&[0; 16][..], &[0xff, 0]].concat();
    for (name, body, version, field) in [
        ("MetadataRequest", &[0xff; 4][..], 1, "Topics"),
        ("ConsumerGroupHeartbeatResponse", &heartbeat, 0, "Assignment"),
    ] {
        assert_eq!(rewritten(walker(name, body, version), |_| {}), Ok(Bytes::copy_from_slice(body)));
        let result = rewritten(walker(name, body, version), |slot| {
            if slot.field().name == field {
                assert_eq!(slot.value(), Value::Null);
                slot.set("text");
            }
        });
        let Err(RewriteError::Encode(error)) = result else { panic!("{result:?}") };
        assert_eq!((error.field, error.kind), (field, EncodeErrorKind::WrongType));
    }
}

#[test]
fn damaged_messages_are_refused_and_nothing_is_left_of_them() {
    each(|schema, version, dice| {
        let bytes = body(schema, version, dice);
        if let Some(end) = bytes.len().checked_sub(1) {
            let result = rewritten(walker(schema.name, &bytes[..end], version), |_| {});
            assert!(matches!(result, Err(RewriteError::Decode(error)) if error.message == schema.name));
        }
    });
}

#[test]
fn redacting_leaves_neither_payloads_nor_secrets_nor_unknown_tags() {
    each(|schema, version, dice| {
        let bytes = body(schema, version, dice);
        let mut out = BytesMut::new();
        redact(walker(schema.name, &bytes, version), &mut out).expect("redacted");
        let mut walker = walker(schema.name, &out, version);
        while let Some(step) = walker.step().expect("readable") {
            match step {
                Step::Value(_, Value::Bytes(bytes) | Value::Records(bytes)) => assert!(bytes.is_empty()),
                Step::Value(field, Value::String(text)) if field.secret => assert_eq!(text, "<hidden>"),
                Step::UnknownTag(_, contents) => assert!(contents.is_empty()),
                _ => {}
            }
        }
        assert_eq!(walker.offset(), out.len());
        // All else is as it was.
        let before = json(self::walker(schema.name, &bytes, version), Payloads::Hidden).expect("readable").to_string();
        let after = json(walker, Payloads::Hidden).expect("readable").to_string();
        assert_eq!(without_sizes(&before), without_sizes(&after));
    });
}

/// JSON with every `…SizeInBytes` at zero.
fn without_sizes(json: &str) -> String {
    let mut parts = json.split("SizeInBytes\":");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("SizeInBytes\":0");
        out.push_str(part.trim_start_matches(|digit: char| digit.is_ascii_digit()));
    }
    out
}

#[test]
fn sizes_of_tagged_fields_that_were_wrong_stay_unless_something_in_them_changes() {
    let node = fetch::NodeEndpoint { host: "a".into(), ..Default::default() };
    let unknown_tagged_fields: TaggedFields = [(7, Bytes::from_static(b"x"))].into_iter().collect();
    let message = FetchResponse { node_endpoints: vec![node], unknown_tagged_fields, ..Default::default() };
    let mut right = BytesMut::new();
    message.encode(16, &mut right).expect("writable");
    let mut wrong = right.to_vec();
    // Throttle time, error code, session id, no topics, two tags, tag 0: then its size.
    assert_eq!(&wrong[10..13], [1, 2, 0]);
    wrong[13] = 99;
    let kept = rewritten(walker("FetchResponse", &wrong, 16), |_| {});
    assert_eq!(kept, Ok(wrong.clone().into()));
    let mended = rewritten(walker("FetchResponse", &wrong, 16), |slot| {
        if slot.path().is(&["NodeEndpoints", "Host"]) {
            slot.set("bb");
        }
    });
    let mut expected = message;
    expected.node_endpoints[0].host = "bb".into();
    let mut bytes = BytesMut::new();
    expected.encode(16, &mut bytes).expect("writable");
    assert_eq!(mended, Ok(bytes.freeze()));
}

#[test]
fn records_of_any_size_are_replaced() {
    let partition = produce::PartitionProduceData { records: Some(vec![7; 5000].into()), ..Default::default() };
    let topic = produce::TopicProduceData { partition_data: vec![partition; 2], ..Default::default() };
    let message = ProduceRequest { topic_data: vec![topic], ..Default::default() };
    for version in 3..=13 {
        let mut bytes = BytesMut::new();
        message.encode(version, &mut bytes).expect("writable");
        let ours = rewritten(walker("ProduceRequest", &bytes, version), |slot| {
            if slot.path().indexes().eq([0, 1]) && matches!(slot.field().kind, FieldKind::Records) {
                slot.set(Value::Records(b"new"));
            }
        });
        let mut changed = message.clone();
        changed.topic_data[0].partition_data[1].records = Some(Bytes::from_static(b"new"));
        let mut expected = BytesMut::new();
        changed.encode(version, &mut expected).expect("writable");
        assert_eq!(ours, Ok(expected.freeze()));
    }
}

#[test]
fn a_tag_that_is_there_again_and_again_is_rewritten_each_time() {
    // Sizes that are one byte before and two after, in a message as long as a frame of a careless peer.
    let node = [&[0, 40, 2, 0, 0, 0, 1, 2, b'h', 0, 0, 0, 9, 24][..], &[b'r'; 23], &[0; 1]].concat();
    let tags = 40_000_u32;
    let mut bytes = [&[0; 10][..], &[1]].concat();
    let (count, length) = varint_bytes(tags);
    bytes.extend(&count[..length]);
    bytes.extend(node.repeat(tags as usize));
    let ours = rewritten(walker("FetchResponse", &bytes, 16), |slot| {
        if slot.field().name == "Host" {
            slot.set("h".repeat(126).as_str());
        }
    });
    let ours = ours.expect("rewritten");
    assert_eq!(ours.len(), bytes.len() + tags as usize * (125 + 1));
    let message = FetchResponse::decode(&ours, 16).expect("readable");
    assert_eq!(message.node_endpoints[0].host, "h".repeat(126));
    assert_eq!(message.node_endpoints[0].rack.as_deref(), Some("r".repeat(23).as_str()));
}
