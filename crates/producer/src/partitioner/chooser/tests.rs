//! Which partition comes next, and which are left out.

use std::num::NonZeroU32;

use super::{Choices, Chooser, Route};
use crate::partitioner::{Keyless, Partitioner};

struct Fixture {
    partitioner: Partitioner,
    chooser: Chooser,
    random: fastrand::Rng,
}

impl Fixture {
    fn new(partitioner: Partitioner) -> Self {
        Self { partitioner, chooser: Chooser::default(), random: fastrand::Rng::with_seed(5) }
    }

    fn next(&mut self, value: &[u8], count: i32, available: &[i32]) -> i32 {
        let choices = Choices { count, available };
        match self.chooser.route(&self.partitioner, None, Some(value), choices, &mut self.random) {
            Route::To(partition) => partition,
            other => panic!("{other:?}"),
        }
    }

    fn several<const N: usize>(&mut self, count: i32, available: &[i32]) -> [i32; N] {
        std::array::from_fn(|_| self.next(b"x", count, available))
    }
}

/// sarama's `TestRoundRobinPartitioner` and kafka-go's `TestRoundRobin`.
#[test]
fn round_robin_takes_the_partitions_in_turn() {
    let mut fixture = Fixture::new(Partitioner::round_robin());
    let all: Vec<i32> = (0..7).collect();
    for record in 0..50 {
        assert_eq!(fixture.next(b"x", 7, &all), record % 7);
    }
    for chunk in [1, 5, 12] {
        let mut fixture = Fixture::new(Partitioner::round_robin_in_chunks(NonZeroU32::new(chunk).unwrap()));
        for record in 0..50 {
            assert_eq!(fixture.next(b"x", 7, &all), i32::try_from(record / chunk).unwrap() % 7);
        }
    }
}

#[test]
fn round_robin_passes_over_partitions_without_a_leader_as_long_as_others_have_one() {
    let mut fixture = Fixture::new(Partitioner::round_robin());
    assert_eq!(fixture.several(4, &[0, 2, 3]), [0, 2, 3, 0, 2, 3]);
    assert_eq!(fixture.several(4, &[]), [2, 3, 0, 1]);
}

#[test]
fn random_takes_all_partitions_that_have_a_leader_and_no_other() {
    let mut fixture = Fixture::new(Partitioner::random());
    let mut counts = [0; 4];
    for _ in 0..3000 {
        counts[usize::try_from(fixture.next(b"x", 4, &[0, 1, 3])).unwrap()] += 1;
    }
    assert_eq!(counts[2], 0);
    assert!([counts[0], counts[1], counts[3]].iter().all(|count| (850..1150).contains(count)), "{counts:?}");
    assert!(fixture.several::<40>(4, &[]).contains(&2), "where none has one, any does");
}

/// kafka-go's `TestLeastBytes`, but for the last line of each.
#[test]
fn the_partition_that_got_the_fewest_bytes_comes_next() {
    let mut fixture = Fixture::new(Partitioner::least_bytes());
    let all = [0, 1, 2];
    assert_eq!(["a", "ab", "abc", "abcd"].map(|value| fixture.next(value.as_bytes(), 3, &all)), [0, 1, 2, 0]);
    assert_eq!(["", "abcd"].map(|value| fixture.next(value.as_bytes(), 3, &all)), [1, 1]);
    assert_eq!(fixture.next(b"", 3, &all), 2);
}

#[test]
fn bytes_are_counted_anew_when_there_are_other_partitions() {
    let mut fixture = Fixture::new(Partitioner::least_bytes());
    assert_eq!(["hello world", "hello", "h"].map(|value| fixture.next(value.as_bytes(), 2, &[0, 1])), [0, 1, 1]);
    fixture.chooser.reset();
    assert_eq!(["1", "2", "3", "4"].map(|value| fixture.next(value.as_bytes(), 3, &[0, 2])), [0, 2, 0, 2]);
    fixture.chooser.reset();
    assert_eq!(fixture.several(3, &[]), [0, 1, 2, 0]);
}

#[test]
fn a_manual_partitioner_chooses_nothing() {
    let mut chooser = Chooser::default();
    let choices = Choices { count: 3, available: &[0, 1, 2] };
    let mut random = fastrand::Rng::with_seed(1);
    let route = chooser.route(&Partitioner::manual(), Some(b"key"), None, choices, &mut random);
    assert_eq!(route, Route::Unnamed);
}

#[test]
fn records_without_a_key_go_where_they_are_told() {
    let mut in_turn = Fixture::new(Partitioner::java().keyless(Keyless::RoundRobin(NonZeroU32::MIN)));
    assert_eq!(in_turn.several(3, &[0, 1, 2]), [0, 1, 2, 0]);
    let mut at_random = Fixture::new(Partitioner::java().keyless(Keyless::Random));
    let partitions = at_random.several::<50>(3, &[0, 1, 2]);
    assert!((0..3).all(|partition| partitions.contains(&partition)));
}
