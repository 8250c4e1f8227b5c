//! Values by schema: JSON, and what it hides.

use bytes::BytesMut;

use super::*;
use crate::Encode;
use crate::messages::alter_configs::{AlterConfigsResource, AlterableConfig};
use crate::messages::{AlterConfigsRequest, HeartbeatRequest, SaslAuthenticateRequest};

fn value<M: Encode>(message: &M, version: i16) -> StructValue {
    let mut out = BytesMut::new();
    message.encode(version, &mut out).expect("writable");
    let schema = MessageSchema::named(M::NAME).expect("a schema");
    read(schema, &out.freeze(), version).expect("readable")
}

#[test]
fn a_message_prints_as_kafka_prints_it() {
    let heartbeat = HeartbeatRequest {
        group_id: "a\"\u{1}é".into(),
        generation_id: -3,
        member_id: "m".into(),
        unknown_tagged_fields: [(3, Bytes::new())].into_iter().collect(),
        ..Default::default()
    };
    assert_eq!(
        value(&heartbeat, 4).json(Payloads::Hidden).to_string(),
        r#"{"groupId":"a\"\u0001é","generationId":-3,"memberId":"m","groupInstanceId":null}"#
    );
}

#[test]
fn secrets_are_hidden_unless_asked_for() {
    let config = AlterableConfig { name: "password".into(), value: Some("hunter2".into()), ..Default::default() };
    let resource = AlterConfigsResource { configs: vec![config], ..Default::default() };
    let value_of_config = value(&AlterConfigsRequest { resources: vec![resource], ..Default::default() }, 2);
    assert!(!value_of_config.json(Payloads::Hidden).to_string().contains("hunter2"));
    assert!(value_of_config.json(Payloads::Shown).to_string().contains("hunter2"));

    for (secret, expected) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
        let auth = SaslAuthenticateRequest { auth_bytes: Bytes::from_static(secret.as_bytes()), ..Default::default() };
        let shown = value(&auth, 2).json(Payloads::Shown).to_string();
        assert_eq!(shown, format!(r#"{{"authBytes":"{expected}"}}"#));
    }
}

#[test]
fn fields_are_found_by_name() {
    let heartbeat = HeartbeatRequest { generation_id: 7, ..Default::default() };
    let value = value(&heartbeat, 0);
    assert_eq!(value.get("GenerationId"), Some(&Value::Int(7)));
    assert_eq!(value.get("GroupInstanceId"), None);
}
