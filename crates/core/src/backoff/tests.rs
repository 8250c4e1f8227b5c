//! Tests of the times between attempts.

use std::time::Duration;

use super::BackoffPolicy;

#[test]
fn pauses_double_within_a_fifth_and_stay_below_the_maximum() {
    let policy = BackoffPolicy { initial: Duration::from_millis(100), max: Duration::from_secs(1) };
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..200 {
        for (failures, base) in [(1, 100), (2, 200), (3, 400), (4, 800)] {
            let pause = policy.pause(failures, &mut random);
            assert!(pause >= Duration::from_millis(base * 8 / 10), "{failures} failures: {pause:?}");
            assert!(pause <= Duration::from_millis((base * 12 / 10).min(1_000)), "{failures} failures: {pause:?}");
        }
        assert!(policy.pause(u32::MAX, &mut random) <= Duration::from_secs(1));
    }
}

#[test]
fn a_seed_gives_the_same_pauses_again() {
    let policy = BackoffPolicy::default();
    let pauses = |seed| {
        let mut random = fastrand::Rng::with_seed(seed);
        (1..9).map(|failures| policy.pause(failures, &mut random)).collect::<Vec<_>>()
    };
    assert_eq!(pauses(3), pauses(3));
    assert_ne!(pauses(3), pauses(4));
}
