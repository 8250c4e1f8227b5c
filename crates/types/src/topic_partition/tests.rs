//! Topics: equality and look-up by name.

use std::collections::HashMap;

use super::*;

#[test]
fn topics_of_one_name_are_equal_wherever_they_were_made() {
    let one = Topic::from("orders");
    let other = Topic::from(String::from("orders"));
    assert_eq!(one, other);
    assert!(one.same(&other) && one.same(&one.clone()));
    assert_ne!(one, Topic::from("payments"));
}

#[test]
fn a_map_keyed_by_topics_is_found_by_a_plain_name() {
    let map = HashMap::from([(Topic::from("orders"), 1)]);
    assert_eq!(map.get("orders"), Some(&1));
}

#[test]
fn a_partition_prints_as_kafka_prints_it() {
    assert_eq!(TopicPartition::new("orders", 3).to_string(), "orders-3");
}
