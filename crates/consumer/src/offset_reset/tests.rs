//! Tests of what happens to positions out of range.

use std::time::Duration;

use ottla_core::properties::PropertyValue;

use super::{Goal, OffsetReset, Search, Step};
use crate::Start;

/// Answers a search from a partition that holds offsets from `earliest` up to `latest`, and gives what it finds.
fn find(goal: Goal, earliest: i64, latest: i64, by_time: i64) -> i64 {
    let mut search = Search::new(goal);
    for _ in 0..3 {
        let answer = match search.asking() {
            -1 => latest,
            -2 => earliest,
            _ => by_time,
        };
        if let Step::Found(offset) = search.on_answer(answer) {
            return offset;
        }
    }
    panic!("{goal:?} asks without end");
}

#[test]
fn every_goal_is_found() {
    for (goal, expected) in [
        (Goal::Earliest, 10),
        (Goal::Latest, 100),
        (Goal::Timestamp(5), 42),
        (Goal::Tail(0), 100),
        (Goal::Tail(30), 70),
        (Goal::Tail(95), 10),
        (Goal::Tail(u64::MAX), 10),
        (Goal::Nearest(3), 10),
        (Goal::Nearest(500), 100),
        (Goal::Nearest(50), 50),
    ] {
        assert_eq!(find(goal, 10, 100, 42), expected, "{goal:?}");
    }
    assert_eq!(find(Goal::Timestamp(5), 10, 100, -1), 100, "nothing that late");
}

#[test]
fn an_offset_needs_no_search() {
    assert_eq!(Goal::of(Start::Offset(7)), Err(7));
    assert_eq!(Goal::of(Start::Tail(7)), Ok(Goal::Tail(7)));
}

#[test]
fn policies_are_read_and_lead_to_goals() {
    let parse = |text| OffsetReset::parse("auto.offset.reset", text);
    for (text, goal) in [
        ("earliest", Some(Goal::Earliest)),
        ("largest", Some(Goal::Latest)),
        ("nearest", Some(Goal::Nearest(7))),
        ("none", None),
        ("by_duration:PT1.5S", Some(Goal::Timestamp(8_500))),
        ("by_duration:P9999D", Some(Goal::Timestamp(0))),
    ] {
        assert_eq!(Goal::after_out_of_range(parse(text).unwrap(), 7, 10_000), goal, "{text}");
    }
    assert_eq!(parse("by_duration:P1DT1H1M1S"), Ok(OffsetReset::ByDuration(Duration::from_secs(90_061))));
    for text in
        ["", "soon", "by_duration:1h", "by_duration:P", "by_duration:PT", "by_duration:P1H", "by_duration:PT1HT"]
    {
        assert!(parse(text).is_err(), "{text}");
    }
}
