//! The end of a client: told to every task, and waited for.

use std::sync::Arc;

use tokio::sync::watch;

/// Tells tasks that the client is closing and counts those that are left.
#[derive(Debug)]
pub(crate) struct Shutdown {
    closing: watch::Sender<bool>,
    tasks: Arc<watch::Sender<usize>>,
}

/// Held by a task for as long as it lives.
#[derive(Debug)]
pub(crate) struct Alive(Arc<watch::Sender<usize>>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.send_modify(|tasks| *tasks -= 1);
    }
}

impl Shutdown {
    pub(crate) fn new() -> Self {
        Self { closing: watch::Sender::new(false), tasks: Arc::new(watch::Sender::new(0)) }
    }

    /// To be held by a task that is about to start.
    pub(crate) fn task(&self) -> Alive {
        self.tasks.send_modify(|tasks| *tasks += 1);
        Alive(Arc::clone(&self.tasks))
    }

    /// Tells every task to end. False says that they had been told before.
    pub(crate) fn close(&self) -> bool {
        !self.closing.send_replace(true)
    }

    pub(crate) fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }

    /// Returns when tasks have to end.
    pub(crate) async fn closing(&self) {
        // The sender is borrowed, so it cannot be gone.
        let _ = self.closing.subscribe().wait_for(|closing| *closing).await;
    }

    /// Returns when all tasks have ended.
    pub(crate) async fn ended(&self) {
        let _ = self.tasks.subscribe().wait_for(|tasks| *tasks == 0).await;
    }
}
