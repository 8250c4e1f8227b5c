//! The choice of vectors in the repository, for machines without Java.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use super::corpus::{Corpus, RecordSet, Vector};
use crate::util::{self, Result};

/// Where it is, in the form of any corpus, compressed.
pub const FOLDER: &str = "crates/protocol/tests/golden";

/// Bytes above which a vector is left to the corpora made anew.
const LONGEST: usize = 700;
/// Bytes above which a record set is left to them.
const LONGEST_SET: usize = 400;

/// Writes the choice.
pub(super) fn write(corpus: &Path) -> Result<()> {
    let corpus = Corpus::read(corpus)?;
    let folder = util::root().join(FOLDER);
    let mut size = 0;
    for (file, _) in corpus.files("golden-") {
        let vectors = corpus.vectors(file)?;
        let chosen = choose(&vectors);
        let lines: String = chosen.iter().flat_map(|vector| [vector.line, "\n"]).collect();
        let notes: String = chosen.iter().flat_map(|vector| [vector.notes, "\n"]).collect();
        size += compress(&folder.join(format!("{file}.tsv.gz")), &lines)?;
        size += compress(&folder.join(format!("{file}.notes.tsv.gz")), &notes)?;
        println!("{file}: {} of {} vectors", chosen.len(), vectors.len());
    }
    for (file, text) in corpus.files("records-") {
        let sets = Corpus::record_sets(text)?;
        let chosen: Vec<_> = sets.iter().filter(|set| is_small(set)).collect();
        let lines: String = chosen.iter().flat_map(|set| [set.line, "\n"]).collect();
        size += compress(&folder.join(format!("{file}.tsv.gz")), &lines)?;
        println!("{file}: {} of {} record sets", chosen.len(), sets.len());
    }
    println!("{size} bytes in {FOLDER}");
    Ok(())
}

/// Of every message and version the vector with every field set, or the longest that is not too long; of the highest
/// version of each also a random one, which has unknown tagged fields where there can be any.
fn choose<'c, 'v>(vectors: &'c [Vector<'v>]) -> Vec<&'c Vector<'v>> {
    let mut pairs: BTreeMap<(&str, i16), Vec<&'c Vector<'v>>> = BTreeMap::new();
    for vector in vectors {
        pairs.entry((vector.name, vector.version)).or_default().push(vector);
    }
    let mut chosen = Vec::new();
    for (&(name, version), vectors) in &pairs {
        let short = || vectors.iter().filter(|vector| vector.bytes.len() <= LONGEST);
        let full = short().find(|vector| vector.kind == "full");
        chosen.extend(full.or_else(|| short().max_by_key(|vector| vector.bytes.len())));
        let highest = pairs.range((name, version)..).nth(1).is_none_or(|((next, _), _)| *next != name);
        chosen.extend(short().find(|vector| highest && vector.kind == "random"));
    }
    chosen
}

fn is_small(set: &RecordSet<'_>) -> bool {
    set.bytes.len() <= LONGEST_SET
}

/// Writes a file; gives its length.
fn compress(path: &Path, text: &str) -> Result<u64> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut encoder = flate2::GzBuilder::new().write(std::fs::File::create(path)?, flate2::Compression::best());
    encoder.write_all(text.as_bytes())?;
    Ok(encoder.finish()?.metadata()?.len())
}
