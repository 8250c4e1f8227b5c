//! Every way in: what goes in by it comes out, and what does not is told of.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt, stream};
use ottla::{
    Delivery, ErrorKind, NewRecord, NewTopic, Outcome, Producer, ProducerConfig, Purge, Start, Unacknowledged, blocking,
};

use super::support::{client, consumer, nothing_comes, producer, take, texts, topic, topic_with, unique, within};
use crate::cluster;

/// A producer whose batches stay open until something else closes them.
fn lingering(client: &ottla::Client) -> Producer {
    Producer::new(client, ProducerConfig::default().linger(Duration::from_secs(30))).unwrap()
}

#[tokio::test]
async fn what_cannot_be_taken_at_once_comes_back_and_can_be_handed_in_again() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "try", 1).await;
    let producer = producer(&client);
    // Nothing is known of the topic before the first record comes for it.
    let rejected = producer.try_enqueue(NewRecord::to(&topic).value("first")).unwrap_err();
    assert_eq!((rejected.error.kind(), rejected.error.outcome()), (ErrorKind::Timeout, Outcome::DidNotHappen));
    let receipt = within(producer.enqueue(rejected.value)).await.unwrap();
    let second = producer.try_enqueue(NewRecord::to(&topic).value("second")).unwrap();
    assert_eq!(within(receipt).await.unwrap().offset, Some(0));
    assert_eq!(within(second).await.unwrap().offset, Some(1));
    let mut consumer = consumer(&client, &topic, [0], Start::Beginning);
    assert_eq!(texts(&take(&mut consumer, 2).await), ["first", "second"]);
}

#[tokio::test]
async fn of_many_records_those_that_are_not_taken_are_told_of_in_their_place() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "partly", 1).await;
    let producer = producer(&client);
    let partitions = [0, 7, 0, -3, 0];
    let records = partitions.iter().map(|partition| NewRecord::to(&topic).partition(*partition).value("v"));
    let receipts = within(producer.enqueue_all(records)).await.unwrap();
    assert_eq!(receipts.len(), partitions.len());
    let results = within(receipts).await;
    let offsets: Vec<_> = results
        .iter()
        .map(|result| result.as_ref().map(|written| written.offset).map_err(|error| error.kind()))
        .collect();
    let refused = Err(ErrorKind::Misuse);
    assert_eq!(offsets, [Ok(Some(0)), refused, Ok(Some(1)), refused, Ok(Some(2))]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_tell_of_each_record_once_and_in_order_per_partition() {
    const RECORDS: i32 = 2_000;
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "deliveries", 3).await;
    let config = ProducerConfig::default().batch_size_bytes(1_000).buffer_memory_bytes(100_000);
    let (tagged, mut deliveries) = Producer::new(&client, config).unwrap().with_deliveries::<i32>();
    let sending = tokio::spawn(async move {
        for number in 0..RECORDS {
            let record = NewRecord::to(&topic).partition(number % 3).key("k").value(number.to_string());
            tagged.enqueue(record, number).await.unwrap();
        }
    });
    let mut last = [(-1, -1); 3];
    let mut seen = 0;
    while let Some(Delivery { record, tag, partition, result, .. }) = within(deliveries.recv()).await {
        let offset = result.unwrap().offset.unwrap();
        let before = &mut last[usize::try_from(partition).unwrap()];
        assert!(tag > before.0 && offset == before.1 + 1, "record {tag} at {offset} after {before:?}");
        *before = (tag, offset);
        assert_eq!((record.key_bytes(), record.value_bytes()), (Some(&b"k"[..]), Some(tag.to_string().as_bytes())));
        seen += 1;
    }
    assert_eq!(seen, RECORDS, "the stream ends after the last one");
    sending.await.unwrap();
}

#[tokio::test]
async fn a_failure_comes_with_its_record() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic_with(&client, NewTopic::new(unique("failures")).config("max.message.bytes", "1000")).await;
    let (tagged, mut deliveries) = producer(&client).with_deliveries::<&str>();
    let large = vec![b'x'; 5_000];
    within(tagged.enqueue(NewRecord::to(&topic).value(&large), "large")).await.unwrap();
    within(tagged.flush()).await.unwrap_err();
    within(tagged.enqueue(NewRecord::to(&topic).value("small"), "small")).await.unwrap();
    let Delivery { record, tag, result, .. } = within(deliveries.recv()).await.unwrap();
    assert_eq!((record.value_bytes(), tag), (Some(&large[..]), "large"));
    assert_eq!(result.unwrap_err().outcome(), Outcome::DidNotHappen);
    let Delivery { tag, result, .. } = within(deliveries.next()).await.unwrap();
    assert_eq!((tag, result.unwrap().offset), ("small", Some(0)));
}

#[tokio::test]
async fn where_nobody_reads_deliveries_enqueueing_says_so_after_max_block() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "unread", 1).await;
    let config = ProducerConfig::default()
        .linger(Duration::ZERO)
        .buffer_memory_bytes(10_000)
        .max_request_size_bytes(10_000)
        .max_block(Duration::from_secs(2));
    let (tagged, mut deliveries) = Producer::new(&client, config).unwrap().with_deliveries::<i32>();
    let mut queued = 0;
    let rejected = loop {
        match within(tagged.enqueue(NewRecord::to(&topic).value(vec![b'x'; 500]), queued)).await {
            Ok(()) => queued += 1,
            Err(rejected) => break rejected,
        }
    };
    assert_eq!((rejected.error.kind(), rejected.value.1), (ErrorKind::Timeout, queued));
    assert!(rejected.error.to_string().contains("deliveries are not being read"), "{}", rejected.error);
    for tag in 0..queued {
        assert_eq!(within(deliveries.recv()).await.unwrap().tag, tag);
    }
    let (record, tag) = rejected.value;
    within(tagged.enqueue(record, tag)).await.unwrap();
    assert_eq!(within(deliveries.recv()).await.unwrap().result.unwrap().offset, Some(i64::from(queued)));
}

#[tokio::test]
async fn a_stream_of_records_can_be_forwarded_into_a_producer() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "sink", 1).await;
    let producer = producer(&client);
    let values: Vec<String> = (0..500).map(|number| number.to_string()).collect();
    let records = stream::iter(values.iter().map(|value| Ok(NewRecord::to(&topic).value(value))));
    let mut sink = producer.sink();
    within(records.forward(&mut sink)).await.unwrap();
    within(sink.send(NewRecord::to(&topic).value("last"))).await.unwrap();
    let mut consumer = consumer(&client, &topic, [0], Start::Beginning);
    let read = texts(&take(&mut consumer, 501).await);
    assert_eq!((&read[..500], read[500].as_str()), (&values[..], "last"));
}

#[tokio::test]
async fn what_was_purged_from_the_queue_is_never_written() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "purge", 1).await;
    let producer = lingering(&client);
    let receipt = within(producer.enqueue(NewRecord::to(&topic).value("purged"))).await.unwrap();
    assert_eq!(producer.purge(Purge::Queued).unwrap().queued, 1);
    let error = within(receipt).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Purged, Outcome::DidNotHappen));
    let written = within(producer.send(NewRecord::to(&topic).value("written"))).await.unwrap();
    assert_eq!(written.offset, Some(0));
    let mut consumer = consumer(&client, &topic, [0], Start::Beginning);
    assert_eq!(texts(&take(&mut consumer, 1).await), ["written"]);
    assert!(nothing_comes(&mut consumer).await);
}

#[tokio::test]
async fn a_close_without_time_tells_what_it_left() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "left", 1).await;
    let producer = lingering(&client);
    within(producer.send(NewRecord::to(&topic).value("first"))).await.unwrap();
    let receipt = within(producer.enqueue(NewRecord::to(&topic).value("second"))).await.unwrap();
    let error = within(producer.close(Duration::ZERO)).await.unwrap_err();
    assert_eq!((error.kind(), Unacknowledged::of(&error).unwrap().records()), (ErrorKind::Timeout, 1), "{error}");
    assert_eq!(within(receipt).await.unwrap_err().outcome(), error.outcome());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn producers_of_one_client_do_not_get_into_each_others_way() {
    const EACH: usize = 500;
    let cluster = cluster::three().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "shared", 1).await;
    let configs = [
        ProducerConfig::default(),
        ProducerConfig::default().linger(Duration::ZERO).batch_size_bytes(200),
        ProducerConfig::default().compression(ottla::CompressionType::Lz4),
        ProducerConfig::default().acks(ottla::Acks::Leader),
    ];
    let producers: Vec<_> = configs.into_iter().map(|config| Producer::new(&client, config).unwrap()).collect();
    let tasks = producers.iter().cloned().enumerate().map(|(number, producer)| {
        let topic = topic.clone();
        tokio::spawn(async move {
            let values: Vec<String> = (0..EACH).map(|at| format!("{number}:{at}")).collect();
            let results = producer.send_all(values.iter().map(|value| NewRecord::to(&topic).value(value))).await;
            assert!(results.unwrap().iter().all(Result::is_ok));
            // One that closes leaves the others alone.
            producer.close(Duration::from_secs(30)).await.unwrap();
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        within(task).await.unwrap();
    }
    let mut consumer = consumer(&client, &topic, [0], Start::Beginning);
    let read = texts(&take(&mut consumer, producers.len() * EACH).await);
    assert_eq!(read.iter().collect::<BTreeSet<_>>().len(), read.len());
    for number in 0..producers.len() {
        let prefix = format!("{number}:");
        let own: Vec<usize> = read.iter().filter_map(|value| value.strip_prefix(&prefix)?.parse().ok()).collect();
        assert_eq!(own, (0..EACH).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn threads_without_a_runtime_produce_by_blocking_calls() {
    let cluster = cluster::single().await;
    let client = client(cluster.bootstrap());
    let topic = topic(&client, "blocking", 1).await;
    let (bootstrap, name) = (cluster.bootstrap().to_owned(), topic.clone());
    let thread = std::thread::spawn(move || {
        let client = blocking::Client::new(&bootstrap, ottla::ClientConfig::default()).unwrap();
        let producer = blocking::Producer::new(&client, ProducerConfig::default()).unwrap();
        assert_eq!(producer.send(NewRecord::to(&name).value("0")).unwrap().offset, Some(0));
        let receipt = producer.enqueue(NewRecord::to(&name).value("1")).unwrap();
        producer.flush().unwrap();
        assert_eq!(receipt.outcome().unwrap().unwrap().offset, Some(1));
        assert_eq!(receipt.wait().unwrap().offset, Some(1));
        let values = ["2", "3"];
        let results = producer.send_all(values.iter().map(|value| NewRecord::to(&name).value(*value))).unwrap();
        assert!(results.iter().all(Result::is_ok));
        let receipts = producer.enqueue_all(["4"].map(|value| NewRecord::to(&name).value(value))).unwrap();
        assert_eq!(receipts.wait().unwrap()[0].as_ref().unwrap().offset, Some(4));
        let (tagged, mut deliveries) = producer.with_deliveries::<i32>();
        tagged.enqueue(NewRecord::to(&name).value("5"), 5).unwrap();
        assert_eq!(deliveries.recv().unwrap().unwrap().tag, 5);
        let _ = producer.try_enqueue(NewRecord::to(&name).value("6")).unwrap();
        producer.close(Duration::from_secs(30)).unwrap();
        assert!(deliveries.recv().unwrap().is_none());
        let other = blocking::Producer::new(&client, ProducerConfig::default()).unwrap();
        let _ = other.enqueue(NewRecord::to(&name).value("dropped producers send what they have")).unwrap();
    });
    within(tokio::task::spawn_blocking(|| thread.join())).await.unwrap().unwrap();
    let mut consumer = consumer(&client, &topic, [0], Start::Beginning);
    let read = texts(&take(&mut consumer, 8).await);
    assert_eq!(read, ["0", "1", "2", "3", "4", "5", "6", "dropped producers send what they have"]);
}

#[tokio::test]
async fn blocking_calls_within_a_runtime_are_errors() {
    let cluster = cluster::single().await;
    let bootstrap = cluster.bootstrap().to_owned();
    let config = ottla::ClientConfig::default();
    assert_eq!(blocking::Client::new(&bootstrap, config.clone()).unwrap_err().kind(), ErrorKind::Misuse);
    let made = std::thread::spawn(move || blocking::Client::new(&bootstrap, config));
    let client = tokio::task::spawn_blocking(|| made.join()).await.unwrap().unwrap().unwrap();
    let producer = blocking::Producer::new(&client, ProducerConfig::default()).unwrap();
    assert_eq!(producer.send(NewRecord::to("t")).unwrap_err().kind(), ErrorKind::Misuse);
    let (tagged, mut deliveries) = producer.with_deliveries::<i32>();
    let rejected = tagged.enqueue(NewRecord::to("t").value("kept"), 1).unwrap_err();
    assert_eq!((rejected.error.kind(), rejected.value.0.value_bytes()), (ErrorKind::Misuse, Some(&b"kept"[..])));
    assert_eq!(deliveries.recv().unwrap_err().kind(), ErrorKind::Misuse);
    assert_eq!(producer.close(Duration::ZERO).unwrap_err().kind(), ErrorKind::Misuse);
    assert_eq!(client.close(Duration::ZERO).unwrap_err().kind(), ErrorKind::Misuse);
}
