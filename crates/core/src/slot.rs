//! A place for one value that one task waits for.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::error::{Error, ErrorKind};

struct Cell<T> {
    value: Option<T>,
    waker: Option<Waker>,
    closed: bool,
}

/// The side that fills. Dropping it unfilled resolves the waiter with an error, so that nobody waits for ever.
pub struct Filler<T>(Arc<Mutex<Cell<T>>>);

/// The side that waits. Dropping it has no effect on the work behind it.
#[must_use = "a future does nothing unless awaited"]
pub struct Waiting<T>(Arc<Mutex<Cell<T>>>);

/// Makes a slot.
pub fn slot<T>() -> (Filler<T>, Waiting<T>) {
    let cell = Arc::new(Mutex::new(Cell { value: None, waker: None, closed: false }));
    (Filler(Arc::clone(&cell)), Waiting(cell))
}

impl<T> Filler<T> {
    /// Fills the slot and wakes the waiter. To be called without an object's lock.
    pub fn fill(self, value: T) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).value = Some(value);
        // Drop wakes.
    }

    /// Whether nobody waits any more.
    pub fn is_abandoned(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

impl<T> Drop for Filler<T> {
    fn drop(&mut self) {
        let waker = {
            let mut cell = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            cell.closed = true;
            cell.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Future for Waiting<T> {
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut cell = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = cell.value.take() {
            return Poll::Ready(Ok(value));
        }
        if cell.closed {
            return Poll::Ready(Err(Error::new(ErrorKind::Closed, "the client ended before the answer came")));
        }
        match &mut cell.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}

impl<T> std::fmt::Debug for Filler<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Filler")
    }
}

impl<T> std::fmt::Debug for Waiting<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Waiting")
    }
}

#[cfg(test)]
mod tests;
