//! The handle and its futures on an `Io` that answers by hand.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use ottla_core::error::{ErrorKind, Outcome, Result};
use ottla_types::Topic;

use super::Producer;
use crate::config::ProducerConfig;
use crate::handmade::{Answering, drive, producer};
use crate::lifecycle::{Purge, Unacknowledged};
use crate::record::{NewRecord, RecordMetadata};

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn spawnable<F: Future + Send + 'static>(future: F) -> Pin<Box<dyn Future<Output = F::Output> + Send>> {
    Box::pin(future)
}

/// All calls within one task, with iterators that borrow and topics as handles and as names.
async fn usage(producer: Producer, lines: Vec<String>) -> Result<Vec<Result<RecordMetadata>>> {
    let topic = Topic::from("t");
    let first = producer.send(NewRecord::to(&topic).key("k").value(&lines[0])).await?;
    assert_eq!(first.offset, Some(0));
    let receipt = producer.enqueue(NewRecord::to("t").value(vec![b'1'])).await?;
    producer.flush().await?;
    assert_eq!(receipt.await?.offset, Some(1));
    let results = producer.send_all(lines.iter().map(|line| NewRecord::to(&topic).value(line))).await;
    producer.close(Duration::from_secs(5)).await?;
    results
}

#[test]
fn every_way_in_can_be_used_from_a_spawned_task() {
    let io = Answering::new(false);
    let lines: Vec<String> = (0..200).map(|line| format!("line {line}")).collect();
    // A batch of its own for each record, so that nothing waits for a linger that no clock ends.
    let config = ProducerConfig::default().batch_size_bytes(1);
    let results = drive(&io, spawnable(usage(producer(&io, &config), lines.clone()))).unwrap();
    let offsets: Vec<_> = results.iter().map(|result| result.as_ref().unwrap().offset.unwrap()).collect();
    assert_eq!(offsets, (2..202).collect::<Vec<_>>());
    assert_eq!(io.values()[2..], lines);
}

#[test]
fn a_send_to_an_idle_broker_leaves_from_its_callers_own_poll() {
    let io = Answering::new(true);
    let producer = producer(&io, &ProducerConfig::default());
    let mut context = Context::from_waker(Waker::noop());
    let mut send = pin!(producer.send(NewRecord::to("t").value("x")));
    assert!(matches!(send.as_mut().poll(&mut context), Poll::Ready(Ok(_))));
}

#[test]
fn dropping_the_last_handle_returns_at_once_and_what_was_queued_is_sent() {
    let io = Answering::new(false);
    let first = producer(&io, &ProducerConfig::default());
    let second = first.clone();
    let receipt = first.try_enqueue(NewRecord::to("t").value("x"));
    let receipt = receipt.unwrap_or_else(|rejected| {
        assert!(rejected.error.is_retriable(), "{}", rejected.error);
        first.try_enqueue(rejected.value).unwrap()
    });
    drop(first);
    assert!(io.owner().is_some());
    drop(second);
    while io.answer() {}
    assert!(receipt.outcome().unwrap().is_ok());
    assert!(io.owner().is_none());
    assert_eq!(io.unregistered.load(Ordering::Relaxed), 1);
}

#[test]
fn a_dropped_enqueue_leaves_its_place_to_the_next() {
    let io = Answering::new(false);
    let config = ProducerConfig::default().buffer_memory_bytes(400).max_request_size_bytes(400);
    let producer = producer(&io, &config);
    drive(&io, producer.send(NewRecord::to("t").value("warm-up"))).unwrap();
    let value = "x".repeat(200);
    drop(drive(&io, producer.enqueue(NewRecord::to("t").value(&value))).unwrap());
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    let mut first = Box::pin(producer.enqueue(NewRecord::to("t").value(&value)));
    let mut second = Box::pin(producer.enqueue(NewRecord::to("t").value(&value)));
    assert!(first.as_mut().poll(&mut context).is_pending());
    assert!(second.as_mut().poll(&mut context).is_pending());
    while io.answer() {}
    assert_eq!(woken.0.load(Ordering::Relaxed), 1, "there is room for one");
    drop(first);
    assert_eq!(woken.0.load(Ordering::Relaxed), 2, "it passes on");
    assert!(second.as_mut().poll(&mut context).is_ready());
}

#[test]
fn a_closed_producer_hands_records_back() {
    let io = Answering::new(false);
    let producer = producer(&io, &ProducerConfig::default());
    drive(&io, producer.close(Duration::from_secs(1))).unwrap();
    let rejected = producer.try_enqueue(NewRecord::to("t").value("kept")).unwrap_err();
    assert_eq!(rejected.error.kind(), ErrorKind::Closed);
    assert_eq!(rejected.value.value_bytes(), Some(&b"kept"[..]));
    drive(&io, producer.close(Duration::from_secs(1))).unwrap();
}

#[test]
fn records_that_are_not_taken_are_told_of_in_their_place() {
    let io = Answering::new(false);
    let config = ProducerConfig::default().max_request_size_bytes(200).linger(Duration::ZERO);
    let producer = producer(&io, &config);
    let values = ["a".to_owned(), "x".repeat(300), "b".to_owned()];
    let results = drive(&io, producer.send_all(values.iter().map(|value| NewRecord::to("t").value(value)))).unwrap();
    let ok: Vec<_> = results.iter().map(Result::is_ok).collect();
    assert_eq!(ok, [true, false, true]);
    assert_eq!(io.values(), ["a", "b"]);
}

#[test]
fn a_panic_in_an_iterator_harms_only_its_own_call() {
    let io = Answering::new(true);
    let producer = producer(&io, &ProducerConfig::default().linger(Duration::ZERO));
    drive(&io, producer.send(NewRecord::to("t").value("a"))).unwrap();
    let inner = producer.clone();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let records = (0..5).map(|at| if at == 3 { panic!("on purpose") } else { NewRecord::to("t") });
        let mut future = pin!(inner.enqueue_all(records));
        future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }));
    assert!(panicked.is_err());
    drive(&io, producer.send(NewRecord::to("t").value("b"))).unwrap();
    assert_eq!(io.values(), ["a", "b"]);
}

#[test]
fn what_waits_in_vain_is_told_of_in_its_place_and_does_not_make_the_others_wait_as_long() {
    let io = Answering::new(false);
    let config = ProducerConfig::default().buffer_memory_bytes(700).max_request_size_bytes(700);
    let producer = producer(&io, &config);
    drive(&io, producer.send(NewRecord::to("t").value("warm-up"))).unwrap();
    let large = "x".repeat(400);
    let values = [&large, &large, &large, "small"];
    let mut context = Context::from_waker(Waker::noop());
    let mut queueing = pin!(producer.enqueue_all(values.iter().map(|value| NewRecord::to("t").value(*value))));
    assert!(queueing.as_mut().poll(&mut context).is_pending());
    io.time_passes(Duration::from_secs(61));
    let Poll::Ready(receipts) = queueing.as_mut().poll(&mut context) else { panic!("it waits once more") };
    io.time_passes(Duration::from_secs(1));
    let results = drive(&io, receipts.unwrap());
    let kinds: Vec<_> = results.iter().map(|result| result.as_ref().err().map(|error| error.kind())).collect();
    assert_eq!(kinds, [None, Some(ErrorKind::Timeout), Some(ErrorKind::Timeout), None]);
    let outcomes = results.iter().filter_map(|result| result.as_ref().err()).map(|error| error.outcome());
    assert!(outcomes.eq([Outcome::DidNotHappen; 2]));
    assert_eq!(io.values(), ["warm-up", &large, "small"]);
}

#[test]
fn records_that_are_awaited_together_do_not_wait_out_the_linger() {
    let io = Answering::new(false);
    let producer = producer(&io, &ProducerConfig::default());
    let values = ["a", "b", "c"];
    // No time passes.
    let results = drive(&io, producer.send_all(values.map(|value| NewRecord::to("t").value(value)))).unwrap();
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(io.values(), values);
}

#[test]
fn purged_records_are_told_whether_they_may_be_written() {
    let io = Answering::new(false);
    let producer = producer(&io, &ProducerConfig::default().batch_size_bytes(200).max_in_flight_requests(1));
    drive(&io, producer.send(NewRecord::to("t").value("warm-up"))).unwrap();
    let value = "x".repeat(200);
    let [sent, queued] = [&value, "y"].map(|value| producer.try_enqueue(NewRecord::to("t").value(value)).unwrap());
    let purged = producer.purge(Purge::Queued).unwrap();
    assert_eq!((purged.queued, purged.in_flight), (1, 0));
    let error = queued.outcome().unwrap().unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Purged, Outcome::DidNotHappen));
    assert!(sent.outcome().is_none());
    let purged = producer.purge(Purge::InFlight).unwrap();
    assert_eq!((purged.queued, purged.in_flight), (0, 1));
    let error = sent.outcome().unwrap().unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Purged, Outcome::MayHaveHappened));
    assert_eq!(producer.purge(Purge::All).unwrap(), Default::default());
    while io.answer() {}
    assert_eq!((producer.buffered_bytes(), io.values()), (0, vec!["warm-up".to_owned(), value]));
    drive(&io, producer.send(NewRecord::to("t").value("next"))).unwrap();
}

#[test]
fn a_close_tells_how_many_records_it_left_and_what_became_of_them() {
    let io = Answering::new(false);
    let producer = producer(&io, &ProducerConfig::default().batch_size_bytes(200).max_in_flight_requests(1));
    drive(&io, producer.send(NewRecord::to("t").value("warm-up"))).unwrap();
    let value = "x".repeat(200);
    let receipts = [&value, "y", "z"].map(|value| producer.try_enqueue(NewRecord::to("t").value(value)).unwrap());
    let mut closing = pin!(producer.close(Duration::from_secs(5)));
    let mut context = Context::from_waker(Waker::noop());
    assert!(closing.as_mut().poll(&mut context).is_pending());
    io.time_passes(Duration::from_secs(6));
    let Poll::Ready(Err(error)) = closing.as_mut().poll(&mut context) else { panic!("it is over, with an error") };
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::MayHaveHappened));
    let left = Unacknowledged::of(&error).unwrap();
    assert_eq!((left.did_not_happen, left.may_have_happened, left.records()), (2, 1, 3), "{error}");
    let outcomes = receipts.map(|receipt| receipt.outcome().unwrap().unwrap_err().outcome());
    assert_eq!(outcomes, [Outcome::MayHaveHappened, Outcome::DidNotHappen, Outcome::DidNotHappen]);
}
