//! One run: builds a world from a seed, lets the workload live through its faults, and has the history judged.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ottla_consumer::{ConsumerConfig, Start};
use ottla_core::machine::Input;
use ottla_mock::{ClusterState, Fault as MockFault, MockConfig};
use ottla_producer::{Producer, ProducerConfig};
use ottla_protocol::ApiKey;
use ottla_types::{BrokerId, Topic, TopicPartition};

use crate::checks::{self, Logs};
use crate::executor::Executor;
use crate::history::RecordName;
use crate::host::Host;
use crate::network::Network;
use crate::scenario::{Fault, Plan, Scenario};
use crate::workload::{self, Shared, TOPIC, Task};
use crate::world::{Happening, World};

/// After the faults have ended everything must be done within this.
const PATIENCE: Duration = Duration::from_secs(150);
/// More steps than any sound run takes: a run that does not stop is a fault too.
const MOST_STEPS: u64 = 2_000_000;

/// What came of one run.
#[derive(Clone, Debug)]
pub struct Report {
    /// The kind of run.
    pub scenario: Scenario,
    /// Its seed.
    pub seed: u64,
    /// How far virtual time went.
    pub time: Duration,
    /// Records produced, and how many of them were acknowledged.
    pub produced: usize,
    /// Records acknowledged.
    pub acknowledged: usize,
    /// How often each fault struck.
    pub struck: BTreeMap<&'static str, u64>,
    /// What the checks found; empty for a sound run.
    pub faults: Vec<String>,
    /// What happened, where it was asked for.
    pub trace: Vec<String>,
}

impl Report {
    /// The one command that runs this seed again.
    pub fn replay(&self) -> String {
        format!(
            "OTTLA_SIMULATION={}:{} cargo test -p ottla-simulation --test replay -- --nocapture",
            self.scenario.name(),
            self.seed
        )
    }
}

/// Runs one seed of a scenario.
pub fn run(scenario: Scenario, seed: u64) -> Report {
    Run::new(scenario, seed, false).finish()
}

/// Runs one seed of a scenario and writes down what happened.
pub fn run_traced(scenario: Scenario, seed: u64) -> Report {
    Run::new(scenario, seed, true).finish()
}

struct Run {
    scenario: Scenario,
    seed: u64,
    plan: Plan,
    world: Arc<World>,
    /// Kept alive here: the handles hold it too, but not for as long as the run.
    host: Arc<Host>,
    executor: Executor,
    /// A handle of the producer beside the tasks', to look at what it holds in the end.
    producer: Option<Producer>,
    history: Shared,
    struck: BTreeMap<&'static str, u64>,
}

impl Run {
    fn new(scenario: Scenario, seed: u64, traced: bool) -> Self {
        let plan = Plan::draw(scenario, seed);
        let config = MockConfig::new(plan.brokers).seed(seed).default_replication_factor(3);
        let mut cluster = ClusterState::new(config);
        let created = cluster.create_topic(TOPIC, plan.partitions);
        for (one_in, after) in [(plan.cut_before_one_in, false), (plan.cut_after_one_in, true)] {
            for api in [ApiKey::PRODUCE, ApiKey::FETCH, ApiKey::INIT_PRODUCER_ID] {
                if one_in > 0 {
                    let fault = MockFault::disconnect().api(api).always().one_in(one_in);
                    cluster.inject(if after { fault.after_applying() } else { fault });
                }
            }
        }
        let network = Network::new(cluster, plan.latency, seed);
        let world = World::new(seed, network, traced);
        for (at, fault) in &plan.faults {
            world.schedule(*at, Happening::Fault(*fault));
        }
        let host = Host::start(Arc::clone(&world), plan.brokers);
        let mut run = Self {
            scenario,
            seed,
            plan,
            world,
            host,
            executor: Executor::default(),
            producer: None,
            history: Shared::default(),
            struck: BTreeMap::new(),
        };
        if let Err(error) = created {
            run.complain(format!("no topic: {error}"));
        }
        run.start_workload();
        run
    }

    fn start_workload(&mut self) {
        let config = ProducerConfig::default()
            .linger(self.plan.linger)
            .batch_size_bytes(self.plan.batch_size_bytes)
            .buffer_memory_bytes(self.plan.buffer_memory_bytes);
        match ottla_producer::internal::with_io(self.host.io(), &config) {
            Ok(producer) => {
                for number in 0..self.plan.tasks {
                    let (tagged, deliveries) = producer.with_deliveries();
                    let (records, pause) = (self.plan.records_per_task, self.plan.pause);
                    let task = Task { number, records, pause, producer: producer.clone(), tagged };
                    let producing = workload::produce(Arc::clone(&self.world), task, self.history.clone());
                    self.executor.spawn(format!("producing task {number}"), producing);
                    let delivering = workload::deliver(deliveries, self.history.clone());
                    self.executor.spawn(format!("delivering task {number}"), delivering);
                }
                self.producer = Some(producer);
            }
            Err(error) => self.complain(format!("no producer: {error}")),
        }
        let partitions = (0..self.plan.partitions).map(|partition| ((TOPIC, partition), Start::Beginning));
        match ottla_consumer::internal::with_io(self.host.io(), partitions, ConsumerConfig::default()) {
            Ok(consumer) => {
                self.executor.spawn(CONSUMING.to_owned(), workload::consume(consumer, self.history.clone()))
            }
            Err(error) => self.complain(format!("no consumer: {error}")),
        }
    }

    fn complain(&self, complaint: String) {
        self.history.with(|history| history.complaints.push(complaint));
    }

    fn finish(mut self) -> Report {
        let end = self.plan.calm + PATIENCE;
        let mut steps = 0;
        while !self.is_over() {
            while self.world.random(|random| random.u8(..8) != 0) && self.poll_one() {}
            match self.world.next(end) {
                Some(happening) => self.happen(happening),
                None => {
                    if !self.poll_one() && !self.is_over() {
                        self.complain(format!("still going on at the end: {:?}", self.executor.unfinished()));
                        break;
                    }
                }
            }
            steps += 1;
            if steps > MOST_STEPS {
                self.complain("the run does not stop".to_owned());
                break;
            }
        }
        self.report()
    }

    fn poll_one(&mut self) -> bool {
        let mut random = self.world.random(fastrand::Rng::fork);
        self.executor.poll_one(&mut random)
    }

    /// All producing tasks have ended and the consumer has caught up with the log.
    fn is_over(&self) -> bool {
        let unfinished = self.executor.unfinished();
        if unfinished.iter().any(|name| name != CONSUMING) {
            return false;
        }
        if unfinished.is_empty() {
            return true;
        }
        let stored = self.stored();
        let seen = self.history.with(|history| history.consumed.values().map(Vec::len).sum::<usize>());
        seen >= stored
    }

    /// How many records are in the log: offsets have no gaps here.
    fn stored(&self) -> usize {
        let network = self.world.network();
        let ends = (0..self.plan.partitions).map(|partition| network.cluster.partition(TOPIC, partition));
        ends.flatten().map(|partition| usize::try_from(partition.high_watermark).unwrap_or(0)).sum()
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Connected { host, broker, lane, epoch } => {
                if let Some(host) = host.upgrade() {
                    host.connected(broker, lane, epoch);
                }
            }
            Happening::Request { connection, frame } => {
                self.world.network().arrive(&self.world, connection, frame);
            }
            Happening::Response { connection, frame } => {
                let route = self.world.network().route(connection);
                if let Some((route, host)) = route.and_then(|route| route.host.upgrade().map(|host| (route, host))) {
                    host.respond(route.broker, route.lane, connection, &frame);
                }
            }
            Happening::Cut { connection } => self.cut(connection, "the broker closed the connection"),
            Happening::RequestDeadline { connection } => {
                let route = self.world.network().route(connection);
                if let Some((route, host)) = route.and_then(|route| route.host.upgrade().map(|host| (route, host)))
                    && host.is_overdue(route.broker, route.lane, connection)
                {
                    self.cut(connection, "a request was not answered in time");
                }
            }
            Happening::Timeout { host, owner } => feed(&host, owner, Input::Timeout),
            Happening::Yielded { host, owner } => feed(&host, owner, Input::Yielded),
            Happening::Job(work) => work(),
            Happening::Wake(waker) => waker.wake(),
            Happening::Fault(fault) => self.strike(fault),
            Happening::ClusterDeadline => self.world.network().advance(&self.world),
        }
    }

    fn cut(&mut self, connection: ottla_mock::ConnectionId, why: &str) {
        let route = {
            let mut network = self.world.network();
            let route = network.route(connection);
            network.forget(connection);
            route
        };
        if let Some((route, host)) = route.and_then(|route| route.host.upgrade().map(|host| (route, host))) {
            *self.struck.entry("connection cut").or_default() += 1;
            host.cut(route.broker, route.lane, connection, why);
        }
    }

    fn strike(&mut self, fault: Fault) {
        self.world.note(|| format!("{fault:?}"));
        let mut network = self.world.network();
        let name = match fault {
            Fault::MoveLeader { partition } => {
                if network.cluster.move_leader_on(TOPIC, partition).is_ok() {
                    "leader moved"
                } else {
                    "leader not moved"
                }
            }
            Fault::StopBroker { broker, pause } => {
                let stopped = network.cluster.stop_broker(BrokerId(broker));
                self.world.schedule_in(pause, Happening::Fault(Fault::StartBroker { broker }));
                if stopped.is_ok() { "broker stopped" } else { "broker not stopped" }
            }
            Fault::StartBroker { broker } => {
                if network.cluster.start_broker(BrokerId(broker)).is_ok() {
                    "broker started"
                } else {
                    "broker not started"
                }
            }
            Fault::Calm => {
                network.cluster.clear_faults();
                for broker in 1..=i32::from(self.plan.brokers) {
                    if !network.cluster.is_broker_up(BrokerId(broker))
                        && let Err(error) = network.cluster.start_broker(BrokerId(broker))
                    {
                        self.complain(format!("broker {broker} does not start: {error}"));
                    }
                }
                "calm"
            }
        };
        network.pump(&self.world);
        drop(network);
        *self.struck.entry(name).or_default() += 1;
    }

    fn logs(&self) -> Logs {
        let network = self.world.network();
        (0..self.plan.partitions)
            .map(|partition| {
                let records = network.cluster.records(TOPIC, partition).unwrap_or_default();
                let named = records.iter().map(|record| {
                    let name = record.value.as_deref().and_then(RecordName::read);
                    (record.offset, name.unwrap_or(RecordName { task: u32::MAX, number: 0 }))
                });
                (TopicPartition { topic: Topic::from(TOPIC), partition }, named.collect())
            })
            .collect()
    }

    fn report(mut self) -> Report {
        let held = self.producer.take().map_or(0, |producer| producer.buffered_bytes());
        if held > 0 {
            self.complain(format!("{held} bytes of buffer memory were not given back"));
        }
        let logs = self.logs();
        let (faults, produced, acknowledged) = self.history.with(|history| {
            let acknowledged = history
                .produced
                .values()
                .filter(|ending| matches!(ending, Some(crate::history::Ending::Acknowledged { .. })))
                .count();
            (checks::judge(history, &logs), history.produced.len(), acknowledged)
        });
        let time = self.world.time();
        self.executor.clear();
        self.host.stop();
        self.world.clear();
        Report {
            scenario: self.scenario,
            seed: self.seed,
            time,
            produced,
            acknowledged,
            struck: self.struck,
            faults,
            trace: self.world.trace(),
        }
    }
}

const CONSUMING: &str = "consuming task";

fn feed(host: &std::sync::Weak<Host>, owner: ottla_core::io::OwnerId, input: Input<std::convert::Infallible>) {
    if let Some(host) = host.upgrade() {
        host.feed(owner, input);
    }
}
