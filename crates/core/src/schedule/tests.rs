//! One time per key.

use std::time::{Duration, Instant};

use super::Schedule;

#[test]
fn keys_come_by_their_last_time_and_only_once() {
    let (mut schedule, start) = (Schedule::default(), Instant::now());
    let at = |millis| start + Duration::from_millis(millis);
    schedule.set(&'a', at(3));
    schedule.set(&'b', at(1));
    schedule.set(&'a', at(2));
    schedule.hasten(&'b', at(5));
    schedule.set(&'c', at(0));
    schedule.clear(&'c');
    schedule.hasten(&'d', at(1));
    assert_eq!(schedule.next(), Some(at(1)));
    assert!(!schedule.is_due(at(0)) && schedule.is_due(at(1)));
    assert_eq!(schedule.due(at(2)).collect::<String>(), "bda");
    assert_eq!((schedule.get(&'a'), schedule.get(&'c')), (Some(at(2)), None));
}
