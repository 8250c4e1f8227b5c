//! Where librdkafka sends ten thousand keys, and where our producer does by the setting of the same name.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use ottla::{Client, ClientConfig, NewRecord, Producer as OurProducer, ProducerConfig, Properties};
use ottla_mock::MockConfig;
use rdkafka::client::ClientContext;
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};

use crate::fixture::{Fixture, LONG};

/// How many partitions there are to choose from.
const COUNTS: [i32; 4] = [1, 3, 12, 1000];

/// The partition of each key that was delivered; null apart from empty.
#[derive(Clone, Default)]
struct Placed(Arc<Mutex<BTreeMap<Option<Vec<u8>>, i32>>>);

impl ClientContext for Placed {}

impl ProducerContext for Placed {
    type DeliveryOpaque = Box<Option<Vec<u8>>>;

    fn delivery(&self, result: &DeliveryResult<'_>, key: Self::DeliveryOpaque) {
        let partition = result.as_ref().expect("it is delivered").partition();
        let before = self.0.lock().unwrap().insert(*key, partition);
        assert!(before.is_none_or(|before| before == partition), "a key went to two partitions");
    }
}

/// Null, the empty key, and 9,998 others of up to 99 bytes: numbers, text in several scripts, and any bytes.
fn keys() -> Vec<Option<Vec<u8>>> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) % below
    };
    let words = ["order", "żółw", "клиент", "顧客", "🦦", "-", " ", "\0", "é"];
    let mut keys = vec![None, Some(Vec::new())];
    while keys.len() < 10_000 {
        let length = 1 + random(99) as usize;
        keys.push(Some(match random(3) {
            0 => random(u64::MAX).to_string().into_bytes(),
            1 => (0..length / 5 + 1).map(|_| words[random(9) as usize]).collect::<String>().into(),
            _ => (0..length).map(|_| random(256) as u8).collect(),
        }));
    }
    keys
}

/// Checks that both send every key to the same partition, but for null, or null and the empty key, where these are left
/// to chance.
fn same(partitioner: &str, left_to_chance: &[Option<Vec<u8>>]) {
    let fixture = Fixture::new(MockConfig::new(1), 1);
    let keys: Vec<_> = keys().into_iter().filter(|key| !left_to_chance.contains(key)).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut properties = Properties::parse(&format!("partitioner={partitioner}")).unwrap();
    let config = ProducerConfig::from_properties(&mut properties).unwrap();
    let ours = runtime.block_on(async {
        let client = Client::new(&fixture.cluster.bootstrap_servers(), ClientConfig::default()).unwrap();
        OurProducer::new(&client, config).unwrap()
    });
    for count in COUNTS {
        let topic = format!("of-{count}");
        fixture.cluster.create_topic(&topic, count).unwrap();
        let placed = Placed::default();
        let mut config = fixture.client_config();
        config.set("partitioner", partitioner).set("queue.buffering.max.messages", "20000");
        let theirs: BaseProducer<Placed> = config.create_with_context(placed.clone()).unwrap();
        for key in &keys {
            let mut record = BaseRecord::<[u8], str, _>::with_opaque_to(&topic, Box::new(key.clone()));
            if let Some(key) = key {
                record = record.key(key.as_slice());
            }
            theirs.send(record.payload("x")).map_err(|(error, _)| error).unwrap();
        }
        theirs.flush(LONG).unwrap();
        let placed = std::mem::take(&mut *placed.0.lock().unwrap());
        let records = keys.iter().map(|key| {
            let record = NewRecord::to(&topic).value("x");
            match key {
                Some(key) => record.key(key),
                None => record,
            }
        });
        let sent = runtime.block_on(ours.send_all(records)).unwrap();
        for (key, sent) in keys.iter().zip(sent) {
            let partition = sent.unwrap().partition;
            assert_eq!(Some(&partition), placed.get(key), "{partitioner}: {key:02x?} among {count}");
        }
    }
}

#[test]
fn keys_go_where_consistent_sends_them() {
    same("consistent", &[]);
}

#[test]
fn keys_go_where_consistent_random_sends_them() {
    same("consistent_random", &[None, Some(Vec::new())]);
}

#[test]
fn keys_go_where_murmur2_sends_them() {
    same("murmur2", &[]);
}

#[test]
fn keys_go_where_murmur2_random_sends_them() {
    same("murmur2_random", &[None]);
}

#[test]
fn keys_go_where_fnv1a_sends_them() {
    same("fnv1a", &[]);
}

#[test]
fn keys_go_where_fnv1a_random_sends_them() {
    same("fnv1a_random", &[None]);
}
