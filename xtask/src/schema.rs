//! `cargo xtask schema --kafka VERSION --older VERSION`: takes the facts of the protocol out of Kafka's own client jars.
//!
//! The jars come from Maven. Their message definitions (`common/message/*.json`) are merged: the newer jar is the
//! authority; the older one brings back the versions, and the messages, that the newer has dropped. What is written to
//! `crates/protocol/schema/` is facts alone, in our own format, which `codegen/table.rs` reads and describes.
//!
//! `cargo xtask schema --releases` asks the jars of all releases which versions they have (`schema/releases.rs`).

mod releases;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

use crate::codegen::names::snake_case;

const USAGE: &str = "\
usage: cargo xtask schema --kafka VERSION --older VERSION
       cargo xtask schema --releases";

/// Runs the command.
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let (mut kafka, mut older) = (None, None);
    let mut args = args.iter();
    while let Some(flag) = args.next() {
        match flag.as_str() {
            "--kafka" => kafka = args.next(),
            "--older" => older = args.next(),
            "--releases" => return releases::run(),
            _ => return Err(USAGE.into()),
        }
    }
    let (kafka, older) = kafka.zip(older).ok_or(USAGE)?;

    let mut messages = definitions(&client_jar(kafka)?)?;
    for (name, old) in definitions(&client_jar(older)?)? {
        // A message that is there under another name, with the same key, has been renamed.
        let renamed = old.api_key.is_some() && messages.values().any(|new| new.api_key == old.api_key);
        if let Some(new) = messages.get_mut(&name) {
            new.widen(old)?;
        } else if !renamed {
            messages.insert(name, old);
        }
    }

    let folder = crate::codegen::protocol_crate().join("schema");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            fs::remove_file(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for message in messages.values().filter(|message| Versions::parse(&message.valid_versions).is_some()) {
        let module = message.name.trim_end_matches("Request").trim_end_matches("Response");
        let module = if message.api_key.is_some() { module } else { &message.name };
        message.write(files.entry(snake_case(module)).or_default())?;
    }
    let count = files.len();
    for (name, text) in files {
        write(&folder.join(format!("{name}.txt")), &text)?;
    }
    write(&folder.join("VERSION"), &format!("{kafka} {older}\n"))?;
    println!("{count} tables in {}", folder.display());
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

fn client_jar(version: &str) -> Result<PathBuf, String> {
    jar(&format!("org.apache.kafka:kafka-clients:{version}"))
}

/// Gets a jar (`group:artifact:version`) by Maven, unless it is there already.
fn jar(coordinates: &str) -> Result<PathBuf, String> {
    let (artifact, version) = coordinates
        .rsplit_once(':')
        .and_then(|(rest, version)| Some((rest.rsplit_once(':')?.1, version)))
        .ok_or_else(|| format!("no group, artifact and version: {coordinates}"))?;
    let folder = crate::codegen::target_directory().join("kafka");
    let jar = folder.join(format!("{artifact}-{version}.jar"));
    if !jar.exists() {
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let status = Command::new("mvn")
            .args(["--quiet", "--batch-mode", "dependency:copy"])
            .arg(format!("-Dartifact={coordinates}"))
            .arg(format!("-DoutputDirectory={}", folder.display()))
            .status()
            .map_err(|error| format!("mvn: {error}"))?;
        if !status.success() {
            return Err(format!("mvn did not bring {coordinates}"));
        }
    }
    Ok(jar)
}

/// The message definitions in a jar, by name.
fn definitions(jar: &Path) -> Result<BTreeMap<String, Message>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", jar.display());
    let file = File::open(jar).map_err(|error| failed(&error))?;
    let mut archive = zip::ZipArchive::new(file).map_err(|error| failed(&error))?;
    let mut messages = BTreeMap::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| failed(&error))?;
        let name = entry.name().map_err(|error| failed(&error))?.into_owned();
        if !name.starts_with("common/message/") || !name.ends_with(".json") {
            continue;
        }
        let mut text = String::new();
        entry.read_to_string(&mut text).map_err(|error| failed(&error))?;
        // By way of a value, because a definition of 3.9 says `versions` twice, and a value takes the last.
        let message: Message = serde_json::from_str::<Value>(&without_comments(&text))
            .and_then(serde_json::from_value)
            .map_err(|error| format!("{name}: {error}"))?;
        messages.insert(message.name.clone(), message);
    }
    if messages.is_empty() {
        return Err(failed(&"no message definitions"));
    }
    Ok(messages)
}

/// Removes `//` comments, which are not JSON; those inside of strings are none.
fn without_comments(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for line in text.lines() {
        let mut in_string = false;
        let mut escaped = false;
        let mut end = line.len();
        for (place, byte) in line.bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_string => escaped = true,
                b'"' => in_string = !in_string,
                b'/' if !in_string && line.as_bytes().get(place + 1) == Some(&b'/') => {
                    end = place;
                    break;
                }
                _ => {}
            }
        }
        plain.push_str(&line[..end]);
        plain.push('\n');
    }
    plain
}

/// A range of versions, inclusive, as definitions write it: `3`, `0-4`, `7+`.
#[derive(Clone, Copy, PartialEq)]
struct Versions {
    low: i16,
    high: i16,
}

impl Versions {
    /// Nothing for `none`, and for what cannot be read.
    fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| text.parse::<i16>().ok();
        if let Some(low) = text.strip_suffix('+') {
            return Some(Self { low: number(low)?, high: i16::MAX });
        }
        let (low, high) = text.split_once('-').unwrap_or((text, text));
        Some(Self { low: number(low)?, high: number(high)? })
    }

    fn clip(self, to: Self) -> Option<Self> {
        let both = Self { low: self.low.max(to.low), high: self.high.min(to.high) };
        (both.low <= both.high).then_some(both)
    }

    fn text(self) -> String {
        match self.high {
            i16::MAX => format!("{}+", self.low),
            high if high == self.low => high.to_string(),
            high => format!("{}-{high}", self.low),
        }
    }
}

/// A definition as the jars have it, prose left out.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    name: String,
    r#type: String,
    api_key: Option<i16>,
    #[serde(default)]
    listeners: Vec<String>,
    valid_versions: String,
    #[serde(default)]
    flexible_versions: Option<String>,
    #[serde(default)]
    latest_version_unstable: bool,
    #[serde(default)]
    fields: Vec<Field>,
    #[serde(default)]
    common_structs: Vec<Struct>,
}

#[derive(Deserialize)]
struct Struct {
    name: String,
    versions: String,
    fields: Vec<Field>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Field {
    name: String,
    r#type: String,
    versions: String,
    nullable_versions: Option<String>,
    tagged_versions: Option<String>,
    flexible_versions: Option<String>,
    /// A number, or a number as a string.
    tag: Option<Value>,
    default: Option<Value>,
    #[serde(default)]
    ignorable: bool,
    entity_type: Option<String>,
    #[serde(default)]
    map_key: bool,
    #[serde(default)]
    fields: Vec<Field>,
}

impl Message {
    /// Takes over the versions that this definition has dropped.
    fn widen(&mut self, old: Self) -> Result<(), String> {
        let Some(old_valid) = Versions::parse(&old.valid_versions) else {
            return Ok(());
        };
        let Some(valid) = Versions::parse(&self.valid_versions) else {
            *self = old;
            return Ok(());
        };
        if old_valid.low >= valid.low {
            return Ok(());
        }
        if self.flexible_versions != old.flexible_versions {
            return Err(format!("{}: the flexible versions differ", self.name));
        }
        let dropped = Versions { low: old_valid.low, high: valid.low - 1 };
        widen_fields(&mut self.fields, old.fields, dropped, &self.name)?;
        self.valid_versions = Versions { low: old_valid.low, high: valid.high }.text();
        Ok(())
    }

    fn write(&self, out: &mut String) -> Result<(), String> {
        let valid = Versions::parse(&self.valid_versions).ok_or("no versions")?;
        let _ = write!(out, "{} {} versions {}", self.r#type, self.name, valid.text());
        if let Some(key) = self.api_key {
            let _ = write!(out, " key {key}");
        }
        if let Some(flexible) = self.flexible_versions.as_deref().and_then(Versions::parse) {
            let _ = write!(out, " flexible {}", flexible.text());
        }
        if self.latest_version_unstable {
            out.push_str(" unstable");
        }
        if !self.listeners.is_empty() {
            let _ = write!(out, " listeners {}", self.listeners.join(","));
        }
        out.push('\n');
        write_fields(&self.fields, 1, valid, out)?;
        for common in &self.common_structs {
            let versions = Versions::parse(&common.versions).and_then(|versions| versions.clip(valid));
            let versions = versions.ok_or_else(|| format!("{}: no versions", common.name))?;
            let _ = writeln!(out, "struct {} {}", common.name, common.versions);
            write_fields(&common.fields, 1, versions, out)?;
        }
        Ok(())
    }
}

/// Takes over fields, and versions of fields, that only the older definition has. What both have must agree.
fn widen_fields(new: &mut Vec<Field>, old: Vec<Field>, dropped: Versions, owner: &str) -> Result<(), String> {
    let mut place = 0;
    for mut old in old {
        let Some(versions) = Versions::parse(&old.versions).and_then(|versions| versions.clip(dropped)) else {
            continue;
        };
        if let Some(found) = new.iter().position(|new| new.name == old.name) {
            let new = &mut new[found];
            let clipped = |text: &Option<String>| {
                text.as_deref().and_then(Versions::parse).and_then(|versions| versions.clip(dropped))
            };
            let same = Some(versions) == Versions::parse(&new.versions).and_then(|new| new.clip(dropped))
                && new.r#type == old.r#type
                && clipped(&new.nullable_versions) == clipped(&old.nullable_versions)
                && clipped(&new.tagged_versions) == clipped(&old.tagged_versions);
            if !same {
                return Err(format!("{owner}.{}: the definitions disagree on versions {}", old.name, dropped.text()));
            }
            widen_fields(&mut new.fields, old.fields, dropped, &format!("{owner}.{}", old.name))?;
            place = found + 1;
        } else {
            // Wire order is the order of definition, so it goes where it was: after the field that it followed.
            old.versions = versions.text();
            new.insert(place, old);
            place += 1;
        }
    }
    Ok(())
}

fn write_fields(fields: &[Field], depth: usize, within: Versions, out: &mut String) -> Result<(), String> {
    for field in fields {
        let versions = Versions::parse(&field.versions).ok_or_else(|| format!("{}: no versions", field.name))?;
        let Some(present) = versions.clip(within) else {
            continue;
        };
        let _ = write!(out, "{:1$}{2} {3} {4}", "", depth * 2, field.name, field.r#type, versions.text());
        if let Some(nullable) = field.nullable_versions.as_deref().and_then(Versions::parse) {
            let _ = write!(out, " null {}", nullable.text());
        }
        if let Some(tag) = &field.tag {
            let tagged = field.tagged_versions.as_deref().and_then(Versions::parse);
            if tagged != Some(versions) {
                return Err(format!("{}: tagged in some of its versions only", field.name));
            }
            let _ = write!(out, " tag {}", plain(tag));
        }
        if field.ignorable {
            out.push_str(" ignorable");
        }
        if field.map_key {
            out.push_str(" key");
        }
        if field.flexible_versions.is_some() {
            out.push_str(" inflexible");
        }
        if let Some(entity) = &field.entity_type {
            let _ = write!(out, " entity {entity}");
        }
        let zero = ["", "0", "false"];
        if let Some(default) = field.default.as_ref().map(plain).filter(|default| !zero.contains(&default.as_str())) {
            let _ = write!(out, " default {default}");
        }
        out.push('\n');
        write_fields(&field.fields, depth + 1, present, out)?;
    }
    Ok(())
}

/// Definitions write numbers and booleans as themselves or as strings.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests;
