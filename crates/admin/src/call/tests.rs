//! Tests of items: what is open is asked for again, what is decided stays.

use ottla_core::error::Outcome;

use super::*;

fn items() -> Items<&'static str, u32> {
    Items::new(["a", "b", "c"])
}

#[test]
fn only_items_without_a_result_are_asked_for_again() {
    let mut items = items();
    items.settle(|item| *item == "a", ErrorCode::NONE, |_| Ok(1));
    items.settle(|item| *item == "b", ErrorCode::NOT_CONTROLLER, |_| Ok(2));
    items.settle(
        |item| *item == "c",
        ErrorCode::POLICY_VIOLATION,
        |_| Err(Error::broker(ErrorCode::POLICY_VIOLATION, "c")),
    );
    assert_eq!(items.open().copied().collect::<Vec<_>>(), ["b"]);
    assert!(matches!(items.progress(), Progress::Again(Verdict::RefreshController)));

    items.settle(|item| *item == "b", ErrorCode::NONE, |_| Ok(3));
    assert!(matches!(items.progress(), Progress::Done));
    let results = items.conclude(Ok(()), |item| (*item).to_owned());
    assert_eq!(results[0].1.as_ref().ok(), Some(&1));
    assert_eq!(results[1].1.as_ref().ok(), Some(&3));
    assert_eq!(results[2].1.as_ref().err().and_then(Error::code), Some(ErrorCode::POLICY_VIOLATION));
}

#[test]
fn what_was_open_when_the_call_ended_says_why_and_keeps_the_outcome() {
    let mut items = items();
    items.decide(|item| *item == "b", |_| Ok(2));
    let ended = Error::new(ErrorKind::Timeout, "no answer").with_outcome(Outcome::MayHaveHappened);
    let results = items.conclude(Err(ended), |item| format!("creating {item}"));
    assert!(results[1].1.is_ok());
    let error = results[0].1.as_ref().unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::MayHaveHappened));
    assert!(error.to_string().starts_with("creating a: no answer"), "{error}");
}

#[test]
fn an_item_that_the_answer_leaves_out_is_an_error() {
    let results = items().conclude(Ok(()), |item| (*item).to_owned());
    assert!(results.iter().all(|(_, result)| result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Malformed)));
}
