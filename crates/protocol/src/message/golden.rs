//! Every message against vectors that Kafka's own classes wrote.
//!
//! The committed file has one vector for every message and version. The folder that the environment names as `OTTLA_GOLDEN`
//! is read instead where it is set: `golden-*.tsv`, each line a name, an API key, a type, a version, the body in hex, and the
//! JSON that Kafka prints of it.

use std::path::PathBuf;

use bytes::Bytes;

use crate::messages::registry;
use crate::schema::MessageSchema;
use crate::value::{Payloads, read};

fn files() -> Vec<PathBuf> {
    match std::env::var_os("OTTLA_GOLDEN") {
        Some(folder) => ["golden-new.tsv", "golden-old.tsv"].map(|file| PathBuf::from(&folder).join(file)).into(),
        None => vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/messages-small.tsv"))],
    }
}

fn bytes(hex: &str) -> Bytes {
    let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("hex"), 16).expect("hex");
    hex.as_bytes().chunks(2).map(digits).collect()
}

#[test]
fn what_kafka_wrote_is_read_whole_printed_alike_and_written_back_byte_for_byte() {
    let (mut passed, mut printed, mut failed) = (0, 0, Vec::new());
    for path in files() {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for (number, line) in text.lines().enumerate() {
            let columns: Vec<&str> = line.split('\t').collect();
            let [name, _, _, version, hex, json] = columns[..] else {
                panic!("{file}:{number}: {} columns", columns.len())
            };
            // Renamed after 3.9.
            let name = &name.replace("ListClientMetricsResources", "ListConfigResources");
            let message = registry::ALL.iter().find(|message| message.name == name);
            let message = message.unwrap_or_else(|| panic!("{name} is not known"));
            let kafka = bytes(hex);
            match (message.again)(&kafka, version.parse().expect("a version")) {
                Ok(Ok((ours, length))) if ours == kafka && length == kafka.len() => passed += 1,
                Ok(Ok((_, length))) => failed.push(format!("{file}:{number}: {name} {version}: {length} bytes read")),
                Ok(Err(error)) => failed.push(format!("{file}:{number}: {error}")),
                Err(error) => failed.push(format!("{file}:{number}: {error}")),
            }
            let json = match columns[0] {
                "ListClientMetricsResourcesResponse" => &json
                    .replace("\"clientMetricsResources\":", "\"configResources\":")
                    .replace("\"name\":", "\"resourceName\":"),
                _ => json,
            };
            let schema = MessageSchema::named(name).expect("every message has a schema");
            let value = read(schema, &kafka, version.parse().expect("a version"));
            let ours = value.map(|value| value.json(Payloads::Shown).to_string());
            let parsed = |json: &str| serde_json::from_str::<serde_json::Value>(json).expect("JSON");
            match ours {
                Ok(ours) if ours == json || parsed(&ours) == parsed(json) => printed += 1,
                ours => failed.push(format!("{file}:{number}: {name} {version}: {ours:?}, not {json}")),
            }
        }
    }
    println!("{passed} vectors written back, {printed} printed as Kafka prints them");
    assert!(passed + failed.len() >= 746, "a vector for every message and version, not {passed}");
    assert!(
        failed.is_empty(),
        "{} vectors failed, {passed} passed: {:#?}",
        failed.len(),
        &failed[..failed.len().min(20)]
    );
}
