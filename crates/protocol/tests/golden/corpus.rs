//! The files of a corpus, and the count of what came of their lines.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use flate2::read::GzDecoder;
use ottla_protocol::schema::MessageSchema;

/// How many failures are shown in full.
const SHOWN: usize = 10;

/// A file of a corpus.
pub(crate) struct Lines {
    /// Its name without `.tsv` or `.tsv.gz`.
    pub(crate) name: String,
    pub(crate) lines: Vec<Line>,
}

/// A line, and where it is.
pub(crate) struct Line {
    pub(crate) number: usize,
    pub(crate) text: String,
}

/// Why a line did not pass.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Nothing here knows its message or version.
    Skipped(String),
    /// It was read or written otherwise than by Kafka.
    Failed(String),
}

impl From<String> for Verdict {
    fn from(message: String) -> Self {
        Self::Failed(message)
    }
}

impl From<&str> for Verdict {
    fn from(message: &str) -> Self {
        Self::Failed(message.to_owned())
    }
}

fn folder() -> PathBuf {
    match std::env::var_os("OTTLA_GOLDEN") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden"),
    }
}

/// The files whose names begin so, without those of notes.
pub(crate) fn files(start: &str) -> Vec<Lines> {
    let entries = std::fs::read_dir(folder()).unwrap_or_else(|error| panic!("{}: {error}", folder().display()));
    let names = entries.map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned());
    let stems: BTreeSet<String> = names
        .filter_map(|name| name.split_once(".tsv").map(|(stem, _)| stem.to_owned()))
        .filter(|stem| stem.starts_with(start) && !stem.ends_with(".notes"))
        .collect();
    assert!(!stems.is_empty(), "{}: no {start}*.tsv", folder().display());
    stems.into_iter().map(|stem| read(&stem)).collect()
}

/// The lines of notes that belong to those of a file of messages.
pub(crate) fn notes(file: &Lines) -> Vec<Line> {
    read(&format!("{}.notes", file.name)).lines
}

fn read(stem: &str) -> Lines {
    let (plain, compressed) = (folder().join(format!("{stem}.tsv")), folder().join(format!("{stem}.tsv.gz")));
    let mut text = String::new();
    let done = if plain.exists() {
        File::open(&plain).and_then(|mut file| file.read_to_string(&mut text))
    } else {
        File::open(&compressed).and_then(|file| GzDecoder::new(file).read_to_string(&mut text))
    };
    done.unwrap_or_else(|error| panic!("{}: {error}", plain.display()));
    let lines = text.lines().enumerate().map(|(index, line)| Line { number: index + 1, text: line.to_owned() });
    Lines { name: stem.to_owned(), lines: lines.collect() }
}

/// What came of all lines.
#[derive(Default)]
pub(crate) struct Tally {
    passed: usize,
    failed: Vec<String>,
    skipped: Vec<String>,
}

impl Tally {
    pub(crate) fn count(&mut self, file: &Lines, line: &Line, outcome: Result<(), Verdict>) {
        let place = || format!("{}:{}", file.name, line.number);
        match outcome {
            Ok(()) => self.passed += 1,
            Err(Verdict::Failed(message)) => self.failed.push(format!("{}: {message}\n    {}", place(), line.text)),
            Err(Verdict::Skipped(message)) => self.skipped.push(format!("{}: {message}", place())),
        }
    }

    /// Prints the counts and the first failures in full; panics if anything failed or was skipped.
    pub(crate) fn finish(self, what: &str) {
        let (failed, skipped) = (self.failed.len(), self.skipped.len());
        for line in self.failed.iter().take(SHOWN).chain(self.skipped.iter().take(SHOWN)) {
            println!("{line}");
        }
        // `cargo xtask golden` reads this line, which libtest may have begun with the test's name.
        println!("\ngolden {what}: {} passed, {failed} failed, {skipped} skipped", self.passed);
        assert!(failed == 0, "{failed} {what} failed");
        assert!(skipped == 0, "{skipped} {what} skipped");
    }
}

/// The messages, versions and record formats that the corpus lacks.
pub(crate) fn missing() -> Vec<String> {
    let mut found = BTreeSet::new();
    for file in files("golden-") {
        for line in &file.lines {
            let columns: Vec<&str> = line.text.split('\t').collect();
            found.insert(format!("{} {}", current_name(columns[0]), columns[3]));
        }
    }
    for file in files("records-") {
        let prefixes = file.lines.iter().filter_map(|line| line.text.rsplit_once('/').map(|(_, _)| &line.text));
        found.extend(prefixes.map(|line| line.splitn(3, '/').take(2).collect::<Vec<_>>().join("/")));
    }
    let messages = MessageSchema::ALL.iter().flat_map(|schema| {
        (schema.versions.min..=schema.versions.max).map(|version| format!("{} {version}", schema.name))
    });
    let old =
        ["v0", "v1"].iter().flat_map(|magic| ["none", "gzip", "snappy", "lz4"].map(|codec| format!("{magic}/{codec}")));
    let new = ["none", "gzip", "snappy", "lz4", "zstd", "edge", "control"].map(|codec| format!("v2/{codec}"));
    messages.chain(old).chain(new).filter(|wanted| !found.contains(wanted)).collect()
}

/// The name of a message today, of which one was renamed after 3.9.
pub(crate) fn current_name(name: &str) -> String {
    name.replace("ListClientMetricsResources", "ListConfigResources")
}

/// Bytes that are written in hex.
pub(crate) fn unhex(hex: &str) -> Result<Bytes, Verdict> {
    let digits = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    hex.as_bytes().chunks(2).map(digits).collect::<Option<Bytes>>().ok_or_else(|| "no hex".into())
}

/// Bytes in hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
