//! Tests of slots and their wake-ups.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::slot;
use crate::error::ErrorKind;

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_filled_slot_wakes_its_waiter_and_gives_the_value() {
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    let (filler, waiting) = slot();
    let mut waiting = pin!(waiting);
    let mut context = Context::from_waker(&waker);
    assert!(waiting.as_mut().poll(&mut context).is_pending());
    filler.fill(7);
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
    assert!(matches!(waiting.poll(&mut context), Poll::Ready(Ok(7))));
}

#[test]
fn a_filler_dropped_unfilled_answers_closed() {
    let (filler, waiting) = slot::<()>();
    drop(filler);
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(Err(error)) = pin!(waiting).poll(&mut context) else { panic!("still waiting") };
    assert_eq!(error.kind(), ErrorKind::Closed);
}

#[test]
fn a_filler_sees_that_nobody_waits() {
    let (filler, waiting) = slot::<()>();
    assert!(!filler.is_abandoned());
    drop(waiting);
    assert!(filler.is_abandoned());
}
