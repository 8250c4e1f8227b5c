//! One admin request as a [`Call`]: it encodes itself for the broker's versions, judges the answer and fills its own slot.

use std::time::{Duration, Instant};

use bytes::Bytes;
use ottla_core::call::{Call, Caller, Progress, Target};
use ottla_core::error::{Error, ErrorKind, Result};
use ottla_core::retry::{self, Verdict};
use ottla_core::slot::{Filler, slot};
use ottla_core::versions::Versions;
use ottla_protocol::frame::{RequestFrame, encode_request};
use ottla_protocol::{ApiKey, Decode, Request};
use ottla_types::ErrorCode;

/// What differs between admin calls.
pub(crate) trait Ask: Send + 'static {
    /// What the application gets.
    type Answer: Send + 'static;

    /// Whom to ask.
    fn target(&self) -> Target;

    /// The request for what is not answered yet, in a version of the broker's.
    fn encode(&mut self, versions: &Versions, client_id: Option<&str>) -> Result<Encoded>;

    /// Takes an answer. [`Progress::Again`] asks once more for what is still open.
    fn read(&mut self, version: i16, body: &Bytes) -> Result<Progress>;

    /// The answer, where `result` says whether the asking came to its end.
    fn conclude(self, result: Result<()>) -> Result<Self::Answer>;
}

/// A request ready to leave.
pub(crate) type Encoded = (ApiKey, i16, RequestFrame);

struct Asked<A: Ask> {
    ask: A,
    attempt_timeout: Duration,
    filler: Filler<Result<A::Answer>>,
}

/// Asks, until `deadline`, each attempt for as long as `attempt_timeout`. The request is queued by the time that this returns its future; dropping that future recalls
/// nothing.
pub(crate) fn ask<A: Ask>(
    caller: &Caller,
    deadline: Instant,
    attempt_timeout: Duration,
    ask: A,
) -> impl Future<Output = Result<A::Answer>> + Send + 'static {
    let (filler, waiting) = slot();
    caller.start(Box::new(Asked { ask, attempt_timeout, filler }), deadline);
    async move { waiting.await? }
}

impl<A: Ask> Call for Asked<A> {
    fn target(&self) -> Target {
        self.ask.target()
    }

    fn encode(&mut self, versions: &Versions, client_id: Option<&str>) -> Result<Encoded> {
        self.ask.encode(versions, client_id)
    }

    fn on_response(&mut self, version: i16, body: &Bytes) -> Result<Progress> {
        self.ask.read(version, body)
    }

    fn attempt_timeout(&self) -> Duration {
        self.attempt_timeout
    }

    fn finish(self: Box<Self>, result: Result<()>) {
        let Self { ask, filler, .. } = *self;
        filler.fill(ask.conclude(result));
    }
}

/// Encodes a request in `version`.
pub(crate) fn encoded<R: Request>(request: &R, version: i16, client_id: Option<&str>) -> Result<Encoded> {
    Ok((R::KEY, version, encode_request(request, version, client_id)?))
}

/// Decodes an answer.
pub(crate) fn decoded<R: Decode>(version: i16, body: &Bytes) -> Result<R> {
    Ok(R::decode(body, version)?)
}

/// An item's error with the broker's own words, where it has any.
pub(crate) fn refused(code: ErrorCode, what: impl std::fmt::Display, message: Option<&str>) -> Error {
    match message {
        Some(message) if !message.is_empty() => {
            Error::broker(code, format!("{what}: {}", message.trim_end_matches('.')))
        }
        _ => Error::broker(code, what.to_string()),
    }
}

/// Items of one call: each is open until it has its result, and only open ones are asked for again.
#[derive(Debug)]
pub(crate) struct Items<I, R> {
    items: Vec<(I, Option<Result<R>>)>,
    again: Option<Verdict>,
}

impl<I, R> Items<I, R> {
    pub(crate) fn new(items: impl IntoIterator<Item = I>) -> Self {
        Self { items: items.into_iter().map(|item| (item, None)).collect(), again: None }
    }

    /// Those without a result.
    pub(crate) fn open(&self) -> impl Iterator<Item = &I> {
        self.items.iter().filter(|(_, result)| result.is_none()).map(|(item, _)| item)
    }

    /// Notes an open item's result; one that asking again may change leaves it open.
    pub(crate) fn settle(&mut self, is: impl Fn(&I) -> bool, code: ErrorCode, result: impl FnOnce(&I) -> Result<R>) {
        let verdict = retry::verdict(code);
        let Some((item, place)) = self.items.iter_mut().find(|(item, result)| result.is_none() && is(item)) else {
            return;
        };
        if verdict.is_retriable() {
            self.again = Some(verdict);
        } else {
            *place = Some(result(item));
        }
    }

    /// Notes an open item's result whatever its code.
    pub(crate) fn decide(&mut self, is: impl Fn(&I) -> bool, result: impl FnOnce(&I) -> Result<R>) {
        if let Some((item, place)) = self.items.iter_mut().find(|(item, result)| result.is_none() && is(item)) {
            *place = Some(result(item));
        }
    }

    /// Whether the call is over.
    pub(crate) fn progress(&mut self) -> Progress {
        match self.again.take() {
            Some(verdict) => Progress::Again(verdict),
            None => Progress::Done,
        }
    }

    /// Every item with its result; those still open fail with what ended the call, or for want of an answer.
    pub(crate) fn conclude(self, ended: Result<()>, name: impl Fn(&I) -> String) -> Vec<(I, Result<R>)> {
        let each = |(item, result): (I, Option<Result<R>>)| {
            let result = result.unwrap_or_else(|| {
                Err(match &ended {
                    Err(error) => error.clone().within(name(&item)),
                    Ok(()) => {
                        Error::new(ErrorKind::Malformed, format!("{}: the broker's answer leaves it out", name(&item)))
                    }
                })
            });
            (item, result)
        };
        self.items.into_iter().map(each).collect()
    }
}

#[cfg(test)]
mod tests;
