//! The stream on an `Io` that answers by hand: what comes, when, in which order, and what it takes of the memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bytes::Bytes;
use ottla_core::error::{ErrorKind, Outcome};

use super::{Deliveries, Delivery};
use crate::config::ProducerConfig;
use crate::handmade::{Answering, drive, producer};
use crate::lifecycle::Purge;
use crate::record::NewRecord;
use crate::testing::poll;

/// What is in the stream now.
fn read<T: Send>(deliveries: &mut Deliveries<T>) -> Vec<Delivery<T>> {
    std::iter::from_fn(|| deliveries.try_recv()).collect()
}

/// A batch for each record, so that nothing waits for a linger that no clock ends.
fn single() -> ProducerConfig {
    ProducerConfig::default().batch_size_bytes(1)
}

#[test]
fn each_record_comes_back_once_with_its_tag_and_where_it_was_written() {
    let io = Answering::new(false);
    let (tagged, mut deliveries) = producer(&io, &single()).with_deliveries::<u32>();
    for tag in 0..100 {
        let record = NewRecord::to("t").key("k").value(format!("v{tag}")).header("h", "x").null_header("n");
        drive(&io, tagged.enqueue(record, tag)).unwrap();
    }
    drive(&io, tagged.flush()).unwrap();
    let read = read(&mut deliveries);
    assert_eq!(read.iter().map(|delivery| delivery.tag).collect::<Vec<_>>(), (0..100).collect::<Vec<_>>());
    for Delivery { record, tag, partition, result } in read {
        let metadata = result.unwrap();
        assert_eq!((metadata.offset, metadata.partition, partition), (Some(i64::from(tag)), 0, 0));
        let parts = record.into_parts();
        assert_eq!((parts.topic.name(), parts.key.unwrap()), ("t", Bytes::from("k")));
        assert_eq!(parts.value.unwrap(), format!("v{tag}"));
        assert_eq!(parts.headers, [(Bytes::from("h"), Some(Bytes::from("x"))), (Bytes::from("n"), None)]);
    }
    assert_eq!(tagged.producer().buffered_bytes(), 0);
}

#[test]
fn what_was_handed_in_as_shared_bytes_comes_back_as_the_same_bytes() {
    let io = Answering::new(false);
    let (tagged, mut deliveries) = producer(&io, &single()).with_deliveries();
    let value = Bytes::from(vec![7; 100]);
    drive(&io, tagged.enqueue(NewRecord::to("t").value(value.clone()), ())).unwrap();
    drive(&io, tagged.flush()).unwrap();
    let back = deliveries.try_recv().unwrap().record.into_parts().value.unwrap();
    assert_eq!(back.as_ptr(), value.as_ptr());
}

#[test]
fn nobody_reading_is_told_to_who_enqueues_and_nothing_is_lost() {
    let io = Answering::new(false);
    let config = single().buffer_memory_bytes(4_000).max_request_size_bytes(4_000);
    let (tagged, mut deliveries) = producer(&io, &config).with_deliveries::<usize>();
    let mut queued = 0;
    let rejected = loop {
        // The first one is told of a topic that is not known yet.
        let value = format!("{queued:0100}");
        match tagged.try_enqueue(NewRecord::to("t").value(value), queued) {
            Ok(()) => queued += 1,
            Err(rejected) if queued > 0 && !io.answer() => break rejected,
            Err(_) => {}
        }
        while io.answer() {}
    };
    assert!(queued > 1, "there was room for {queued}");
    assert_eq!((rejected.error.kind(), rejected.error.outcome()), (ErrorKind::Timeout, Outcome::DidNotHappen));
    assert!(rejected.error.to_string().contains("deliveries are not being read"), "{}", rejected.error);
    let (record, tag) = rejected.value;
    assert_eq!(tag, queued);

    // One that waits goes on as soon as somebody reads.
    let mut waiting = tagged.enqueue(record, tag);
    assert!(poll(&mut waiting).is_pending());
    assert_eq!(read(&mut deliveries).len(), queued);
    drive(&io, waiting).unwrap();
    drive(&io, tagged.flush()).unwrap();
    assert_eq!(read(&mut deliveries).iter().map(|delivery| delivery.tag).collect::<Vec<_>>(), [queued]);
    assert_eq!(tagged.producer().buffered_bytes(), 0);
}

#[test]
fn a_task_that_reads_one_and_enqueues_one_never_waits() {
    let io = Answering::new(false);
    // Room for a few small records, all in one batch.
    let config = ProducerConfig::default().buffer_memory_bytes(2_000).max_request_size_bytes(2_000);
    let (tagged, mut deliveries) = producer(&io, &config).with_deliveries::<usize>();
    drive(&io, tagged.producer().send(NewRecord::to("t"))).unwrap();
    let mut queued = 0;
    while tagged.try_enqueue(NewRecord::to("t").value("x"), queued).is_ok() {
        queued += 1;
    }
    drive(&io, tagged.flush()).unwrap();
    for _ in 0..queued {
        assert!(deliveries.try_recv().is_some());
        assert!(tagged.try_enqueue(NewRecord::to("t").value("x"), queued).is_ok());
        drive(&io, tagged.flush()).unwrap();
    }
}

#[test]
fn failures_come_with_their_records() {
    let io = Answering::new(false);
    let (tagged, mut deliveries) = producer(&io, &ProducerConfig::default()).with_deliveries::<&str>();
    drive(&io, tagged.producer().send(NewRecord::to("t"))).unwrap();
    tagged.try_enqueue(NewRecord::to("t").value("v"), "a").unwrap();
    assert_eq!(tagged.producer().purge(Purge::All).unwrap().queued, 1);
    let Delivery { record, tag, result, .. } = deliveries.try_recv().unwrap();
    assert_eq!((record.value_bytes(), tag), (Some(&b"v"[..]), "a"));
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Purged, Outcome::DidNotHappen));
}

#[test]
fn the_stream_ends_after_the_last_outcome_when_the_last_handle_is_dropped() {
    let io = Answering::new(false);
    let (tagged, mut deliveries) = producer(&io, &single()).with_deliveries::<u8>();
    drive(&io, tagged.enqueue(NewRecord::to("t"), 1)).unwrap();
    let second = tagged.clone();
    drop(tagged);
    drive(&io, second.enqueue(NewRecord::to("t"), 2)).unwrap();
    drop(second);
    while io.answer() {}
    let tags: Vec<_> = (0..3).map(|_| drive(&io, deliveries.recv()).map(|delivery| delivery.tag)).collect();
    assert_eq!(tags, [Some(1), Some(2), None]);
}

#[test]
fn the_stream_ends_when_the_producer_is_closed() {
    let io = Answering::new(false);
    let producer = producer(&io, &single());
    let (tagged, mut deliveries) = producer.with_deliveries::<u8>();
    drive(&io, tagged.enqueue(NewRecord::to("t"), 1)).unwrap();
    drive(&io, producer.close(Duration::from_secs(1))).unwrap();
    assert!(drive(&io, deliveries.recv()).is_some());
    assert!(drive(&io, deliveries.recv()).is_none());
    let (_, mut late) = producer.with_deliveries::<u8>();
    assert!(drive(&io, late.recv()).is_none());
}

#[test]
fn a_dropped_stream_gives_its_memory_back_and_ends_its_producers() {
    let io = Answering::new(false);
    let producer = producer(&io, &single());
    let (tagged, deliveries) = producer.with_deliveries::<Arc<()>>();
    let tag = Arc::new(());
    drive(&io, tagged.enqueue(NewRecord::to("t").value("read by nobody"), Arc::clone(&tag))).unwrap();
    while io.answer() {}
    drive(&io, tagged.enqueue(NewRecord::to("t").value("on its way"), Arc::clone(&tag))).unwrap();
    drop(deliveries);
    assert_eq!(Arc::strong_count(&tag), 2, "one is on its way");
    let rejected = drive(&io, tagged.enqueue(NewRecord::to("t").value("late"), Arc::clone(&tag))).unwrap_err();
    assert_eq!(rejected.error.kind(), ErrorKind::Closed);
    drop((rejected, tagged));
    drive(&io, producer.flush()).unwrap();
    assert_eq!((producer.buffered_bytes(), Arc::strong_count(&tag)), (0, 1));
    assert_eq!(io.values(), ["read by nobody", "on its way"]);
    drive(&io, producer.send(NewRecord::to("t").value("as ever"))).unwrap();
}

#[test]
fn a_reader_is_woken_when_an_outcome_comes() {
    #[derive(Default)]
    struct Woken(AtomicUsize);
    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let io = Answering::new(false);
    let (tagged, mut deliveries) = producer(&io, &single()).with_deliveries::<u8>();
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    assert!(deliveries.poll(&context).is_pending());
    drive(&io, tagged.enqueue(NewRecord::to("t"), 1)).unwrap();
    while io.answer() {}
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    let next = std::pin::pin!(deliveries.recv());
    assert!(matches!(next.poll(&mut context), Poll::Ready(Some(Delivery { tag: 1, .. }))));
}

#[test]
fn who_waits_for_room_when_the_stream_is_dropped_is_refused_and_leaves_the_room_to_others() {
    let io = Answering::new(false);
    let config = single().buffer_memory_bytes(2_000).max_request_size_bytes(2_000);
    let producer = producer(&io, &config);
    let (tagged, deliveries) = producer.with_deliveries::<u8>();
    let large = vec![b'x'; 600];
    drive(&io, tagged.enqueue(NewRecord::to("t").value(&large), 1)).unwrap();
    while io.answer() {}
    let larger = vec![b'x'; 800];
    let mut waiting = tagged.enqueue(NewRecord::to("t").value(&larger), 2);
    assert!(poll(&mut waiting).is_pending());
    drop(deliveries);
    let Poll::Ready(Err(rejected)) = poll(&mut waiting) else { panic!("it is refused") };
    assert_eq!((rejected.error.kind(), rejected.value.1), (ErrorKind::Closed, 2));
    // All of the memory is there for one record.
    drop(producer.try_enqueue(NewRecord::to("t").value(vec![b'x'; 1_800])).unwrap());
}

#[test]
fn an_outcome_that_is_known_waits_for_those_before_it_in_its_partition() {
    let io = Answering::new(false);
    let (tagged, mut deliveries) = producer(&io, &single().max_in_flight_requests(1)).with_deliveries::<u8>();
    drive(&io, tagged.producer().send(NewRecord::to("t"))).unwrap();
    for tag in 1..=3 {
        tagged.try_enqueue(NewRecord::to("t"), tag).unwrap();
    }
    assert_eq!(tagged.producer().purge(Purge::Queued).unwrap().queued, 2);
    assert!(deliveries.try_recv().is_none(), "the first one is on its way");
    while io.answer() {}
    let outcomes: Vec<_> =
        read(&mut deliveries).into_iter().map(|delivery| (delivery.tag, delivery.result.is_ok())).collect();
    assert_eq!(outcomes, [(1, true), (2, false), (3, false)]);
}
