//! The whole machine, driven by hand: order, retries, sequences, outcomes, memory, flush and close.

use std::task::Poll;
use std::time::Duration;

use ottla_core::cluster::TopicState;
use ottla_core::error::{ErrorKind, Outcome};
use ottla_core::io::Demand;
use ottla_core::machine::{Delivery, Input, Machine};
use ottla_protocol::messages::ProduceResponse;
use ottla_protocol::messages::produce::{LeaderIdAndEpoch, PartitionProduceResponse, TopicProduceResponse};
use ottla_protocol::records::sequence_after;
use ottla_types::{ErrorCode, ProducerId, Uuid};

use crate::admission::{Admission, Terms};
use crate::config::{Acks, CompressionType, ProducerConfig};
use crate::record::NewRecord;
use crate::testing::{Driver, ONE, Sent, TWO, offset, outcome, poll};

fn config() -> ProducerConfig {
    ProducerConfig::default()
}

/// Every record is a batch of its own that leaves at once.
fn single() -> ProducerConfig {
    config().batch_size_bytes(1)
}

fn values(driver: &mut Driver, from: usize, to: usize) -> Vec<crate::receipt::Receipt> {
    (from..to).map(|value| driver.enqueue(&format!("value-{value}"))).collect()
}

#[test]
fn the_first_record_brings_topic_connection_and_identity() {
    let mut driver = Driver::new(config());
    let record = NewRecord::to("t").value("x");
    let waits = Terms { waits: Some(None), ..Terms::AT_ONCE };
    let Admission::Waits { mut waiting, ticket, .. } = driver.admit(&record, waits) else { panic!("does not wait") };
    assert!(driver.demands.iter().any(|demand| matches!(demand, Demand::Topic { create: true, .. })));
    driver.leaders(&[Some(ONE)], 1);
    assert!(matches!(poll(&mut waiting), Poll::Ready(Ok(Ok(())))));
    let Admission::Queued(receipt) = driver.admit(&record, Terms { ticket: Some(ticket), ..waits }) else {
        panic!("not queued")
    };
    assert!(driver.demands.iter().any(|demand| matches!(demand, Demand::Connect { broker: ONE, .. })));
    driver.link(ONE);
    let id = driver.identity_asked.pop_front().unwrap();
    driver.advance(5);
    assert!(driver.sent.is_empty(), "nothing is sent without an identity");
    driver.identify(id, 42, 3);
    let sent = driver.sent.pop_front().unwrap();
    let producer = sent.batches[0].producer;
    assert_eq!((producer.id, producer.epoch, producer.base_sequence), (ProducerId(42), 3, 0));
    driver.acknowledge(&sent, 77);
    assert_eq!(offset(&receipt), Some(77));
    assert_eq!(driver.machine.accumulator.used(), 0);
}

#[test]
fn a_batch_waits_out_its_linger_and_holds_all_records_of_it() {
    let mut driver = Driver::ready(config());
    let receipts = values(&mut driver, 0, 3);
    driver.advance(4);
    assert!(driver.sent.is_empty());
    driver.advance(1);
    let sent = driver.sent.pop_front().unwrap();
    assert_eq!(sent.batches[0].count, 3);
    driver.acknowledge(&sent, 10);
    assert_eq!(receipts.iter().map(offset).collect::<Vec<_>>(), [Some(10), Some(11), Some(12)]);
}

#[test]
fn an_awaited_send_leaves_at_once_and_those_that_follow_share_the_next_request() {
    let mut driver = Driver::ready(config());
    let first = driver.send("first");
    let sent = driver.sent.pop_front().unwrap();
    let others = [driver.send("a"), driver.send("b")];
    assert!(driver.sent.is_empty(), "they pile up while a request is on its way");
    driver.acknowledge(&sent, 5);
    assert_eq!(offset(&first), Some(5));
    let sent = driver.sent.pop_front().unwrap();
    assert_eq!(sent.batches[0].count, 2);
    driver.acknowledge(&sent, 6);
    assert_eq!(others.each_ref().map(offset), [Some(6), Some(7)]);
}

#[test]
fn the_place_of_an_answered_request_is_freed_after_those_it_woke_had_a_turn() {
    let mut driver = Driver::ready(config());
    drop(driver.send("first"));
    let sent = driver.sent.pop_front().unwrap();
    drop(driver.send("second"));
    let yields = driver.yields;
    let answer = ProduceResponse {
        responses: vec![TopicProduceResponse {
            topic_id: Uuid([1; 16]),
            partition_responses: vec![PartitionProduceResponse::default()],
            ..TopicProduceResponse::default()
        }],
        ..ProduceResponse::default()
    };
    let mut body = bytes::BytesMut::new();
    ottla_protocol::Message::encode(&answer, 13, &mut body).unwrap();
    let response = ottla_core::machine::Response { version: 13, body: body.freeze() };
    driver.input(Input::Response(sent.id, Ok(response)));
    assert_eq!(driver.yields, yields + 1);
    assert!(driver.sent.is_empty());
    drop(driver.send("third"));
    driver.input(Input::Yielded);
    assert_eq!(driver.sent.pop_front().unwrap().batches[0].count, 2);
}

#[test]
fn linger_zero_sends_at_once_and_then_piles_up_for_one_round_trip() {
    let mut driver = Driver::ready(config().linger(Duration::ZERO));
    drop(driver.enqueue("a"));
    let sent = driver.sent.pop_front().unwrap();
    drop(values(&mut driver, 0, 4));
    assert!(driver.sent.is_empty());
    driver.acknowledge(&sent, 0);
    assert_eq!(driver.sent.pop_front().unwrap().batches[0].count, 4);
}

#[test]
fn one_batch_goes_alone_until_the_first_success_and_five_may_follow() {
    let mut driver = Driver::new(single());
    driver.leaders(&[Some(ONE)], 1);
    driver.link(ONE);
    let receipts = values(&mut driver, 0, 8);
    let id = driver.identity_asked.pop_front().unwrap();
    driver.identify(id, 1, 0);
    assert_eq!(driver.sent.len(), 1);
    let sent = driver.sent.pop_front().unwrap();
    driver.acknowledge(&sent, 0);
    assert_eq!(driver.sent.len(), 5);
    let sequences: Vec<_> = driver.sent.iter().flat_map(Sent::sequences).collect();
    assert_eq!(sequences, [1, 2, 3, 4, 5]);
    while let Some(sent) = driver.sent.pop_front() {
        let base = i64::from(sent.sequences()[0]);
        driver.acknowledge(&sent, base);
    }
    assert_eq!(receipts.iter().map(offset).collect::<Vec<_>>(), (0..8).map(Some).collect::<Vec<_>>());
}

#[test]
fn after_a_refusal_by_the_leader_nothing_overtakes_and_sequences_stay() {
    let mut driver = Driver::ready(single());
    let receipts = values(&mut driver, 0, 4);
    let sent: Vec<_> = driver.sent.drain(..).collect();
    assert_eq!(sent.len(), 4);
    driver.fail(&sent[0], ErrorCode::NOT_LEADER_OR_FOLLOWER);
    assert!(driver.demands.iter().any(|demand| matches!(demand, Demand::Stale { .. })));
    driver.leaders(&[Some(TWO)], 2);
    driver.link(TWO);
    assert!(driver.sent.is_empty(), "the old leader has not answered all");
    for sent in &sent[1..] {
        driver.fail(sent, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    }
    // A refusal that comes after the new leader is known costs one pause.
    if driver.sent.is_empty() {
        driver.advance(2_000);
    }
    let mut bases = Vec::new();
    while let Some(again) = driver.sent.pop_front() {
        assert_eq!(again.broker, TWO);
        if bases.is_empty() {
            assert!(driver.sent.is_empty(), "one goes first");
        }
        bases.extend(again.sequences());
        let base = i64::from(again.sequences()[0]);
        driver.acknowledge(&again, base + 100);
    }
    assert_eq!(bases, [1, 2, 3, 4]);
    assert_eq!(receipts.iter().map(offset).collect::<Vec<_>>(), [101, 102, 103, 104].map(Some));
}

#[test]
fn a_lost_connection_is_followed_by_the_same_bytes_on_the_next() {
    let mut driver = Driver::ready(single());
    let receipt = driver.enqueue("x");
    let sent = driver.sent.pop_front().unwrap();
    driver.lose(&sent, Delivery::MaybeSent);
    assert!(driver.sent.is_empty(), "not on the connection that ended");
    driver.unlink(ONE);
    assert!(driver.demands.iter().any(|demand| matches!(demand, Demand::Connect { broker: ONE, .. })));
    driver.link(ONE);
    let again = driver.sent.pop_front().unwrap();
    assert_eq!(again.batches, sent.batches);
    driver.fail(&again, ErrorCode::DUPLICATE_SEQUENCE_NUMBER);
    assert_eq!(offset(&receipt), None, "written before, where is not known");
}

#[test]
fn out_of_order_after_an_older_failure_is_a_consequence_and_not_a_gap() {
    let mut driver = Driver::ready(single());
    drop(values(&mut driver, 0, 2));
    let sent: Vec<_> = driver.sent.drain(..).collect();
    driver.fail(&sent[0], ErrorCode::NOT_ENOUGH_REPLICAS);
    driver.fail(&sent[1], ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    driver.advance(200);
    let first = driver.sent.pop_front().unwrap();
    assert_eq!((first.sequences(), first.batches[0].producer.epoch), (vec![1], 0));
    driver.acknowledge(&first, 1);
    assert_eq!(driver.sent.pop_front().unwrap().sequences(), [2]);
}

#[test]
fn a_gap_is_closed_by_a_new_epoch_once_all_in_flight_are_answered() {
    let mut driver = Driver::ready(single());
    let receipts = values(&mut driver, 0, 3);
    let sent: Vec<_> = driver.sent.drain(..).collect();
    driver.fail(&sent[0], ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    driver.fail(&sent[1], ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    assert!(driver.sent.is_empty());
    driver.fail(&sent[2], ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    let mut seen = Vec::new();
    while let Some(again) = driver.sent.pop_front() {
        let producer = again.batches[0].producer;
        seen.push((producer.id, producer.epoch, producer.base_sequence));
        driver.acknowledge(&again, i64::from(producer.base_sequence));
    }
    let id = ProducerId(9);
    assert_eq!(seen, [(id, 1, 0), (id, 1, 1), (id, 1, 2)]);
    assert_eq!(receipts.iter().map(offset).collect::<Vec<_>>(), [Some(0), Some(1), Some(2)]);
}

#[test]
fn a_forgotten_producer_goes_on_under_a_new_epoch() {
    let mut driver = Driver::ready(single());
    let receipt = driver.enqueue("x");
    let sent = driver.sent.pop_front().unwrap();
    driver.fail(&sent, ErrorCode::UNKNOWN_PRODUCER_ID);
    let again = driver.sent.pop_front().unwrap();
    let producer = again.batches[0].producer;
    assert_eq!((producer.epoch, producer.base_sequence), (1, 0));
    driver.acknowledge(&again, 4);
    assert_eq!(offset(&receipt), Some(4));
}

#[test]
fn a_refused_last_batch_gives_its_sequence_to_the_next() {
    let mut driver = Driver::ready(single());
    let refused = driver.enqueue("x");
    let sent = driver.sent.pop_front().unwrap();
    driver.fail(&sent, ErrorCode::INVALID_RECORD);
    let error = outcome(&refused).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Some(ErrorCode::INVALID_RECORD), Outcome::DidNotHappen));
    drop(driver.enqueue("y"));
    let next = driver.sent.pop_front().unwrap();
    assert_eq!((next.sequences(), next.batches[0].producer.epoch), (vec![1], 0));
}

#[test]
fn a_refused_batch_with_others_behind_it_needs_a_new_epoch() {
    let mut driver = Driver::ready(single());
    let receipts = values(&mut driver, 0, 2);
    let sent: Vec<_> = driver.sent.drain(..).collect();
    driver.fail(&sent[0], ErrorCode::MESSAGE_TOO_LARGE);
    assert!(outcome(&receipts[0]).is_err());
    driver.fail(&sent[1], ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    let again = driver.sent.pop_front().unwrap();
    assert_eq!((again.sequences(), again.batches[0].producer.epoch), (vec![0], 1));
    driver.acknowledge(&again, 8);
    assert_eq!(offset(&receipts[1]), Some(8));
}

#[test]
fn what_may_have_been_written_is_settled_under_its_old_sequence_before_the_epoch_moves_on() {
    let mut driver = Driver::ready(single());
    let receipts = values(&mut driver, 0, 2);
    let sent: Vec<_> = driver.sent.drain(..).collect();
    driver.lose(&sent[1], Delivery::MaybeSent);
    driver.fail(&sent[0], ErrorCode::INVALID_RECORD);
    driver.unlink(ONE);
    driver.link(ONE);
    assert!(outcome(&receipts[0]).is_err());
    let probe = driver.sent.pop_front().unwrap();
    assert_eq!(probe.batches, sent[1].batches, "asked again, unchanged");
    driver.fail(&probe, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    let again = driver.sent.pop_front().unwrap();
    assert_eq!((again.sequences(), again.batches[0].producer.epoch), (vec![0], 1));
    driver.acknowledge(&again, 3);
    assert_eq!(offset(&receipts[1]), Some(3));
}

#[test]
fn an_aged_out_batch_that_may_be_written_says_so_and_bumps_the_epoch_before_anything_follows() {
    let mut driver = Driver::ready(single().delivery_timeout(Duration::from_secs(60)));
    let aged = driver.enqueue("x");
    let sent = driver.sent.pop_front().unwrap();
    driver.advance(60_000);
    let error = outcome(&aged).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::MayHaveHappened));
    assert!(error.to_string().contains("delivery.timeout.ms"), "{error}");
    driver.lose(&sent, Delivery::MaybeSent);
    driver.unlink(ONE);
    drop(driver.enqueue("y"));
    driver.link(ONE);
    driver.advance(1_000);
    let epochs: Vec<_> = driver.sent.iter().map(|sent| sent.batches[0].producer.epoch).collect();
    assert!(!epochs.is_empty() && epochs.iter().all(|epoch| *epoch == 1), "{epochs:?}");
}

#[test]
fn an_aged_out_batch_that_turns_out_to_be_written_leaves_no_gap() {
    let mut driver = Driver::ready(single().delivery_timeout(Duration::from_secs(60)));
    drop(driver.enqueue("x"));
    let sent = driver.sent.pop_front().unwrap();
    driver.advance(60_000);
    driver.acknowledge(&sent, 1);
    assert_eq!(driver.machine.accumulator.used(), 0);
    drop(driver.enqueue("y"));
    let next = driver.sent.pop_front().unwrap();
    assert_eq!((next.sequences(), next.batches[0].producer.epoch), (vec![2], 0));
}

#[test]
fn a_batch_that_was_never_sent_ages_out_as_not_happened_and_says_why() {
    let mut driver = Driver::ready(single());
    driver.leaders(&[None], 1);
    let receipt = driver.enqueue("x");
    for _ in 0..2_000 {
        if receipt.outcome().is_some() {
            break;
        }
        driver.advance_to_deadline();
    }
    let error = outcome(&receipt).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::DidNotHappen));
    assert!(error.to_string().contains("no leader"), "{error}");
    assert!(driver.demands.iter().filter(|demand| matches!(demand, Demand::Stale { .. })).count() > 5);
    assert_eq!(driver.machine.accumulator.used(), 0);
}

#[test]
fn sequences_go_on_at_zero_after_the_last_one() {
    assert_eq!(sequence_after(i32::MAX, 1), 0);
    let mut driver = Driver::ready(single());
    // As if so many records had been sent before.
    driver.machine.partitions[0].start_at(i32::MAX);
    drop(values(&mut driver, 0, 2));
    let sequences: Vec<_> = driver.sent.iter().flat_map(Sent::sequences).collect();
    assert_eq!(sequences, [i32::MAX, 0]);
}

#[test]
fn a_partition_whose_answer_is_missing_is_asked_about_again() {
    let mut driver = Driver::ready(single());
    let receipt = driver.enqueue("x");
    let sent = driver.sent.pop_front().unwrap();
    driver.respond(sent.id, sent.version, &ProduceResponse::default());
    assert!(receipt.outcome().is_none());
    driver.advance(200);
    let again = driver.sent.pop_front().unwrap();
    assert_eq!(again.batches, sent.batches);
}

#[test]
fn a_leader_that_an_answer_names_is_passed_on() {
    let mut driver = Driver::ready(single());
    drop(driver.enqueue("x"));
    let sent = driver.sent.pop_front().unwrap();
    let partition = PartitionProduceResponse {
        error_code: ErrorCode::NOT_LEADER_OR_FOLLOWER,
        current_leader: LeaderIdAndEpoch { leader_id: TWO, leader_epoch: 5, ..LeaderIdAndEpoch::default() },
        ..PartitionProduceResponse::default()
    };
    let topic = TopicProduceResponse {
        topic_id: Uuid([1; 16]),
        partition_responses: vec![partition],
        ..TopicProduceResponse::default()
    };
    let answer = ProduceResponse { responses: vec![topic], ..ProduceResponse::default() };
    driver.respond(sent.id, sent.version, &answer);
    let hinted = |demand: &Demand| matches!(demand, Demand::LeaderHint { leader: TWO, leader_epoch: 5, .. });
    assert!(driver.demands.iter().any(hinted));
    driver.leaders(&[Some(TWO)], 5);
    driver.link(TWO);
    assert_eq!(driver.sent.pop_front().unwrap().broker, TWO, "at once, without the pause");
}

#[test]
fn one_request_carries_many_partitions_and_each_gets_its_own_answer() {
    let mut driver = Driver::new(config());
    driver.leaders(&[Some(ONE), Some(ONE), Some(TWO)], 1);
    driver.link(ONE);
    driver.link(TWO);
    let receipts: Vec<_> = (0..3).map(|partition| driver.enqueue_to(partition, "x")).collect();
    let id = driver.identity_asked.pop_front().unwrap();
    driver.identify(id, 1, 0);
    driver.advance(5);
    let sent = driver.sent.pop_front().unwrap();
    assert_eq!(sent.batches.iter().map(|batch| batch.partition).collect::<Vec<_>>(), [0, 1]);
    let other = driver.sent.pop_front().unwrap();
    assert_eq!((other.broker, other.batches.len()), (TWO, 1));
    driver.answer(&sent, |partition| match partition {
        0 => (ErrorCode::NONE, 50),
        _ => (ErrorCode::TOPIC_AUTHORIZATION_FAILED, -1),
    });
    driver.acknowledge(&other, 9);
    assert_eq!(offset(&receipts[0]), Some(50));
    assert_eq!(outcome(&receipts[1]).unwrap_err().kind(), ErrorKind::Authorization);
    assert_eq!(offset(&receipts[2]), Some(9));
}

#[test]
fn topics_are_named_where_the_broker_takes_no_ids() {
    let mut driver = Driver::new(config().linger(Duration::ZERO).enable_idempotence(Some(false)));
    driver.leaders(&[Some(ONE)], 1);
    driver.link_with(ONE, 9);
    let receipt = driver.enqueue("x");
    let sent = driver.sent.pop_front().unwrap();
    assert_eq!((sent.version, sent.sequences()), (9, vec![-1]));
    driver.acknowledge(&sent, 2);
    assert_eq!(offset(&receipt), Some(2));
}

#[test]
fn zstd_for_a_broker_that_does_not_know_it_fails_naming_the_setting() {
    let mut driver = Driver::new(single().compression(CompressionType::Zstd).enable_idempotence(Some(false)));
    driver.leaders(&[Some(ONE)], 1);
    driver.link_with(ONE, 5);
    let receipt = driver.enqueue(&"x".repeat(100));
    let error = outcome(&receipt).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incompatible);
    assert!(error.to_string().contains("compression.type"), "{error}");
}

#[test]
fn without_acks_a_record_counts_once_it_is_handed_to_the_socket() {
    let mut driver = Driver::new(single().acks(Acks::None));
    driver.leaders(&[Some(ONE)], 1);
    driver.link(ONE);
    let receipt = driver.enqueue("x");
    let sent = driver.sent.pop_front().unwrap();
    assert!(receipt.outcome().is_none());
    driver.input(Input::Written(sent.id));
    assert_eq!(offset(&receipt), None);
    let lost = driver.enqueue("y");
    let sent = driver.sent.pop_front().unwrap();
    driver.lose(&sent, Delivery::MaybeSent);
    assert_eq!(outcome(&lost).unwrap_err().outcome(), Outcome::MayHaveHappened);
}

#[test]
fn buffer_memory_makes_callers_wait_in_line_and_comes_back_with_the_acknowledgement() {
    let mut driver = Driver::ready(config().buffer_memory_bytes(1_000).max_request_size_bytes(1_000));
    let record = NewRecord::to("t").value("x").header("h", "v");
    let large = "y".repeat(600);
    drop(driver.enqueue(&large));
    let waits = Terms { waits: Some(None), ..Terms::AT_ONCE };
    let Admission::Waits { mut waiting, ticket, .. } = driver.admit(&NewRecord::to("t").value(&large), waits) else {
        panic!("does not wait")
    };
    let Admission::Waits { waiting: mut second, ticket: second_ticket, .. } = driver.admit(&record, waits) else {
        panic!("overtakes")
    };
    let Admission::Refused(error) = driver.admit(&record, Terms::AT_ONCE) else { panic!("not refused") };
    assert!(error.to_string().contains("buffer.memory") && error.is_retriable(), "{error}");
    let sent = driver.sent.pop_front().expect("waiting for memory closes the open batch");
    driver.acknowledge(&sent, 0);
    assert!(poll(&mut waiting).is_ready() && poll(&mut second).is_ready());
    for (ticket, record) in [(ticket, NewRecord::to("t").value(&large)), (second_ticket, record)] {
        let terms = Terms { ticket: Some(ticket), ..waits };
        assert!(matches!(driver.admit(&record, terms), Admission::Queued(_)));
    }
    driver.flush_out();
    while let Some(sent) = driver.sent.pop_front() {
        driver.acknowledge(&sent, 0);
    }
    assert_eq!(driver.machine.accumulator.used(), 0);
}

#[test]
fn what_was_reserved_for_a_record_that_is_refused_is_passed_on() {
    let mut driver = Driver::ready(config().buffer_memory_bytes(1_000).max_request_size_bytes(1_000));
    let large = "y".repeat(600);
    drop(driver.enqueue(&large));
    let waits = Terms { waits: Some(None), ..Terms::AT_ONCE };
    let nowhere = NewRecord::to("t").value(&large).partition(9);
    let Admission::Waits { mut waiting, ticket, .. } = driver.admit(&nowhere, waits) else { panic!("does not wait") };
    let record = NewRecord::to("t").value(&large);
    let Admission::Waits { waiting: mut second, .. } = driver.admit(&record, waits) else { panic!("does not wait") };
    let sent = driver.sent.pop_front().unwrap();
    driver.acknowledge(&sent, 0);
    assert!(poll(&mut waiting).is_ready() && poll(&mut second).is_pending());
    let refused = driver.admit(&nowhere, Terms { ticket: Some(ticket), ..waits });
    assert!(matches!(refused, Admission::Refused(_)));
    assert!(poll(&mut second).is_ready());
}

#[test]
fn records_that_waited_for_their_topic_wait_for_memory_too() {
    let mut driver = Driver::new(config().buffer_memory_bytes(1_000).max_request_size_bytes(1_000));
    let large = "y".repeat(600);
    let record = NewRecord::to("t").value(&large);
    let waits = Terms { waits: Some(None), ..Terms::AT_ONCE };
    let tickets = [(); 2].map(|()| match driver.admit(&record, waits) {
        Admission::Waits { ticket, .. } => ticket,
        other => panic!("does not wait: {other:?}"),
    });
    driver.leaders(&[Some(ONE)], 1);
    let [first, second] = tickets.map(|ticket| driver.admit(&record, Terms { ticket: Some(ticket), ..waits }));
    assert!(matches!(first, Admission::Queued(_)));
    assert!(matches!(second, Admission::Waits { .. }), "{second:?}");
}

#[test]
fn an_unknown_topic_waits_no_longer_than_max_block_and_names_the_cause() {
    let mut driver = Driver::new(config().max_block(Duration::from_secs(2)));
    let record = NewRecord::to("t").value("x");
    let waits = Terms { waits: Some(None), ..Terms::AT_ONCE };
    let Admission::Waits { mut waiting, .. } = driver.admit(&record, waits) else { panic!("does not wait") };
    let since = driver.now.mono;
    driver.topic_state(TopicState::Failed { code: ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, since });
    driver.advance(500);
    assert!(driver.demands.iter().any(|demand| matches!(demand, Demand::Stale { .. })), "asked for again");
    driver.advance(1_500);
    let Poll::Ready(Ok(Err(error))) = poll(&mut waiting) else { panic!("still waits") };
    assert_eq!(error.code(), Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    assert!(error.to_string().contains("max.block.ms"), "{error}");
}

#[test]
fn a_topic_that_may_not_be_used_fails_at_once() {
    let mut driver = Driver::new(config());
    let record = NewRecord::to("t").value("x");
    let waits = Terms { waits: Some(None), ..Terms::AT_ONCE };
    let Admission::Waits { mut waiting, .. } = driver.admit(&record, waits) else { panic!("does not wait") };
    let since = driver.now.mono;
    driver.topic_state(TopicState::Failed { code: ErrorCode::TOPIC_AUTHORIZATION_FAILED, since });
    let Poll::Ready(Ok(Err(error))) = poll(&mut waiting) else { panic!("still waits") };
    assert_eq!(error.kind(), ErrorKind::Authorization);
    let Admission::Refused(error) = driver.admit(&record, waits) else { panic!("not refused") };
    assert_eq!(error.kind(), ErrorKind::Authorization);
}

#[test]
fn a_record_over_the_limit_is_refused_before_it_is_queued_naming_the_setting() {
    let mut driver = Driver::ready(config().max_request_size_bytes(500));
    let large = "x".repeat(600);
    let Admission::Refused(error) = driver.admit(&NewRecord::to("t").value(&large), Terms::AT_ONCE) else {
        panic!("not refused")
    };
    assert_eq!(error.kind(), ErrorKind::Misuse);
    assert!(error.to_string().contains("`max.request.size` = 500"), "{error}");
    let Admission::Refused(error) = driver.admit(&NewRecord::to("t").partition(1), Terms::AT_ONCE) else {
        panic!("not refused")
    };
    assert!(error.to_string().contains("no partition 1"), "{error}");
}

#[test]
fn an_identity_that_is_not_to_be_had_yet_is_asked_for_again() {
    let mut driver = Driver::new(single());
    driver.leaders(&[Some(ONE)], 1);
    driver.link(ONE);
    let receipt = driver.enqueue("x");
    for code in [ErrorCode::COORDINATOR_LOAD_IN_PROGRESS, ErrorCode::COORDINATOR_NOT_AVAILABLE] {
        let id = driver.identity_asked.pop_front().unwrap();
        driver.identity_error(id, code);
        assert!(driver.identity_asked.is_empty(), "after a pause");
        driver.advance(1_000);
    }
    let id = driver.identity_asked.pop_front().unwrap();
    driver.identify(id, 4, 0);
    let sent = driver.sent.pop_front().unwrap();
    driver.acknowledge(&sent, 0);
    assert_eq!(offset(&receipt), Some(0));
}

#[test]
fn an_identity_that_is_refused_fails_what_waits_and_is_asked_for_again_for_what_comes_later() {
    let mut driver = Driver::new(single());
    driver.leaders(&[Some(ONE)], 1);
    driver.link(ONE);
    let receipt = driver.enqueue("x");
    let id = driver.identity_asked.pop_front().unwrap();
    driver.identity_error(id, ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
    let error = outcome(&receipt).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authorization);
    assert!(error.to_string().contains("enable.idempotence"), "{error}");
    drop(driver.enqueue("y"));
    driver.advance(1_000);
    assert_eq!(driver.identity_asked.len(), 1);
}

#[test]
fn flush_closes_open_batches_and_ends_when_all_before_it_are_settled() {
    let mut driver = Driver::ready(config().linger(Duration::from_secs(3)));
    drop(driver.enqueue("a"));
    let mut flush = driver.flush();
    let sent = driver.sent.pop_front().unwrap();
    assert!(poll(&mut flush).is_pending());
    drop(driver.enqueue("later"));
    driver.acknowledge(&sent, 0);
    assert!(matches!(poll(&mut flush), Poll::Ready(Ok(Ok(())))), "what came later is not waited for");
}

#[test]
fn flush_tells_of_a_failure_that_nobody_else_heard_of() {
    let mut driver = Driver::ready(single());
    drop(driver.enqueue("a"));
    let sent = driver.sent.pop_front().unwrap();
    driver.fail(&sent, ErrorCode::INVALID_RECORD);
    let mut flush = driver.flush();
    let Poll::Ready(Ok(Err(error))) = poll(&mut flush) else { panic!("no error") };
    assert_eq!(error.code(), Some(ErrorCode::INVALID_RECORD));
    assert!(matches!(poll(&mut driver.flush()), Poll::Ready(Ok(Ok(())))), "told once");
}

#[test]
fn close_gives_up_at_its_deadline_and_tells_each_outcome() {
    let mut driver = Driver::ready(single());
    let in_flight = driver.enqueue("a");
    driver.leaders(&[None], 1);
    let queued = driver.enqueue("b");
    let mut close = driver.close(Duration::from_secs(1));
    let Admission::Refused(error) = driver.admit(&NewRecord::to("t").value("c"), Terms::AT_ONCE) else {
        panic!("not refused")
    };
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert!(poll(&mut close).is_pending());
    driver.advance(1_000);
    let Poll::Ready(Ok(Err(error))) = poll(&mut close) else { panic!("no error") };
    assert!(error.to_string().contains("2 records"), "{error}");
    assert_eq!(outcome(&in_flight).unwrap_err().outcome(), Outcome::MayHaveHappened);
    assert_eq!(outcome(&queued).unwrap_err().outcome(), Outcome::DidNotHappen);
    assert_eq!(driver.machine.accumulator.used(), 0);
}

#[test]
fn a_dropped_producer_lets_go_of_itself_when_all_is_sent() {
    let mut driver = Driver::ready(config());
    let receipt = driver.enqueue("a");
    let kept: std::sync::Arc<dyn std::any::Any + Send + Sync> = std::sync::Arc::new(());
    let watch = std::sync::Arc::downgrade(&kept);
    driver.machine.detach(driver.now, kept);
    driver.drain();
    assert!(watch.upgrade().is_some());
    let sent = driver.sent.pop_front().unwrap();
    driver.acknowledge(&sent, 3);
    assert_eq!(offset(&receipt), Some(3));
    assert!(watch.upgrade().is_none());
}

#[test]
fn the_end_of_the_client_ends_everything_that_waits() {
    let mut driver = Driver::ready(single());
    let sent_once = driver.enqueue("a");
    driver.input(Input::Closed(ottla_core::error::Error::new(ErrorKind::Closed, "the client is closed")));
    let error = outcome(&sent_once).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Closed, Outcome::MayHaveHappened));
    assert!(driver.machine.poll_timeout().is_none());
}

#[test]
fn a_throttled_broker_is_left_alone_for_the_time_that_it_asked_for() {
    let mut driver = Driver::ready(single());
    drop(driver.enqueue("a"));
    let sent = driver.sent.pop_front().unwrap();
    let partition = PartitionProduceResponse::default();
    let topic = TopicProduceResponse {
        topic_id: Uuid([1; 16]),
        partition_responses: vec![partition],
        ..TopicProduceResponse::default()
    };
    let answer = ProduceResponse { responses: vec![topic], throttle_time_ms: 300, ..ProduceResponse::default() };
    driver.respond(sent.id, sent.version, &answer);
    drop(driver.enqueue("b"));
    driver.advance(299);
    assert!(driver.sent.is_empty());
    driver.advance(1);
    assert_eq!(driver.sent.len(), 1);
}

#[test]
fn batches_that_close_together_leave_together_however_long_their_jobs_take() {
    let mut driver = Driver::new(config().compression(CompressionType::Lz4));
    driver.leaders(&[Some(ONE), Some(ONE)], 1);
    driver.link(ONE);
    drop(driver.enqueue_to(0, "x"));
    drop(driver.enqueue_to(1, "y"));
    let id = driver.identity_asked.pop_front().unwrap();
    driver.identify(id, 1, 0);
    driver.hold_jobs = true;
    driver.advance(5);
    assert_eq!(driver.jobs.len(), 2);
    let late = driver.jobs.pop_front().unwrap();
    let early = driver.jobs.pop_front().unwrap();
    driver.do_job(early);
    driver.drain();
    assert!(driver.sent.is_empty());
    driver.do_job(late);
    driver.drain();
    assert_eq!(driver.sent.pop_front().unwrap().batches.len(), 2);
}

#[test]
fn jobs_that_end_out_of_order_do_not_change_the_order_of_a_partition() {
    let mut driver = Driver::ready(single().compression(CompressionType::Lz4));
    driver.hold_jobs = true;
    drop(values(&mut driver, 0, 3));
    let jobs: Vec<_> = driver.jobs.drain(..).collect();
    for job in jobs.into_iter().rev() {
        driver.do_job(job);
        driver.drain();
    }
    let sequences: Vec<_> = driver.sent.iter().flat_map(Sent::sequences).collect();
    assert_eq!(sequences, [1, 2, 3]);
}

#[test]
fn a_topic_made_anew_starts_under_a_new_epoch() {
    let mut driver = Driver::ready(single());
    let TopicState::Known(mut info) = driver.topic_info() else { panic!("not known") };
    info.id = Uuid([2; 16]);
    driver.topic_state(TopicState::Known(info));
    drop(driver.enqueue("x"));
    let sent = driver.sent.pop_front().unwrap();
    assert_eq!((sent.sequences(), sent.batches[0].producer.epoch), (vec![0], 1));
}
