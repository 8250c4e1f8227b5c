//! One record set that Kafka wrote: batch by batch, record by record, and the damage at its end.

use bytes::Bytes;
use ottla_compression::Decompressor;
use ottla_protocol::records::{
    BatchBuilder, BatchHeader, Codec, RawBatch, RecordError, RecordView, TimestampType, batches, edit,
};
use serde_json::{Value, json};

use super::corpus::{Verdict, hex, unhex};
use super::legacy_sets;

/// More than any set of a corpus decompresses to.
pub(crate) const LIMIT: usize = 64 << 20;

/// Checks a line of record sets.
pub(crate) fn check(line: &str) -> Result<(), Verdict> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [name, expect, hex, json] = columns[..] else {
        return Err(format!("{} columns", columns.len()).into());
    };
    let bytes = unhex(hex)?;
    let expected: Value = serde_json::from_str(json).map_err(|error| format!("{name}: {error}"))?;
    let outcome = if name.starts_with("v2/") {
        sets_of_v2(expect, &bytes, &expected)
    } else {
        legacy_sets::check(expect, &bytes, &expected)
    };
    outcome.map_err(|message| format!("{name}: {message}").into())
}

fn sets_of_v2(expect: &str, bytes: &Bytes, expected: &Value) -> Result<(), String> {
    let mut found = batches(bytes);
    for (place, expected) in list(&expected["batches"]).iter().enumerate() {
        let at = |message: String| format!("batch {place}: {message}");
        let batch = found.next().ok_or_else(|| at("is missing".into()))?.map_err(|error| at(error.to_string()))?;
        one_batch(&batch, expected).map_err(at)?;
    }
    let valid = expected["validBytes"].as_u64().map(|valid| valid as usize);
    if valid != Some(found.position()) {
        return Err(format!("{} bytes are sound, not {valid:?}", found.position()));
    }
    let next = found.next();
    match (expect, next) {
        ("ok", None) if found.remainder().is_empty() => Ok(()),
        ("partial", None) if !found.remainder().is_empty() => Ok(()),
        ("crc", Some(Ok(batch))) => match batch.verify_crc() {
            Err(RecordError::Crc { .. }) => Ok(()),
            other => Err(format!("the next batch must have a bad CRC, not {other:?}")),
        },
        (_, next) => Err(format!("the end must be {expect}, not {next:?}, {} bytes left", found.remainder().len())),
    }
}

/// Header and records as Kafka's reader reports them; and the same bytes when both are written again.
fn one_batch(batch: &RawBatch<'_>, expected: &Value) -> Result<(), String> {
    batch.verify_crc().map_err(|error| error.to_string())?;
    let codec = batch.codec().map_err(|error| error.to_string())?;
    let mut scratch = Vec::new();
    let records = batch
        .open(&mut Decompressor::new(), &mut scratch, LIMIT)
        .map_err(|error| error.to_string())?
        .collect::<Vec<_>>();
    let mut ours = header_json(batch.header(), codec.name());
    ours["records"] = records.iter().map(record_json).collect::<Vec<_>>().into();
    same(&ours, expected)?;
    written_again(batch, codec, &records)
}

/// Whether our builder gives the same batch: all of its bytes where it is not compressed, else all but what compressing
/// decides.
fn written_again(batch: &RawBatch<'_>, codec: Codec, records: &[RecordView<'_>]) -> Result<(), String> {
    let header = batch.header();
    let mut builder = BatchBuilder::new(Vec::new());
    let mut scratch = Vec::new();
    batch.decompress(&mut Decompressor::new(), &mut scratch, LIMIT).map_err(|error| error.to_string())?;
    let plain = if codec == Codec::None { batch.payload() } else { &scratch[..] };
    // Timestamps of the broker's hide those that the records have, and a base that is no record's cannot be given.
    let stamped = header.attributes.timestamp_type() == TimestampType::LogAppendTime;
    let first = records.first();
    let deltas_start_at_zero = first.is_none_or(|record| record.timestamp == header.base_timestamp);
    if records.is_empty() || stamped || !deltas_start_at_zero {
        return Ok(());
    }
    for record in records {
        let delta = i32::try_from(record.offset - header.base_offset).map_err(|error| error.to_string())?;
        let headers = record.headers().map(|header| (header.key, header.value)).collect::<Vec<_>>();
        builder
            .append_at(delta, record.timestamp, record.key, record.value, headers)
            .map_err(|error| error.to_string())?;
    }
    let mut again = builder.build_with(header.attributes);
    again.set_base_offset(header.base_offset);
    again.set_leader_epoch(header.leader_epoch);
    again.assign(header.producer);
    again.seal();
    let again = again.into_inner();
    if again.get(BatchHeader::LEN..) != Some(plain) {
        return Err("the records are written otherwise".into());
    }
    let rebuilt = BatchHeader::read(&again).ok_or("no header")?;
    // The last offset may be beyond the last record's, after compaction.
    if rebuilt.last_offset_delta != header.last_offset_delta || codec != Codec::None {
        return Ok(());
    }
    if again != batch.bytes() {
        return Err(format!("{rebuilt:?} is written, not {header:?}"));
    }
    if edit::crc(&again) != header.crc {
        return Err("another CRC".into());
    }
    Ok(())
}

/// Says where two batches as JSON differ.
pub(crate) fn same(ours: &Value, kafkas: &Value) -> Result<(), String> {
    match super::json::difference(&ours.to_string(), &kafkas.to_string()) {
        None => Ok(()),
        Some(difference) => Err(difference),
    }
}

/// The elements of a JSON array.
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
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

/// A record as the corpus has it.
pub(crate) fn record_json(record: &RecordView<'_>) -> Value {
    let headers: Vec<_> = record.headers().map(|header| json!([header.key_str(), header.value.map(hex)])).collect();
    json!({
        "offset": record.offset,
        "timestamp": record.timestamp,
        "key": record.key.map(hex),
        "value": record.value.map(hex),
        "headers": headers,
    })
}
