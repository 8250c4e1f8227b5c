//! The task behind one connection: wait out the backoff, connect, shake hands, then read until it ends.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use ottla_core::connection::Frames;
use ottla_core::error::{Error, ErrorKind};
use ottla_core::handshake::{Handshake, Progress};
use ottla_core::lane::{Link, LinkState};
use ottla_core::machine::{Input, SendError};
use ottla_core::versions::Versions;
use ottla_protocol::frame::RequestFrame;

use crate::lanes::Attempt;
use crate::outbox::{Check, Outbox};
use crate::read_buffer::ReadBuffer;
use crate::resolve;
use crate::shutdown::Alive;
use crate::tokio_io::{Shared, Turn};
use crate::transport::{ReadHalf, WriteHalf, split_boxed, split_tcp};
use crate::writer::Writer;

/// A connection that ends sooner than this after it became ready counts as a failed attempt.
const SETTLED: Duration = Duration::from_secs(1);

/// Makes one connection and serves it until it ends.
pub(crate) async fn run(shared: Arc<Shared>, attempt: Attempt, alive: Alive) {
    let ready = OnceLock::new();
    let mut end = End { shared: &shared, attempt: &attempt, ready: &ready, cause: None, _alive: alive };
    end.cause = Some(tokio::select! {
        biased;
        () = shared.shutdown.closing() => Cause::Meant(shared.closed_error()),
        () = attempt.end.notified() => Cause::meant("the connection is no longer needed"),
        cause = live(&shared, &attempt, &ready) => cause,
    });
}

/// Why a connection ended.
enum Cause {
    /// Something went wrong: the next attempt may have to wait.
    Failed(Error),
    /// This side wanted it.
    Meant(Error),
}

impl Cause {
    fn meant(context: &str) -> Self {
        Self::Meant(Error::new(ErrorKind::Transport, context))
    }

    fn broke(error: io::Error) -> Self {
        Self::Failed(Error::new(transport_kind(&error), "the connection broke").caused_by(error))
    }

    fn within(self, name: &str) -> Self {
        match self {
            Self::Failed(error) => Self::Failed(error.within(name)),
            Self::Meant(error) => Self::Meant(error.within(name)),
        }
    }
}

/// Reports the end of a connection however it comes, even when the runtime drops the task.
struct End<'a> {
    shared: &'a Shared,
    attempt: &'a Attempt,
    ready: &'a OnceLock<(Arc<Outbox>, Instant)>,
    cause: Option<Cause>,
    _alive: Alive,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        let Attempt { broker, lane, epoch, .. } = *self.attempt;
        let (error, failed) = match self.cause.take() {
            Some(Cause::Failed(error)) => (error, true),
            Some(Cause::Meant(error)) => (error, false),
            None if std::thread::panicking() => {
                (Error::new(ErrorKind::Internal, "the connection's task failed inside ottla"), true)
            }
            None => (self.shared.closed_error(), false),
        };
        tracing::debug!(%broker, ?lane, epoch, %error, "connection down");
        let lost = self.ready.get().map(|(outbox, _)| outbox.close()).unwrap_or_default();
        for lost in lost {
            let lost_error = SendError { delivery: lost.delivery, error: error.clone() };
            self.shared.owners.input(lost.owner, Input::Response(lost.id, Err(lost_error)));
        }
        self.shared.deliver_rejected();
        let settled = self
            .ready
            .get()
            .is_some_and(|(_, since)| self.shared.clock.now().mono.saturating_duration_since(*since) >= SETTLED);
        for owner in self.shared.lanes.on_down(self.attempt, failed && !settled) {
            let state = LinkState::Down(error.clone());
            self.shared.owners.input(owner, Input::Link(Link { broker, lane, epoch, state }));
        }
    }
}

async fn live(shared: &Arc<Shared>, attempt: &Attempt, ready: &OnceLock<(Arc<Outbox>, Instant)>) -> Cause {
    let pause = shared.reconnect_pause(attempt.failures);
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    let address = match shared.address(attempt.broker) {
        Ok(address) => address,
        Err(error) => return Cause::Failed(error),
    };
    let name = format!("broker {} at {}:{}", attempt.broker, address.0, address.1);
    let name = if attempt.broker.0 < -1 { format!("{}:{}", address.0, address.1) } else { name };
    let limit = shared.config.connection_setup_timeout;
    let (mut read, mut write) = match connect(shared, &address.0, address.1).await {
        Ok(halves) => halves,
        Err(error) => {
            let context = format!("{name} cannot be connected to");
            return Cause::Failed(Error::new(transport_kind(&error), context).caused_by(error));
        }
    };
    let mut buffer = ReadBuffer::new(Frames::new(shared.config.receive_message_max_bytes), Arc::clone(&shared.pool));
    let shaken = tokio::time::timeout(limit, shake_hands(shared, &mut read, &mut write, &mut buffer)).await;
    let versions = match shaken {
        Ok(Ok(versions)) => versions,
        Ok(Err(error)) => return Cause::Failed(error.within(name)),
        Err(_) => {
            let millis = limit.as_millis();
            let context = format!("{name} did not answer ApiVersions within {millis} ms");
            return Cause::Failed(Error::new(ErrorKind::Timeout, context));
        }
    };
    let now = shared.clock.now().mono;
    let outbox = Arc::new(Outbox::new(attempt.epoch, Writer::new(write), now));
    let versions = Arc::new(versions);
    let _ = ready.set((Arc::clone(&outbox), now));
    let (broker, lane, epoch) = (attempt.broker, attempt.lane, attempt.epoch);
    tracing::debug!(%broker, ?lane, epoch, address = %name, "connection ready");
    for owner in shared.lanes.on_ready(attempt, Arc::clone(&outbox), Arc::clone(&versions)) {
        let state = LinkState::Ready(Arc::clone(&versions));
        shared.owners.input(owner, Input::Link(Link { broker, lane, epoch, state }));
    }
    serve(shared, &outbox, read, buffer).await.within(&name)
}

async fn connect(shared: &Shared, host: &str, port: u16) -> io::Result<(ReadHalf, WriteHalf)> {
    let limit = shared.config.connection_setup_timeout;
    match &shared.connector {
        None => Ok(split_tcp(resolve::connect(host, port, limit, &shared.config).await?)),
        Some(connector) => match tokio::time::timeout(limit, connector.connect(host, port)).await {
            Ok(stream) => Ok(split_boxed(stream?)),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        },
    }
}

async fn shake_hands(
    shared: &Shared,
    read: &mut ReadHalf,
    write: &mut WriteHalf,
    buffer: &mut ReadBuffer,
) -> Result<Versions, Error> {
    let mut handshake = Handshake::new(Arc::clone(&shared.client_id));
    let mut request = handshake.start()?;
    loop {
        write_all(write, request).await.map_err(|_| handshake.ended())?;
        let frame = read_frame(read, buffer, &handshake).await?;
        match handshake.on_frame(&frame)? {
            Progress::Send(next) => request = next,
            Progress::Ready(versions) => return Ok(versions),
        }
    }
}

async fn write_all(write: &mut WriteHalf, frame: RequestFrame) -> io::Result<()> {
    let mut bytes = frame.head.freeze();
    let mut rest = frame.tail.into_iter();
    loop {
        while !bytes.is_empty() {
            let written = poll_fn(|context| write.poll_write(context, &[io::IoSlice::new(&bytes)])).await?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            bytes::Buf::advance(&mut bytes, written);
        }
        match rest.next() {
            Some(next) => bytes = next,
            None => return Ok(()),
        }
    }
}

async fn read_frame(read: &mut ReadHalf, buffer: &mut ReadBuffer, handshake: &Handshake) -> Result<Bytes, Error> {
    loop {
        if let Some(frame) = buffer.next()? {
            return Ok(frame);
        }
        match buffer.fill(read).await {
            Ok(0) => return Err(buffer.ended_within().unwrap_or_else(|| handshake.ended())),
            Ok(_) => {}
            Err(error) => return Err(handshake.ended().caused_by(error)),
        }
    }
}

/// Reads until the connection ends, and tells why it did.
async fn serve(shared: &Arc<Shared>, outbox: &Outbox, mut read: ReadHalf, mut buffer: ReadBuffer) -> Cause {
    let max_idle = shared.config.connections_max_idle;
    let mut sleep = pin!(tokio::time::sleep(Duration::ZERO));
    let mut stalled: Option<Writer> = None;
    loop {
        tokio::select! {
            result = buffer.fill(&mut read) => {
                match result {
                    Ok(0) => {
                        let context = "the connection was closed by the other side";
                        return Cause::Failed(Error::new(ErrorKind::Transport, context));
                    }Ok(_) => {}
                    Err(error) => return Cause::broke(error),
                }
                let (yields, broken) = deliver(shared, outbox, &mut buffer);
                if let Some(error) = broken {
                    return Cause::Failed(error);
                }
                if !yields.is_empty() {
                    tokio::task::yield_now().await;
                    for owner in yields {
                        shared.owners.input(owner, Input::Yielded);
                    }
                }
            }
            () = outbox.kicked() => {
                if let Some(error) = outbox.take_failure() {
                    return Cause::broke(error);
                }
                stalled = stalled.or_else(|| outbox.take_stalled());
                match check(shared, outbox, max_idle) {
                    Ok(at) => sleep.as_mut().reset(at.into()),
                    Err(cause) => return cause,
                }
            }
            result = poll_fn(|context| match &mut stalled {
                Some(writer) => writer.poll_some(context),
                None => Poll::Pending,
            }), if stalled.is_some() => {
                if let Err(error) = result {
                    return Cause::broke(error);
                }
                if let Some(writer) = stalled.take() {
                    shared.tell_written(outbox.put_back(writer));
                    shared.tell_written(outbox.flush());
                }
            }
            () = &mut sleep => match check(shared, outbox, max_idle) {
                Ok(at) => sleep.as_mut().reset(at.into()),
                Err(cause) => return cause,
            },
        }
    }
}

fn check(shared: &Shared, outbox: &Outbox, max_idle: Duration) -> Result<Instant, Cause> {
    match outbox.check(shared.clock.now().mono, max_idle) {
        Check::At(at) => Ok(at),
        Check::Expired(key) => {
            let name = key.name().unwrap_or("a request");
            Err(Cause::Failed(Error::new(ErrorKind::Timeout, format!("{name} was not answered in time"))))
        }
        Check::Idle => Err(Cause::meant("the connection was closed after it had not been used")),
    }
}

/// Hands out all whole answers. What wants its turn after the tasks that they wake is given back.
fn deliver(shared: &Shared, outbox: &Outbox, buffer: &mut ReadBuffer) -> (Vec<ottla_core::io::OwnerId>, Option<Error>) {
    let turn = Turn::begin();
    let broken = loop {
        match buffer.next() {
            Ok(None) => break None,
            Ok(Some(frame)) => match outbox.answer(&frame) {
                Ok((sent, response)) => shared.owners.input(sent.owner, Input::Response(sent.id, Ok(response))),
                Err(error) => break Some(error),
            },
            Err(error) => break Some(error),
        }
    };
    (turn.end(), broken)
}

fn transport_kind(error: &io::Error) -> ErrorKind {
    if error.kind() == io::ErrorKind::TimedOut { ErrorKind::Timeout } else { ErrorKind::Transport }
}
