//! ListOffsets: where partitions start, where they go on when their position is gone, and where "the end as of now" is.

use std::collections::BTreeMap;
use std::sync::Arc;

use ottla_core::clock::Now;
use ottla_core::error::{Error, ErrorKind, Result};
use ottla_core::lane::Lane;
use ottla_core::machine::{Response, SendError};
use ottla_core::retry::{self, Verdict};
use ottla_protocol::Message;
use ottla_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopic,
};
use ottla_types::{BrokerId, ErrorCode};

use crate::assignment::{Change, PartitionState};
use crate::isolation::IsolationLevel;
use crate::machine::{ConsumerMachine, Purpose, Timer};
use crate::offset_reset::{Goal, Search, Step};
use crate::position::Position;

/// What a looked-up offset is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LookupKind {
    /// Where reading starts or goes on.
    Start,
    /// Where it stops.
    End,
}

/// A question in a request under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    index: usize,
    incarnation: u64,
    kind: LookupKind,
}

#[derive(Debug)]
struct Lookup {
    incarnation: u64,
    search: Search,
    /// Under way, or waiting for its timer.
    busy: bool,
    failures: u32,
}

/// All searches.
#[derive(Debug, Default)]
pub(crate) struct Lookups {
    open: BTreeMap<(usize, LookupKind), Lookup>,
    /// Whether one of them may be able to leave.
    look: bool,
}

impl Lookups {
    pub(crate) fn start(&mut self, index: usize, kind: LookupKind, incarnation: u64, goal: Goal) {
        let lookup = Lookup { incarnation, search: Search::new(goal), busy: false, failures: 0 };
        self.open.insert((index, kind), lookup);
        self.look = true;
    }

    pub(crate) fn look_again(&mut self) {
        self.look = true;
    }

    pub(crate) fn unblock(&mut self, index: usize, kind: LookupKind) {
        if let Some(lookup) = self.open.get_mut(&(index, kind)) {
            lookup.busy = false;
            self.look = true;
        }
    }

    /// Lets a partition's searches go to its new leader at once. An answer of the old one is taken all the same.
    pub(crate) fn unblock_all(&mut self, index: usize) {
        self.unblock(index, LookupKind::Start);
        self.unblock(index, LookupKind::End);
    }

    pub(crate) fn remove(&mut self, index: usize, kind: LookupKind) {
        self.open.remove(&(index, kind));
    }

    pub(crate) fn remove_all(&mut self, index: usize) {
        self.remove(index, LookupKind::Start);
        self.remove(index, LookupKind::End);
    }

    fn asked(&mut self, asked: Asked) -> Option<&mut Lookup> {
        self.open.get_mut(&(asked.index, asked.kind)).filter(|lookup| lookup.incarnation == asked.incarnation)
    }
}

impl ConsumerMachine {
    /// Sends the questions that can leave, one request to each leader.
    pub(crate) fn pump_lookups(&mut self) {
        if !std::mem::take(&mut self.lookups.look) {
            return;
        }
        let mut by_leader: BTreeMap<BrokerId, Vec<(Asked, i64)>> = BTreeMap::new();
        for (&(index, kind), lookup) in &self.lookups.open {
            if lookup.busy {
                continue;
            }
            let Some((leader, _)) = self.assignment.get(index).and_then(|partition| partition.leader) else { continue };
            let group = by_leader.entry(leader).or_default();
            // A broker refuses a request that names a partition twice: the second question follows the first one's answer.
            if group.last().is_some_and(|(asked, _)| asked.index == index) {
                continue;
            }
            group.push((Asked { index, incarnation: lookup.incarnation, kind }, lookup.search.asking()));
        }
        for (leader, group) in by_leader {
            match self.ask(leader, &group) {
                Ok(true) => {
                    for (asked, _) in group {
                        if let Some(lookup) = self.lookups.asked(asked) {
                            lookup.busy = true;
                        }
                    }
                }
                Ok(false) => {}
                Err(error) => {
                    for (asked, _) in group {
                        self.fail(asked.index, error.clone());
                    }
                }
            }
        }
    }

    /// Sends one request, if the leader can be reached.
    fn ask(&mut self, leader: BrokerId, group: &[(Asked, i64)]) -> Result<bool> {
        let Some((epoch, versions)) = self.ready(leader, Lane::Shared) else {
            self.want(leader, Lane::Shared);
            return Ok(false);
        };
        let committed = self.config.isolation_level == IsolationLevel::ReadCommitted;
        let version = versions.pick_within::<ListOffsetsRequest>(if committed { 2 } else { 1 }, 10)?;
        let mut topics: Vec<ListOffsetsTopic> = Vec::new();
        for (asked, timestamp) in group {
            let Some(partition) = self.assignment.get(asked.index) else { continue };
            let Some(assigned) = self.assignment.topics.get(&partition.topic) else { continue };
            let question = ListOffsetsPartition {
                partition_index: partition.partition,
                current_leader_epoch: partition.leader_epoch(),
                timestamp: *timestamp,
                ..Default::default()
            };
            match topics.last_mut().filter(|topic| topic.name == assigned.wire) {
                Some(topic) => topic.partitions.push(question),
                None => topics.push(ListOffsetsTopic {
                    name: assigned.wire.clone(),
                    partitions: vec![question],
                    ..Default::default()
                }),
            }
        }
        let request = ListOffsetsRequest {
            replica_id: BrokerId(-1),
            isolation_level: self.config.isolation_level.code(),
            topics,
            timeout_ms: i32::try_from(self.config.request_timeout.as_millis()).unwrap_or(i32::MAX),
            ..Default::default()
        };
        let purpose = Purpose::Lookup(group.iter().map(|(asked, _)| *asked).collect());
        self.send((leader, Lane::Shared, epoch), version, &request, self.config.request_timeout, purpose)?;
        Ok(true)
    }

    pub(crate) fn on_offsets(&mut self, asked: Vec<Asked>, result: Result<Response, SendError>, now: Now) {
        self.lookups.look_again();
        let response = result.map_err(|failure| failure.error).and_then(|response| {
            ListOffsetsResponse::decode(&response.body, response.version).map_err(|error| {
                Error::new(ErrorKind::Malformed, "a ListOffsets response cannot be read")
                    .with_source(Arc::new(error) as Arc<_>)
            })
        });
        let response = match response {
            Ok(response) => response,
            Err(error) => {
                for one in asked {
                    self.ask_later(one, &error, now);
                }
                return;
            }
        };
        let mut answers: BTreeMap<usize, &ListOffsetsPartitionResponse> = BTreeMap::new();
        for topic in &response.topics {
            for partition in &topic.partitions {
                if let Some(index) = self.assignment.find(&topic.name, partition.partition_index) {
                    answers.insert(index, partition);
                }
            }
        }
        for one in asked {
            match answers.get(&one.index) {
                Some(answer) if answer.error_code.is_ok() => self.on_offset(one, answer.offset),
                Some(answer) => self.on_refused(one, answer.error_code, now),
                None => {
                    let error = Error::new(ErrorKind::Malformed, "a ListOffsets response leaves out a partition");
                    self.ask_later(one, &error, now);
                }
            }
        }
    }

    fn on_offset(&mut self, asked: Asked, offset: i64) {
        let Some(lookup) = self.lookups.asked(asked) else { return };
        lookup.failures = 0;
        match lookup.search.on_answer(offset) {
            Step::Ask => {
                lookup.busy = false;
                self.lookups.look = true;
            }
            Step::Found(offset) => {
                self.lookups.remove(asked.index, asked.kind);
                match asked.kind {
                    LookupKind::Start => self.located(asked.index, offset),
                    LookupKind::End => self.stop_partition(asked.index, Some(offset)),
                }
            }
        }
    }

    fn located(&mut self, index: usize, offset: i64) {
        let Some(partition) = self.assignment.get_mut(index) else { return };
        if partition.state != PartitionState::FindingOffset {
            return;
        }
        partition.state = partition.state.after(Change::Located);
        partition.position = Position::at(offset);
        partition.failures = 0;
        if partition.parts.is_empty() {
            partition.delivered.advance(offset);
        }
        self.reckon(index);
        self.check_stop(index);
    }

    fn on_refused(&mut self, asked: Asked, code: ErrorCode, now: Now) {
        let Some(partition) = self.assignment.get(asked.index) else { return };
        let topic = partition.topic.clone();
        let error = Error::broker(code, format!("the offset to read {} from cannot be found", partition.name()));
        match retry::verdict(code) {
            Verdict::RefreshMetadata => {
                self.report_stale(&topic);
                self.ask_later(asked, &error, now);
            }
            verdict if verdict.is_retriable() => self.ask_later(asked, &error, now),
            _ => {
                if self.lookups.asked(asked).is_some() {
                    self.fail(asked.index, error);
                }
            }
        }
    }

    fn ask_later(&mut self, asked: Asked, error: &Error, now: Now) {
        let Some(lookup) = self.lookups.asked(asked) else { return };
        lookup.failures = lookup.failures.saturating_add(1);
        lookup.busy = true;
        let failures = lookup.failures;
        let at = self.pause_after(failures, now);
        self.timers.insert((at, Timer::Lookup(asked.index, asked.kind)));
        if let Some(partition) = self.assignment.get_mut(asked.index) {
            partition.last_error = Some(error.clone());
        }
    }
}
