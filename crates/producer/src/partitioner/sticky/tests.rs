//! When the partition changes.

use super::{ENOUGH, Sticky};

#[test]
fn stays_with_a_partition_until_enough_bytes_went_to_it_and_its_batch_is_closed() {
    let mut random = fastrand::Rng::with_seed(1);
    let mut sticky = Sticky::default();
    let available: Vec<i32> = (0..100).collect();
    let first = sticky.partition(&available, &mut random).unwrap();
    sticky.add(ENOUGH - 1);
    sticky.on_closed(first);
    assert_eq!(sticky.partition(&available, &mut random), Some(first));
    sticky.add(1);
    assert_eq!(sticky.partition(&available, &mut random), Some(first));
    sticky.on_closed(first);
    assert_ne!(sticky.partition(&available, &mut random), Some(first));
}

#[test]
fn only_available_partitions_are_chosen_and_none_where_there_is_none() {
    let mut random = fastrand::Rng::with_seed(2);
    let mut sticky = Sticky::default();
    assert_eq!(sticky.partition(&[], &mut random), None);
    for _ in 0..20 {
        assert!([3, 7].contains(&sticky.partition(&[3, 7], &mut random).unwrap()));
        sticky.reset();
    }
}

#[test]
fn bytes_are_spread_evenly_over_time() {
    let mut random = fastrand::Rng::with_seed(3);
    let mut sticky = Sticky::default();
    let available: Vec<i32> = (0..4).collect();
    let mut counts = [0_usize; 4];
    for _ in 0..4000 {
        let partition = sticky.partition(&available, &mut random).unwrap();
        sticky.add(ENOUGH);
        counts[usize::try_from(partition).unwrap()] += 1;
        sticky.on_closed(partition);
    }
    assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
}
