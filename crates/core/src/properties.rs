//! Kafka's `key=value` settings, as Java's and librdkafka's files write them, and a record of which of them were used.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};

/// Settings by Kafka's names. Each configuration takes what it knows; [`finish`](Self::finish) names what nobody took. A
/// setting may be taken more than once, as several configurations share some of Kafka's names (`retry.backoff.ms`).
///
/// ```
/// let mut properties = ottla_core::properties::Properties::parse("linger.ms = 5\n# a comment\nacks=all\n")?;
/// assert_eq!(properties.take("linger.ms").as_deref(), Some("5"));
/// let error = properties.finish().unwrap_err();
/// assert!(error.to_string().contains("acks"));
/// # Ok::<(), ottla_core::error::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Properties {
    /// With whether they were taken.
    entries: BTreeMap<String, (String, bool)>,
}

impl Properties {
    /// No settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a file of `key=value` lines.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] naming the file or the line.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::new(ErrorKind::Config, format!("{} cannot be read: {error}", path.display())))?;
        Self::parse(&text).map_err(|error| error.within(path.display()))
    }

    /// Reads `key=value` lines. Lines that are empty or start with `#` or `!` are passed over; a later line wins.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] naming the first line without a `=` or `:`.
    pub fn parse(text: &str) -> Result<Self> {
        let mut properties = Self::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', '!']) {
                continue;
            }
            let Some((key, value)) = line.split_once(['=', ':']) else {
                return Err(Error::new(ErrorKind::Config, format!("line {} is not of the form key=value", index + 1)));
            };
            properties.set(key.trim(), value.trim());
        }
        Ok(properties)
    }

    /// Gives a setting a value, in place of an earlier one.
    pub fn set(&mut self, key: &str, value: &str) {
        self.entries.insert(key.to_owned(), (value.to_owned(), false));
    }

    /// Takes a setting, and notes that it has its use.
    pub fn take(&mut self, key: &str) -> Option<String> {
        let (value, taken) = self.entries.get_mut(key)?;
        *taken = true;
        Some(value.clone())
    }

    /// Ends the reading: every setting should have been taken by now.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] naming all that are left.
    pub fn finish(self) -> Result<()> {
        let unused = self.entries.iter().filter(|(_, (_, taken))| !taken);
        let names: Vec<_> = unused.map(|(key, _)| format!("`{key}`")).collect();
        if names.is_empty() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Config, format!("unknown here: {}", names.join(", "))))
    }
}

/// A value that can be written in a property.
pub trait PropertyValue: Sized {
    /// Reads the text that follows `key=`.
    ///
    /// # Errors
    /// What is allowed, as the end of the sentence "`key` = `text`: …".
    fn parse(key: &str, text: &str) -> std::result::Result<Self, String>;
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl PropertyValue for $number {
            fn parse(_key: &str, text: &str) -> std::result::Result<Self, String> {
                text.parse().map_err(|_| format!("must be a whole number from {} to {}", Self::MIN, Self::MAX))
            }
        }
    )*};
}

numbers!(i8, i16, i32, i64, u16, u32, u64, usize);

impl PropertyValue for bool {
    fn parse(_key: &str, text: &str) -> std::result::Result<Self, String> {
        match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("must be true or false".to_owned()),
        }
    }
}

impl PropertyValue for String {
    fn parse(_key: &str, text: &str) -> std::result::Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl PropertyValue for Duration {
    /// Kafka gives durations in the unit that the key ends with: `.ms`, `.seconds`; librdkafka allows fractions of a millisecond.
    fn parse(key: &str, text: &str) -> std::result::Result<Self, String> {
        let unit = if key.ends_with(".seconds") { 1.0 } else { 0.001 };
        match text.parse::<f64>() {
            Ok(number) if number >= 0.0 && number * unit <= 1e12 => Ok(Self::from_secs_f64(number * unit)),
            _ => Err(format!(
                "must be a number of {}, not negative",
                if unit < 1.0 { "milliseconds" } else { "seconds" }
            )),
        }
    }
}

impl<T: PropertyValue> PropertyValue for Option<T> {
    fn parse(key: &str, text: &str) -> std::result::Result<Self, String> {
        if text.is_empty() { Ok(None) } else { T::parse(key, text).map(Some) }
    }
}

#[cfg(test)]
mod tests;
