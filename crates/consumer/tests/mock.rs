//! The consumer against the mock cluster, in memory and under tokio's paused clock: whatever waits takes no time.

#![expect(clippy::disallowed_methods, reason = "tests use the runtime that applications use")]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ottla_client::{Client, ClientConfig, Connecting, Connector};
use ottla_consumer::{Consumer, ConsumerConfig, IsolationLevel, OffsetReset, PartitionState, Record, Start};
use ottla_core::error::{Error, ErrorKind};
use ottla_mock::{ApiKey, BrokerId, ErrorCode, Fault, MockCluster, MockConfig, MockRecord, VersionRange};
use ottla_protocol::ProducerId;
use ottla_protocol::records::{
    Attributes, BatchBuilder, Codec, Compressor, EncodedBatch, NO_HEADERS, Producer, end_transaction_batch,
};

struct InMemory(MockCluster);

impl Connector for InMemory {
    fn connect<'a>(&'a self, host: &'a str, port: u16) -> Connecting<'a> {
        let stream = self.0.connect(host, port);
        Box::pin(async move { stream.map(|stream| Box::new(stream) as Box<_>) })
    }
}

fn cluster(brokers: u16) -> (MockCluster, Client) {
    with(MockConfig::new(brokers))
}

fn with(config: MockConfig) -> (MockCluster, Client) {
    let cluster = MockCluster::in_memory(config);
    let client = Client::with_connector(
        &cluster.bootstrap_servers(),
        ClientConfig::default(),
        Arc::new(InMemory(cluster.clone())),
    )
    .unwrap();
    (cluster, client)
}

fn values(count: usize) -> Vec<MockRecord> {
    (0..count).map(|number| MockRecord::keyed(format!("k{number}"), format!("v{number}"))).collect()
}

fn fill(cluster: &MockCluster, topic: &str, partitions: i32, batches: usize, each: usize) {
    cluster.create_topic(topic, partitions).unwrap();
    for partition in 0..partitions {
        for _ in 0..batches {
            cluster.append(topic, partition, &values(each)).unwrap();
        }
    }
}

fn assign(client: &Client, topic: &str, partitions: i32, start: Start, config: ConsumerConfig) -> Consumer {
    Consumer::assign(client, (0..partitions).map(|partition| ((topic, partition), start)), config).unwrap()
}

fn one(client: &Client, start: Start) -> Consumer {
    assign(client, "t", 1, start, ConsumerConfig::default())
}

async fn next(consumer: &mut Consumer) -> Record {
    tokio::time::timeout(Duration::from_secs(60), consumer.recv()).await.expect("a record in time").unwrap().unwrap()
}

async fn offsets(consumer: &mut Consumer, count: usize) -> Vec<i64> {
    let mut offsets = Vec::new();
    for _ in 0..count {
        offsets.push(next(consumer).await.offset);
    }
    offsets
}

async fn failure(consumer: &mut Consumer) -> Error {
    tokio::time::timeout(Duration::from_secs(120), consumer.recv()).await.expect("an error in time").unwrap_err()
}

/// Reads to the end and checks that each partition comes in order and whole.
async fn read_all(consumer: &mut Consumer, partitions: i32, each: i64) {
    let mut next = vec![0; partitions as usize];
    for _ in 0..i64::from(partitions) * each {
        let record = self::next(consumer).await;
        let expected = &mut next[record.partition as usize];
        assert_eq!(record.offset, *expected, "partition {}", record.partition);
        *expected += 1;
    }
}

fn encoded(records: &[&str], attributes: Attributes, producer: Producer) -> EncodedBatch {
    let mut builder = BatchBuilder::new(Vec::new());
    for (at, record) in (0_i64..).zip(records) {
        builder.append(1_000 + at, None, Some(record.as_bytes()), NO_HEADERS).unwrap();
    }
    let mut batch = builder.build_with(attributes);
    batch.assign(producer);
    batch.seal();
    batch
}

#[tokio::test(start_paused = true)]
async fn every_record_comes_once_and_in_order() {
    let (cluster, client) = cluster(3);
    fill(&cluster, "t", 6, 20, 50);
    let mut consumer = assign(&client, "t", 6, Start::Beginning, ConsumerConfig::default());
    read_all(&mut consumer, 6, 1000).await;
    cluster.append("t", 3, &values(1)).unwrap();
    let record = next(&mut consumer).await;
    assert_eq!((record.partition, record.offset), (3, 1000));
    assert_eq!((record.key(), record.value()), (Some(&b"k0"[..]), Some(&b"v0"[..])));
}

#[tokio::test(start_paused = true)]
async fn batches_give_views_of_all_that_is_ready() {
    let (cluster, client) = cluster(1);
    fill(&cluster, "t", 1, 10, 7);
    let mut consumer = one(&client, Start::Beginning);
    let mut seen = Vec::new();
    while seen.len() < 70 {
        let batch = consumer.recv_batch().await.unwrap().unwrap();
        assert_eq!(batch.len(), batch.iter().count());
        assert_eq!(batch.topic().name(), "t");
        seen.extend(batch.iter().map(|record| record.offset));
        assert_eq!(batch.next_offset(), *seen.last().unwrap() + 1);
        let owned = batch.iter().next().unwrap().to_owned();
        drop(batch);
        assert!(owned.value().unwrap().starts_with(b"v"));
        assert_eq!(owned.clone().detach().value(), owned.value());
    }
    assert_eq!(seen, (0..70).collect::<Vec<_>>());
    assert_eq!(consumer.control().position("t", 0), Some(70));
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_batch_begun_by_recv_comes_by_recv_batch() {
    let (cluster, client) = cluster(1);
    fill(&cluster, "t", 1, 1, 10);
    let mut consumer = one(&client, Start::Beginning);
    assert_eq!(offsets(&mut consumer, 3).await, [0, 1, 2]);
    assert_eq!(consumer.control().position("t", 0), Some(3));
    let batch = consumer.recv_batch().await.unwrap().unwrap();
    assert_eq!(batch.iter().map(|record| record.offset).collect::<Vec<_>>(), (3..10).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn starts_are_found() {
    let (cluster, client) = cluster(1);
    cluster.create_topic("t", 1).unwrap();
    for at in 0..10 {
        cluster.append("t", 0, &[MockRecord::value(format!("{at}")).at(1_000 + at * 10)]).unwrap();
    }
    cluster.state().delete_records("t", 0, 2).unwrap();
    for (start, first) in [
        (Start::Beginning, 2),
        (Start::Offset(5), 5),
        (Start::Tail(3), 7),
        (Start::Tail(0), 10),
        (Start::Tail(1_000), 2),
        (Start::Timestamp(1_035), 4),
        (Start::Timestamp(9_000_000), 10),
        (Start::End, 10),
    ] {
        let mut consumer = one(&client, start);
        let control = consumer.control();
        while control.position("t", 0).is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(control.position("t", 0), Some(first), "{start:?}");
        if first < 10 {
            assert_eq!(next(&mut consumer).await.offset, first, "{start:?}");
        }
        consumer.close(Duration::from_secs(1)).await.unwrap();
    }
    assert_eq!(cluster.state().fetch_sessions(BrokerId(1)), 0, "closing ends the sessions");
}

#[tokio::test(start_paused = true)]
async fn a_stream_until_the_end_ends() {
    let (cluster, client) = cluster(3);
    fill(&cluster, "t", 4, 3, 10);
    cluster.create_topic("empty", 2).unwrap();
    let mut consumer = assign(&client, "t", 4, Start::Beginning, ConsumerConfig::default());
    let control = consumer.control();
    control.assign_add([(("empty", 0), Start::Beginning), (("empty", 1), Start::End)]).unwrap();
    control.until_end().unwrap();
    let mut count = 0;
    while consumer.recv().await.unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, 120);
    assert!(consumer.recv().await.unwrap().is_none());
    assert!(control.partitions().iter().all(|partition| partition.state == PartitionState::Ended));
}

#[tokio::test(start_paused = true)]
async fn a_stop_inside_of_a_batch_hides_what_is_behind_it() {
    let (cluster, client) = cluster(1);
    fill(&cluster, "t", 1, 2, 10);
    let mut consumer = one(&client, Start::Offset(3));
    consumer.control().stop_at(&[(("t", 0), 14)]).unwrap();
    let mut seen = Vec::new();
    while let Some(batch) = consumer.recv_batch().await.unwrap() {
        assert_eq!(batch.len(), batch.iter().count());
        seen.extend(batch.iter().map(|record| record.offset));
    }
    assert_eq!(seen, (3..14).collect::<Vec<_>>());
    assert_eq!(consumer.control().position("t", 0), Some(14));
    consumer.control().stop_at(&[(("t", 0), 16)]).unwrap();
    assert_eq!(offsets(&mut consumer, 2).await, [14, 15]);
    assert!(consumer.recv().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn after_a_seek_nothing_from_before_it_comes() {
    let (cluster, client) = cluster(1);
    fill(&cluster, "t", 2, 20, 50);
    let mut consumer = assign(&client, "t", 2, Start::Beginning, ConsumerConfig::default());
    let control = consumer.control();
    for _ in 0..30 {
        offsets(&mut consumer, 13).await;
        control.seek("t", 0, Start::Offset(700)).unwrap();
        assert_eq!(control.position("t", 0), Some(700));
        loop {
            let record = next(&mut consumer).await;
            if record.partition == 0 {
                assert_eq!(record.offset, 700);
                break;
            }
            if record.offset == 999 {
                control.seek("t", 1, Start::Beginning).unwrap();
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_paused_partition_goes_on_where_it_stood() {
    let (cluster, client) = cluster(1);
    fill(&cluster, "t", 2, 10, 10);
    let mut consumer = assign(&client, "t", 2, Start::Beginning, ConsumerConfig::default());
    let control = consumer.control();
    let first = next(&mut consumer).await;
    let (paused, other) = (first.partition, 1 - first.partition);
    control.pause(&[("t", paused)]).unwrap();
    for offset in 0..100 {
        let record = next(&mut consumer).await;
        assert_eq!((record.partition, record.offset), (other, offset));
    }
    let waited = tokio::time::timeout(Duration::from_secs(5), consumer.recv()).await;
    assert!(waited.is_err(), "nothing else comes");
    assert_eq!(control.position("t", paused), Some(1));
    let waiting = tokio::spawn(async move {
        let seen = offsets(&mut consumer, 99).await;
        assert_eq!(seen, (1..100).collect::<Vec<_>>());
    });
    tokio::time::sleep(Duration::from_millis(10)).await;
    control.resume(&[("t", paused)]).unwrap();
    waiting.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_not_assigned_cannot_be_steered() {
    let (cluster, client) = cluster(1);
    fill(&cluster, "t", 2, 1, 10);
    let mut consumer = one(&client, Start::Beginning);
    let control = consumer.control();
    for result in [
        control.seek("t", 1, Start::Beginning),
        control.pause(&[("t", 0), ("other", 0)]),
        control.unassign(&[("t", 1)]),
        control.assign_add([(("t", 0), Start::End)]),
        control.seek("t", 0, Start::Offset(-5)),
        control.stop_at(&[(("t", 0), -1)]),
    ] {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Misuse);
    }
    assert!(!control.partitions()[0].paused, "all or none");
    control.assign_add([(("t", 1), Start::Offset(5))]).unwrap();
    control.unassign(&[("t", 0)]).unwrap();
    loop {
        let record = next(&mut consumer).await;
        assert_eq!(record.partition, 1, "what was taken away is not read any more");
        if record.offset == 9 {
            break;
        }
    }
    consumer.close(Duration::from_secs(1)).await.unwrap();
    assert_eq!(control.seek("t", 1, Start::Beginning).unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test(start_paused = true)]
async fn leaders_that_move_are_followed() {
    let (cluster, client) = cluster(3);
    fill(&cluster, "t", 3, 20, 50);
    let config = ConsumerConfig::default().max_partition_fetch_bytes(2_000).fetch_buffer_bytes(20_000);
    let mut consumer = assign(&client, "t", 3, Start::Beginning, config);
    let mut expected = [0_i64; 3];
    for round in 0..3000 {
        if round % 97 == 0 {
            cluster.state().move_leader_on("t", round / 97 % 3).unwrap();
        }
        let record = next(&mut consumer).await;
        let offset = &mut expected[record.partition as usize];
        assert_eq!(record.offset, *offset);
        *offset += 1;
    }
}

#[tokio::test(start_paused = true)]
async fn brokers_that_go_down_and_come_back_lose_nothing() {
    let (cluster, client) = cluster(3);
    fill(&cluster, "t", 3, 20, 50);
    let config = ConsumerConfig::default().max_partition_fetch_bytes(2_000).fetch_buffer_bytes(20_000);
    let mut consumer = assign(&client, "t", 3, Start::Beginning, config);
    let mut expected = [0_i64; 3];
    for round in 0..3000 {
        if round % 300 == 100 {
            cluster.stop_broker(BrokerId(round / 300 % 3 + 1)).unwrap();
        }
        if round % 300 == 200 {
            cluster.start_broker(BrokerId(round / 300 % 3 + 1)).unwrap();
        }
        let record = next(&mut consumer).await;
        let offset = &mut expected[record.partition as usize];
        assert_eq!(record.offset, *offset);
        *offset += 1;
    }
}

#[tokio::test(start_paused = true)]
async fn passing_errors_are_retried() {
    for code in [
        ErrorCode::NOT_LEADER_OR_FOLLOWER,
        ErrorCode::FENCED_LEADER_EPOCH,
        ErrorCode::UNKNOWN_LEADER_EPOCH,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode::UNKNOWN_TOPIC_ID,
        ErrorCode::OFFSET_NOT_AVAILABLE,
        ErrorCode::KAFKA_STORAGE_ERROR,
        ErrorCode::LEADER_NOT_AVAILABLE,
        ErrorCode::UNKNOWN_SERVER_ERROR,
        ErrorCode::FETCH_SESSION_ID_NOT_FOUND,
        ErrorCode::INVALID_FETCH_SESSION_EPOCH,
        ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR,
    ] {
        let (cluster, client) = cluster(3);
        fill(&cluster, "t", 3, 20, 50);
        cluster.state().inject_error(ApiKey::LIST_OFFSETS, ErrorCode::NOT_LEADER_OR_FOLLOWER, 2);
        cluster.inject(Fault::error(code).api(ApiKey::FETCH).one_in(3).times(20));
        let config = ConsumerConfig::default().max_partition_fetch_bytes(2_000).fetch_buffer_bytes(20_000);
        let mut consumer = assign(&client, "t", 3, Start::Beginning, config);
        read_all(&mut consumer, 3, 1000).await;
    }
}

#[tokio::test(start_paused = true)]
async fn lost_connections_and_late_answers_are_survived() {
    let (cluster, client) = cluster(3);
    fill(&cluster, "t", 3, 20, 50);
    cluster.inject(Fault::disconnect().api(ApiKey::FETCH).one_in(4).times(10));
    cluster.inject(Fault::disconnect().after_applying().api(ApiKey::FETCH).one_in(5).times(10));
    cluster.inject(Fault::delay(Duration::from_millis(70)).api(ApiKey::FETCH).one_in(3).times(20));
    cluster.inject(Fault::throttle(Duration::from_millis(200)).api(ApiKey::FETCH).one_in(3).times(5));
    cluster.inject(Fault::no_answer().api(ApiKey::FETCH).skip(10).times(1));
    let config = ConsumerConfig::default().max_partition_fetch_bytes(2_000).fetch_buffer_bytes(20_000);
    let mut consumer = assign(&client, "t", 3, Start::Beginning, config);
    read_all(&mut consumer, 3, 1000).await;
}

#[tokio::test(start_paused = true)]
async fn evicted_sessions_are_begun_anew() {
    let (cluster, client) = cluster(1);
    fill(&cluster, "t", 3, 20, 50);
    let config = ConsumerConfig::default().max_partition_fetch_bytes(2_000).fetch_buffer_bytes(20_000);
    let mut consumer = assign(&client, "t", 3, Start::Beginning, config);
    for _ in 0..30 {
        offsets(&mut consumer, 100).await;
        cluster.state().expire_fetch_sessions(BrokerId(1));
    }
}

#[tokio::test(start_paused = true)]
async fn brokers_without_sessions_or_topic_ids_are_read() {
    for (newest, slots) in [(17, 0), (12, 10), (11, 0), (6, 10), (4, 10)] {
        let config =
            MockConfig::new(2).fetch_session_slots(slots).api_versions(ApiKey::FETCH, VersionRange::new(4, newest));
        let (cluster, client) = with(config);
        fill(&cluster, "t", 3, 20, 50);
        let config = ConsumerConfig::default().max_partition_fetch_bytes(2_000).fetch_buffer_bytes(20_000);
        let mut consumer = assign(&client, "t", 3, Start::Beginning, config);
        read_all(&mut consumer, 3, 1000).await;
        assert!(cluster.state().requests().count_version(ApiKey::FETCH, newest) > 0);
    }
}

#[tokio::test(start_paused = true)]
async fn out_of_range_follows_the_policy() {
    for (policy, at, expected) in [
        (OffsetReset::Earliest, 500, Some(30)),
        (OffsetReset::Latest, 5, None),
        (OffsetReset::Nearest, 5, Some(30)),
        (OffsetReset::Nearest, 500, None),
    ] {
        let (cluster, client) = cluster(1);
        fill(&cluster, "t", 1, 10, 10);
        cluster.state().delete_records("t", 0, 30).unwrap();
        let config = ConsumerConfig::default().auto_offset_reset(policy);
        let mut consumer = assign(&client, "t", 1, Start::Offset(at), config);
        match expected {
            Some(offset) => assert_eq!(next(&mut consumer).await.offset, offset),
            None => {
                assert!(tokio::time::timeout(Duration::from_secs(3), consumer.recv()).await.is_err());
                cluster.append("t", 0, &values(1)).unwrap();
                assert_eq!(next(&mut consumer).await.offset, 100);
            }
        }
    }
    let (cluster, client) = cluster(1);
    fill(&cluster, "t", 1, 1, 10);
    let config = ConsumerConfig::default().auto_offset_reset(OffsetReset::Fail);
    let mut consumer = assign(&client, "t", 1, Start::Offset(77), config);
    let error = failure(&mut consumer).await;
    assert_eq!(error.code(), Some(ErrorCode::OFFSET_OUT_OF_RANGE));
    assert!(error.to_string().contains("t-0") && error.to_string().contains("77"), "{error}");
    assert!(tokio::time::timeout(Duration::from_secs(3), consumer.recv()).await.is_err(), "told once");
    consumer.control().seek("t", 0, Start::Offset(4)).unwrap();
    assert_eq!(next(&mut consumer).await.offset, 4);
}

#[tokio::test(start_paused = true)]
async fn a_truncated_log_is_noticed() {
    let (cluster, client) = cluster(3);
    fill(&cluster, "t", 1, 10, 10);
    let mut consumer = one(&client, Start::Beginning);
    offsets(&mut consumer, 100).await;
    cluster.state().truncate("t", 0, 60).unwrap();
    cluster.state().move_leader_on("t", 0).unwrap();
    cluster.append("t", 0, &values(50)).unwrap();
    assert_eq!(offsets(&mut consumer, 50).await, (60..110).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn an_unknown_topic_is_waited_for_and_then_fails() {
    let (cluster, client) = cluster(1);
    let mut consumer = one(&client, Start::Beginning);
    let error = failure(&mut consumer).await;
    assert_eq!(error.code(), Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    assert!(error.to_string().contains("topic t"), "{error}");
    fill(&cluster, "t", 1, 1, 10);
    consumer.control().seek("t", 0, Start::Beginning).unwrap();
    assert_eq!(next(&mut consumer).await.offset, 0);

    let mut consumer = assign(&client, "late", 1, Start::Beginning, ConsumerConfig::default());
    assert!(tokio::time::timeout(Duration::from_secs(1), consumer.recv()).await.is_err());
    fill(&cluster, "late", 1, 1, 10);
    assert_eq!(next(&mut consumer).await.offset, 0);

    let mut consumer = Consumer::assign(&client, [(("t", 7), Start::End)], ConsumerConfig::default()).unwrap();
    let error = failure(&mut consumer).await;
    assert!(error.to_string().contains("partition 7 of topic t is not there, the topic has 1"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_topic_made_anew_is_not_read_unasked() {
    let (cluster, client) = cluster(1);
    fill(&cluster, "t", 1, 1, 10);
    let mut consumer = one(&client, Start::Beginning);
    offsets(&mut consumer, 10).await;
    cluster.state().delete_topic("t").unwrap();
    fill(&cluster, "t", 1, 2, 10);
    let error = failure(&mut consumer).await;
    assert!(error.to_string().contains("deleted and made anew"), "{error}");
    consumer.control().seek("t", 0, Start::Beginning).unwrap();
    assert_eq!(offsets(&mut consumer, 20).await, (0..20).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_corrupt_batch_stops_its_partition_before_it() {
    let (cluster, client) = cluster(1);
    fill(&cluster, "t", 2, 1, 10);
    let mut bytes = encoded(&["a", "b"], Attributes::default(), Producer::NONE).into_inner();
    *bytes.last_mut().unwrap() ^= 0x40;
    cluster.state().append_batch("t", 0, &bytes).unwrap();
    cluster.append("t", 0, &values(10)).unwrap();
    let mut consumer = one(&client, Start::Beginning);
    assert_eq!(offsets(&mut consumer, 10).await, (0..10).collect::<Vec<_>>());
    let error = failure(&mut consumer).await;
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert!(error.to_string().contains("t-0") && error.to_string().contains("offset 10"), "{error}");
    assert_eq!(consumer.control().partitions()[0].state, PartitionState::Failed);
    consumer.control().seek("t", 0, Start::Offset(12)).unwrap();
    assert_eq!(offsets(&mut consumer, 10).await, (12..22).collect::<Vec<_>>());
    let unchecked = ConsumerConfig::default().check_crcs(false);
    let mut consumer = assign(&client, "t", 1, Start::Offset(8), unchecked);
    assert_eq!(next(&mut consumer).await.offset, 8);
}

#[tokio::test(start_paused = true)]
async fn every_codec_is_read() {
    let (cluster, client) = cluster(1);
    cluster.create_topic("t", 1).unwrap();
    let text = "text that repeats itself, text that repeats itself, ".repeat(20);
    let mut expected = Vec::new();
    for codec in Codec::ALL.into_iter().cycle().take(20) {
        let values = [text.clone(), codec.name().to_owned(), String::new()];
        let mut batch = encoded(&values.each_ref().map(String::as_str), Attributes::default(), Producer::NONE);
        batch.compress(&codec.into(), &mut Compressor::new(), &mut Vec::new()).unwrap();
        batch.seal();
        cluster.state().append_batch("t", 0, batch.as_bytes()).unwrap();
        expected.extend(values);
    }
    let mut consumer = one(&client, Start::Offset(1));
    for (at, value) in expected.iter().enumerate().skip(1) {
        let record = next(&mut consumer).await;
        assert_eq!(record.offset, at as i64);
        assert_eq!(record.value(), Some(value.as_bytes()));
        assert_eq!(record.value_bytes(), Some(Bytes::from(value.clone())));
        assert_eq!(record.timestamp(), 1_000 + at as i64 % 3);
    }
}

#[tokio::test(start_paused = true)]
async fn only_committed_records_are_read_where_isolation_asks_for_it() {
    let (cluster, client) = cluster(1);
    cluster.create_topic("t", 1).unwrap();
    let transaction = Attributes::default().with_transactional(true);
    let producer = |id| Producer { id: ProducerId(id), epoch: 0, base_sequence: 0 };
    let mut state = cluster.state();
    state.append_batch("t", 0, encoded(&["plain"], Attributes::default(), Producer::NONE).as_bytes()).unwrap();
    state.append_batch("t", 0, encoded(&["aborted 1"], transaction, producer(1)).as_bytes()).unwrap();
    state.append_batch("t", 0, encoded(&["committed 2"], transaction, producer(2)).as_bytes()).unwrap();
    state.end_transaction("t", 0, (ProducerId(1), 0), false).unwrap();
    state.append_batch("t", 0, encoded(&["committed 1"], transaction, producer(1)).as_bytes()).unwrap();
    state.end_transaction("t", 0, (ProducerId(2), 0), true).unwrap();
    state.end_transaction("t", 0, (ProducerId(1), 0), true).unwrap();
    state.append_batch("t", 0, encoded(&["aborted 3"], transaction, producer(3)).as_bytes()).unwrap();
    state.end_transaction("t", 0, (ProducerId(3), 0), false).unwrap();
    state.append_batch("t", 0, encoded(&["open"], transaction, producer(4)).as_bytes()).unwrap();
    state.append_batch("t", 0, encoded(&["after"], Attributes::default(), Producer::NONE).as_bytes()).unwrap();
    drop(state);

    let text = |record: &Record| String::from_utf8(record.value().unwrap().to_vec()).unwrap();
    let committed = ConsumerConfig::default().isolation_level(IsolationLevel::ReadCommitted);
    let mut consumer = assign(&client, "t", 1, Start::Beginning, committed);
    consumer.control().until_end().unwrap();
    let mut seen = Vec::new();
    while let Some(record) = consumer.recv().await.unwrap() {
        seen.push(text(&record));
    }
    assert_eq!(seen, ["plain", "committed 2", "committed 1"]);
    assert_eq!(consumer.control().position("t", 0), Some(9), "aborted data and markers move the position");

    let mut consumer = one(&client, Start::Beginning);
    consumer.control().until_end().unwrap();
    let mut seen = BTreeSet::new();
    while let Some(record) = consumer.recv().await.unwrap() {
        seen.insert(text(&record));
    }
    assert_eq!(seen.len(), 7, "all but the markers: {seen:?}");
    let marker = end_transaction_batch(true, producer(9), 0, 5, Vec::new()).unwrap();
    assert!(marker.header().is_control());
}

#[tokio::test(start_paused = true)]
async fn a_record_larger_than_every_limit_is_delivered() {
    let (cluster, client) = cluster(1);
    fill(&cluster, "t", 2, 1, 10);
    cluster.append("t", 0, &[MockRecord::value(vec![7; 500_000])]).unwrap();
    cluster.append("t", 0, &values(10)).unwrap();
    let config =
        ConsumerConfig::default().max_partition_fetch_bytes(1_000).fetch_max_bytes(2_000).fetch_buffer_bytes(4_000);
    let mut consumer = assign(&client, "t", 1, Start::Beginning, config);
    for offset in 0..21 {
        let record = next(&mut consumer).await;
        assert_eq!(record.offset, offset);
        assert_eq!(record.value().unwrap().len() > 100_000, offset == 10);
    }
}

#[tokio::test(start_paused = true)]
async fn the_budget_bounds_what_is_held() {
    let (cluster, client) = cluster(3);
    cluster.create_topic("t", 6).unwrap();
    for partition in 0..6 {
        for _ in 0..50 {
            cluster.append("t", partition, &[MockRecord::value(vec![1; 10_000])]).unwrap();
        }
    }
    let config = ConsumerConfig::default().max_partition_fetch_bytes(50_000).fetch_buffer_bytes(400_000);
    let mut consumer = assign(&client, "t", 6, Start::Beginning, config);
    let control = consumer.control();
    let mut most = 0;
    let mut kept = Vec::new();
    for _ in 0..300 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        most = most.max(control.buffered_bytes());
        kept.push(next(&mut consumer).await);
    }
    assert!(most <= 400_000 + 3 * 11_000, "{most}");
    assert!(most > 100_000, "{most}");
    assert_eq!(control.buffered_bytes(), 0, "what the application keeps is not counted");
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_becomes_fetchable_does_not_wait_for_a_parked_fetch() {
    let (cluster, client) = cluster(1);
    fill(&cluster, "t", 2, 1, 10);
    let config = ConsumerConfig::default().fetch_max_wait(Duration::from_secs(20));
    let mut consumer = assign(&client, "t", 1, Start::End, config);
    assert!(tokio::time::timeout(Duration::from_secs(1), consumer.recv()).await.is_err());
    let control = consumer.control();
    let start = tokio::time::Instant::now();
    control.seek("t", 0, Start::Offset(3)).unwrap();
    assert_eq!(next(&mut consumer).await.offset, 3);
    assert!(start.elapsed() < Duration::from_millis(20), "sought: {:?}", start.elapsed());
    offsets(&mut consumer, 6).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let start = tokio::time::Instant::now();
    control.assign_add([(("t", 1), Start::Beginning)]).unwrap();
    assert_eq!(next(&mut consumer).await.partition, 1);
    assert!(start.elapsed() < Duration::from_millis(20), "assigned: {:?}", start.elapsed());
    offsets(&mut consumer, 9).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let start = tokio::time::Instant::now();
    cluster.append("t", 1, &values(1)).unwrap();
    next(&mut consumer).await;
    assert!(start.elapsed() < Duration::from_millis(60), "written: {:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_closes_ends_its_consumers() {
    let (cluster, client) = cluster(1);
    fill(&cluster, "t", 1, 1, 1);
    let mut consumer = one(&client, Start::Beginning);
    next(&mut consumer).await;
    let waiting = tokio::spawn(async move {
        let error = consumer.recv().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
        assert!(consumer.recv().await.unwrap().is_none());
    });
    tokio::time::sleep(Duration::from_millis(10)).await;
    client.close(Duration::from_secs(1)).await.unwrap();
    waiting.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn receiving_can_be_spawned_raced_and_dropped() {
    let (cluster, client) = cluster(1);
    fill(&cluster, "t", 1, 10, 10);
    let mut consumer = one(&client, Start::Beginning);
    let topics = ["t".to_owned()];
    let counted = tokio::spawn(async move {
        let mut count = 0;
        let name = |record: &Record| topics.iter().any(|topic| record.topic() == topic.as_str());
        while count < 50 {
            tokio::select! {
                biased;
                record = consumer.recv() => {
                    assert!(name(&record.unwrap().unwrap()));
                    count += 1;
                }
                () = tokio::time::sleep(Duration::from_micros(10)) => {}
            }
        }
        consumer
    });
    let mut consumer = counted.await.unwrap();
    assert_eq!(next(&mut consumer).await.offset, 50);
    let stream = std::pin::Pin::new(&mut consumer);
    let record = std::future::poll_fn({
        let mut stream = stream;
        move |context| futures_core::Stream::poll_next(stream.as_mut(), context)
    })
    .await;
    assert_eq!(record.unwrap().unwrap().offset, 51);
}

/// Whatever happens to brokers, connections and sessions, and however the application seeks, pauses and reassigns: each
/// partition comes in order from where it was put, whole to its end.
async fn storm(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let (cluster, client) = cluster(3);
    let partitions = random.i32(1..7);
    fill(&cluster, "t", partitions, 10, 20);
    let mut config = ConsumerConfig::default()
        .fetch_buffer_bytes(random.usize(3_000..60_000))
        .max_partition_fetch_bytes(random.usize(300..6_000));
    if random.bool() {
        config = config.fetch_max_wait(Duration::from_millis(random.u64(0..2_000)));
    }
    let mut consumer = assign(&client, "t", partitions, Start::Beginning, config);
    let control = consumer.control();
    let mut expected = vec![Some(0_i64); partitions as usize];
    let mut paused = BTreeSet::new();
    let check = |record: &Record, expected: &mut Vec<Option<i64>>, paused: &BTreeSet<i32>| {
        assert!(!paused.contains(&record.partition), "seed {seed}: partition {} is paused", record.partition);
        let next = expected[record.partition as usize].as_mut();
        let next = next.unwrap_or_else(|| panic!("seed {seed}: partition {} is not assigned", record.partition));
        assert_eq!(record.offset, *next, "seed {seed}: partition {}", record.partition);
        *next += 1;
    };
    for _ in 0..150 {
        let partition = random.i32(0..partitions);
        let assigned = expected[partition as usize].is_some();
        match random.u32(0..14) {
            0 if assigned => {
                let to = random.i64(0..201);
                control.seek("t", partition, Start::Offset(to)).unwrap();
                expected[partition as usize] = Some(to);
            }
            1 if assigned => {
                control.seek("t", partition, Start::Beginning).unwrap();
                expected[partition as usize] = Some(0);
            }
            2 if assigned => {
                control.pause(&[("t", partition)]).unwrap();
                paused.insert(partition);
            }
            3 if assigned => {
                control.resume(&[("t", partition)]).unwrap();
                paused.remove(&partition);
            }
            4 if assigned => {
                control.unassign(&[("t", partition)]).unwrap();
                paused.remove(&partition);
                expected[partition as usize] = None;
            }
            4 => {
                control.assign_add([(("t", partition), Start::Tail(50))]).unwrap();
                let end = cluster.state().partition("t", partition).unwrap().high_watermark;
                expected[partition as usize] = Some(end - 50);
                // The end is looked up later than this: nothing is written until it is known.
                let found = async {
                    while control.position("t", partition).is_none() {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                };
                cluster.state().clear_faults();
                for broker in 1..4 {
                    cluster.start_broker(BrokerId(broker)).unwrap();
                }
                tokio::time::timeout(Duration::from_secs(120), found).await.expect("a start is found");
            }
            5 => drop(cluster.state().move_leader_on("t", partition)),
            6 => cluster.stop_broker(BrokerId(random.i32(1..4))).unwrap(),
            7 => {
                for broker in 1..4 {
                    cluster.start_broker(BrokerId(broker)).unwrap();
                }
            }
            8 => cluster.state().expire_fetch_sessions(BrokerId(random.i32(1..4))),
            9 => {
                let fault = match random.u32(0..6) {
                    0 => Fault::disconnect(),
                    1 => Fault::disconnect().after_applying(),
                    2 => Fault::delay(Duration::from_millis(random.u64(0..300))),
                    3 => Fault::error(ErrorCode::NOT_LEADER_OR_FOLLOWER),
                    4 => Fault::error(ErrorCode::FETCH_SESSION_ID_NOT_FOUND),
                    _ => Fault::throttle(Duration::from_millis(100)),
                };
                cluster.inject(fault.api(ApiKey::FETCH).times(random.u32(1..5)));
            }
            10 => drop(cluster.append("t", partition, &values(random.usize(1..30)))),
            11 => {
                if let Ok(batch) = tokio::time::timeout(Duration::from_millis(50), consumer.recv_batch()).await {
                    let batch = batch.unwrap().unwrap();
                    for view in &batch {
                        check(&view.to_owned(), &mut expected, &paused);
                    }
                    assert_eq!(control.position("t", batch.partition()), expected[batch.partition() as usize]);
                }
            }
            _ => {
                for _ in 0..random.u32(1..60) {
                    match tokio::time::timeout(Duration::from_millis(50), consumer.recv()).await {
                        Ok(record) => check(&record.unwrap().unwrap(), &mut expected, &paused),
                        Err(_) => break,
                    }
                }
            }
        }
    }
    cluster.state().clear_faults();
    for broker in 1..4 {
        cluster.start_broker(BrokerId(broker)).unwrap();
    }
    for partition in std::mem::take(&mut paused) {
        control.resume(&[("t", partition)]).unwrap();
    }
    if expected.iter().any(Option::is_some) {
        control.until_end().unwrap();
        let rest = async {
            while let Some(record) = consumer.recv().await.unwrap() {
                check(&record, &mut expected, &paused);
            }
        };
        let ended = tokio::time::timeout(Duration::from_secs(300), rest).await;
        assert!(ended.is_ok(), "seed {seed}: {:#?}", control.partitions());
    }
    for (partition, next) in (0..).zip(expected) {
        let end = cluster.state().partition("t", partition).unwrap().high_watermark;
        assert!(next.is_none_or(|next| next == end), "seed {seed}: partition {partition} ends at {next:?} of {end}");
    }
    assert_eq!(control.buffered_bytes(), 0, "seed {seed}");
    consumer.close(Duration::from_secs(5)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn storms_lose_nothing_and_bring_nothing_twice() {
    for seed in 0..25 {
        storm(seed).await;
    }
}
