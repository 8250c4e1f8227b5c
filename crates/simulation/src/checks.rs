//! Judges a history against the mock cluster's own log: nothing acknowledged is lost, nothing is there twice, what did not
//! happen is not there, each task's records are in order per partition, and the consumer saw exactly the log.

use std::collections::BTreeMap;

use ottla_types::TopicPartition;

use crate::history::{Ending, History, RecordName};

/// The final log of each partition: offset and record, in order.
pub(crate) type Logs = BTreeMap<TopicPartition, Vec<(i64, RecordName)>>;

/// All that is wrong with a run; empty where nothing is.
pub(crate) fn judge(history: &History, logs: &Logs) -> Vec<String> {
    let mut faults = history.complaints.clone();
    let places = places(logs);
    for (name, ending) in &history.produced {
        let found = places.get(name).map_or(&[][..], Vec::as_slice);
        if found.len() > 1 {
            faults.push(format!("{name:?} is in the log {} times: {found:?}", found.len()));
        }
        match ending {
            None => faults.push(format!("{name:?} was neither acknowledged nor failed")),
            Some(Ending::Acknowledged { partition, offset }) => match found.first() {
                None => {
                    faults.push(format!("{name:?} was acknowledged at {partition} {offset:?} and is not in the log"))
                }
                Some((there, at)) => {
                    if there != partition || offset.is_some_and(|offset| offset != *at) {
                        faults.push(format!(
                            "{name:?} was acknowledged at {partition} {offset:?} and is at {there} {at}"
                        ));
                    }
                }
            },
            Some(Ending::DidNotHappen(why)) => {
                if let Some(place) = found.first() {
                    faults.push(format!("{name:?} did not happen ({why}) and is in the log at {place:?}"));
                }
            }
            Some(Ending::MayHaveHappened(_)) => {}
        }
    }
    for (partition, log) in logs {
        order(partition, log, &mut faults);
        let empty = Vec::new();
        let consumed = history.consumed.get(partition).unwrap_or(&empty);
        if consumed != log {
            let at = consumed.iter().zip(log).take_while(|(seen, stored)| seen == stored).count();
            faults.push(format!(
                "{partition}: the consumer saw {} of {} records; they part at {at}: seen {:?}, stored {:?}",
                consumed.len(),
                log.len(),
                consumed.get(at),
                log.get(at)
            ));
        }
    }
    faults
}

fn places(logs: &Logs) -> BTreeMap<RecordName, Vec<(TopicPartition, i64)>> {
    let mut places: BTreeMap<RecordName, Vec<(TopicPartition, i64)>> = BTreeMap::new();
    for (partition, log) in logs {
        for (offset, name) in log {
            places.entry(*name).or_default().push((partition.clone(), *offset));
        }
    }
    places
}

/// One task's records stand in each partition in the order in which the task handed them over.
fn order(partition: &TopicPartition, log: &[(i64, RecordName)], faults: &mut Vec<String>) {
    let mut last: BTreeMap<u32, u32> = BTreeMap::new();
    for (offset, name) in log {
        if let Some(before) = last.insert(name.task, name.number)
            && before >= name.number
        {
            faults.push(format!("{partition} at {offset}: {name:?} stands after number {before} of its task"));
        }
    }
}

#[cfg(test)]
mod tests;
