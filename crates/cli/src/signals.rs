//! SIGINT and SIGTERM: the first asks a command to end, the second ends it at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use crate::failure::{Status, note};

/// How long a command may take to end after it was asked to; a write to a pipe that nobody reads could take for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// Tells a command that it should end.
#[derive(Clone)]
pub(crate) struct Signals(Arc<State>);

struct State {
    received: AtomicU8,
    notify: Notify,
}

/// What was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

impl Signal {
    /// The exit status of work that was cut short.
    pub(crate) fn status(self) -> Status {
        match self {
            Self::Interrupt => Status::Interrupted,
            Self::Terminate => Status::Terminated,
        }
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        }
    }
}

impl Signals {
    /// Listens from now on.
    pub(crate) fn listen() -> Self {
        let signals = Self(Arc::new(State { received: AtomicU8::new(0), notify: Notify::new() }));
        let state = Arc::clone(&signals.0);
        tokio::spawn(async move {
            let Some(mut listener) = Listener::new() else { return };
            let first = listener.next().await;
            state.received.store(if first == Signal::Interrupt { 1 } else { 2 }, Ordering::Release);
            state.notify.notify_waiters();
            let again = tokio::time::timeout(PATIENCE, listener.next()).await;
            let last = again.unwrap_or(first);
            note(format_args!("ended by {} before it could end by itself", last.name()));
            std::process::exit(last.status() as i32);
        });
        signals
    }

    /// What was received so far.
    pub(crate) fn received(&self) -> Option<Signal> {
        match self.0.received.load(Ordering::Acquire) {
            1 => Some(Signal::Interrupt),
            2 => Some(Signal::Terminate),
            _ => None,
        }
    }

    /// Waits for one.
    pub(crate) async fn wait(&self) -> Signal {
        loop {
            let notified = self.0.notify.notified();
            if let Some(signal) = self.received() {
                return signal;
            }
            notified.await;
        }
    }
}

#[cfg(unix)]
struct Listener {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Listener {
    fn new() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Some(Self {
            interrupt: signal(SignalKind::interrupt()).ok()?,
            terminate: signal(SignalKind::terminate()).ok()?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}

#[cfg(not(unix))]
struct Listener;

#[cfg(not(unix))]
impl Listener {
    fn new() -> Option<Self> {
        Some(Self)
    }

    async fn next(&mut self) -> Signal {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Signal::Interrupt
    }
}
