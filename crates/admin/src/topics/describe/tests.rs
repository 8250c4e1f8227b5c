//! Tests of listing and describing topics.

use ottla_protocol::ApiKey;

use super::*;
use crate::testing::{body, broker, sent};

fn partition(index: i32, leader: i32) -> MetadataResponsePartition {
    MetadataResponsePartition {
        partition_index: index,
        leader_id: BrokerId(leader),
        replica_nodes: vec![BrokerId(1), BrokerId(2)].into(),
        ..Default::default()
    }
}

fn topic(name: &'static str, error_code: ErrorCode) -> MetadataResponseTopic {
    MetadataResponseTopic {
        name: Some(name.into()),
        error_code,
        partitions: vec![partition(1, -1), partition(0, 2)],
        ..Default::default()
    }
}

fn answer(topics: Vec<MetadataResponseTopic>, version: i16) -> Bytes {
    body(&MetadataResponse { topics, ..Default::default() }, version)
}

#[test]
fn describing_creates_nothing() {
    let mut question = DescribeTopics::new([Topic::from("a")]);
    let (_, request) = sent::<MetadataRequest>(question.encode(&broker(&[(ApiKey::METADATA, 13)]), None).unwrap());
    assert!(!request.allow_auto_topic_creation);
    assert_eq!(request.topics.unwrap()[0].name.as_deref(), Some("a"));
    // Brokers before 0.11 create what is asked about, unless asked about everything.
    let (_, request) = sent::<MetadataRequest>(question.encode(&broker(&[(ApiKey::METADATA, 3)]), None).unwrap());
    assert_eq!(request.topics, None);
}

#[test]
fn partitions_come_in_their_order_with_or_without_a_leader() {
    let mut question = DescribeTopics::new([Topic::from("a")]);
    question.read(12, &answer(vec![topic("a", ErrorCode::NONE)], 12)).unwrap();
    let results = question.conclude(Ok(())).unwrap();
    let described = results[0].1.as_ref().unwrap();
    assert_eq!(described.partitions[0].leader, Some(BrokerId(2)));
    assert_eq!((described.partitions[1].partition, described.partitions[1].leader), (1, None));
}

#[test]
fn a_topic_that_is_not_there_is_an_answer_and_one_without_leaders_yet_is_not() {
    let mut question = DescribeTopics::new([Topic::from("a"), Topic::from("b")]);
    let first = vec![topic("a", ErrorCode::UNKNOWN_TOPIC_OR_PARTITION), topic("b", ErrorCode::LEADER_NOT_AVAILABLE)];
    assert!(matches!(question.read(12, &answer(first, 12)), Ok(Progress::Again(_))));
    let (_, request) = sent::<MetadataRequest>(question.encode(&broker(&[(ApiKey::METADATA, 12)]), None).unwrap());
    assert_eq!(request.topics.unwrap().len(), 1);
    question.read(12, &answer(vec![topic("b", ErrorCode::NONE)], 12)).unwrap();
    let results = question.conclude(Ok(())).unwrap();
    assert_eq!(results[0].1.as_ref().unwrap_err().code(), Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    assert!(results[1].1.is_ok());
}

#[test]
fn of_an_answer_about_all_topics_what_is_left_out_is_not_there() {
    let mut question = DescribeTopics::new([Topic::from("a"), Topic::from("b")]);
    question.encode(&broker(&[(ApiKey::METADATA, 1)]), None).unwrap();
    question.read(1, &answer(vec![topic("b", ErrorCode::NONE), topic("c", ErrorCode::NONE)], 1)).unwrap();
    let results = question.conclude(Ok(())).unwrap();
    assert_eq!(results[0].1.as_ref().unwrap_err().code(), Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    assert!(results[1].1.is_ok());
}

#[test]
fn topics_are_listed_by_name() {
    let mut question = ListTopics::default();
    let (_, request) = sent::<MetadataRequest>(question.encode(&broker(&[(ApiKey::METADATA, 12)]), None).unwrap());
    assert_eq!(request.topics, None);
    let topics = vec![topic("b", ErrorCode::NONE), topic("a", ErrorCode::LEADER_NOT_AVAILABLE)];
    question.read(12, &answer(topics, 12)).unwrap();
    let listed = question.conclude(Ok(())).unwrap();
    assert_eq!(listed.iter().map(|one| one.topic.name()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!((listed[0].partitions, listed[0].replication_factor), (2, 2));
}
