//! The keys, where our producer sends them, and where a program would.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

use ottla_client::{Client, ClientConfig};
use ottla_mock::{MockCluster, MockConfig};
use ottla_producer::{NewRecord, Partitioner, Producer, ProducerConfig};

/// How many partitions there are to choose from.
pub(crate) const COUNTS: [i32; 4] = [1, 3, 12, 1000];

/// The partition of one key among each of [`COUNTS`].
pub(crate) type Partitions = [i32; 4];

/// Ten thousand keys of 0 to 99 bytes: numbers, text in several scripts, and any bytes.
pub(crate) fn keys() -> Vec<Vec<u8>> {
    let mut random = fastrand::Rng::with_seed(794);
    let words = ["order", "żółw", "клиент", "顧客", "🦦", "-", " ", "\0", "é"];
    let mut keys: Vec<Vec<u8>> = ["", "a", "ab", "abc", "1468509572224", "SheetJS", "20"].map(Vec::from).to_vec();
    while keys.len() < 10_000 {
        let length = random.usize(..100);
        keys.push(match random.u8(..4) {
            0 => (random.u64(..) >> length.min(60)).to_string().into_bytes(),
            1 => std::iter::repeat_with(|| words[random.usize(..words.len())])
                .take(length / 5)
                .collect::<String>()
                .into(),
            2 => format!("user-{:08x}", random.u32(..)).into_bytes(),
            _ => std::iter::repeat_with(|| random.u8(..)).take(length).collect(),
        });
    }
    keys
}

/// Where our producer sends them.
pub(crate) fn ours(partitioner: &Partitioner, keys: &[Vec<u8>]) -> Vec<Partitions> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let cluster = MockCluster::start_with(MockConfig::new(3), 0).await.unwrap();
        let client = Client::new(&cluster.bootstrap_servers(), ClientConfig::default()).unwrap();
        let producer = Producer::new(&client, ProducerConfig::default().partitioner(partitioner.clone())).unwrap();
        let mut all = vec![Partitions::default(); keys.len()];
        for (place, count) in COUNTS.into_iter().enumerate() {
            let topic = format!("of-{count}");
            cluster.create_topic(&topic, count).unwrap();
            let records = keys.iter().map(|key| NewRecord::to(&topic).key(key));
            for (partitions, sent) in all.iter_mut().zip(producer.send_all(records).await.unwrap()) {
                partitions[place] = sent.unwrap().partition;
            }
        }
        all
    })
}

/// What a program prints for the keys: for each a line with the partitions of one partitioner after the other.
pub(crate) fn theirs(command: &mut Command, keys: &[Vec<u8>]) -> Vec<Vec<Partitions>> {
    command.args(COUNTS.map(|count| count.to_string()));
    let mut program = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut input = program.stdin.take().expect("its input is piped");
    let hex = |key: &Vec<u8>| key.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + "\n";
    let lines: String = keys.iter().map(hex).collect();
    let written = thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = program.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{command:?}: {}", output.status);
    written.join().unwrap().expect("it reads all keys");
    let printed = String::from_utf8(output.stdout).unwrap();
    let parse = |line: &str| {
        let numbers: Vec<i32> = line.split_whitespace().map(|number| number.parse().unwrap()).collect();
        numbers.chunks(COUNTS.len()).map(|partitions| partitions.try_into().unwrap()).collect()
    };
    let partitions: Vec<Vec<Partitions>> = printed.lines().map(parse).collect();
    assert_eq!(partitions.len(), keys.len(), "a line for each key");
    partitions
}

/// Checks that both agree on every key but those that are left to chance.
pub(crate) fn assert_same(keys: &[Vec<u8>], ours: &[Partitions], theirs: impl Iterator<Item = Partitions>) {
    let mut compared = 0;
    for ((key, ours), theirs) in keys.iter().zip(ours).zip(theirs) {
        assert_eq!(*ours, theirs, "{key:02x?} among {COUNTS:?}");
        compared += 1;
    }
    assert_eq!(compared, keys.len());
}
