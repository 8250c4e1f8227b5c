//! Runs one seed again: the command that a failing run prints.

use ottla_simulation::{Scenario, run_traced};

#[test]
fn the_seed_that_is_asked_for_is_sound() {
    // Without a wish of anybody's, the first seed is as good as any.
    let wish = std::env::var("OTTLA_SIMULATION").unwrap_or_else(|_| "everything:1".to_owned());
    let (name, seed) = wish.split_once(':').expect("SCENARIO:SEED");
    let scenario = Scenario::ALL.into_iter().find(|scenario| scenario.name() == name).expect("a scenario's name");
    let report = run_traced(scenario, seed.parse().expect("a number"));
    println!("{report:#?}");
    assert_eq!(report.faults, Vec::<String>::new());
}
