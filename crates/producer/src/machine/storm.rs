//! The machine against a model of two brokers that lose connections, move leaders, answer late and refuse, at random: whatever
//! happens nothing is doubled, reordered or lost, no outcome is told wrongly, and everything ends.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use ottla_core::error::Outcome;
use ottla_core::machine::{Delivery, Machine};
use ottla_protocol::records::{Producer, batches};
use ottla_types::{BrokerId, ErrorCode};

use crate::config::{CompressionType, ProducerConfig};
use crate::lifecycle::Purge;
use crate::receipt::Receipt;
use crate::testing::{Driver, ONE, Sent, SentBatch, TWO};

/// A partition's log, and what Kafka remembers of its producer.
#[derive(Default)]
struct Log {
    leader: Option<BrokerId>,
    values: Vec<u32>,
    producer: Option<Producer>,
    /// The last sequence.
    last: i32,
    /// The last five batches: producer, count, base offset.
    recent: VecDeque<(Producer, i32, i64)>,
}

impl Log {
    fn append(&mut self, batch: &SentBatch) -> (ErrorCode, i64) {
        let sent = batch.producer;
        if let Some(known) = self.producer {
            if sent.epoch < known.epoch {
                return (ErrorCode::INVALID_PRODUCER_EPOCH, -1);
            }
            if sent.epoch > known.epoch {
                if sent.base_sequence != 0 {
                    return (ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
                }
                self.recent.clear();
            } else if let Some((.., offset)) =
                self.recent.iter().find(|(had, count, _)| (*had, *count) == (sent, batch.count))
            {
                return (ErrorCode::NONE, *offset);
            } else if sent.base_sequence <= self.last {
                return (ErrorCode::DUPLICATE_SEQUENCE_NUMBER, -1);
            } else if sent.base_sequence != self.last + 1 {
                return (ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
            }
        }
        let offset = i64::try_from(self.values.len()).unwrap();
        let raw = batches(&batch.bytes).next().unwrap().unwrap();
        let mut scratch = Vec::new();
        for record in raw.open(&mut Default::default(), &mut scratch, 1 << 20).unwrap() {
            self.values.push(String::from_utf8_lossy(record.value.unwrap()).parse().unwrap());
        }
        self.producer = Some(sent);
        self.last = sent.base_sequence + batch.count - 1;
        self.recent.push_back((sent, batch.count, offset));
        if self.recent.len() > 5 {
            self.recent.pop_front();
        }
        (ErrorCode::NONE, offset)
    }
}

struct Storm {
    driver: Driver,
    random: fastrand::Rng,
    logs: Vec<Log>,
    /// What is on each connection, and which connections are up.
    wires: BTreeMap<BrokerId, VecDeque<Sent>>,
    up: BTreeMap<BrokerId, bool>,
    receipts: Vec<(u32, usize, Receipt)>,
    next: u32,
    epoch: i32,
    calm: bool,
    happened: BTreeMap<&'static str, usize>,
}

impl Storm {
    fn new(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let compression = if random.bool() { CompressionType::None } else { CompressionType::Lz4 };
        let config = ProducerConfig::default()
            .batch_size_bytes([1, 80, 400][random.usize(..3)])
            .linger(Duration::from_millis([0, 5][random.usize(..2)]))
            .delivery_timeout(Duration::from_secs(35))
            .compression(compression);
        let mut driver = Driver::new(config);
        driver.leaders(&[Some(ONE), Some(TWO)], 1);
        let log = |leader| Log { leader: Some(leader), last: -1, ..Log::default() };
        let logs = vec![log(ONE), log(TWO)];
        let up = [(ONE, true), (TWO, true)].into();
        driver.link(ONE);
        driver.link(TWO);
        Self {
            driver,
            random,
            logs,
            wires: BTreeMap::new(),
            up,
            receipts: Vec::new(),
            next: 0,
            epoch: 1,
            calm: false,
            happened: BTreeMap::new(),
        }
    }

    fn note(&mut self, what: &'static str) {
        *self.happened.entry(what).or_default() += 1;
    }

    /// Puts what the machine sent onto its connection; on one that is down it comes back.
    fn carry(&mut self) {
        while let Some(id) = self.driver.identity_asked.pop_front() {
            if !self.calm && self.random.u8(..4) == 0 {
                self.driver.identity_error(id, ErrorCode::COORDINATOR_NOT_AVAILABLE);
            } else {
                self.driver.identify(id, 1, 0);
            }
        }
        while let Some(sent) = self.driver.sent.pop_front() {
            if self.up[&sent.broker] {
                self.wires.entry(sent.broker).or_default().push_back(sent);
            } else {
                self.driver.lose(&sent, Delivery::NotSent);
            }
        }
    }

    fn apply(&mut self, sent: &Sent) -> BTreeMap<i32, (ErrorCode, i64)> {
        let mut answers = BTreeMap::new();
        for batch in &sent.batches {
            let dice = if self.calm { 99 } else { self.random.u8(..100) };
            let log = &mut self.logs[usize::try_from(batch.partition).unwrap()];
            let answer = if log.leader != Some(sent.broker) {
                (ErrorCode::NOT_LEADER_OR_FOLLOWER, -1)
            } else {
                match dice {
                    0..5 => (ErrorCode::NOT_ENOUGH_REPLICAS, -1),
                    5..8 => (ErrorCode::INVALID_RECORD, -1),
                    8..12 => match log.append(batch) {
                        (ErrorCode::NONE, _) => (ErrorCode::REQUEST_TIMED_OUT, -1),
                        refused => refused,
                    },
                    _ => log.append(batch),
                }
            };
            self.note(answer.0.name().unwrap());
            answers.insert(batch.partition, answer);
        }
        answers
    }

    fn answer_one(&mut self, broker: BrokerId) {
        let Some(sent) = self.wires.get_mut(&broker).and_then(VecDeque::pop_front) else { return };
        let answers = self.apply(&sent);
        self.driver.answer(&sent, |partition| answers[&partition]);
    }

    /// A connection ends: some of what was on it is applied all the same, the first ones first.
    fn cut(&mut self, broker: BrokerId) {
        if !self.up[&broker] {
            return;
        }
        self.up.insert(broker, false);
        let wire = self.wires.remove(&broker).unwrap_or_default();
        let applied = self.random.usize(..=wire.len());
        for (index, sent) in wire.iter().enumerate() {
            if index < applied {
                self.apply(sent);
                self.note("cut after applying");
            } else {
                self.note("cut before applying");
            }
        }
        for sent in &wire {
            self.driver.lose(sent, Delivery::MaybeSent);
            self.carry();
        }
        self.driver.unlink(broker);
    }

    fn reconnect(&mut self, broker: BrokerId) {
        if !self.up[&broker] {
            self.up.insert(broker, true);
            self.driver.link(broker);
        }
    }

    fn move_leader(&mut self) {
        let partition = self.random.usize(..2);
        let leader = [Some(ONE), Some(TWO), None][self.random.usize(..3)];
        self.logs[partition].leader = leader;
        self.epoch += 1;
        if self.random.bool() {
            self.tell_leaders();
        }
    }

    fn tell_leaders(&mut self) {
        let leaders: Vec<_> = self.logs.iter().map(|log| log.leader).collect();
        self.driver.leaders(&leaders, self.epoch);
    }

    fn step(&mut self) {
        let broker = if self.random.bool() { ONE } else { TWO };
        match self.random.u8(..100) {
            0..40 => {
                let partition = self.random.usize(..2);
                let value = self.next.to_string();
                let receipt = self.driver.enqueue_to(i32::try_from(partition).unwrap(), &value);
                self.receipts.push((self.next, partition, receipt));
                self.next += 1;
            }
            40..75 => self.answer_one(broker),
            75..80 => self.cut(broker),
            80..88 => self.reconnect(broker),
            88..91 => self.move_leader(),
            91..94 => self.tell_leaders(),
            94..95 => {
                let wait = self.random.u64(..20_000);
                self.driver.advance(wait);
            }
            95..96 => self.purge(),
            _ => {
                let wait = self.random.u64(1..150);
                self.driver.advance(wait);
            }
        }
        self.carry();
    }

    fn purge(&mut self) {
        let what = [Purge::Queued, Purge::InFlight, Purge::All][self.random.usize(..3)];
        let purged = self.driver.machine.purge(self.driver.now, what);
        self.driver.drain();
        for (what, count) in [("purged from the queue", purged.queued), ("purged in flight", purged.in_flight)] {
            if count > 0 {
                self.note(what);
            }
        }
    }

    /// Everything works again: all must end.
    fn settle(&mut self) {
        self.calm = true;
        for log in &mut self.logs {
            log.leader = Some(ONE);
        }
        self.epoch += 1;
        self.reconnect(ONE);
        self.reconnect(TWO);
        self.tell_leaders();
        for _ in 0..2_000 {
            self.carry();
            self.answer_one(ONE);
            self.answer_one(TWO);
            let busy = self.wires.values().any(|wire| !wire.is_empty());
            if self.driver.machine.outstanding.is_empty() && !busy {
                break;
            }
            if !busy && self.driver.machine.poll_timeout().is_some() {
                self.driver.advance_to_deadline();
            }
        }
    }

    fn check(&self, seed: u64) {
        assert_eq!(self.driver.machine.accumulator.used(), 0, "seed {seed}: memory is not given back");
        for log in &self.logs {
            assert!(log.values.windows(2).all(|pair| pair[0] < pair[1]), "seed {seed}: {:?}", log.values);
        }
        for (value, partition, receipt) in &self.receipts {
            let log = &self.logs[*partition].values;
            let place = log.iter().position(|written| written == value);
            match receipt.outcome() {
                None => panic!("seed {seed}: record {value} never ended"),
                Some(Ok(metadata)) => {
                    let place = place.unwrap_or_else(|| panic!("seed {seed}: record {value} is lost"));
                    if let Some(offset) = metadata.offset {
                        assert_eq!(usize::try_from(offset).unwrap(), place, "seed {seed}: offset of {value}");
                    }
                }
                Some(Err(error)) if error.outcome() == Outcome::DidNotHappen => {
                    assert_eq!(place, None, "seed {seed}: record {value} is there: {error}");
                }
                Some(Err(_)) => {}
            }
        }
    }
}

#[test]
fn nothing_is_doubled_reordered_or_lost_whatever_happens() {
    let mut happened = BTreeMap::<&str, usize>::new();
    let seeds = std::env::var("OTTLA_STORM_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(300);
    for seed in 0..seeds {
        let mut storm = Storm::new(seed);
        for _ in 0..300 {
            storm.step();
        }
        storm.settle();
        storm.check(seed);
        for (what, count) in storm.happened {
            *happened.entry(what).or_default() += count;
        }
    }
    for what in [
        "NONE",
        "NOT_LEADER_OR_FOLLOWER",
        "NOT_ENOUGH_REPLICAS",
        "INVALID_RECORD",
        "REQUEST_TIMED_OUT",
        "OUT_OF_ORDER_SEQUENCE_NUMBER",
        "cut before applying",
        "cut after applying",
        "purged from the queue",
        "purged in flight",
    ] {
        assert!(happened.contains_key(what), "{what} never happened: {happened:?}");
    }
}
