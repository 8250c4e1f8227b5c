//! Tests of what is assigned, and from where.

use ottla_types::{Topic, Uuid};

use super::Change::{AtStop, Faulty, Located, Misplaced, Searched, Sought, StopMoved};
use super::PartitionState::{Ended, Failed, Fetching, FindingOffset};
use super::{Assignment, Partition};

#[test]
fn every_change_in_every_state_leads_where_the_table_says() {
    let changes = [Sought, Searched, Located, Misplaced, Faulty, AtStop, StopMoved];
    for (state, after) in [
        (FindingOffset, [Fetching, FindingOffset, Fetching, FindingOffset, Failed, FindingOffset, FindingOffset]),
        (Fetching, [Fetching, FindingOffset, Fetching, FindingOffset, Failed, Ended, Fetching]),
        (Failed, [Fetching, FindingOffset, Failed, Failed, Failed, Failed, Failed]),
        (Ended, [Fetching, FindingOffset, Ended, Ended, Ended, Ended, Fetching]),
    ] {
        for (change, expected) in changes.into_iter().zip(after) {
            assert_eq!(state.after(change), expected, "{state:?} {change:?}");
        }
    }
}

#[test]
fn places_are_taken_again_and_names_forgotten() {
    let mut assignment = Assignment::default();
    let topic = Topic::from("t");
    let (first, new) = assignment.insert(Partition::new(topic.clone(), 0, 1, 10));
    assert!(new);
    let (second, new) = assignment.insert(Partition::new(topic.clone(), 1, 2, 10));
    assert!(!new);
    let id = Uuid([7; 16]);
    assignment.name_id(id, &topic);
    assert_eq!(assignment.find_by_id(id, 1), Some(second));
    assert!(assignment.same(first, 1).is_some() && assignment.same(first, 9).is_none());
    let (gone, last) = assignment.remove(first).unwrap();
    assert_eq!((gone.partition, last, assignment.len()), (0, false, 1));
    let (again, _) = assignment.insert(Partition::new(Topic::from("u"), 0, 3, 10));
    assert_eq!(again, first);
    assert!(assignment.remove(second).unwrap().1, "the topic's last");
    assert_eq!(assignment.find_by_id(id, 1), None);
    assert_eq!(assignment.iter().count(), 1);
}

#[test]
fn only_what_can_be_read_is_fetched() {
    let mut partition = Partition::new(Topic::from("t"), 0, 1, 10);
    assert!(!partition.is_fetchable(100), "its offset is not known");
    partition.state = Fetching;
    assert!(partition.is_fetchable(100));
    partition.held = 100;
    assert!(!partition.is_fetchable(100), "full");
    partition.held = 99;
    partition.stop = Some(0);
    assert!(!partition.is_fetchable(100), "at its stop");
    partition.stop = Some(1);
    partition.paused = true;
    assert!(!partition.is_fetchable(100));
}
