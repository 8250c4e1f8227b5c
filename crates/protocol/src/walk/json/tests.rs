//! JSON as Kafka prints it; that of whole messages is compared with Kafka's own in the golden tests.

use bytes::BytesMut;

use super::super::tests::golden;
use super::super::{Payloads, Walker, json};
use crate::Message as _;
use crate::messages::AlterConfigsRequest;
use crate::messages::alter_configs::{AlterConfigsResource, AlterableConfig};
use crate::schema::MessageSchema;

fn print(name: &str, body: &[u8], version: i16, payloads: Payloads) -> String {
    let schema = MessageSchema::named(name).expect("known");
    json(Walker::new(schema, body, version).expect("a version"), payloads).expect("readable").to_string()
}

#[test]
fn payloads_and_secrets_are_hidden_on_demand() {
    let scram = b"\x01\x02\x05user\x01\x00\x00\x10\x00\x05salt\x05pass\x00\x00";
    let hidden = print("AlterUserScramCredentialsRequest", scram, 0, Payloads::Hidden);
    assert!(hidden.contains(r#""saltSizeInBytes":4,"saltedPasswordSizeInBytes":4"#), "{hidden}");
    let shown = print("AlterUserScramCredentialsRequest", scram, 0, Payloads::Shown);
    assert!(shown.contains(r#""salt":"c2FsdA==","saltedPassword":"cGFzcw==""#), "{shown}");
}

#[test]
fn strings_that_may_be_secrets_are_hidden_on_demand() {
    let config = AlterableConfig { name: "password".into(), value: Some("hunter2".into()), ..Default::default() };
    let unset = AlterableConfig { name: "other".into(), value: None, ..Default::default() };
    let resource = AlterConfigsResource { configs: vec![config, unset], ..Default::default() };
    let mut body = BytesMut::new();
    AlterConfigsRequest { resources: vec![resource], ..Default::default() }.encode(2, &mut body).expect("writable");
    let hidden = print("AlterConfigsRequest", &body, 2, Payloads::Hidden);
    assert!(hidden.contains(r#"{"name":"password","value":"<hidden>"},{"name":"other","value":null}"#), "{hidden}");
    assert!(print("AlterConfigsRequest", &body, 2, Payloads::Shown).contains(r#""value":"hunter2""#));
}

#[test]
fn bytes_are_shown_in_base64() {
    for (secret, expected) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
        let body = [&[0, 0, 0, secret.len() as u8], secret.as_bytes()].concat();
        let json = print("SaslAuthenticateRequest", &body, 0, Payloads::Shown);
        assert_eq!(json, format!("{{\"authBytes\":\"{expected}\"}}"));
    }
}

#[test]
fn hiding_changes_neither_nulls_nor_lengths_nor_what_is_no_secret() {
    let produce = b"\xff\xff\x00\x01\x00\x00\x00\x05\x00\x00\x00\x01\x00\x01t\x00\x00\x00\x02\
        \x00\x00\x00\x07\x00\x00\x00\x02ab\x00\x00\x00\x08\xff\xff\xff\xff";
    let expected = r#"{"transactionalId":null,"acks":1,"timeoutMs":5,"topicData":[{"name":"t","partitionData":[{"index":7,"recordsSizeInBytes":2},{"index":8,"records":null}]}]}"#;
    for payloads in [Payloads::Hidden, Payloads::Shown] {
        assert_eq!(print("ProduceRequest", produce, 3, payloads), expected);
    }
}

#[test]
fn what_is_not_utf_8_or_must_be_escaped_is_printed_all_the_same() {
    let json = print("SaslHandshakeRequest", b"\x00\x07\"\\\n\x1f\xffab", 1, Payloads::Shown);
    assert_eq!(json, "{\"mechanism\":\"\\\"\\\\\\n\\u001F\u{fffd}ab\"}");
}

#[test]
fn tagged_fields_stand_where_the_definition_has_them_and_the_last_one_counts() {
    // Fetch version 12, its cluster id twice and an unknown tag between them.
    let tags = [3, 0, 2, 2, b'a', 9, 1, 0, 0, 2, 2, b'b'];
    let fetch = [&[0; 25][..], &[1, 1, 1], &tags].concat();
    let json = print("FetchRequest", &fetch, 12, Payloads::Shown);
    assert!(json.starts_with(r#"{"clusterId":"b","replicaId":0,"#), "{json}");
    assert!(json.ends_with(r#""rackId":""}"#), "{json}");
}

#[test]
fn no_struct_has_more_tags_than_are_looked_for() {
    fn most(fields: &[super::FieldSchema]) -> usize {
        let own = fields.iter().filter(|field| field.tag.is_some()).count();
        let inner = fields.iter().map(|field| match field.kind {
            super::FieldKind::Struct(fields) => most(fields),
            _ => 0,
        });
        inner.max().unwrap_or(0).max(own)
    }
    assert!(MessageSchema::ALL.iter().map(|schema| most(schema.fields)).max() <= Some(super::Tags::MOST));
}

#[test]
fn everything_that_kafka_wrote_is_json_hidden_or_shown() {
    golden(|schema, version, bytes| {
        for payloads in [Payloads::Hidden, Payloads::Shown] {
            let json = print(schema.name, &bytes, version, payloads);
            let parsed: Result<serde_json::Value, _> = serde_json::from_str(&json);
            assert!(parsed.is_ok_and(|value| value.is_object()), "{json}");
        }
    });
}

#[test]
fn floats_are_printed_as_java_prints_them() {
    for (value, expected) in [
        (0.0, "0.0"),
        (1.5, "1.5"),
        (-9_999_999.0, "-9999999.0"),
        (1e7, "1.0E7"),
        (1.25e-4, "1.25E-4"),
        (f64::NAN, "\"NaN\""),
        (f64::NEG_INFINITY, "\"-Infinity\""),
    ] {
        let quota =
            [&b"\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01k"[..], &f64::to_be_bytes(value), &[0, 0]]
                .concat();
        let json = print("AlterClientQuotasRequest", &quota, 0, Payloads::Shown);
        assert!(json.contains(&format!("\"value\":{expected},")), "{json}");
    }
}
