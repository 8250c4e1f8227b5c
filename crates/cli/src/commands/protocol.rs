//! `ottla protocol`: Kafka's messages, looked at without a cluster.

mod decode;
mod list;
mod records;

use clap::Subcommand;
use ottla_protocol::ApiKey;

use crate::failure::{Failure, Outcome};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print requests or responses as JSON, in the form of Kafka's own converters
    Decode(decode::Arguments),
    /// Print the APIs with their versions, or the fields of one
    List(list::Arguments),
}

/// Does it.
pub(crate) fn run(command: &Command) -> Outcome {
    match command {
        Command::Decode(arguments) => decode::run(arguments),
        Command::List(arguments) => list::run(arguments),
    }
}

/// The API that is meant by a key, or by a name however it is written: `Fetch`, `fetch`, `FETCH`, `FetchRequest`,
/// `init-producer-id`.
fn api(text: &str) -> Outcome<ApiKey> {
    if let Some(key) = text.parse().ok().map(ApiKey).filter(|key| key.name().is_some()) {
        return Ok(key);
    }
    let plain = |name: &str| -> String {
        name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
    };
    let wanted = plain(text);
    let wanted = wanted.strip_suffix("request").or_else(|| wanted.strip_suffix("response")).unwrap_or(&wanted);
    let found = ApiKey::ALL.iter().find(|key| key.name().is_some_and(|name| plain(name) == wanted));
    found.copied().ok_or_else(|| {
        Failure::usage(format_args!("no API is called {text}")).advise("`ottla protocol list` shows those there are")
    })
}

#[cfg(test)]
mod tests;
