//! Sets with messages of the formats before v2, which are read by writing them anew as batches.

use bytes::Bytes;
use ottla_compression::{Codec, Compressor, Decompressor};
use ottla_protocol::records::legacy::{Downgrade, MessageFormat, MessageSetBuilder, downgrade, upgrade};
use ottla_protocol::records::{NO_HEADERS, RecordError, RecordView, TimestampType, batches};
use serde_json::{Value, json};

use super::record_sets::{LIMIT, list, record_json, same};

/// Checks that each message, or compressed set of messages, has become one batch with the same records.
pub(crate) fn check(expect: &str, bytes: &Bytes, expected: &Value) -> Result<(), String> {
    let mut upgraded = Vec::new();
    let result = upgrade(bytes, &mut Decompressor::new(), &mut upgraded, LIMIT);
    let mut found = batches(&upgraded);
    let mut place_in_set = 0;
    for (place, expected) in list(&expected["batches"]).iter().enumerate() {
        let at = |message: String| format!("batch {place}: {message}");
        let batch = found.next().ok_or_else(|| at("is missing".into()))?.map_err(|error| at(error.to_string()))?;
        batch.verify_crc().map_err(|error| at(error.to_string()))?;
        let mut scratch = Vec::new();
        let opened =
            batch.open(&mut Decompressor::new(), &mut scratch, LIMIT).map_err(|error| at(error.to_string()))?;
        let views = opened.collect::<Vec<_>>();
        let records = views.iter().map(record_json).collect::<Vec<_>>();
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
        let size = expected["sizeInBytes"].as_u64().map_or(0, |size| size as usize);
        let stored = bytes.get(place_in_set..place_in_set + size).ok_or_else(|| at("is longer than the set".into()))?;
        place_in_set += size;
        if expected["magic"] != 2 {
            written_again(expected, stored, batch.bytes(), &views).map_err(at)?;
        }
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

/// Whether our builder gives the same message: all of its bytes where it is not compressed, else one that becomes the same
/// batch; and whether that batch, converted down, has the same records.
fn written_again(kafkas: &Value, stored: &[u8], upgraded: &[u8], records: &[RecordView<'_>]) -> Result<(), String> {
    let text = |error: RecordError| error.to_string();
    let format = if kafkas["magic"] == 0 { MessageFormat::V0 } else { MessageFormat::V1 };
    let codec = kafkas["compression"].as_str().and_then(|name| name.parse().ok()).unwrap_or(Codec::None);
    let base = records.first().map_or(0, |record| record.offset);
    let mut builder = MessageSetBuilder::new(format, Vec::new());
    builder.set_base_offset(base);
    if kafkas["timestampType"] == "LogAppendTime" {
        builder.set_log_append_time(kafkas["maxTimestamp"].as_i64());
    }
    for record in records {
        let delta = i32::try_from(record.offset - base).map_err(|error| error.to_string())?;
        builder.append_at(delta, record.timestamp, record.key, record.value, NO_HEADERS).map_err(text)?;
    }
    let mut ours = Vec::new();
    builder.finish(&codec.into(), &mut Compressor::new(), &mut ours).map_err(text)?;
    if codec == Codec::None && ours != stored {
        return Err("the message is written otherwise".into());
    }
    let mut again = Vec::new();
    upgrade(&ours, &mut Decompressor::new(), &mut again, LIMIT).map_err(text)?;
    if again != upgraded {
        return Err("what is written is read otherwise".into());
    }

    let mut old = Vec::new();
    let how = Downgrade::to(format).lossless().compress(codec.into());
    let (decompressor, compressor) = (&mut Decompressor::new(), &mut Compressor::new());
    let done = downgrade(upgraded, &how, decompressor, compressor, &mut old, LIMIT).map_err(text)?;
    if done.records != records.len() {
        return Err(format!("{} records are converted down, of {}", done.records, records.len()));
    }
    again.clear();
    upgrade(&old, &mut Decompressor::new(), &mut again, LIMIT).map_err(text)?;
    if again != upgraded {
        return Err("what is converted down is read otherwise".into());
    }
    Ok(())
}
