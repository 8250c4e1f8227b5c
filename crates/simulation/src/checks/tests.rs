//! Tests of the checks: each finds its own kind of fault.

use ottla_types::TopicPartition;

use super::{Logs, judge};
use crate::history::{Ending, History, RecordName};

fn partition() -> TopicPartition {
    TopicPartition { topic: "orders".into(), partition: 0 }
}

fn name(number: u32) -> RecordName {
    RecordName { task: 1, number }
}

fn acknowledged(offset: i64) -> Option<Ending> {
    Some(Ending::Acknowledged { partition: partition(), offset: Some(offset) })
}

fn logs(numbers: &[u32]) -> Logs {
    let log = numbers.iter().zip(0..).map(|(number, offset)| (offset, name(*number))).collect();
    [(partition(), log)].into()
}

fn history(endings: impl IntoIterator<Item = Option<Ending>>, logs: &Logs) -> History {
    History {
        produced: endings.into_iter().zip(0..).map(|(ending, number)| (name(number), ending)).collect(),
        consumed: logs.clone(),
        complaints: Vec::new(),
    }
}

fn one_fault(history: &History, logs: &Logs, part: &str) {
    let faults = judge(history, logs);
    assert!(faults.len() == 1 && faults[0].contains(part), "{faults:?}");
}

#[test]
fn a_sound_run_has_no_faults() {
    let logs = logs(&[0, 1]);
    assert_eq!(judge(&history([acknowledged(0), acknowledged(1)], &logs), &logs), Vec::<String>::new());
}

#[test]
fn an_acknowledged_record_that_is_not_there_is_a_fault() {
    let logs = logs(&[0]);
    one_fault(&history([acknowledged(0), acknowledged(1)], &logs), &logs, "is not in the log");
}

#[test]
fn a_record_stored_twice_is_a_fault() {
    let logs: Logs = [(partition(), vec![(0, name(0)), (1, name(0))])].into();
    let faults = judge(&history([acknowledged(0)], &logs), &logs);
    assert!(faults.iter().any(|fault| fault.contains("2 times")), "{faults:?}");
}

#[test]
fn a_record_that_did_not_happen_and_is_there_is_a_fault() {
    let logs = logs(&[0]);
    one_fault(&history([Some(Ending::DidNotHappen("late".into()))], &logs), &logs, "did not happen");
}

#[test]
fn records_out_of_order_are_a_fault() {
    let logs = logs(&[1, 0]);
    one_fault(&history([acknowledged(1), acknowledged(0)], &logs), &logs, "stands after");
}

#[test]
fn a_record_without_an_ending_is_a_fault() {
    let logs = logs(&[0]);
    one_fault(&history([None], &logs), &logs, "neither");
}

#[test]
fn a_consumer_that_missed_a_record_is_a_fault() {
    let logs = logs(&[0, 1]);
    let mut history = history([acknowledged(0), acknowledged(1)], &logs);
    history.consumed.values_mut().for_each(|seen| {
        seen.pop();
    });
    one_fault(&history, &logs, "the consumer saw 1 of 2");
}
