//! Record sets that Kafka's own classes wrote, read here: every batch, every record, every damage.
//!
//! The committed file is a small choice. The folder that the environment names as `OTTLA_GOLDEN` is read instead where
//! it is set: `records-*.tsv`, each line a name, what to expect (`ok`, `partial`, `crc`), the set in hex, and as JSON the
//! batches that Kafka's reader saw in it.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fmt::Write;
use std::path::PathBuf;

use ottla_compression::Decompressor;
use ottla_protocol::records::{BatchHeader, RecordError, RecordView, TimestampType, batches, legacy};
use serde_json::{Value, json};

#[test]
fn record_sets_of_kafka_are_read_as_kafka_reads_them() {
    let mut cases = [0; 3];
    for file in files() {
        for line in std::fs::read_to_string(&file).unwrap().lines() {
            let [name, expect, hex, json] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
            let expected: Value = serde_json::from_str(json).unwrap();
            let bytes = unhex(hex);
            if expected["batches"].as_array().unwrap().iter().any(|batch| batch["magic"] != 2)
                || name.starts_with('v') && !name.starts_with("v2")
            {
                check_legacy(name, expect, &bytes, &expected);
                cases[1] += 1;
            } else {
                check(name, expect, &bytes, &expected);
                cases[0] += 1;
            }
            if expect != "ok" {
                cases[2] += 1;
            }
        }
    }
    println!("{} sets of v2, {} with older formats; {} of them damaged or cut", cases[0], cases[1], cases[2]);
    assert!(cases.iter().all(|count| *count > 0));
}

fn files() -> Vec<PathBuf> {
    let folder = match std::env::var_os("OTTLA_GOLDEN") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden"),
    };
    let files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("records-"))
        .collect();
    assert!(!files.is_empty());
    files
}

fn check(name: &str, expect: &str, bytes: &[u8], expected: &Value) {
    let mut found = batches(bytes);
    for batch in expected["batches"].as_array().unwrap() {
        let raw = found.next().unwrap_or_else(|| panic!("{name}: a batch is missing")).unwrap();
        let mut scratch = Vec::new();
        let records = raw.open(&mut Decompressor::new(), &mut scratch, 10 << 20).unwrap();
        let records = records.map(|record| record_json(&record)).collect::<Vec<_>>();
        let header = header_json(raw.header(), raw.codec().unwrap().name());
        let mut batch = batch.clone();
        let expected_records = batch.as_object_mut().unwrap().remove("records").unwrap();
        assert_eq!(header, batch, "{name}");
        assert!(Value::from(records) == expected_records, "{name}: the records differ");
    }
    assert_eq!(found.position(), expected["validBytes"].as_u64().unwrap() as usize, "{name}");
    let next = found.next();
    match expect {
        "ok" => assert!(next.is_none() && found.remainder().is_empty(), "{name}"),
        "partial" => assert!(next.is_none() && !found.remainder().is_empty(), "{name}"),
        "crc" => {
            let error = next.unwrap().and_then(|batch| batch.verify_crc()).unwrap_err();
            assert!(matches!(error, RecordError::Crc { .. }), "{name}: {error}");
        }
        other => panic!("{other}"),
    }
}

/// Old messages are compared by their records, since they come as other batches.
fn check_legacy(name: &str, expect: &str, bytes: &[u8], expected: &Value) {
    let mut upgraded = Vec::new();
    let result = legacy::upgrade(bytes, &mut Decompressor::new(), &mut upgraded, 10 << 20);
    let mut records = Vec::new();
    for batch in batches(&upgraded) {
        let batch = batch.unwrap();
        let mut scratch = Vec::new();
        let opened = batch.open(&mut Decompressor::new(), &mut scratch, 10 << 20).unwrap();
        let stamped = batch.header().attributes.timestamp_type() == TimestampType::LogAppendTime;
        records.extend(opened.map(|record| (stamped, record_json(&record))));
    }
    let expected_records = expected["batches"].as_array().unwrap().iter().flat_map(|batch| {
        let stamped = batch["timestampType"] == "LogAppendTime";
        batch["records"].as_array().unwrap().iter().map(move |record| (stamped, record.clone()))
    });
    let valid = expected["validBytes"].as_u64().unwrap() as usize;
    assert!(records.into_iter().eq(expected_records), "{name}: the records differ");
    match expect {
        "ok" => assert_eq!((result, valid), (Ok(bytes.len()), bytes.len()), "{name}"),
        "partial" => assert!(result == Ok(valid) && valid < bytes.len(), "{name}: {result:?}"),
        "crc" => assert!(matches!(result, Err(RecordError::Crc { .. })), "{name}: {result:?}"),
        other => panic!("{other}"),
    }
}

fn header_json(header: &BatchHeader, codec: &str) -> Value {
    json!({
        "magic": 2,
        "sizeInBytes": header.len(),
        "crc": header.crc,
        "compression": codec,
        "timestampType": format!("{:?}", header.attributes.timestamp_type()),
        "transactional": header.is_transactional(),
        "control": header.is_control(),
        "baseOffset": header.base_offset,
        "lastOffset": header.last_offset(),
        "baseTimestamp": header.base_timestamp,
        "maxTimestamp": header.max_timestamp,
        "deleteHorizonMs": header.delete_horizon(),
        "partitionLeaderEpoch": header.leader_epoch,
        "producerId": header.producer.id.0,
        "producerEpoch": header.producer.epoch,
        "baseSequence": header.producer.base_sequence,
        "lastSequence": header.last_sequence(),
    })
}

fn record_json(record: &RecordView<'_>) -> Value {
    let headers: Vec<_> =
        record.headers().map(|header| json!([header.key_str().unwrap(), header.value.map(hex)])).collect();
    json!({
        "offset": record.offset,
        "timestamp": record.timestamp,
        "key": record.key.map(hex),
        "value": record.value.map(hex),
        "headers": headers,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

fn unhex(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|digits| u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap())
        .collect()
}
