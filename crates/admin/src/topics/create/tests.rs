//! Tests of creating topics.

use ottla_protocol::ApiKey;
use ottla_protocol::messages::create_topics::CreatableTopicResult;

use super::*;
use crate::testing::{body, broker, sent};

fn answer(name: &'static str, error_code: ErrorCode) -> Bytes {
    let one = CreatableTopicResult { name: name.into(), error_code, num_partitions: 4, ..Default::default() };
    body(&CreateTopicsResponse { topics: vec![one], ..Default::default() }, 7)
}

#[test]
fn everything_that_was_asked_for_is_sent() {
    let topics = [
        NewTopic::new("a").partitions(4).replication_factor(2).config("k", "v"),
        NewTopic::new("b").partitions(9).assign([BrokerId(1), BrokerId(2)]).assign([BrokerId(2)]),
        NewTopic::new("c"),
    ];
    let mut question = CreateTopics::new(topics, 1_000);
    let (_, request) =
        sent::<CreateTopicsRequest>(question.encode(&broker(&[(ApiKey::CREATE_TOPICS, 7)]), None).unwrap());
    let [a, b, c] = &request.topics[..] else { panic!("{request:?}") };
    assert_eq!((a.num_partitions, a.replication_factor, a.configs[0].value.as_deref()), (4, 2, Some("v")));
    assert_eq!((b.num_partitions, b.replication_factor), (-1, -1));
    assert_eq!((b.assignments[1].partition_index, &b.assignments[1].broker_ids[..]), (1, &[BrokerId(2)][..]));
    assert_eq!((c.num_partitions, c.replication_factor, request.timeout_ms), (-1, -1, 1_000));
}

#[test]
fn old_brokers_must_be_told_the_numbers() {
    let old = broker(&[(ApiKey::CREATE_TOPICS, 3)]);
    let error = CreateTopics::new([NewTopic::new("a")], 1).encode(&old, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incompatible);
    let told = NewTopic::new("a").partitions(1).replication_factor(1);
    assert!(CreateTopics::new([told], 1).encode(&old, None).is_ok());
}

#[test]
fn a_topic_that_an_unanswered_attempt_may_have_made_is_reported_as_such() {
    let new = broker(&[(ApiKey::CREATE_TOPICS, 7)]);
    for (attempts, outcome) in [(1, Outcome::DidNotHappen), (2, Outcome::MayHaveHappened)] {
        let mut question = CreateTopics::new([NewTopic::new("a")], 1);
        for _ in 0..attempts {
            question.encode(&new, None).unwrap();
        }
        question.read(7, &answer("a", ErrorCode::TOPIC_ALREADY_EXISTS)).unwrap();
        let results = question.conclude(Ok(())).unwrap();
        let error = results[0].1.as_ref().unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Some(ErrorCode::TOPIC_ALREADY_EXISTS), outcome));
    }
}

#[test]
fn a_wrong_controller_is_not_the_end() {
    let new = broker(&[(ApiKey::CREATE_TOPICS, 7)]);
    let mut question = CreateTopics::new([NewTopic::new("a")], 1);
    question.encode(&new, None).unwrap();
    assert!(matches!(question.read(7, &answer("a", ErrorCode::NOT_CONTROLLER)), Ok(Progress::Again(_))));
    question.encode(&new, None).unwrap();
    assert!(matches!(question.read(7, &answer("a", ErrorCode::NONE)), Ok(Progress::Done)));
    assert_eq!(question.conclude(Ok(())).unwrap()[0].1.as_ref().unwrap().partitions, Some(4));
}
