//! The simulation finds bugs that are planted: a check that never failed proves nothing.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test tells what it ran, and panics where it cannot go on"
)]
#![cfg(feature = "planted")]

use ottla_core::planted::{Planted, plant};
use ottla_simulation::{Scenario, run};

/// Some seed among the first thousand must find the bug.
fn found(bug: Planted, scenario: Scenario) {
    let found = (0..1_000).find_map(|seed| {
        plant(Some(bug));
        let report = run(scenario, seed);
        plant(None);
        (!report.faults.is_empty()).then_some(report)
    });
    let report = found.unwrap_or_else(|| panic!("{bug:?} was not found"));
    println!("{bug:?}: found by seed {}: {}", report.seed, report.faults[0]);
    // Without the bug the same seed is sound: it was the bug that was found.
    assert_eq!(run(scenario, report.seed).faults, Vec::<String>::new());
}

#[test]
fn a_swallowed_wake_up_is_found() {
    found(Planted::SwallowedWake, Scenario::Delays);
}

#[test]
fn a_batch_given_up_after_a_disconnect_is_found() {
    found(Planted::NoRetryAfterDisconnect, Scenario::Disconnects);
}

#[test]
fn a_retry_under_a_new_sequence_is_found() {
    found(Planted::NewSequenceOnRetry, Scenario::Disconnects);
}
