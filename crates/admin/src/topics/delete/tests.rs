//! Tests of deleting topics.

use ottla_protocol::ApiKey;
use ottla_protocol::messages::delete_topics::DeletableTopicResult;

use super::*;
use crate::testing::{body, broker, sent};

fn answer(codes: &[(&'static str, ErrorCode)]) -> Bytes {
    let one = |&(name, error_code): &(&'static str, _)| DeletableTopicResult {
        name: Some(name.into()),
        error_code,
        ..Default::default()
    };
    body(&DeleteTopicsResponse { responses: codes.iter().map(one).collect(), ..Default::default() }, 6)
}

#[test]
fn old_and_new_brokers_are_told_the_names() {
    for max in [0, 5, 6] {
        let mut question = DeleteTopics::new([Topic::from("a"), Topic::from("b")], 1);
        let versions = broker(&[(ApiKey::DELETE_TOPICS, max)]);
        let (version, request) = sent::<DeleteTopicsRequest>(question.encode(&versions, None).unwrap());
        assert_eq!(version, max);
        let names: Vec<_> = if max == 6 {
            request.topics.iter().filter_map(|topic| topic.name.as_deref()).collect()
        } else {
            request.topic_names.iter().map(|name| name.as_str()).collect()
        };
        assert_eq!(names, ["a", "b"]);
    }
}

#[test]
fn a_topic_that_is_not_there_is_an_answer_and_the_others_have_theirs() {
    let mut question = DeleteTopics::new([Topic::from("a"), Topic::from("b")], 1);
    let answer = answer(&[("b", ErrorCode::UNKNOWN_TOPIC_OR_PARTITION), ("a", ErrorCode::NONE)]);
    assert!(matches!(question.read(6, &answer), Ok(Progress::Done)));
    let results = question.conclude(Ok(())).unwrap();
    assert!(results[0].1.is_ok());
    let error = results[1].1.as_ref().unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION), Outcome::DidNotHappen));
}
