//! Many seeds of every scenario: each must be sound, and the same again when run again.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test tells what it ran, and panics where it cannot go on"
)]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;

use ottla_simulation::{Report, Scenario, run};

/// Seeds of each scenario; with five scenarios 1,000 runs.
const SEEDS: u64 = 200;

fn check(scenario: Scenario, seeds: std::ops::Range<u64>) {
    let reports = Mutex::new(Vec::new());
    let threads = 2;
    thread::scope(|scope| {
        for part in 0..threads {
            let (reports, seeds) = (&reports, seeds.clone());
            scope.spawn(move || {
                for seed in seeds.filter(|seed| seed % threads == part) {
                    let report = run(scenario, seed);
                    reports.lock().unwrap().push(report);
                }
            });
        }
    });
    let reports = reports.into_inner().unwrap();
    let mut struck: BTreeMap<&str, u64> = BTreeMap::new();
    for (name, count) in reports.iter().flat_map(|report| &report.struck) {
        *struck.entry(name).or_default() += count;
    }
    let sum = |part: fn(&Report) -> usize| reports.iter().map(part).sum::<usize>();
    println!(
        "{}: {} seeds, {} records, {} acknowledged; {struck:?}",
        scenario.name(),
        reports.len(),
        sum(|report| report.produced),
        sum(|report| report.acknowledged),
    );
    let failed: Vec<_> = reports.iter().filter(|report| !report.faults.is_empty()).collect();
    for report in failed.iter().take(5) {
        println!("{}\n  {}", report.replay(), report.faults.join("\n  "));
    }
    assert!(failed.is_empty(), "{} of {} seeds failed", failed.len(), reports.len());
    assert!(sum(|report| report.acknowledged) > 0, "nothing was acknowledged: the run shows nothing");
}

fn seeds() -> std::ops::Range<u64> {
    let times = if std::env::var_os("OTTLA_TEST_FULL").is_some() { 10 } else { 1 };
    0..SEEDS * times
}

#[test]
fn uneven_delays_lose_nothing() {
    check(Scenario::Delays, seeds());
}

#[test]
fn moving_leaders_lose_nothing() {
    check(Scenario::LeaderMoves, seeds());
}

#[test]
fn broken_connections_lose_nothing() {
    check(Scenario::Disconnects, seeds());
}

#[test]
fn brokers_that_go_down_lose_nothing() {
    check(Scenario::BrokersDown, seeds());
}

#[test]
fn everything_at_once_loses_nothing() {
    check(Scenario::Everything, seeds());
}

#[test]
fn a_seed_gives_the_same_run_again() {
    for seed in 0..5 {
        let (one, two) = (run(Scenario::Everything, seed), run(Scenario::Everything, seed));
        assert_eq!(format!("{one:?}"), format!("{two:?}"));
    }
}
