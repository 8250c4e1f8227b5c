//! What a seed makes of a run: how many tasks and records, how slow the wires, which faults strike and when.

use std::time::Duration;

use crate::network::Latency;

/// A kind of run. The seed draws everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Slow and uneven wires, and jobs that finish late and out of order; nothing breaks.
    Delays,
    /// Leaders move between live brokers.
    LeaderMoves,
    /// Connections break before and after a request was applied.
    Disconnects,
    /// Brokers go down and come back.
    BrokersDown,
    /// All of it at once.
    Everything,
}

impl Scenario {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::Delays, Self::LeaderMoves, Self::Disconnects, Self::BrokersDown, Self::Everything];

    /// The name that a replay is asked for with.
    pub fn name(self) -> &'static str {
        match self {
            Self::Delays => "delays",
            Self::LeaderMoves => "leader-moves",
            Self::Disconnects => "disconnects",
            Self::BrokersDown => "brokers-down",
            Self::Everything => "everything",
        }
    }

    fn moves_leaders(self) -> bool {
        matches!(self, Self::LeaderMoves | Self::Everything)
    }

    fn breaks_connections(self) -> bool {
        matches!(self, Self::Disconnects | Self::Everything)
    }

    fn stops_brokers(self) -> bool {
        matches!(self, Self::BrokersDown | Self::Everything)
    }
}

/// A fault that strikes at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A partition's leadership goes to another live replica.
    MoveLeader { partition: i32 },
    /// A broker is down for so long.
    StopBroker { broker: i32, pause: Duration },
    /// A broker comes back.
    StartBroker { broker: i32 },
    /// From now on nothing goes wrong any more.
    Calm,
}

/// One run, drawn from a seed.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) brokers: u16,
    pub(crate) partitions: i32,
    pub(crate) tasks: u32,
    pub(crate) records_per_task: u32,
    /// Between two records a task pauses at most so long.
    pub(crate) pause: Duration,
    pub(crate) linger: Duration,
    pub(crate) batch_size_bytes: usize,
    pub(crate) buffer_memory_bytes: usize,
    pub(crate) latency: Latency,
    /// One Produce or Fetch request in so many loses its connection before it is applied; none where zero.
    pub(crate) cut_before_one_in: u32,
    /// The same after it was applied.
    pub(crate) cut_after_one_in: u32,
    pub(crate) faults: Vec<(Duration, Fault)>,
    /// When the faults end.
    pub(crate) calm: Duration,
}

impl Plan {
    pub(crate) fn draw(scenario: Scenario, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let brokers = 3;
        let partitions = random.i32(1..=4);
        let calm = Duration::from_millis(random.u64(500..4_000));
        let mut faults = vec![(calm, Fault::Calm)];
        let moment = |random: &mut fastrand::Rng| calm.mul_f64(random.f64());
        if scenario.moves_leaders() {
            for _ in 0..random.u32(1..12) {
                faults.push((moment(&mut random), Fault::MoveLeader { partition: random.i32(0..partitions) }));
            }
        }
        if scenario.stops_brokers() {
            for _ in 0..random.u32(1..4) {
                let pause = Duration::from_millis(random.u64(10..1_500));
                let broker = random.i32(1..=i32::from(brokers));
                faults.push((moment(&mut random), Fault::StopBroker { broker, pause }));
            }
        }
        let one_in = |random: &mut fastrand::Rng| {
            if scenario.breaks_connections() { random.u32(4..40) } else { 0 }
        };
        let cut_before_one_in = one_in(&mut random);
        let cut_after_one_in = one_in(&mut random);
        let slow = if matches!(scenario, Scenario::Delays | Scenario::Everything) { random.u32(5..50) } else { 0 };
        let records_per_task = random.u32(5..60);
        Self {
            brokers,
            partitions,
            tasks: random.u32(1..=4),
            records_per_task,
            // One record in three is followed by a pause: the work goes on for about as long as the faults.
            pause: calm.mul_f64(8.0 * random.f64()) / records_per_task,
            linger: Duration::from_micros(random.choice([0, 0, 1_000, 5_000, 20_000]).unwrap_or(0)),
            batch_size_bytes: random.choice([200, 500, 1_000, 100_000]).unwrap_or(1_000),
            // The smallest has room for two or three records.
            buffer_memory_bytes: random.choice([1_000, 4_000, 32 << 20]).unwrap_or(4_000),
            latency: Latency { usual_us: random.u64(100..2_000), slow_one_in: slow, slow_ms: random.u64(5..400) },
            cut_before_one_in,
            cut_after_one_in,
            faults,
            calm,
        }
    }
}
