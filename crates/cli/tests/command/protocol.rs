//! Messages are decoded and listed.

use ottla_protocol::messages::fetch::{FetchableTopicResponse, PartitionData};
use ottla_protocol::messages::{FetchResponse, SaslAuthenticateRequest};
use ottla_protocol::records::{BatchBuilder, NO_HEADERS};
use ottla_protocol::{Message as _, frame};
use serde_json::{Value, json};

use super::run::{ottla, text};

fn decode(arguments: &[&str], input: &[u8]) -> Vec<Value> {
    let ended = ottla(&[&["protocol", "decode"], arguments].concat()).input(input).end().success();
    text(&ended.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A Fetch response with one batch, and the beginning of another.
fn fetched() -> Vec<u8> {
    let mut builder = BatchBuilder::new(Vec::new());
    builder.append(1_700_000_000_000, Some(b"k"), Some(b"value"), NO_HEADERS).unwrap();
    let mut batch = builder.build();
    batch.set_base_offset(7);
    batch.seal();
    let mut records = batch.into_inner();
    records.extend_from_within(..30);
    let partition = PartitionData { partition_index: 3, records: Some(records.into()), ..Default::default() };
    let topic = FetchableTopicResponse { topic: "t".into(), partitions: vec![partition], ..Default::default() };
    let response = FetchResponse { responses: vec![topic], ..Default::default() };
    let mut out = bytes::BytesMut::new();
    response.encode(12, &mut out).unwrap();
    out.to_vec()
}

#[test]
fn a_body_is_printed_as_kafka_prints_it() {
    let arguments = ["--api", "InitProducerId", "--version", "0", "--response"];
    let expected = json!({"throttleTimeMs": 3, "errorCode": 0, "producerId": 9, "producerEpoch": 1});
    let hex = b"00000003 0000 00:00:00:00:00:00:00:09 0x0001\n";
    assert_eq!(decode(&arguments, hex)[0], expected);
    let binary = b"\0\0\0\x03\0\0\0\0\0\0\0\0\0\x09\0\x01";
    assert_eq!(decode(&arguments, binary), [expected]);
    let pretty = ottla(&[&["protocol", "decode", "--pretty"], &arguments[..]].concat()).input(hex).end().success();
    assert!(text(&pretty.stdout).starts_with("{\n  \"throttleTimeMs\": 3,\n"), "{pretty:?}");
}

#[test]
fn frames_tell_their_headers_and_need_no_api() {
    let request = SaslAuthenticateRequest { auth_bytes: "secret".into(), ..Default::default() };
    let mut frame = frame::encode_request(&request, 2, Some("me")).unwrap();
    frame.set_correlation_id(5);
    let twice = frame.head.repeat(2);
    let decoded = decode(&["--request", "--frame"], &twice);
    let header = json!({"requestApiKey": 36, "requestApiVersion": 2, "correlationId": 5, "clientId": "me"});
    assert_eq!(decoded[0], json!({"header": header, "body": {"authBytesSizeInBytes": 6}}));
    assert_eq!(decoded[0], decoded[1]);
    let shown = decode(&["--request", "--frame", "--show"], &frame.head);
    assert_eq!(shown[0]["body"]["authBytes"], "c2VjcmV0");
    let ended = ottla(&["protocol", "decode", "--request", "--frame"]).input(&twice[..twice.len() - 1]).end();
    assert_eq!(text(&ended.stdout).lines().count(), 1);
    ended.failure(1, &[&format!("the frame at byte {} is cut short", frame.head.len())]);
}

#[test]
fn records_are_opened_where_that_is_asked_for() {
    let arguments = ["--api", "1", "--version", "12", "--response"];
    let partition = |arguments: &[&str]| decode(arguments, &fetched())[0]["responses"][0]["partitions"][0].clone();
    assert_eq!(partition(&arguments)["recordsSizeInBytes"], fetched_records());
    let opened = partition(&[&arguments[..], &["--records"]].concat());
    assert_eq!(opened["records"][0]["base_offset"], 7);
    assert_eq!(opened["records"][0]["records"][0]["value_size"], 5);
    assert_eq!(opened["records"][1]["damage"], "cut short after 30 bytes");
    let shown = partition(&[&arguments[..], &["--records", "--show"]].concat());
    assert_eq!(shown["records"][0]["records"][0]["value"], "value");
}

/// The size of the records in [`fetched`].
fn fetched_records() -> usize {
    61 + 13 + 30
}

#[test]
fn what_is_no_such_message_is_told_by_field_and_place() {
    let mut bytes = fetched();
    bytes.truncate(40);
    let arguments = ["protocol", "decode", "--api", "Fetch", "--version", "12", "--response"];
    ottla(&arguments)
        .input(&bytes)
        .end()
        .failure(1, &["FetchResponse version 12", "Responses[0].Partitions[0].", "byte "]);
    let ended = ottla(&arguments).input(&[fetched(), vec![1, 2]].concat()).end().success();
    assert!(ended.stderr.contains("2 bytes follow the message"), "{}", ended.stderr);
}

#[test]
fn wrong_arguments_say_what_there_is() {
    let decode = |arguments: &[&str]| ottla(&[&["protocol", "decode"], arguments].concat()).input(b"").end();
    decode(&["--api", "Fetsh", "--version", "1", "--request"]).failure(2, &["Fetsh", "protocol list"]);
    decode(&["--api", "Fetch", "--version", "99", "--request"]).failure(2, &["Fetch has versions"]);
    decode(&["--api", "Fetch", "--version", "4"]).failure(2, &["--request"]);
    decode(&["--response", "--frame"]).failure(2, &["--api"]);
    let arguments = ["--api", "Fetch", "--version", "4", "--request", "--input", "hex"];
    ottla(&[&["protocol", "decode"], &arguments[..]].concat()).input(b"0g").end().failure(4, &["'g' at character 1"]);
}

#[test]
fn apis_and_fields_are_listed() {
    let listed = text(&ottla(&["protocol", "list"]).end().success().stdout);
    let row = listed.lines().find(|line| line.contains(" Fetch ")).unwrap();
    assert!(row.trim_start().starts_with("1 "), "{row}");
    let json = text(&ottla(&["protocol", "list", "--output", "json"]).end().success().stdout);
    let json: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(json.len(), listed.lines().count() - 1);
    assert_eq!(json[1]["name"], "Fetch");
    assert_eq!(json[1]["flexible_from"], 12);
    let releases = json[1]["releases"].as_array().unwrap();
    assert_eq!(releases[0]["versions"]["min"], 0);
    assert_eq!(releases.last().unwrap()["versions"]["max"], json[1]["latest_stable"]);

    let fields = text(&ottla(&["protocol", "list", "--api", "fetch"]).end().success().stdout);
    let topic = fields.lines().find(|line| line.trim_start().starts_with("Topic ")).unwrap();
    assert!(topic.contains("string") && topic.contains("topicName"), "{fields}");
    let json = text(&ottla(&["protocol", "list", "--api", "1", "--output", "json"]).end().success().stdout);
    let request: Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!(request["name"], "FetchRequest");
    assert!(request["fields"].as_array().unwrap().iter().any(|field| field["type"] == "[]struct"));
}
