//! A cluster that misbehaves, and programs that run beside it.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ottla_mock::{ApiKey, BrokerId, Fault, FaultId, MockCluster, MockConfig};
use tokio::runtime::Runtime;

pub(crate) const TOPIC: &str = "orders";
pub(crate) const PARTITIONS: i32 = 6;

/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A cluster of three brokers with one topic.
pub(crate) struct Fixture {
    pub(crate) cluster: MockCluster,
    runtime: Runtime,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let cluster = runtime.block_on(MockCluster::start_with(MockConfig::new(3), 0)).unwrap();
        cluster.create_topic(TOPIC, PARTITIONS).unwrap();
        Self { cluster, runtime }
    }

    /// Connections are cut, five times before a request is carried out and five times after it, never twice in a row:
    /// sarama gives up after three retries.
    pub(crate) fn cut(&self, api: ApiKey) -> Vec<FaultId> {
        let mut faults = Vec::new();
        for skip in (5..100).step_by(20) {
            faults.push(self.cluster.inject(Fault::disconnect().api(api).skip(skip)));
            faults.push(self.cluster.inject(Fault::disconnect().after_applying().api(api).skip(skip + 10)));
        }
        faults
    }

    /// Leaders move and brokers go down and come up, until the value is dropped, and once in any case; not before there
    /// is a record in every partition, as brokers before 4.5 take any first sequence: where a first batch is refused by
    /// an old leader and the second one gets in at the new one, the first never does (KAFKA-15591).
    pub(crate) fn unrest(&self) -> Unrest {
        let (cluster, over) = (self.cluster.clone(), Arc::new(AtomicBool::new(false)));
        let (seen, handle) = (over.clone(), self.runtime.handle().clone());
        let thread = thread::spawn(move || {
            let _entered = handle.enter();
            let pause = || thread::sleep(Duration::from_millis(30));
            let end = |partition| cluster.state().partition(TOPIC, partition).unwrap().high_watermark;
            while (0..PARTITIONS).any(|partition| end(partition) == 0) {
                if seen.load(Ordering::Relaxed) {
                    panic!("the program ended with an empty partition");
                }
                thread::sleep(Duration::from_millis(1));
            }
            for round in 0.. {
                if round > 0 && seen.load(Ordering::Relaxed) {
                    break;
                }
                for partition in 0..PARTITIONS {
                    pause();
                    cluster.state().move_leader_on(TOPIC, partition).unwrap();
                }
                let broker = BrokerId(round % 3 + 1);
                cluster.stop_broker(broker).unwrap();
                thread::sleep(Duration::from_millis(200));
                cluster.start_broker(broker).unwrap();
                // Time to recover, as clients back off longer and longer.
                thread::sleep(Duration::from_millis(500));
            }
        });
        Unrest { over, thread: Some(thread) }
    }

    /// How many records there are in all.
    pub(crate) fn stored(&self) -> u64 {
        let state = self.cluster.state();
        let ends = (0..PARTITIONS).map(|partition| state.partition(TOPIC, partition).unwrap().high_watermark);
        u64::try_from(ends.sum::<i64>()).unwrap()
    }

    /// Whether all of these faults happened as often as they were to.
    pub(crate) fn happened(&self, faults: &[FaultId]) -> bool {
        faults.iter().all(|fault| !self.cluster.state().is_fault_active(*fault))
    }
}

/// What ends when it is dropped.
pub(crate) struct Unrest {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Unrest {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(thread::panicking() || ended.is_ok());
        }
    }
}

/// Runs a program to its end, and hands back what it printed; panics with what it said if it fails or does not end.
pub(crate) fn run(command: &mut Command, input: &str) -> String {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let read = |mut pipe: Box<dyn Read + Send>| {
        thread::spawn(move || {
            let mut text = String::new();
            pipe.read_to_string(&mut text).unwrap();
            text
        })
    };
    let printed = read(Box::new(process.stdout.take().unwrap()));
    let said = read(Box::new(process.stderr.take().unwrap()));
    let mut pipe = process.stdin.take().unwrap();
    let input = input.to_owned();
    let written = thread::spawn(move || pipe.write_all(input.as_bytes()));
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = process.try_wait().unwrap() {
            break Some(status);
        }
        if Instant::now() > deadline {
            process.kill().unwrap();
            process.wait().unwrap();
            break None;
        }
        thread::sleep(Duration::from_millis(20));
    };
    let (printed, said) = (printed.join().unwrap(), said.join().unwrap());
    assert!(status.is_some_and(|status| status.success()), "{command:?}: {status:?}\n{said}\n{printed}");
    written.join().unwrap().unwrap();
    printed
}
