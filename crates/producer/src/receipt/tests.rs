//! Slots, receipts and who is woken.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use ottla_core::error::{Error, ErrorKind};
use ottla_types::Topic;

use super::{BatchSlot, Receipt, Receipts};
use crate::outcome::{BatchOutcome, Written};

#[derive(Default)]
struct Counts(AtomicUsize);

impl Wake for Counts {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn slot() -> Arc<BatchSlot> {
    BatchSlot::new(Topic::from("t"), 3, 0)
}

fn written(base_offset: i64) -> BatchOutcome {
    BatchOutcome::Written(Written { base_offset: Some(base_offset), log_append_time: None })
}

#[test]
fn a_filled_slot_wakes_each_waiter_once_and_gives_each_record_its_offset() {
    let slot = slot();
    let counts = Arc::new(Counts::default());
    let waker = Waker::from(Arc::clone(&counts));
    let mut context = Context::from_waker(&waker);
    let mut first = pin!(Receipt::new(Arc::clone(&slot), 0, 50));
    let mut second = pin!(Receipt::new(Arc::clone(&slot), 1, 51));
    for _ in 0..3 {
        assert!(first.as_mut().poll(&mut context).is_pending());
        assert!(second.as_mut().poll(&mut context).is_pending());
    }
    slot.fill(written(100));
    assert_eq!(counts.0.load(Ordering::Relaxed), 2);
    let Poll::Ready(Ok(metadata)) = second.as_mut().poll(&mut context) else { panic!("not ready") };
    assert_eq!((metadata.partition, metadata.offset, metadata.timestamp), (3, Some(101), 51));
}

#[test]
fn receipts_of_several_batches_give_a_result_per_record_in_order() {
    let (one, other) = (slot(), slot());
    let mut receipts = Receipts::default();
    receipts.push(&one, 4, 1);
    receipts.push(&one, 5, 1);
    receipts.refuse(Error::new(ErrorKind::Misuse, "too large"));
    receipts.push(&other, 0, 1);
    assert_eq!((receipts.len(), receipts.runs.len()), (4, 3));
    let mut receipts = pin!(receipts);
    let mut context = Context::from_waker(Waker::noop());
    other.fill(written(7));
    assert!(receipts.as_mut().poll(&mut context).is_pending());
    one.fill(written(0));
    let Poll::Ready(results) = receipts.as_mut().poll(&mut context) else { panic!("not ready") };
    let offsets: Vec<_> = results.iter().map(|result| result.as_ref().ok().and_then(|m| m.offset)).collect();
    assert_eq!(offsets, [Some(4), Some(5), None, Some(7)]);
}

#[test]
fn only_the_first_outcome_of_a_batch_counts() {
    let slot = slot();
    slot.fill(written(1));
    slot.fill(BatchOutcome::failed(Error::new(ErrorKind::Closed, "late")));
    assert!(Receipt::new(slot, 0, 0).outcome().unwrap().is_ok());
}
