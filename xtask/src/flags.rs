//! Command-line flags of the commands: `--name value`, `--name=value`, `--switch`, and words; what follows `--` is
//! handed on untouched.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::util::Result;

/// What stood on the command line after the command's name.
#[derive(Debug, Default)]
pub struct Flags {
    /// Words that are no flags, in order.
    pub words: Vec<String>,
    /// Everything after `--`.
    pub rest: Vec<String>,
    values: BTreeMap<String, Vec<String>>,
}

impl Flags {
    /// Sorts `args` into words, flags that take a value and switches. A flag in neither list is an error, so that a
    /// misspelt one never passes unnoticed.
    pub fn parse(args: Vec<String>, valued: &[&str], switches: &[&str]) -> Result<Self> {
        let mut flags = Self::default();
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            if arg == "--" {
                flags.rest.extend(args.by_ref());
            } else if let Some(flag) = arg.strip_prefix("--") {
                let (name, inline) = match flag.split_once('=') {
                    Some((name, value)) => (name, Some(value.to_owned())),
                    None => (flag, None),
                };
                let value = if valued.contains(&name) {
                    inline.or_else(|| args.next()).ok_or_else(|| format!("--{name} needs a value"))?
                } else if switches.contains(&name) && inline.is_none() {
                    String::new()
                } else {
                    let known: Vec<_> = valued.iter().chain(switches).map(|name| format!("--{name}")).collect();
                    return Err(format!("no flag --{name} here; known: {}", known.join(" ")).into());
                };
                flags.values.entry(name.to_owned()).or_default().push(value);
            } else {
                flags.words.push(arg);
            }
        }
        Ok(flags)
    }

    /// Whether the switch was given.
    pub fn is_set(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// The last value given for a flag.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).and_then(|values| values.last()).map(String::as_str)
    }

    /// Every value given for a flag that may be repeated.
    pub fn all(&self, name: &str) -> &[String] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }

    /// The last value given for a flag, read as a `T`; `default` when it was not given.
    pub fn parsed<T: FromStr>(&self, name: &str, default: T) -> Result<T> {
        match self.value(name) {
            Some(text) => text.parse().map_err(|_| format!("--{name} cannot be {text:?}").into()),
            None => Ok(default),
        }
    }
}
