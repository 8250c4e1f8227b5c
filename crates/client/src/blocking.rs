//! For callers without a runtime: a client on a thread of its own, and waiting by parking the caller's thread.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use ottla_core::error::{Error, ErrorKind, Result};
use tokio::runtime::{Builder, Handle};

use crate::client::Client;

/// Makes a client on a runtime of its own, on a thread of its own. The thread ends when the client's tasks have: when the
/// last handle of the client and everything made with it is gone, and what a dropped producer had queued is sent.
///
/// # Errors
/// What `make` fails with; `Misuse` within a tokio runtime; `Internal` where thread or runtime cannot be made.
pub fn on_its_own_thread(make: impl FnOnce() -> Result<Client> + Send + 'static) -> Result<Client> {
    check()?;
    let failed = |what, error| Error::new(ErrorKind::Internal, format!("{what} cannot be started")).caused_by(error);
    let runtime =
        Builder::new_current_thread().enable_all().build().map_err(|error| failed("a runtime of the client", error))?;
    let (made, client) = mpsc::sync_channel(1);
    let serve = move || {
        let client = {
            let _entered = runtime.enter();
            make()
        };
        let ended = client.as_ref().ok().map(Client::ended);
        // Nobody waits any more only if the other thread was ended, and then the client ends as well.
        let _ = made.send(client);
        if let Some(ended) = ended {
            runtime.block_on(ended);
        }
    };
    let thread = thread::Builder::new().name("ottla".to_owned()).spawn(serve);
    thread.map_err(|error| failed("a thread of the client", error))?;
    client.recv().unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "the client's thread ended")))
}

/// Closes a client that has a runtime on another thread.
///
/// # Errors
/// As [`Client::close`]; `Misuse` within a tokio runtime.
pub fn close(client: &Client, deadline: Duration) -> Result<()> {
    let closing = client.clone();
    let closed = client.runtime().spawn(async move { closing.close(deadline).await });
    // The runtime drops the task only when it ends itself, and with it everything that was to be closed.
    block_on(closed)?.unwrap_or(Ok(()))
}

/// Parks this thread until the future is ready. The future must not need a runtime on this thread.
///
/// # Errors
/// `Misuse` within a tokio runtime.
pub fn block_on<F: Future>(future: F) -> Result<F::Output> {
    check()?;
    let waker = Waker::from(Arc::new(Parked(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Ok(output);
        }
        thread::park();
    }
}

/// A thread of a runtime that is parked runs none of the runtime's tasks, and so may wait for itself.
fn check() -> Result<()> {
    match Handle::try_current() {
        Ok(_) => Err(Error::new(
            ErrorKind::Misuse,
            "a blocking call was made within a tokio runtime: await the asynchronous form there",
        )),
        Err(_) => Ok(()),
    }
}

struct Parked(Thread);

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests;
