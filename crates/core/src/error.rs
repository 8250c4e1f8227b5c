//! The one public error: a kind sorted by blame, a sentence, and the two questions that callers have.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use ottla_protocol::{DecodeError, EncodeError, EncodeErrorKind};
use ottla_types::ErrorCode;

use crate::retry;

/// Anything that ottla can fail with. One pointer wide, cheap to clone: one failed batch answers all its receipts.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    context: String,
    outcome: Outcome,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// Who is to blame, and so where to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The network: no connection, or one that ended.
    Transport,
    /// A deadline passed.
    Timeout,
    /// The broker did not accept who we are.
    Authentication,
    /// The broker knows who we are and does not allow it.
    Authorization,
    /// The broker answered with this error code.
    Broker(ErrorCode),
    /// The broker cannot do what a setting or call asks for.
    Incompatible,
    /// What came over the wire is not what Kafka sends.
    Malformed,
    /// Another instance took this one's place; the object is finished.
    Fenced,
    /// The object or the client was closed.
    Closed,
    /// The caller took it back.
    Purged,
    /// A setting is wrong.
    Config,
    /// The call is wrong.
    Misuse,
    /// A fault of ottla's own.
    Internal,
}

/// What is known of an operation that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It had no effect, and will have none.
    DidNotHappen,
    /// It may have taken effect: the answer was lost.
    MayHaveHappened,
}

/// ottla's results.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A value that was not taken, with the reason.
#[derive(Debug)]
pub struct Rejected<T> {
    /// What was handed in.
    pub value: T,
    /// Why it comes back.
    pub error: Error,
}

impl<T> fmt::Display for Rejected<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<T: fmt::Debug> StdError for Rejected<T> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.error.source()
    }
}

impl<T> From<Rejected<T>> for Error {
    fn from(rejected: Rejected<T>) -> Self {
        rejected.error
    }
}

impl Error {
    /// An error that had no effect. `context` is a sentence without a full stop that names the thing concerned.
    pub fn new(kind: ErrorKind, context: impl Into<String>) -> Self {
        Self(Arc::new(Inner { kind, context: context.into(), outcome: Outcome::DidNotHappen, source: None }))
    }

    /// An error answered by a broker, with the kind that its code calls for.
    pub fn broker(code: ErrorCode, context: impl Into<String>) -> Self {
        Self::new(retry::kind(code), context)
    }

    /// The same error caused by another.
    pub fn with_source(self, source: impl Into<Arc<dyn StdError + Send + Sync>>) -> Self {
        let inner = &*self.0;
        Self(Arc::new(Inner {
            kind: inner.kind,
            context: inner.context.clone(),
            outcome: inner.outcome,
            source: Some(source.into()),
        }))
    }

    /// The same error caused by another, which is named in its sentence as well.
    pub fn caused_by(self, cause: impl StdError + Send + Sync + 'static) -> Self {
        let inner = &*self.0;
        Self(Arc::new(Inner {
            kind: inner.kind,
            context: format!("{}: {cause}", inner.context),
            outcome: inner.outcome,
            source: Some(Arc::new(cause)),
        }))
    }

    /// The same error of an operation whose outcome is this.
    pub fn with_outcome(self, outcome: Outcome) -> Self {
        if self.0.outcome == outcome {
            return self;
        }
        let inner = &*self.0;
        Self(Arc::new(Inner {
            kind: inner.kind,
            context: inner.context.clone(),
            outcome,
            source: inner.source.clone(),
        }))
    }

    /// The same error seen from further out: `context` goes before what is there.
    pub fn within(self, context: impl fmt::Display) -> Self {
        let inner = &*self.0;
        Self(Arc::new(Inner {
            kind: inner.kind,
            context: format!("{context}: {}", inner.context),
            outcome: inner.outcome,
            source: inner.source.clone(),
        }))
    }

    /// Who is to blame.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Kafka's error code, where a broker gave one.
    pub fn code(&self) -> Option<ErrorCode> {
        match self.0.kind {
            ErrorKind::Broker(code) => Some(code),
            _ => None,
        }
    }

    /// Whether the operation had, or may have had, an effect.
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// Whether the same call may succeed later with nothing changed.
    pub fn is_retriable(&self) -> bool {
        match self.0.kind {
            ErrorKind::Transport | ErrorKind::Timeout => true,
            ErrorKind::Broker(code) => retry::verdict(code).is_retriable(),
            ErrorKind::Authentication
            | ErrorKind::Authorization
            | ErrorKind::Incompatible
            | ErrorKind::Malformed
            | ErrorKind::Fenced
            | ErrorKind::Closed
            | ErrorKind::Purged
            | ErrorKind::Config
            | ErrorKind::Misuse
            | ErrorKind::Internal => false,
        }
    }

    /// Whether the object that gave this error is finished.
    pub fn is_fatal(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Fenced | ErrorKind::Closed | ErrorKind::Internal)
    }
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        let context = format!("an answer cannot be read: {error}");
        let source: Arc<dyn StdError + Send + Sync> = Arc::new(error);
        Self::new(ErrorKind::Malformed, context).with_source(source)
    }
}

impl From<EncodeError> for Error {
    fn from(error: EncodeError) -> Self {
        let kind = match error.kind {
            EncodeErrorKind::NotInVersion | EncodeErrorKind::UnsupportedVersion => ErrorKind::Incompatible,
            _ => ErrorKind::Misuse,
        };
        let source: Arc<dyn StdError + Send + Sync> = Arc::new(error);
        Self::new(kind, format!("a request cannot be written: {error}")).with_source(source)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.context)?;
        if let ErrorKind::Broker(code) = self.0.kind {
            write!(f, ": {code}")?;
        }
        if self.0.outcome == Outcome::MayHaveHappened {
            f.write_str(" (it may have happened all the same)")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("context", &self.0.context)
            .field("outcome", &self.0.outcome)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests;
