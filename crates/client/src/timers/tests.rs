//! The heap of timers.

use std::time::{Duration, Instant};

use ottla_core::io::OwnerId;

use super::Timers;

#[test]
fn objects_come_in_the_order_of_their_last_times() {
    let (timers, start) = (Timers::default(), Instant::now());
    let at = |millis| start + Duration::from_millis(millis);
    timers.arm(OwnerId(1), at(10));
    timers.arm(OwnerId(2), at(5));
    timers.arm(OwnerId(3), at(7));
    timers.arm(OwnerId(1), at(6));
    timers.arm(OwnerId(2), at(20));
    timers.disarm(OwnerId(3));
    assert_eq!(timers.take_due(start), (vec![], Some(at(6))));
    assert_eq!(timers.take_due(at(15)), (vec![OwnerId(1)], Some(at(20))));
    assert_eq!(timers.take_due(at(20)), (vec![OwnerId(2)], None));
    timers.arm(OwnerId(2), at(20));
    assert_eq!(timers.take_due(at(20)), (vec![OwnerId(2)], None), "a time may be armed again");
}

#[tokio::test]
async fn only_an_earlier_time_wakes_the_task() {
    let (timers, start) = (Timers::default(), Instant::now());
    let woken = || tokio::time::timeout(Duration::from_millis(20), timers.kicked());
    timers.arm(OwnerId(1), start + Duration::from_secs(10));
    assert!(woken().await.is_ok());
    timers.take_due(start);
    timers.arm(OwnerId(2), start + Duration::from_secs(11));
    assert!(woken().await.is_err());
    timers.arm(OwnerId(3), start + Duration::from_secs(9));
    assert!(woken().await.is_ok());
}
