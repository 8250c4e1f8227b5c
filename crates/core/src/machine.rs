//! The contract between what decides and what does: a [`Machine`] is a plain struct that holds one object's protocol decisions.
//!
//! A machine never blocks, sleeps, spawns, reads a clock, writes to a socket, wakes anybody or takes a lock. Inputs come by
//! [`Machine::handle`] and by the machine's own plain verbs for the application; after each of them
//! [`Object`](crate::object::Object) drains the outputs, in this order: requests, cancellations, demands, jobs, events,
//! the wish to yield, and the next deadline.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use ottla_protocol::ApiKey;
use ottla_protocol::frame::RequestFrame;
use ottla_types::BrokerId;

use crate::clock::Now;
use crate::cluster::Cluster;
use crate::error::Error;
use crate::io::Demand;
use crate::lane::{Lane, Link};

/// Decisions of one object, as a value: inputs in, outputs drained.
pub trait Machine: Send + 'static {
    /// Pure CPU work as a value, which comes back as itself by [`Input::Job`].
    type Job: Work;
    /// What to do once the object's lock is released.
    type Event: Effect;

    /// Takes one input.
    fn handle(&mut self, now: Now, input: Input<Self::Job>);

    /// The next request to queue on its connection; queue order is decision order.
    fn poll_request(&mut self, now: Now) -> Option<Outbound>;

    /// A request to withdraw if it has not been written yet. A withdrawn request is answered with [`Delivery::NotSent`].
    fn poll_cancel(&mut self) -> Option<RequestId> {
        None
    }

    /// The next thing that the machine needs of the cluster's owner.
    fn poll_demand(&mut self) -> Option<Demand>;

    /// The next piece of CPU work.
    fn poll_job(&mut self) -> Option<Self::Job>;

    /// The next effect to apply without the lock.
    fn poll_event(&mut self) -> Option<Self::Event>;

    /// Whether the machine wants an [`Input::Yielded`] after the tasks that the events wake had a turn, so that what they
    /// add piles up before the next request leaves. Asked once after each input; asking resets it.
    fn poll_yield(&mut self) -> bool {
        false
    }

    /// When the machine wants an [`Input::Timeout`] at the latest. It must cost no more than a comparison or two.
    fn poll_timeout(&self) -> Option<Instant>;
}

/// CPU work that a machine wants done outside of its lock.
pub trait Work: Send + 'static {
    /// The bytes that the work walks over: small work is done where it stands, large work may go to another thread.
    fn cost(&self) -> usize;
    /// Does the work, leaving the result in `self`.
    fn run(&mut self);
}

/// A machine without jobs.
#[derive(Debug)]
pub enum NoJob {}

impl Work for NoJob {
    fn cost(&self) -> usize {
        0
    }

    fn run(&mut self) {}
}

/// Something to be done without any lock held: filling a slot, waking a task, dropping what a user owns.
pub trait Effect: Send + 'static {
    /// Applies the effect. It may run foreign code.
    fn apply(self);
}

/// A machine without events.
#[derive(Debug)]
pub enum NoEvent {}

impl Effect for NoEvent {
    fn apply(self) {}
}

/// Names a request within its object. Each object counts for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// Counts requests of one object.
#[derive(Debug, Default)]
pub struct RequestIds(u64);

impl RequestIds {
    /// The next id, never given out before by this counter.
    pub fn next_id(&mut self) -> RequestId {
        self.0 += 1;
        RequestId(self.0)
    }
}

/// One request on its way to a connection.
#[derive(Debug)]
pub struct Outbound {
    /// The object's name for the request.
    pub id: RequestId,
    /// The broker.
    pub broker: BrokerId,
    /// The lane of the broker.
    pub lane: Lane,
    /// The connection's epoch that the machine saw as ready; on any other the request fails as not sent.
    pub epoch: u64,
    /// The API.
    pub key: ApiKey,
    /// The version that `frame` is encoded in.
    pub version: i16,
    /// The whole frame; the connection fills in the correlation id.
    pub frame: RequestFrame,
    /// From queueing to the response. Past it the connection is closed, as the broker may still answer out of turn.
    pub timeout: Duration,
    /// False where the broker sends no response (Produce with `acks=0`): then [`Input::Written`] is all that comes.
    pub expects_response: bool,
}

/// The answer to one request.
#[derive(Clone, Debug)]
pub struct Response {
    /// The version that the request was sent in.
    pub version: i16,
    /// The body without its header; strings and bytes decoded from it are slices of it.
    pub body: Bytes,
}

/// Whether a request that failed may have reached the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Not a byte of it left.
    NotSent,
    /// It may have been received, and applied.
    MaybeSent,
}

/// A request without an answer.
#[derive(Clone, Debug)]
pub struct SendError {
    /// Whether the broker may have seen the request.
    pub delivery: Delivery,
    /// What happened.
    pub error: Error,
}

/// What happened outside of a machine.
#[derive(Debug)]
#[non_exhaustive]
pub enum Input<J> {
    /// A newer view of the cluster.
    Cluster(Arc<Cluster>),
    /// A connection that the machine demanded became ready, or one that it used went down.
    Link(Link),
    /// The last byte of a request was handed to the socket. Only told for requests that expect no response.
    Written(RequestId),
    /// A request is over.
    Response(RequestId, Result<Response, SendError>),
    /// A job is done.
    Job(J),
    /// The tasks that were woken had a turn; see [`Machine::poll_yield`].
    Yielded,
    /// The time that [`Machine::poll_timeout`] gave has come; may come early or twice.
    Timeout,
    /// The client is closing or its runtime is gone: everything that waits must be resolved now.
    Closed(Error),
}

impl Input<Infallible> {
    /// The same input for a machine with any kind of job.
    pub fn with_job<J>(self) -> Input<J> {
        match self {
            Self::Cluster(cluster) => Input::Cluster(cluster),
            Self::Link(link) => Input::Link(link),
            Self::Written(id) => Input::Written(id),
            Self::Response(id, result) => Input::Response(id, result),
            Self::Job(job) => match job {},
            Self::Yielded => Input::Yielded,
            Self::Timeout => Input::Timeout,
            Self::Closed(error) => Input::Closed(error),
        }
    }
}
