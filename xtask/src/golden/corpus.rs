//! A corpus as lines: what the committed choice and the seeds of the fuzzer are made of.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::util::Result;

/// A corpus: a file's text by the file's name without `.tsv` or `.tsv.gz`.
pub struct Corpus(Vec<(String, String)>);

/// A line of `golden-*.tsv` with its line of notes.
pub struct Vector<'a> {
    pub name: &'a str,
    pub api_key: Option<i16>,
    kind_of_message: &'a str,
    pub version: i16,
    pub bytes: Vec<u8>,
    /// Of the header that goes before it.
    pub header_version: Option<i16>,
    /// How it was filled: `defaults`, `full`, `nulls`, `extremes`, `hollow`, `random`.
    pub kind: &'a str,
    pub line: &'a str,
    pub notes: &'a str,
}

/// A line of `records-*.tsv`.
pub struct RecordSet<'a> {
    pub name: &'a str,
    pub bytes: Vec<u8>,
    pub line: &'a str,
}

impl Vector<'_> {
    /// Whether a client sends it.
    pub fn is_request(&self) -> bool {
        self.kind_of_message == "request"
    }

    /// The name of the message today, of which one was renamed after 3.9.
    pub fn current_name(&self) -> String {
        self.name.replace("ListClientMetricsResources", "ListConfigResources")
    }
}

impl Corpus {
    /// Reads all files of a folder.
    pub fn read(folder: &Path) -> Result<Self> {
        let unreadable = |error: std::io::Error| format!("cannot read {}: {error}", folder.display());
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let Some((name, ending)) = name.split_once(".tsv") else { continue };
            files.push((name.to_owned(), text(&path, ending == ".gz")?));
        }
        files.sort();
        Ok(Self(files))
    }

    /// The names of the files that begin so, and their lines.
    pub fn files(&self, start: &str) -> impl Iterator<Item = (&str, &str)> {
        let files = self.0.iter().filter(move |(name, _)| name.starts_with(start) && !name.ends_with(".notes"));
        files.map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// The vectors of a file of messages.
    pub fn vectors(&self, file: &str) -> Result<Vec<Vector<'_>>> {
        let text = |wanted: &str| -> Result<&str> {
            let found = self.0.iter().find(|(name, _)| name == wanted);
            Ok(found.ok_or_else(|| format!("the corpus has no {wanted}.tsv"))?.1.as_str())
        };
        let (lines, notes) = (text(file)?, text(&format!("{file}.notes"))?);
        let vectors = lines.lines().zip(notes.lines()).map(|(line, notes)| {
            let columns: Vec<&str> = line.split('\t').collect();
            let noted: Vec<&str> = notes.split('\t').collect();
            let ([name, key, kind_of_message, version, hex, _], [kind, _, _, header]) = (&columns[..], &noted[..])
            else {
                return Err(format!("{file}: a line with other columns: {line}").into());
            };
            Ok(Vector {
                name,
                api_key: key.parse().ok(),
                kind_of_message,
                version: version.parse()?,
                bytes: bytes(hex)?,
                header_version: header.parse().ok(),
                kind,
                line,
                notes,
            })
        });
        vectors.collect()
    }

    /// The record sets of a file.
    pub fn record_sets(text: &str) -> Result<Vec<RecordSet<'_>>> {
        let sets = text.lines().map(|line| {
            let mut columns = line.split('\t');
            let (Some(name), Some(_), Some(hex)) = (columns.next(), columns.next(), columns.next()) else {
                return Err(format!("a record set with other columns: {line}").into());
            };
            Ok(RecordSet { name, bytes: bytes(hex)?, line })
        });
        sets.collect()
    }
}

fn text(path: &PathBuf, compressed: bool) -> Result<String> {
    let read = || -> std::io::Result<String> {
        let mut text = String::new();
        let mut file = File::open(path)?;
        if compressed {
            flate2::read::GzDecoder::new(file).read_to_string(&mut text)?;
        } else {
            file.read_to_string(&mut text)?;
        }
        Ok(text)
    };
    read().map_err(|error| format!("cannot read {}: {error}", path.display()).into())
}

fn bytes(hex: &str) -> Result<Vec<u8>> {
    let byte = |pair: &[u8]| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?);
    hex.as_bytes().chunks(2).map(byte).collect()
}
