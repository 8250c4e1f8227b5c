//! Users' partitioners: what they are asked, when, and what becomes of their mistakes.

use std::error::Error as _;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ottla_core::error::{Error, ErrorKind};
use ottla_types::Topic;

use super::{Choice, Foreign, View};
use crate::admission::{Admission, Terms};
use crate::config::ProducerConfig;
use crate::handmade::{Answering, drive, producer};
use crate::partitioner::{
    CustomPartitioner, EmptyKeys, HashArithmetic, InvalidPartition, KeyHash, Keyless, Needs, NewBatch, Partitioner,
    RecordToPartition,
};
use crate::producer::Producer;
use crate::receipt::Receipt;
use crate::record::NewRecord;
use crate::testing::{Driver, ONE, TWO, poll};

/// Chooses what it is told to, and notes what it sees.
#[derive(Default)]
struct Told {
    choice: AtomicI32,
    panics: AtomicBool,
    writable: bool,
    watches: bool,
    chooses_again: bool,
    asked: AtomicUsize,
    offered: Mutex<Vec<i32>>,
    batches: Mutex<Vec<(String, i32)>>,
}

impl CustomPartitioner for Arc<Told> {
    fn partition(&self, record: &RecordToPartition<'_>, partitions: &[i32]) -> i32 {
        assert!(!self.panics.load(Ordering::Relaxed), "told to");
        assert_eq!(record.topic().name(), "t");
        self.asked.fetch_add(1, Ordering::Relaxed);
        *self.offered.lock().unwrap() = partitions.to_vec();
        self.choice.load(Ordering::Relaxed)
    }

    fn needs(&self, _: &RecordToPartition<'_>) -> Needs {
        if self.writable { Needs::Writable } else { Needs::All }
    }

    fn watches_batches(&self) -> bool {
        self.watches
    }

    fn on_new_batch(&self, topic: &Topic, partition: i32) -> NewBatch {
        self.batches.lock().unwrap().push((topic.name().to_owned(), partition));
        if self.chooses_again {
            self.choice.fetch_add(1, Ordering::Relaxed);
            return NewBatch::ChooseAgain;
        }
        NewBatch::Keep
    }
}

impl Told {
    fn choose(&self, partition: i32) {
        self.choice.store(partition, Ordering::Relaxed);
    }

    fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::Relaxed)
    }
}

/// A machine with four partitions, the second without a leader, and a user's code beside it.
struct Fixture {
    driver: Driver,
    told: Arc<Told>,
    foreign: Foreign,
}

impl Fixture {
    fn new(told: Told, config: ProducerConfig) -> Self {
        let told = Arc::new(told);
        let partitioner = Partitioner::custom(Arc::clone(&told));
        let foreign = Foreign::of(&partitioner).unwrap();
        let mut driver = Driver::ready(config.partitioner(partitioner));
        driver.link(TWO);
        driver.leaders(&[Some(ONE), None, Some(TWO), Some(TWO)], 2);
        Self { driver, told, foreign }
    }

    fn try_enqueue(&mut self, record: &NewRecord<'_>) -> Result<Receipt, Error> {
        let mut terms = self.foreign.terms(record, Terms::AT_ONCE);
        loop {
            match self.driver.admit(record, terms) {
                Admission::Queued(receipt) => return Ok(receipt),
                Admission::Refused(error) => return Err(error),
                Admission::Asks(asked) => {
                    self.foreign.learn(&asked.view);
                    terms.choice = Some(self.foreign.answer(record, &asked)?);
                }
                waits => panic!("{waits:?}"),
            }
        }
    }

    fn enqueue(&mut self, value: &str) -> i32 {
        self.try_enqueue(&NewRecord::to("t").key("k").value(value)).unwrap().partition()
    }
}

#[test]
fn a_record_goes_where_the_users_code_says() {
    let mut fixture = Fixture::new(Told::default(), ProducerConfig::default());
    for partition in [3, 0, 1, 3] {
        fixture.told.choose(partition);
        assert_eq!(fixture.enqueue("x"), partition);
        assert_eq!(fixture.told.asked(), 1, "it is asked once for a record");
    }
    assert_eq!(*fixture.told.offered.lock().unwrap(), [0, 1, 2, 3]);
    fixture.told.choose(0);
    let named = fixture.try_enqueue(&NewRecord::to("t").partition(2)).unwrap();
    assert_eq!((named.partition(), fixture.told.asked()), (2, 0));
}

#[test]
fn only_partitions_with_a_leader_are_offered_where_that_is_wanted() {
    let mut fixture = Fixture::new(Told { writable: true, ..Told::default() }, ProducerConfig::default());
    fixture.enqueue("x");
    assert_eq!(*fixture.told.offered.lock().unwrap(), [0, 2, 3]);
    fixture.told.choose(1);
    let error = fixture.try_enqueue(&NewRecord::to("t")).unwrap_err();
    assert!(error.to_string().ends_with("which has 4, has no leader and was not offered"), "{error}");
    fixture.driver.leaders(&[None; 4], 3);
    assert_eq!(fixture.enqueue("x"), 1, "where none has a leader, all are offered");
}

#[test]
fn a_choice_out_of_range_is_an_error_with_topic_choice_and_count() {
    let mut fixture = Fixture::new(Told::default(), ProducerConfig::default());
    for choice in [4, -1, i32::MAX] {
        fixture.told.choose(choice);
        let error = fixture.try_enqueue(&NewRecord::to("t").key("k")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse);
        let invalid = error.source().unwrap().downcast_ref::<InvalidPartition>().unwrap();
        let expected = InvalidPartition { topic: Topic::from("t"), choice, count: 4 };
        assert_eq!(*invalid, expected);
        let text =
            format!("the partitioner's choice is none: there is no partition {choice} of topic `t`, which has 4");
        assert_eq!(error.to_string(), text);
    }
    fixture.told.choose(2);
    assert_eq!(fixture.enqueue("x"), 2);
}

#[test]
fn a_panic_fails_its_record_and_nothing_else() {
    let mut fixture = Fixture::new(Told::default(), ProducerConfig::default());
    for _ in 0..2 {
        fixture.told.panics.store(true, Ordering::Relaxed);
        let error = fixture.try_enqueue(&NewRecord::to("t")).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Misuse, "the partitioner panicked"));
        fixture.told.panics.store(false, Ordering::Relaxed);
        assert_eq!(fixture.enqueue("x"), 0);
    }
}

#[test]
fn it_is_asked_again_when_there_are_other_partitions() {
    let mut fixture = Fixture::new(Told::default(), ProducerConfig::default());
    fixture.enqueue("x");
    fixture.told.asked();
    fixture.driver.leaders(&[Some(ONE); 6], 3);
    fixture.enqueue("x");
    assert_eq!(fixture.told.asked(), 2, "of the old ones, and of the new ones");
    assert_eq!(fixture.told.offered.lock().unwrap().len(), 6);
    fixture.enqueue("x");
    assert_eq!(fixture.told.asked(), 1);
}

#[test]
fn a_record_keeps_its_turn_while_the_users_code_is_asked() {
    let config = ProducerConfig::default().buffer_memory_bytes(1_000).max_request_size_bytes(1_000);
    let mut fixture = Fixture::new(Told::default(), config);
    let large = "y".repeat(600);
    let record = NewRecord::to("t").value(&large);
    drop(fixture.try_enqueue(&record).unwrap());
    let waits = Terms { waits: Some(None), ..Terms::AT_ONCE };
    let Admission::Waits { ticket, waiting: mut first, .. } = fixture.driver.admit(&record, waits) else { panic!() };
    let Admission::Waits { waiting: mut second, .. } = fixture.driver.admit(&record, waits) else { panic!() };
    let sent = fixture.driver.sent.pop_front().unwrap();
    fixture.driver.acknowledge(&sent, 0);
    assert!(poll(&mut first).is_ready());
    fixture.driver.leaders(&[Some(ONE); 4], 3);
    let mut terms = fixture.foreign.terms(&record, Terms { ticket: Some(ticket), ..waits });
    let Admission::Asks(asked) = fixture.driver.admit(&record, terms) else { panic!("there are other partitions") };
    assert!(poll(&mut second).is_pending());
    terms.choice = Some(fixture.foreign.answer(&record, &asked).unwrap());
    assert!(matches!(fixture.driver.admit(&record, terms), Admission::Queued(_)));
}

#[test]
fn one_that_watches_is_told_of_each_batch_that_begins() {
    let config = ProducerConfig::default().batch_size_bytes(250);
    let mut fixture = Fixture::new(Told { watches: true, ..Told::default() }, config);
    let value = "x".repeat(60);
    for _ in 0..6 {
        assert_eq!(fixture.enqueue(&value), 0);
    }
    let batches = std::mem::take(&mut *fixture.told.batches.lock().unwrap());
    // Two records make a batch.
    assert_eq!(batches, [("t".to_owned(), 0), ("t".to_owned(), 0), ("t".to_owned(), 0)]);
    assert_eq!(fixture.told.asked(), 6, "once for each record");
}

#[test]
fn one_that_watches_may_move_on_when_a_batch_begins() {
    let config = ProducerConfig::default().batch_size_bytes(250);
    let mut fixture = Fixture::new(Told { watches: true, chooses_again: true, ..Told::default() }, config);
    let value = "x".repeat(60);
    let partitions: Vec<i32> = (0..5).map(|_| fixture.enqueue(&value)).collect();
    assert_eq!(partitions, [1, 1, 2, 2, 3], "no record is left alone in a partition that it moved on from");
}

#[test]
fn a_hash_of_ones_own_chooses_for_keys_and_the_built_in_for_the_rest() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let hash = KeyHash::custom(HashArithmetic::SignedRemainder, move |key| {
        counted.fetch_add(1, Ordering::Relaxed);
        u32::MAX.wrapping_sub(u32::from(key.first().copied().unwrap_or(0)))
    });
    let partitioner = Partitioner::keyed(hash).keyless(Keyless::Random).empty_keys(EmptyKeys::AreKeyless);
    let io = Answering::new(true);
    let producer = producer(&io, &ProducerConfig::default().partitioner(partitioner));
    let partition = |record: NewRecord<'static>| enqueue(&producer, record).partition();
    // -1 - 2 is -3: one partition of the topic's, whatever their number.
    assert_eq!(partition(NewRecord::to("t").key(b"\x02")), 3 % partitions(&producer));
    assert_eq!(calls.swap(0, Ordering::Relaxed), 1);
    partition(NewRecord::to("t").key(""));
    partition(NewRecord::to("t"));
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

/// Queues a record, for a topic that may not have been used before.
fn enqueue(producer: &Producer, record: NewRecord<'static>) -> Receipt {
    let taken = producer.try_enqueue(record);
    taken.unwrap_or_else(|rejected| producer.try_enqueue(rejected.value).unwrap())
}

fn partitions(producer: &Producer) -> i32 {
    let count = producer.object().look(|machine| machine.partitions.len()).unwrap();
    i32::try_from(count).unwrap()
}

/// Every way in asks, and each refuses the one record that goes nowhere.
#[test]
fn every_way_in_asks_and_tells_of_mistakes_in_their_place() {
    struct ByValue;
    impl CustomPartitioner for ByValue {
        fn partition(&self, record: &RecordToPartition<'_>, _: &[i32]) -> i32 {
            std::str::from_utf8(record.value().unwrap()).unwrap().parse().unwrap()
        }
    }
    let io = Answering::new(false);
    let config = ProducerConfig::default().batch_size_bytes(1).partitioner(Partitioner::custom(ByValue));
    let producer = producer(&io, &config);
    let record = |value: &'static str| NewRecord::to("t").value(value);
    let (sent, refused) = drive(&io, async {
        (producer.send(record("0")).await.unwrap(), producer.enqueue(record("-5")).await.unwrap_err())
    });
    assert_eq!(sent.partition, 0);
    assert!(refused.to_string().contains("partition -5 of topic `t`"), "{refused}");
    assert!(producer.try_enqueue(record("99")).is_err());

    let values = ["0", "77", "0", "not a number"];
    let results = drive(&io, producer.send_all(values.iter().cycle().take(150).map(|value| record(value)))).unwrap();
    assert_eq!(results.len(), 150);
    for (place, result) in results.iter().enumerate() {
        assert_eq!(result.is_ok(), place % 2 == 0, "record {place}");
    }
    assert!(results[1].as_ref().unwrap_err().to_string().contains("partition 77"));
    assert_eq!(results[3].as_ref().unwrap_err().to_string(), "the partitioner panicked");

    let (tagged, _deliveries) = producer.with_deliveries::<u8>();
    assert!(tagged.try_enqueue(record("0"), 1).is_ok());
    let rejected = tagged.try_enqueue(record("8"), 2).unwrap_err();
    assert_eq!((rejected.value.1, rejected.error.kind()), (2, ErrorKind::Misuse));
}

#[test]
fn what_is_built_in_needs_nobody_to_be_asked() {
    for partitioner in [Partitioner::java(), Partitioner::manual(), Partitioner::least_bytes(), Partitioner::fnv1a()] {
        assert!(Foreign::of(&partitioner).is_none(), "{partitioner:?}");
    }
    let view = View::new(Topic::from("t"), 3, 2, &[1]);
    let foreign = Foreign::of(&Partitioner::custom(Arc::new(Told::default()))).unwrap();
    let choice = foreign.choose_of(&NewRecord::to("t"), &view).unwrap();
    assert_eq!(choice, Choice { partition: 0, view: 3, settled: true });
}
