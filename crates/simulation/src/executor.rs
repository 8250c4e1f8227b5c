//! Runs futures on one thread, in an order drawn from the seed: what `tokio` does for the real client.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Names a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TaskId(u64);

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The tasks that are to be polled, in the order of their wake-ups.
#[derive(Debug, Default)]
struct Ready(Mutex<Vec<TaskId>>);

impl Ready {
    fn push(&self, task: TaskId) {
        let mut ready = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !ready.contains(&task) {
            ready.push(task);
        }
    }

    fn draw(&self, random: &mut fastrand::Rng) -> Option<TaskId> {
        let mut ready = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let drawn = (!ready.is_empty()).then(|| random.usize(..ready.len()))?;
        Some(ready.remove(drawn))
    }
}

struct TaskWaker {
    task: TaskId,
    ready: Arc<Ready>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.ready.push(self.task);
    }
}

/// The tasks of one run.
#[derive(Default)]
pub(crate) struct Executor {
    tasks: BTreeMap<TaskId, (String, Task)>,
    ready: Arc<Ready>,
    next: u64,
}

impl Executor {
    /// Adds a task. It is polled by the next [`poll_one`](Self::poll_one) that draws it.
    pub(crate) fn spawn(&mut self, name: String, future: impl Future<Output = ()> + Send + 'static) {
        let task = TaskId(self.next);
        self.next += 1;
        self.tasks.insert(task, (name, Box::pin(future)));
        self.ready.push(task);
    }

    /// Polls one of the tasks that are ready; says whether there was one.
    pub(crate) fn poll_one(&mut self, random: &mut fastrand::Rng) -> bool {
        let Some(task) = self.ready.draw(random) else { return false };
        let waker = Waker::from(Arc::new(TaskWaker { task, ready: Arc::clone(&self.ready) }));
        if let Some((_, future)) = self.tasks.get_mut(&task)
            && let Poll::Ready(()) = future.as_mut().poll(&mut Context::from_waker(&waker))
        {
            self.tasks.remove(&task);
        }
        true
    }

    /// The names of the tasks that have not ended.
    pub(crate) fn unfinished(&self) -> Vec<String> {
        self.tasks.values().map(|(name, _)| name.clone()).collect()
    }

    /// Drops all tasks, as the end of a runtime does.
    pub(crate) fn clear(&mut self) {
        self.tasks.clear();
    }
}
