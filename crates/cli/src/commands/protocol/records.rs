//! The records fields of a message, opened.

use ottla_protocol::walk::{Step, Value as Found, Walker};
use serde_json::{Map, Value};

use crate::batches::{Reader, Records};
use crate::segment::{Piece, Segment};

/// The most that the records of one batch may take once they are decompressed.
const LIMIT: u32 = 128 << 20;

/// Puts batches and records in the places of `recordsSizeInBytes` in the JSON of a message.
pub(super) fn open(mut walker: Walker<'_>, told: Records, message: &mut Value) {
    // The message was walked over before, so errors end nothing here.
    while let Ok(Some(step)) = walker.step() {
        let Step::Value(field, Found::Records(bytes)) = step else { continue };
        let mut letters = field.name.chars();
        let name: String = letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect();
        let Some(object) = around(message, &walker.path().to_string()) else { continue };
        let size = format!("{name}SizeInBytes");
        let renamed = std::mem::take(object)
            .into_iter()
            .map(|(key, value)| if key == size { (name.clone(), batches(bytes, told)) } else { (key, value) });
        *object = renamed.collect();
    }
}

/// The object that the last field of a path, such as `Responses[0].Partitions[2].Records`, belongs to.
fn around<'v>(message: &'v mut Value, path: &str) -> Option<&'v mut Map<String, Value>> {
    let mut place = message;
    let mut fields = path.split('.').peekable();
    while let (Some(field), Some(_)) = (fields.next(), fields.peek()) {
        let (name, index) = match field.strip_suffix(']').and_then(|field| field.split_once('[')) {
            Some((name, index)) => (name, Some(index.parse::<usize>().ok()?)),
            None => (field, None),
        };
        let first = name.get(..1)?.to_ascii_lowercase();
        place = place.get_mut(format!("{first}{}", name.get(1..)?))?;
        if let Some(index) = index {
            place = place.get_mut(index)?;
        }
    }
    place.as_object_mut()
}

fn batches(bytes: &[u8], told: Records) -> Value {
    let mut segment = Segment::new(bytes, u64::MAX);
    let mut reader = Reader::new(told, LIMIT as usize);
    let (mut batches, mut text) = (Vec::new(), Vec::new());
    loop {
        let (position, what) = match segment.next() {
            Ok(Piece::Batch { position, bytes }) => {
                let batch = reader.read(bytes);
                let mut object = batch.json();
                let records = batch.records().filter_map(|record| {
                    text.clear();
                    record.json(&mut text);
                    serde_json::from_slice::<Value>(&text).ok()
                });
                object.insert("records".to_owned(), records.collect());
                object.shift_insert(0, "position".to_owned(), position.into());
                batches.push(Value::Object(object));
                continue;
            }
            // A broker fills its answer to the byte, so the last batch is seldom there whole.
            Ok(Piece::CutShort { position, there, .. }) => (position, format!("cut short after {there} bytes")),
            Ok(Piece::Broken { position, why }) => (position, format!("no batch: {why}")),
            Ok(Piece::Zeros { position, count }) => (position, format!("{count} zeros")),
            Ok(Piece::TooLong { position, length }) => (position, format!("{length} bytes, which are too many")),
            Ok(Piece::End) | Err(_) => return batches.into(),
        };
        batches.push(serde_json::json!({"position": position, "damage": what}));
        return batches.into();
    }
}
