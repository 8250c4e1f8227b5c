//! The clock on tokio's real and paused time.

use std::time::Duration;

use tokio::runtime::Handle;

use super::{Clock, TICK, TICKS};

#[tokio::test(start_paused = true)]
async fn both_clocks_advance_with_paused_time() {
    let clock = Clock::new(Handle::current());
    let before = clock.now();
    tokio::time::advance(Duration::from_secs(3600)).await;
    let after = clock.now();
    assert_eq!(after.mono - before.mono, Duration::from_secs(3600));
    assert_eq!(after.wall_ms - before.wall_ms, 3_600_000);
}

#[tokio::test]
async fn the_coarse_time_is_young_while_it_is_used_and_its_refreshing_ends_afterwards() {
    let clock = Clock::new(Handle::current());
    for _ in 0..20 {
        let coarse = clock.coarse();
        assert!(clock.now().mono - coarse.mono < Duration::from_millis(500));
        assert!(clock.ticking.load(std::sync::atomic::Ordering::Relaxed));
        tokio::time::sleep(TICK).await;
    }
    for _ in 0..1000 {
        if !clock.ticking.load(std::sync::atomic::Ordering::Relaxed) {
            return;
        }
        tokio::time::sleep(TICK * TICKS).await;
    }
    panic!("the clock goes on ticking");
}

#[tokio::test]
async fn a_thread_that_never_yields_sees_time_pass() {
    let clock = Clock::new(Handle::current());
    let begin = clock.coarse().mono;
    while clock.coarse().mono - begin < Duration::from_millis(5) {
        std::hint::spin_loop();
    }
}

#[tokio::test]
async fn time_never_goes_back() {
    let clock = Clock::new(Handle::current());
    let mut last = clock.coarse().mono;
    for round in 0..2000 {
        let coarse = clock.coarse().mono;
        assert!(coarse >= last);
        last = coarse;
        if round % 500 == 0 {
            tokio::time::sleep(TICK).await;
        }
    }
}
