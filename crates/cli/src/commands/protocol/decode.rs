//! `ottla protocol decode`: bytes in, JSON out.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, ValueEnum};
use ottla_protocol::schema::MessageSchema;
use ottla_protocol::walk::{Frame, Payloads, Walker, json};
use ottla_protocol::{ApiKey, DecodeError};
use serde_json::Value;

use super::{api, records};
use crate::batches::Records;
use crate::failure::{Failure, Outcome, Status, note};
use crate::output;

/// What to decode.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("direction").required(true), after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// A file with the bytes [default: standard input]
    file: Option<PathBuf>,
    /// The API, by name or key; of requests with --frame the header says it
    #[arg(long, value_name = "NAME|KEY", required_unless_present_all = ["frame", "request"])]
    api: Option<String>,
    /// The version of the API; of requests with --frame the header says it
    #[arg(long, value_name = "V", required_unless_present_all = ["frame", "request"])]
    version: Option<i16>,
    /// It is a request
    #[arg(long, group = "direction")]
    request: bool,
    /// It is a response
    #[arg(long, group = "direction")]
    response: bool,
    /// The bytes are whole frames, one or more: length, header, body
    #[arg(long)]
    frame: bool,
    /// What the bytes are written in
    #[arg(long, value_enum, default_value_t)]
    input: Encoding,
    /// Print over several lines
    #[arg(long)]
    pretty: bool,
    /// Show payloads and secrets, which are hidden otherwise
    #[arg(long)]
    show: bool,
    /// Open records: print their batches, and the records in those
    #[arg(long)]
    records: bool,
}

const EXAMPLES: &str = "\
Hex may have white space, colons, commas and 0x in it:
  echo 00 03 00 00 00 01 | ottla protocol decode --api InitProducerId --version 0 --response
  ottla protocol decode --request --frame --pretty --show --records produce.bin";

/// How bytes are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Encoding {
    /// Hex, if there is nothing else in it, else binary
    #[default]
    Auto,
    /// Hex digits
    Hex,
    /// The bytes themselves
    Binary,
}

/// Decodes it.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let api = arguments.api.as_deref().map(api).transpose()?;
    if let (Some(api), Some(version)) = (api, arguments.version) {
        let versions = api.versions().filter(|versions| !versions.contains(version));
        if let Some(versions) = versions {
            let (min, max) = (versions.min, versions.max);
            return Err(Failure::usage(format_args!("{api} has versions {min} to {max}, and not {version}")));
        }
    }
    let bytes = unwritten(read(arguments.file.as_deref())?, arguments.input)?;
    let mut printed = String::new();
    let outcome = if arguments.frame {
        frames(arguments, api, &bytes, &mut printed)
    } else {
        body(arguments, api, &bytes).map(|value| print(arguments, &value, &mut printed))
    };
    // What was read before an error stands.
    output::print(&printed)?;
    outcome
}

fn print(arguments: &Arguments, value: &Value, out: &mut String) {
    if arguments.pretty {
        out.push_str(&serde_json::to_string_pretty(value).unwrap_or_default());
    } else {
        out.push_str(&value.to_string());
    }
    out.push('\n');
}

fn body(arguments: &Arguments, api: Option<ApiKey>, bytes: &[u8]) -> Outcome<Value> {
    let schema =
        api.and_then(|api| if arguments.request { MessageSchema::request(api) } else { MessageSchema::response(api) });
    // Both are required here.
    let (Some(schema), Some(version)) = (schema, arguments.version) else {
        return Err(Failure::usage("--api and --version are missing"));
    };
    let walker = Walker::new(schema, bytes, version).map_err(|error| malformed(&error, None))?;
    let value = decoded(arguments, walker, None)?;
    note_rest(walker, bytes, "the message");
    Ok(value)
}

/// Says where bytes follow a message, which Kafka ignores as well: often a sign of a wrong version.
fn note_rest(mut walker: Walker<'_>, whole: &[u8], what: &str) {
    while matches!(walker.step(), Ok(Some(_))) {}
    let rest = whole.len().saturating_sub(walker.offset());
    if rest > 0 {
        note(format_args!("{rest} bytes follow {what}, which ends at byte {}", walker.offset()));
    }
}

/// The JSON of one message.
fn decoded(arguments: &Arguments, walker: Walker<'_>, frame: Option<u64>) -> Outcome<Value> {
    let payloads = if arguments.show { Payloads::Shown } else { Payloads::Hidden };
    let text = json(walker, payloads).map_err(|error| malformed(&error, frame))?.to_string();
    let mut value = serde_json::from_str(&text)
        .map_err(|error| Failure::new(Status::NotDone, format_args!("the message cannot be printed: {error}")))?;
    if arguments.records {
        let told = if arguments.show { Records::Contents } else { Records::Sizes };
        records::open(walker, told, &mut value);
    }
    Ok(value)
}

fn frames(arguments: &Arguments, api: Option<ApiKey>, bytes: &[u8], out: &mut String) -> Outcome {
    let mut rest = bytes;
    while !rest.is_empty() {
        let place = (bytes.len() - rest.len()) as u64;
        let cut_short = |wanted: u64| {
            let there = rest.len();
            let what = format!("the frame at byte {place} is cut short: {there} of {wanted} bytes are there");
            Failure::new(Status::NotDone, what).advise("a frame begins with its length; without it, leave --frame out")
        };
        let (length, after) = rest.split_first_chunk().ok_or_else(|| cut_short(4))?;
        let length = i32::from_be_bytes(*length);
        let Ok(length) = usize::try_from(length) else {
            let what = format!("the frame at byte {place} has a length of {length}");
            return Err(Failure::new(Status::NotDone, what));
        };
        let (frame, after) = after.split_at_checked(length).ok_or_else(|| cut_short(length as u64 + 4))?;
        rest = after;
        let whole = frame;
        let frame = match (arguments.request, api, arguments.version) {
            (true, ..) => Frame::request(frame),
            (false, Some(api), Some(version)) => Frame::response(frame, api, version),
            _ => return Err(Failure::usage("--api and --version are missing")),
        };
        let frame = frame.map_err(|error| malformed(&error, Some(place)))?;
        if let Some(api) = api.filter(|api| *api != frame.key()) {
            let what = format!("the request at byte {place} is of {}, and not of {api}", frame.key());
            return Err(Failure::new(Status::NotDone, what));
        }
        let header = decoded(arguments, frame.header(), Some(place))?;
        let walker = frame.body().map_err(|error| malformed(&error, Some(place)))?;
        let body = decoded(arguments, walker, Some(place))?;
        note_rest(walker, whole, &format!("the message in the frame at byte {place}"));
        print(arguments, &serde_json::json!({"header": header, "body": body}), out);
    }
    Ok(())
}

/// Why bytes are no such message. Bytes of a frame are counted from behind its length.
fn malformed(error: &DecodeError, frame: Option<u64>) -> Failure {
    match frame {
        Some(place) => Failure::new(Status::NotDone, format_args!("the frame at byte {place}: {error}")),
        None => Failure::new(Status::NotDone, error),
    }
}

fn read(file: Option<&Path>) -> Outcome<Vec<u8>> {
    let mut bytes = Vec::new();
    let (name, read) = match file {
        Some(path) => {
            let read = File::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
            (path.display().to_string(), read)
        }
        None => ("standard input".to_owned(), io::stdin().lock().read_to_end(&mut bytes)),
    };
    match read {
        Ok(_) => Ok(bytes),
        Err(error) => Err(Failure::new(Status::Files, format_args!("{name} cannot be read: {error}"))),
    }
}

/// The bytes that were written as hex, or the same.
fn unwritten(bytes: Vec<u8>, encoding: Encoding) -> Outcome<Vec<u8>> {
    match (hex(&bytes), encoding) {
        (_, Encoding::Binary) | (Err(_), Encoding::Auto) => Ok(bytes),
        (Ok(bytes), _) => Ok(bytes),
        (Err(why), Encoding::Hex) => Err(Failure::new(Status::Files, format_args!("the input is not hex: {why}"))),
    }
}

/// Reads pairs of hex digits, between which there may be white space, colons, commas and `0x`.
fn hex(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut half = None;
    let mut rest = text;
    while let Some((&character, after)) = rest.split_first() {
        let place = text.len() - rest.len();
        rest = after;
        if half.is_none() && character == b'0' && matches!(after.first(), Some(b'x' | b'X')) {
            rest = &after[1..];
            continue;
        }
        if character.is_ascii_whitespace() || character == b':' || character == b',' {
            if half.is_some() {
                return Err(format!("half a byte before character {place}"));
            }
            continue;
        }
        let digit = char::from(character).to_digit(16);
        let digit = digit.and_then(|digit| u8::try_from(digit).ok());
        let digit = digit.ok_or_else(|| format!("'{}' at character {place}", character.escape_ascii()))?;
        match half.take() {
            Some(high) => bytes.push(high << 4 | digit),
            None => half = Some(digit),
        }
    }
    if half.is_some() { Err("half a byte at the end".to_owned()) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests;
