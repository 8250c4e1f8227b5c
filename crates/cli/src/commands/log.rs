//! `ottla log`: the files that brokers store records in.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::Value;

use super::cluster::Form;
use crate::batches::{Reader, Records};
use crate::failure::{Failure, Outcome, Status, note};
use crate::output::{Ended, Output};
use crate::segment::{Piece, Segment};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the batches of log segments, and check them
    ///
    /// Each batch is told in a line: its place in the file, its offsets, and all that its header says. Message sets of the
    /// formats v0 and v1 are read too. What is damaged and what is cut short is told with its place, and makes the exit
    /// status 1.
    Dump(Dump),
}

/// What to print.
#[derive(Debug, Args)]
pub(crate) struct Dump {
    /// Segments, such as 00000000000000000000.log; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print the records of each batch too, control records by name
    #[arg(short, long)]
    records: bool,
    /// Print of keys, values and headers their sizes only
    #[arg(long, requires = "records")]
    hide: bool,
    /// The most bytes that one batch may have, and its records once they are decompressed
    #[arg(long, value_name = "BYTES", default_value_t = 128 << 20, value_parser = clap::value_parser!(u32).range(1..))]
    max_batch_bytes: u32,
    /// How to print: as JSON, each batch is a line
    #[arg(long, value_enum, default_value_t)]
    output: Form,
}

/// Does it.
pub(crate) fn run(command: Command) -> Outcome {
    let Command::Dump(arguments) = command;
    let records = match (arguments.records, arguments.hide) {
        (false, _) => Records::Skipped,
        (true, true) => Records::Sizes,
        (true, false) => Records::Contents,
    };
    let limit = usize::try_from(arguments.max_batch_bytes).unwrap_or(usize::MAX);
    let mut dump = Printing {
        reader: Reader::new(records, limit),
        output: Output::stdout(),
        form: arguments.output,
        limit: arguments.max_batch_bytes,
        damaged: false,
    };
    for file in &arguments.files {
        match dump.file(file) {
            Ok(()) => {}
            Err(Ended::ReaderGone) => return Ok(()),
            Err(Ended::Failed(failure)) => return Err(failure),
        }
    }
    if dump.damaged { Err(Failure::told(Status::NotDone)) } else { Ok(()) }
}

struct Printing {
    reader: Reader,
    output: Output<io::Stdout>,
    form: Form,
    limit: u32,
    damaged: bool,
}

impl Printing {
    fn file(&mut self, path: &Path) -> Result<(), Ended> {
        let name = path.display().to_string();
        if name == "-" {
            return self.segment("standard input", io::stdin().lock());
        }
        let file = File::open(path).map_err(|error| unreadable(&name, &error))?;
        self.segment(&name, BufReader::with_capacity(256 * 1024, file))
    }

    fn segment(&mut self, name: &str, from: impl Read) -> Result<(), Ended> {
        let mut segment = Segment::new(from, self.limit.into());
        let (mut batches, mut records, mut bytes) = (0_u64, 0_u64, 0_u64);
        if self.form == Form::Text {
            self.output.buffer.extend_from_slice(format!("== {name}\n").as_bytes());
        }
        let tells_records = self.reader.tells_records();
        let told = loop {
            let (position, batch) = match segment.next().map_err(|error| unreadable(name, &error))? {
                Piece::Batch { position, bytes } => (position, self.reader.read(bytes)),
                Piece::End => break None,
                Piece::Zeros { position, count } => {
                    note(format_args!("{name}: from byte {position} on {count} zeros: space taken in advance"));
                    break None;
                }
                Piece::CutShort { position, there, wanted: Some(wanted) } => {
                    break Some(format!(
                        "the batch at byte {position} is cut short: {there} of {wanted} bytes are there"
                    ));
                }
                Piece::CutShort { position, there, wanted: None } => {
                    break Some(format!("the batch at byte {position} is cut short: only {there} bytes are there"));
                }
                Piece::Broken { position, why } => {
                    break Some(format!("no batch begins at byte {position}: {why}; what follows is not read"));
                }
                Piece::TooLong { position, length } => {
                    break Some(format!(
                        "the batch at byte {position} has {length} bytes by its length: not read; \
                         if that is right, raise --max-batch-bytes"
                    ));
                }
            };
            batches += 1;
            records += batch.count as u64;
            bytes += batch.size as u64;
            match self.form {
                Form::Text => {
                    batch.text(position, &mut self.output.buffer);
                    for record in batch.records() {
                        record.text(&mut self.output.buffer);
                        self.output.relieve()?;
                    }
                }
                Form::Json => {
                    let mut object = serde_json::Map::new();
                    object.insert("file".to_owned(), name.into());
                    object.insert("position".to_owned(), position.into());
                    object.extend(batch.json());
                    let mut line = Value::Object(object).to_string();
                    if tells_records {
                        // Written one by one, so that the text of a large batch is never there whole.
                        line.truncate(line.len() - 1);
                        line.push_str(",\"records\":[");
                    }
                    self.output.buffer.extend_from_slice(line.as_bytes());
                    let mut comma = b"".as_slice();
                    for record in batch.records() {
                        self.output.buffer.extend_from_slice(comma);
                        record.json(&mut self.output.buffer);
                        self.output.relieve()?;
                        comma = b",";
                    }
                    self.output.buffer.extend_from_slice(if tells_records { b"]}\n" } else { b"\n" });
                }
            }
            self.output.relieve()?;
            if let Some(damage) = &batch.damage {
                self.damaged = true;
                note(format_args!("{name}: the batch at byte {position} is damaged: {damage}"));
            }
        };
        self.output.flush()?;
        if let Some(told) = told {
            self.damaged = true;
            note(format_args!("{name}: {told}"));
        }
        note(format_args!("{name}: {batches} batches, {records} records, {bytes} bytes"));
        Ok(())
    }
}

fn unreadable(name: &str, error: &io::Error) -> Ended {
    Ended::Failed(Failure::new(Status::Files, format_args!("{name} cannot be read: {error}")))
}
