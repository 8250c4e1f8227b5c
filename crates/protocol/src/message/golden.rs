//! Every message against vectors that Kafka's own classes wrote.
//!
//! `OTTLA_GOLDEN` names the folder of the vectors: tab separated lines of name, API key, type, version, hex and JSON.

use std::path::PathBuf;

use bytes::Bytes;

use crate::messages::registry;

fn folder() -> PathBuf {
    std::env::var_os("OTTLA_GOLDEN").expect("OTTLA_GOLDEN names the folder of the vectors").into()
}

fn bytes(hex: &str) -> Bytes {
    let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("hex"), 16).expect("hex");
    hex.as_bytes().chunks(2).map(digits).collect()
}

#[test]
fn what_kafka_wrote_is_read_whole_and_written_back_byte_for_byte() {
    let (mut passed, mut failed) = (0, Vec::new());
    for file in ["golden-new.tsv", "golden-old.tsv"] {
        let path = folder().join(file);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for (number, line) in text.lines().enumerate() {
            let columns: Vec<&str> = line.split('\t').collect();
            let [name, _, _, version, hex, _] = columns[..] else {
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
        }
    }
    println!("{passed} vectors passed");
    assert!(
        failed.is_empty(),
        "{} vectors failed, {passed} passed: {:#?}",
        failed.len(),
        &failed[..failed.len().min(20)]
    );
}
