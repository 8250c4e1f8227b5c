//! When the partition changes, and to which.

use super::{ENOUGH, Loads, Sticky};
use crate::partitioner::chooser::Choices;

/// Queues by partition; none where it is left out.
struct Queues(Vec<Option<usize>>);

impl Loads for Queues {
    fn longest(&self) -> usize {
        self.0.iter().flatten().copied().max().unwrap_or(0)
    }

    fn waiting(&self, partition: i32) -> Option<usize> {
        self.0[usize::try_from(partition).unwrap()]
    }
}

struct Fixture {
    sticky: Sticky,
    random: fastrand::Rng,
    queues: Option<Queues>,
    available: Vec<i32>,
}

impl Fixture {
    fn new(available: impl IntoIterator<Item = i32>) -> Self {
        let random = fastrand::Rng::with_seed(1);
        Self { sticky: Sticky::default(), random, queues: None, available: available.into_iter().collect() }
    }

    fn partition(&mut self) -> i32 {
        let choices = Choices { count: 100, available: &self.available };
        match self.sticky.current() {
            Some(partition) => partition,
            None => self.sticky.choose(choices, self.queues.as_ref(), &mut self.random),
        }
    }

    /// How often each of the first partitions is chosen.
    fn counts<const N: usize>(&mut self, times: usize) -> [usize; N] {
        let mut counts = [0; N];
        for _ in 0..times {
            self.sticky.reset();
            counts[usize::try_from(self.partition()).unwrap()] += 1;
        }
        counts
    }
}

#[test]
fn stays_with_a_partition_until_enough_bytes_went_to_it_and_its_batch_is_closed() {
    let mut fixture = Fixture::new(0..100);
    let first = fixture.partition();
    fixture.sticky.add(ENOUGH - 1);
    fixture.sticky.on_closed(first);
    assert_eq!(fixture.partition(), first);
    fixture.sticky.add(1);
    assert_eq!(fixture.partition(), first);
    fixture.sticky.on_closed(first);
    assert_ne!(fixture.partition(), first);
}

#[test]
fn only_available_partitions_are_chosen_and_any_where_there_is_none() {
    let mut fixture = Fixture::new([3, 7]);
    let counts = fixture.counts::<100>(200);
    assert_eq!(counts[3] + counts[7], 200);
    fixture.available.clear();
    assert!(fixture.counts::<100>(2000).iter().filter(|count| **count > 0).count() > 90);
}

#[test]
fn bytes_are_spread_evenly_over_time() {
    let mut fixture = Fixture::new(0..4);
    let mut counts = [0_usize; 4];
    for _ in 0..4000 {
        let partition = fixture.partition();
        fixture.sticky.add(ENOUGH);
        counts[usize::try_from(partition).unwrap()] += 1;
        fixture.sticky.on_closed(partition);
    }
    assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
}

/// The queues of Java's `BuiltInPartitionerTest.adaptivePartitionsTest`.
#[test]
fn longer_queues_make_a_partition_less_likely_as_in_java() {
    let mut fixture = Fixture::new(0..5);
    fixture.queues = Some(Queues([5, 0, 3, 0, 1].map(Some).to_vec()));
    let weights = [1, 6, 3, 6, 5];
    let counts = fixture.counts::<5>(21_000);
    for (count, weight) in counts.into_iter().zip(weights) {
        assert!(count.abs_diff(weight * 1000) < 150, "{counts:?} are not as {weights:?}");
    }
}

#[test]
fn queues_of_equal_length_change_nothing() {
    let mut fixture = Fixture::new(0..3);
    fixture.queues = Some(Queues(vec![Some(9); 3]));
    let counts = fixture.counts::<3>(9000);
    assert!(counts.iter().all(|count| (2800..3200).contains(count)), "{counts:?}");
}

#[test]
fn one_short_queue_among_many_long_ones_is_found() {
    let mut fixture = Fixture::new(0..1000);
    let mut queues = vec![Some(1_000_000); 1000];
    queues[17] = Some(0);
    fixture.queues = Some(Queues(queues));
    assert!(fixture.counts::<1000>(300)[17] > 290);
}

#[test]
fn partitions_whose_broker_takes_nothing_are_left_out_unless_all_are() {
    let mut fixture = Fixture::new(0..3);
    fixture.queues = Some(Queues(vec![None, Some(2), None]));
    assert_eq!(fixture.counts::<3>(100), [0, 100, 0]);
    fixture.queues = Some(Queues(vec![None; 3]));
    assert!(fixture.counts::<3>(300).iter().all(|count| *count > 60));
}
