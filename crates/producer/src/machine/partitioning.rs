//! Which partitions the machine fills: what the partitioner's choice looks like from outside, and how it adapts.

use std::error::Error as _;
use std::time::Duration;

use ottla_core::error::ErrorKind;
use ottla_core::io::Demand;

use crate::admission::{Admission, Terms};
use crate::config::ProducerConfig;
use crate::partitioner::{InvalidPartition, KeyHash, Partitioner};
use crate::receipt::Receipt;
use crate::record::NewRecord;
use crate::testing::{Driver, ONE, TWO};

/// A driver whose topic has four partitions, the last two led by broker 2.
fn four(config: ProducerConfig) -> Driver {
    let mut driver = Driver::ready(config);
    driver.link(TWO);
    driver.leaders(&[Some(ONE), Some(ONE), Some(TWO), Some(TWO)], 2);
    driver
}

fn partition(driver: &mut Driver, record: &NewRecord<'_>) -> i32 {
    driver.enqueue_record(record).partition()
}

#[test]
fn a_key_has_its_partition_whether_that_has_a_leader_or_not() {
    let mut driver = four(ProducerConfig::default().partitioner(Partitioner::sarama_hash()));
    let keys: Vec<String> = (0..100).map(|number| format!("key-{number}")).collect();
    let at = |driver: &mut Driver| -> Vec<i32> {
        keys.iter().map(|key| partition(driver, &NewRecord::to("t").key(key))).collect()
    };
    let expected: Vec<i32> = keys.iter().map(|key| KeyHash::FNV1A.partition(key.as_bytes(), 4)).collect();
    assert_eq!(at(&mut driver), expected);
    driver.leaders(&[None, Some(ONE), Some(TWO), Some(TWO)], 3);
    assert_eq!(at(&mut driver), expected);
}

#[test]
fn records_in_turn_pass_over_partitions_without_a_leader_and_skip_none_when_batches_begin() {
    let mut driver = four(ProducerConfig::default().partitioner(Partitioner::round_robin()).batch_size_bytes(200));
    let value = "x".repeat(60);
    let record = NewRecord::to("t").value(&value);
    let partitions: Vec<i32> = (0..16).map(|_| partition(&mut driver, &record)).collect();
    assert_eq!(partitions, [0, 1, 2, 3].repeat(4));
    driver.leaders(&[Some(ONE), None, Some(TWO), Some(TWO)], 3);
    let partitions: Vec<i32> = (0..6).map(|_| partition(&mut driver, &record)).collect();
    assert!(partitions.iter().all(|partition| *partition != 1), "{partitions:?}");
}

#[test]
fn a_record_that_names_its_partition_goes_there_under_any_partitioner() {
    for partitioner in [Partitioner::manual(), Partitioner::round_robin(), Partitioner::consistent()] {
        let mut driver = four(ProducerConfig::default().partitioner(partitioner));
        for wanted in [2, 2, 0] {
            assert_eq!(partition(&mut driver, &NewRecord::to("t").key("k").partition(wanted)), wanted);
        }
    }
}

#[test]
fn a_manual_partitioner_refuses_what_names_no_partition() {
    let mut driver = four(ProducerConfig::default().partitioner(Partitioner::manual()));
    let Admission::Refused(error) = driver.admit(&NewRecord::to("t").key("k"), Terms::AT_ONCE) else {
        panic!("not refused")
    };
    assert_eq!(error.kind(), ErrorKind::Misuse);
    assert!(error.to_string().contains("topic `t` names no partition"), "{error}");
}

/// Fills batch after batch without a key, and hands back how many began in each partition.
fn fill(driver: &mut Driver, batches: usize, mut then: impl FnMut(&mut Driver)) -> [usize; 4] {
    let value = "x".repeat(20_000);
    let mut counts = [0; 4];
    for _ in 0..batches {
        let receipt: Receipt = driver.enqueue_record(&NewRecord::to("t").value(&value));
        counts[usize::try_from(receipt.partition()).unwrap()] += 1;
        then(driver);
    }
    counts
}

fn small_batches() -> ProducerConfig {
    ProducerConfig::default().batch_size_bytes(16 * 1024).buffer_memory_bytes(64 << 20)
}

/// Broker 1 answers, broker 2 does not.
fn answer_one(driver: &mut Driver) {
    let sent: Vec<_> = driver.sent.iter().filter(|sent| sent.broker == ONE).cloned().collect();
    driver.sent.retain(|sent| sent.broker != ONE);
    for sent in sent {
        driver.acknowledge(&sent, 0);
    }
}

#[test]
fn a_slow_broker_gets_fewer_of_the_records_without_a_key() {
    let mut driver = four(small_batches());
    let adaptive = fill(&mut driver, 400, answer_one);
    let mut driver = four(small_batches().adaptive_partitioning(false));
    let uniform = fill(&mut driver, 400, answer_one);
    let slow = |counts: [usize; 4]| counts[2] + counts[3];
    assert!((160..240).contains(&slow(uniform)), "{uniform:?}");
    assert!(slow(adaptive) * 3 < slow(uniform), "{adaptive:?}, else {uniform:?}");
    assert!(slow(adaptive) > 0, "it is still tried: {adaptive:?}");
}

#[test]
fn a_broker_that_takes_nothing_for_too_long_gets_no_records_without_a_key_until_it_does() {
    let timeout = Duration::from_millis(100);
    let config = small_batches().partitioner_availability_timeout(timeout).request_timeout(Duration::from_secs(5));
    let mut driver = four(config);
    let warm = fill(&mut driver, 100, answer_one);
    assert!(warm[2] + warm[3] > 0, "{warm:?}");
    driver.advance(150);
    driver.flush_out();
    answer_one(&mut driver);
    // The batch that was begun before may be with the slow broker still.
    fill(&mut driver, 1, answer_one);
    let meanwhile = fill(&mut driver, 200, answer_one);
    assert_eq!(meanwhile[2] + meanwhile[3], 0, "{meanwhile:?}");
    while let Some(sent) = driver.sent.pop_front() {
        driver.acknowledge(&sent, 0);
    }
    let after = fill(&mut driver, 400, |driver| {
        while let Some(sent) = driver.sent.pop_front() {
            driver.acknowledge(&sent, 0);
        }
    });
    assert!(after[2] + after[3] > 100, "{after:?}");
}

#[test]
fn a_broker_is_tried_again_when_what_it_did_not_take_was_given_up() {
    let timeout = Duration::from_millis(100);
    let mut driver = four(small_batches().partitioner_availability_timeout(timeout));
    fill(&mut driver, 100, answer_one);
    driver.advance(150);
    fill(&mut driver, 1, answer_one);
    let meanwhile = fill(&mut driver, 100, answer_one);
    assert_eq!(meanwhile[2] + meanwhile[3], 0, "{meanwhile:?}");
    driver.advance(120_000);
    let after = fill(&mut driver, 100, answer_one);
    assert!(after[2] + after[3] > 0, "{after:?}");
}

#[test]
fn a_broker_that_nothing_waits_for_is_not_left_out_however_long_it_got_nothing() {
    let mut driver = four(small_batches().partitioner_availability_timeout(Duration::from_millis(1)));
    for _ in 0..20 {
        driver.advance(10_000);
        let sent = fill(&mut driver, 20, |driver| {
            while let Some(sent) = driver.sent.pop_front() {
                driver.acknowledge(&sent, 0);
            }
        });
        if sent[2] + sent[3] > 0 && sent[0] + sent[1] > 0 {
            return;
        }
    }
    panic!("one broker got nothing");
}

#[test]
fn a_partition_out_of_range_names_topic_choice_and_count() {
    let mut driver = four(ProducerConfig::default());
    let Admission::Refused(error) = driver.admit(&NewRecord::to("t").partition(4), Terms::AT_ONCE) else {
        panic!("not refused")
    };
    assert_eq!(error.to_string(), "there is no partition 4 of topic `t`, which has 4");
    let invalid = error.source().unwrap().downcast_ref::<InvalidPartition>().unwrap();
    assert_eq!((invalid.topic.name(), invalid.choice, invalid.count), ("t", 4, 4));
    assert!(driver.demands.iter().any(|demand| matches!(demand, Demand::Stale { .. })));
}
