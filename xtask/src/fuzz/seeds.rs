//! First inputs for the fuzzer, from the golden vectors in the repository: each in the form that its target reads.

use std::collections::BTreeMap;
use std::fs;

use crate::golden::committed;
use crate::golden::corpus::Corpus;
use crate::util::{self, Result};

/// What the names of these inputs begin with, so that they are told from those that the fuzzer found.
const PREFIX: &str = "golden-";

/// Inputs by target.
#[derive(Default)]
struct Seeds(BTreeMap<&'static str, Vec<Vec<u8>>>);

impl Seeds {
    fn add(&mut self, target: &'static str, parts: &[&[u8]]) {
        self.0.entry(target).or_default().push(parts.concat());
    }
}

/// Writes the inputs of all targets to `fuzz/corpus`; gives their number by target.
pub(super) fn write() -> Result<BTreeMap<&'static str, usize>> {
    let corpus = Corpus::read(&util::root().join(committed::FOLDER))?;
    let mut seeds = Seeds::default();
    messages(&corpus, &mut seeds)?;
    records(&corpus, &mut seeds)?;
    let mut counts = BTreeMap::new();
    for (target, inputs) in seeds.0 {
        let folder = util::root().join("fuzz/corpus").join(target);
        fs::create_dir_all(&folder)?;
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX)) {
                fs::remove_file(path)?;
            }
        }
        for (number, input) in inputs.iter().enumerate() {
            fs::write(folder.join(format!("{PREFIX}{number}")), input)?;
        }
        counts.insert(target, inputs.len());
    }
    Ok(counts)
}

/// Messages by their place among all, and as the bodies of frames.
fn messages(corpus: &Corpus, seeds: &mut Seeds) -> Result<()> {
    let mut vectors = Vec::new();
    for (file, _) in corpus.files("golden-") {
        vectors.extend(corpus.vectors(file)?);
    }
    // The corpus has every message in every version, so places and lowest versions can be taken from it.
    let mut lowest: BTreeMap<String, i16> = BTreeMap::new();
    for vector in &vectors {
        let least = lowest.entry(vector.current_name()).or_insert(vector.version);
        *least = vector.version.min(*least);
    }
    for vector in &vectors {
        let name = vector.current_name();
        let place = lowest.keys().position(|other| *other == name).unwrap_or_default();
        let place = u16::try_from(place)?.to_be_bytes();
        let above = u8::try_from(vector.version - lowest.get(&name).copied().unwrap_or_default())?;
        for target in ["messages", "walker"] {
            seeds.add(target, &[&place, &[above], &vector.bytes]);
        }
        if let Some(which @ (0 | 1)) = ["ProduceRequest", "FetchResponse"].iter().position(|other| *other == name) {
            seeds.add("views", &[&[u8::from(which == 1), u8::try_from(vector.version)?], &vector.bytes]);
        }
        let (Some(key), Some(header)) = (vector.api_key, vector.header_version) else { continue };
        let (key, version, correlation_id) = (key.to_be_bytes(), vector.version.to_be_bytes(), 7_i32.to_be_bytes());
        if vector.is_request() {
            // A client id from version 1 on, tagged fields from 2 on.
            let rest: &[u8] = match header {
                0 => &[],
                1 => &[0, 1, b'c'],
                _ => &[0, 1, b'c', 0],
            };
            seeds.add("frames", &[&[0], &key, &version, &correlation_id, rest, &vector.bytes]);
        } else {
            let rest: &[u8] = if header == 0 { &[] } else { &[0] };
            let version = u8::try_from(vector.version)?;
            seeds.add("frames", &[&[1], &key, &[version], &correlation_id, rest, &vector.bytes]);
        }
    }
    Ok(())
}

/// Length of a batch's header, and where its attributes, of which the lowest three bits are the codec, have their low byte.
const BATCH_HEADER: usize = 61;
const BATCH_ATTRIBUTES: usize = 22;

/// Record sets by their format, and what is compressed in them.
fn records(corpus: &Corpus, seeds: &mut Seeds) -> Result<()> {
    for (_, text) in corpus.files("records-") {
        for set in Corpus::record_sets(text)? {
            if set.name.starts_with("v2/") {
                seeds.add("batches", &[&set.bytes]);
                for how in 0..4 {
                    seeds.add("downgrade", &[&[how, 4], &set.bytes]);
                    seeds.add("rebatch", &[&[how, seeds_codec(&set.bytes), 10, 5], &set.bytes]);
                }
                let codec = set.bytes.get(BATCH_ATTRIBUTES).map(|attributes| attributes & 7);
                if let (Some(codec @ 1..=4), Some(payload)) = (codec, set.bytes.get(BATCH_HEADER..)) {
                    // At most 512 KiB come out.
                    seeds.add("decompress", &[&[codec, 19], payload]);
                }
            } else {
                seeds.add("message_sets", &[&set.bytes]);
                // As the contents of a compressed message.
                let magic = u8::from(set.name.starts_with("v1/"));
                seeds.add("message_sets", &[&[magic, 1], &set.bytes]);
            }
            seeds.add("compress_round_trip", &[&[seeds_codec(&set.bytes), 6, 0], &set.bytes]);
        }
    }
    Ok(())
}

/// Any codec, as the length has it.
fn seeds_codec(bytes: &[u8]) -> u8 {
    u8::try_from(bytes.len() % 5).unwrap_or_default()
}
