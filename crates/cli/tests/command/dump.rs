//! Log segments are dumped, whole and damaged.

use std::path::PathBuf;

use ottla_protocol::ProducerId;
use ottla_protocol::records::{BatchBuilder, NO_HEADERS, Producer, end_transaction_batch};

use super::run::{ottla, text};

fn batch(base_offset: i64, values: &[&str]) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Vec::new());
    for value in values {
        builder.append(1_700_000_000_000, None, Some(value.as_bytes()), NO_HEADERS).unwrap();
    }
    let mut batch = builder.build();
    batch.set_base_offset(base_offset);
    batch.seal();
    batch.into_inner()
}

/// A file that is there for one test.
struct Segment(PathBuf);

impl Segment {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("ottla-dump-{}-{name}.log", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn batches_and_records_of_a_segment_are_printed() {
    let producer = Producer { id: ProducerId(9), epoch: 0, base_sequence: -1 };
    let marker = end_transaction_batch(true, producer, 5, 1, Vec::new()).unwrap().into_inner();
    let segment = Segment::new("whole", &[batch(0, &["a", "b"]), batch(2, &["c"]), marker].concat());
    let ended = ottla(&["log", "dump", segment.path()]).end().success();
    let printed = text(&ended.stdout);
    let lines: Vec<_> = printed.lines().collect();
    assert_eq!(lines.len(), 4, "{printed}");
    assert!(lines[1].starts_with("0: offsets 0 to 1, 2 records, "), "{printed}");
    assert!(ended.stderr.contains("3 batches, 4 records"), "{}", ended.stderr);

    let ended = ottla(&["log", "dump", "--records", "--output", "json", segment.path()]).end().success();
    let printed = text(&ended.stdout);
    let json: Vec<serde_json::Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(json.len(), 3);
    assert_eq!(json[0]["records"][1]["value"], "b");
    assert_eq!(json[1]["base_offset"], 2);
    assert_eq!(json[1]["position"], json[0]["size"]);
    let control = serde_json::json!({"type": "COMMIT", "value": {"coordinatorEpoch": 5}});
    assert_eq!(json[2]["records"][0]["control"], control);
    let hidden = text(&ottla(&["log", "dump", "--records", "--hide", segment.path()]).end().success().stdout);
    assert!(hidden.contains("value 1 byte\n") && !hidden.contains("\"a\""), "{hidden}");
}

#[test]
fn standard_input_is_a_segment_too() {
    let ended = ottla(&["log", "dump", "-", "--records"]).input(&batch(7, &["x"])).end().success();
    assert!(text(&ended.stdout).contains("  offset 7, "), "{:?}", ended);
}

#[test]
fn damage_is_passed_over_and_told_with_its_place() {
    let mut second = batch(2, &["c"]);
    *second.last_mut().unwrap() ^= 1;
    let first = batch(0, &["a", "b"]);
    let place = format!("the batch at byte {} is damaged: the batch at offset 2 has CRC", first.len());
    let segment = Segment::new("damaged", &[first, second, batch(3, &["d"])].concat());
    let ended = ottla(&["log", "dump", segment.path()]).end();
    assert!(text(&ended.stdout).lines().nth(3).is_some_and(|line| line.contains("offset 3")), "{ended:?}");
    ended.failure(1, &[&place]);
}

#[test]
fn a_segment_that_ends_too_early_is_told_apart_from_a_damaged_one() {
    let whole = batch(0, &["a", "b"]);
    let next = batch(2, &["c"]);
    let segment = Segment::new("cut", &[&whole[..], &next[..40]].concat());
    let words = format!("the batch at byte {} is cut short: 40 of {} bytes are there", whole.len(), next.len());
    ottla(&["log", "dump", segment.path()]).end().failure(1, &[&words, "1 batches"]);
    let segment = Segment::new("garbage", &[&whole[..], &[0xee; 100]].concat());
    let words = format!("no batch begins at byte {}: ", whole.len());
    ottla(&["log", "dump", segment.path()]).end().failure(1, &[&words]);
    let segment = Segment::new("zeros", &[&whole[..], &[0; 5000]].concat());
    let ended = ottla(&["log", "dump", segment.path()]).end().success();
    assert!(ended.stderr.contains("5000 zeros"), "{}", ended.stderr);
}

#[test]
fn batches_above_the_limit_are_not_read() {
    let segment = Segment::new("large", &batch(0, &["a"]));
    ottla(&["log", "dump", segment.path(), "--max-batch-bytes", "60"]).end().failure(1, &["--max-batch-bytes"]);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    ottla(&["log", "dump", "/no/such/file.log"]).end().failure(4, &["/no/such/file.log"]);
    ottla(&["log", "dump"]).end().failure(2, &["FILE"]);
}
