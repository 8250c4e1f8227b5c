//! How a command ends when it did not do all it was asked: what happened, where, what to try, and the exit status.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use ottla::{Error, ErrorKind};

/// The help text on exit statuses.
pub(crate) const HELP: &str = "\
Exit status:
  0  all was done; also when the reader of the output went away (as under `| head`), and when SIGINT or SIGTERM
     ended a command that has no other end
  1  something was not done: a record not acknowledged, a request refused
  2  the arguments or settings are wrong
  3  no broker could be reached, or none answered in time
  4  the output could not be written, such as on a full disk, or the input could not be read
  130, 143  ended by SIGINT, SIGTERM before the work was done";

/// Kinds of failure, by exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Something was not done.
    NotDone = 1,
    /// The arguments or settings are wrong.
    Usage = 2,
    /// No broker could be reached.
    Unreachable = 3,
    /// Input or output failed.
    Files = 4,
    /// SIGINT.
    Interrupted = 130,
    /// SIGTERM.
    Terminated = 143,
}

/// Why a command did not do all of its work.
#[derive(Debug)]
pub(crate) struct Failure {
    status: Status,
    what: String,
    advice: Option<String>,
    /// What has been said already, by the command itself.
    silent: bool,
}

/// A command's result.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure with a sentence that says what happened, and where.
    pub(crate) fn new(status: Status, what: impl Display) -> Self {
        Self { status, what: what.to_string(), advice: None, silent: false }
    }

    /// The same with what to try.
    pub(crate) fn advise(mut self, advice: impl Display) -> Self {
        self.advice = Some(advice.to_string());
        self
    }

    /// No broker could be asked anything: whatever the error is, it is about the way to the cluster.
    pub(crate) fn unreachable(doing: impl Display, error: &Error) -> Self {
        let failure = Self::client(doing, error);
        match error.kind() {
            ErrorKind::Malformed => Self { status: Status::Unreachable, ..failure }
                .advise("what listens there does not speak Kafka's protocol: check --brokers, and the port"),
            _ => failure,
        }
    }

    /// A failure of which all has been said.
    pub(crate) fn told(status: Status) -> Self {
        Self { status, what: String::new(), advice: None, silent: true }
    }

    /// The arguments are wrong.
    pub(crate) fn usage(what: impl Display) -> Self {
        Self::new(Status::Usage, what)
    }

    /// An error of the client's, met while doing what `doing` says.
    pub(crate) fn client(doing: impl Display, error: &Error) -> Self {
        let failure = Self::new(status(error), format_args!("{doing}: {}", explain(error)));
        match advice(error) {
            Some(advice) => failure.advise(advice),
            None => failure,
        }
    }

    /// Its exit status.
    pub(crate) fn status(&self) -> Status {
        self.status
    }

    /// Prints it to standard error and gives the exit status.
    pub(crate) fn report(&self) -> ExitCode {
        if !self.silent {
            note(&self.what);
            if let Some(advice) = &self.advice {
                note(format_args!("  {advice}"));
            }
        }
        ExitCode::from(self.status as u8)
    }
}

/// An error with the causes that its own sentence does not tell.
pub(crate) fn explain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// Whether nothing but reaching a broker failed.
fn status(error: &Error) -> Status {
    match error.kind() {
        ErrorKind::Transport | ErrorKind::Timeout => Status::Unreachable,
        ErrorKind::Config | ErrorKind::Misuse => Status::Usage,
        _ => Status::NotDone,
    }
}

fn advice(error: &Error) -> Option<String> {
    if let Some(code) = error.code() {
        let advice = match code.name()? {
            "UNKNOWN_TOPIC_OR_PARTITION" => {
                "`ottla topic list` shows the topics there are, `ottla topic create` makes one"
            }
            "TOPIC_ALREADY_EXISTS" => "`ottla topic describe` shows what is there",
            "MESSAGE_TOO_LARGE" | "RECORD_LIST_TOO_LARGE" => {
                "raise max.message.bytes of the topic, or compress: --compression zstd"
            }
            "INVALID_REPLICATION_FACTOR" => "`ottla cluster info` shows how many brokers there are",
            "INVALID_TOPIC_EXCEPTION" => "topic names have 1 to 249 of the characters a-z A-Z 0-9 . _ -",
            "OFFSET_OUT_OF_RANGE" => "`ottla topic describe` shows the offsets there are",
            "NOT_ENOUGH_REPLICAS" | "NOT_ENOUGH_REPLICAS_AFTER_APPEND" => {
                "min.insync.replicas of the topic asks for more replicas than are alive: see `ottla topic describe`"
            }
            _ => return None,
        };
        return Some(advice.to_owned());
    }
    let advice = match error.kind() {
        ErrorKind::Transport | ErrorKind::Timeout => {
            "check --brokers, and that a broker listens there without TLS; `ottla cluster info` shows what can be reached"
        }
        ErrorKind::Authentication => "the cluster asks for credentials that were not given or are wrong",
        ErrorKind::Authorization => "ask for the right to do this on the cluster",
        ErrorKind::Incompatible => "`ottla cluster info` shows which brokers there are; the setting needs newer ones",
        _ => return None,
    };
    Some(advice.to_owned())
}

/// Prints a line to standard error. That nobody reads it is no failure.
pub(crate) fn note(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "ottla: {line}");
}
