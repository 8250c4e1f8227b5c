//! Typed protocol requests, sent as they are: the version is negotiated, the broker is found, the answer is not judged.

use std::time::Duration;

use bytes::Bytes;
use ottla_core::call::{Call, Progress};
use ottla_core::error::Result;
use ottla_core::slot::{Filler, slot};
use ottla_core::versions::Versions;
use ottla_protocol::frame::{RequestFrame, encode_request};
use ottla_protocol::{ApiKey, Message, Request};

pub use ottla_core::call::Target;
pub use ottla_core::io::CoordinatorKind;

use crate::Client;

/// How long a request may take in all, unless told otherwise (`default.api.timeout.ms`).
const DEADLINE: Duration = Duration::from_secs(60);

/// Sends one request to its target, in the newest version that the broker speaks, and gives the answer whatever error
/// codes are in it. It is repeated only while it has certainly not been received. It may take 60 s.
///
/// **Cancel safety**: a request that was begun goes on without its caller.
///
/// # Errors
/// `Timeout`, naming what was waited for and why; `Incompatible` where the broker has no version of the request that can
/// say what it says; `Malformed` where the answer cannot be read; `Closed`. [`outcome`](ottla_core::error::Error::outcome)
/// tells whether the broker may have acted on the request.
pub async fn send<R: Request>(client: &Client, target: Target, request: R) -> Result<R::Response> {
    send_within(client, target, request, DEADLINE).await
}

/// As [`send`], with a deadline of its own.
///
/// **Cancel safety**: as [`send`].
///
/// # Errors
/// As [`send`].
pub async fn send_within<R: Request>(
    client: &Client,
    target: Target,
    request: R,
    deadline: Duration,
) -> Result<R::Response> {
    let (filler, answer) = slot();
    let timeout = crate::internal::request_timeout(client);
    let call = Raw { target, request, timeout, response: None, filler };
    client.caller().start_within(Box::new(call), deadline);
    answer.await?
}

struct Raw<R: Request> {
    target: Target,
    request: R,
    timeout: Duration,
    response: Option<R::Response>,
    filler: Filler<Result<R::Response>>,
}

impl<R: Request> Call for Raw<R> {
    fn target(&self) -> Target {
        self.target.clone()
    }

    fn encode(&mut self, versions: &Versions, client_id: Option<&str>) -> Result<(ApiKey, i16, RequestFrame)> {
        let version = versions.pick::<R>()?;
        Ok((R::KEY, version, encode_request(&self.request, version, client_id)?))
    }

    fn on_response(&mut self, version: i16, body: &Bytes) -> Result<Progress> {
        self.response = Some(<R::Response as Message>::decode(body, version)?);
        Ok(Progress::Done)
    }

    fn may_repeat(&self) -> bool {
        false
    }

    fn attempt_timeout(&self) -> Duration {
        self.timeout
    }

    fn finish(self: Box<Self>, result: Result<()>) {
        let Self { filler, response, .. } = *self;
        match (result, response) {
            (Ok(()), Some(response)) => filler.fill(Ok(response)),
            (Err(error), _) => filler.fill(Err(error)),
            // Dropping the filler tells the waiter that no answer comes.
            (Ok(()), None) => {}
        }
    }
}
