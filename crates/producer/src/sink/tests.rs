//! The sink on an `Io` that answers by hand.

use futures_util::SinkExt;
use ottla_core::error::{ErrorKind, Outcome};

use crate::config::ProducerConfig;
use crate::handmade::{Answering, drive, producer};
use crate::lifecycle::Purge;
use crate::record::NewRecord;

#[test]
fn what_a_sink_is_fed_is_written_in_order_by_the_time_it_is_flushed() {
    let io = Answering::new(false);
    // Room for a few records: some are held until there is more.
    let config = ProducerConfig::default().buffer_memory_bytes(300).max_request_size_bytes(300);
    let producer = producer(&io, &config);
    let mut sink = producer.sink();
    for number in 0..50 {
        drive(&io, sink.feed(NewRecord::to("t").value(number.to_string()))).unwrap();
    }
    drive(&io, sink.flush()).unwrap();
    assert_eq!(io.values(), (0..50).map(|number| number.to_string()).collect::<Vec<_>>());
    drive(&io, sink.close()).unwrap();
    drive(&io, producer.send(NewRecord::to("t").value("still open"))).unwrap();
}

#[test]
fn a_record_that_fails_is_told_of_once() {
    let io = Answering::new(false);
    let producer = producer(&io, &ProducerConfig::default());
    drive(&io, producer.send(NewRecord::to("t"))).unwrap();
    let mut sink = producer.sink();
    drive(&io, sink.feed(NewRecord::to("t").value("purged"))).unwrap();
    producer.purge(Purge::All).unwrap();
    let error = drive(&io, sink.feed(NewRecord::to("t").value("not taken"))).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Purged, Outcome::DidNotHappen));
    drive(&io, sink.send(NewRecord::to("t").value("written"))).unwrap();
    drive(&io, sink.flush()).unwrap();
    assert_eq!(io.values(), ["", "written"]);
}

#[test]
fn a_record_that_is_not_taken_is_told_of_by_the_next_call() {
    let io = Answering::new(false);
    let producer = producer(&io, &ProducerConfig::default().max_request_size_bytes(200));
    let mut sink = producer.sink();
    drive(&io, sink.feed(NewRecord::to("t").value(vec![0; 300]))).unwrap();
    assert_eq!(drive(&io, sink.flush()).unwrap_err().kind(), ErrorKind::Misuse);
    drive(&io, sink.send(NewRecord::to("t").value("small"))).unwrap();
}
