//! Tests of JSON output.

use super::*;

fn print(record: &View<'_>) -> String {
    let mut out = Vec::new();
    write(record, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn text_null_and_empty_are_told_apart() {
    let headers: &[(&[u8], Option<&[u8]>)] = &[(b"a", Some(b"1")), (b"a", None), (b"b", Some(b""))];
    let record = View {
        topic: "orders",
        partition: 3,
        offset: 42,
        timestamp: -1,
        key: None,
        value: Some("a \"line\"\nä".as_bytes()),
        headers,
    };
    let line = print(&record);
    assert_eq!(
        line,
        "{\"topic\":\"orders\",\"partition\":3,\"offset\":42,\"timestamp\":-1,\"key\":null,\"value\":\"a \\\"line\\\"\\nä\",\
         \"headers\":[{\"name\":\"a\",\"value\":\"1\"},{\"name\":\"a\",\"value\":null},{\"name\":\"b\",\"value\":\"\"}]}\n"
    );
    let parsed: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(parsed["offset"], 42);
    assert!(print(&View { key: Some(b""), ..record }).contains("\"key\":\"\""));
}

#[test]
fn what_is_not_text_comes_in_base64() {
    let encoded = |bytes: &[u8]| {
        let mut out = Vec::new();
        base64(&mut out, bytes);
        String::from_utf8(out).unwrap()
    };
    // RFC 4648, section 10.
    for (bytes, text) in
        [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
    {
        assert_eq!(encoded(bytes.as_bytes()), text);
    }
    assert_eq!(encoded(b"\xff\xfe\xfd"), "//79");
    let record =
        View { topic: "t", partition: 0, offset: 0, timestamp: 0, key: None, value: Some(b"\xff\x00"), headers: &[] };
    assert!(print(&record).contains("\"value_base64\":\"/wA=\""));
}
