//! Sets with messages of the formats before v2, which are read by writing them anew as batches.

use bytes::Bytes;
use ottla_compression::Decompressor;
use ottla_protocol::records::{RecordError, TimestampType, batches, legacy};
use serde_json::{Value, json};

use super::record_sets::{LIMIT, list, record_json, same};

/// Checks that each message, or compressed set of messages, has become one batch with the same records.
pub(crate) fn check(expect: &str, bytes: &Bytes, expected: &Value) -> Result<(), String> {
    let mut upgraded = Vec::new();
    let result = legacy::upgrade(bytes, &mut Decompressor::new(), &mut upgraded, LIMIT);
    let mut found = batches(&upgraded);
    for (place, expected) in list(&expected["batches"]).iter().enumerate() {
        let at = |message: String| format!("batch {place}: {message}");
        let batch = found.next().ok_or_else(|| at("is missing".into()))?.map_err(|error| at(error.to_string()))?;
        batch.verify_crc().map_err(|error| at(error.to_string()))?;
        let mut scratch = Vec::new();
        let records = batch
            .open(&mut Decompressor::new(), &mut scratch, LIMIT)
            .map_err(|error| at(error.to_string()))?
            .map(|record| record_json(&record))
            .collect::<Vec<_>>();
        let header = batch.header();
        let stamped = header.attributes.timestamp_type() == TimestampType::LogAppendTime;
        let ours = json!({
            "stamped": stamped,
            "baseOffset": header.base_offset,
            "lastOffset": header.last_offset(),
            "maxTimestamp": header.max_timestamp,
            "records": records,
        });
        let kafkas = json!({
            "stamped": expected["timestampType"] == "LogAppendTime",
            "baseOffset": expected["baseOffset"],
            "lastOffset": expected["lastOffset"],
            "maxTimestamp": expected["maxTimestamp"],
            "records": expected["records"],
        });
        same(&ours, &kafkas).map_err(at)?;
    }
    if let Some(more) = found.next() {
        return Err(format!("one batch more: {more:?}"));
    }
    let valid = expected["validBytes"].as_u64().map_or(0, |valid| valid as usize);
    match (expect, result) {
        ("ok", Ok(read)) if read == bytes.len() && valid == read => Ok(()),
        ("partial", Ok(read)) if read == valid && read < bytes.len() => Ok(()),
        ("crc", Err(RecordError::Crc { .. })) => Ok(()),
        (_, result) => Err(format!("the end must be {expect} at byte {valid}, not {result:?}")),
    }
}
