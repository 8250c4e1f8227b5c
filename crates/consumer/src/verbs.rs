//! What the application asks of the machine: assign, seek, pause, resume, stop, close, and what it may look at.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ottla_core::clock::Now;
use ottla_core::error::{Error, ErrorKind, Result};
use ottla_core::io::Demand;
use ottla_core::lane::{Lane, Link};
use ottla_core::machine::RequestId;
use ottla_core::slot::Filler;
use ottla_types::{Topic, Uuid};

use crate::assignment::{Change, Partition};
use crate::lookup::LookupKind;
use crate::machine::{ConsumerEvent, ConsumerMachine, Life, Timer};
use crate::offset_reset::Goal;
use crate::position::{Delivered, Flow, Position, Start};
use crate::status::PartitionStatus;

impl ConsumerMachine {
    /// Gives the consumer connections of its own.
    pub(crate) fn name_lane(&mut self, lane: u32) {
        self.lane = lane;
    }

    /// Adds partitions: all of them or, where one cannot be, none.
    pub(crate) fn assign(&mut self, partitions: &[((Topic, i32), Start)], now: Now) -> Result<()> {
        self.check_open()?;
        let mut named = BTreeSet::new();
        for ((topic, partition), start) in partitions {
            start.validate()?;
            if !named.insert((topic, *partition)) || self.assignment.find(topic.name(), *partition).is_some() {
                return Err(misuse(topic.name(), *partition, "is assigned already"));
            }
            if *partition < 0 {
                return Err(misuse(topic.name(), *partition, "cannot be: partitions count from 0"));
            }
        }
        for ((topic, partition), start) in partitions {
            let incarnation = self.next_incarnation();
            let max_bytes = self.config.max_partition_fetch_bytes;
            let partition = Partition::new(topic.clone(), *partition, incarnation, max_bytes);
            let (index, new_topic) = self.assignment.insert(partition);
            if new_topic {
                self.nameless.insert(topic.clone());
                let create = self.config.allow_auto_create_topics;
                self.demands.push_back(Demand::Topic { topic: topic.clone(), create });
                if let Some(assigned) = self.assignment.topics.get_mut(topic) {
                    assigned.view = self.cluster.topic(topic).cloned();
                }
            }
            self.go_to(index, *start, incarnation);
            self.follow(index, now);
            self.reckon(index);
        }
        self.pump(now);
        Ok(())
    }

    /// Takes partitions away. What of theirs was handed over and not yet read is not read any more.
    pub(crate) fn unassign(&mut self, partitions: &[(&str, i32)], now: Now) -> Result<()> {
        let indices = self.find_all(partitions)?;
        for index in indices {
            self.lookups.remove_all(index);
            let Some((partition, last)) = self.assignment.remove(index) else { continue };
            partition.delivered.set_flow(Flow::Revoked);
            self.line.retain(|other| *other != index);
            // A broker that led it before may still have it in its session.
            for fetcher in self.fetchers.values_mut() {
                fetcher.drop_partition(index, &partition);
            }
            if last {
                self.nameless.remove(&partition.topic);
                self.demands.push_back(Demand::Forget(partition.topic.clone()));
            }
            self.release(partition.held);
            self.events.push_back(ConsumerEvent::Discard(partition.parts));
        }
        self.wake();
        self.pump(now);
        Ok(())
    }

    /// Moves a partition. What of it was handed over and not yet read is not read any more.
    pub(crate) fn seek(&mut self, topic: &str, partition: i32, to: Start, now: Now) -> Result<()> {
        self.check_open()?;
        to.validate()?;
        let index = self.find(topic, partition)?;
        let incarnation = self.next_incarnation();
        let Some(partition) = self.assignment.get_mut(index) else { return Ok(()) };
        partition.incarnation = incarnation;
        partition.delivered.set_flow(Flow::Revoked);
        partition.untold = None;
        partition.last_error = None;
        partition.retry_at = None;
        partition.unknown_since = None;
        partition.failures = 0;
        partition.fetched_aside = false;
        partition.topic_id = Uuid::NIL;
        partition.max_bytes = self.config.max_partition_fetch_bytes;
        let parts = std::mem::take(&mut partition.parts);
        let held = std::mem::take(&mut partition.held);
        self.events.push_back(ConsumerEvent::Discard(parts));
        self.go_to(index, to, incarnation);
        self.release(held);
        self.follow(index, now);
        self.reckon(index);
        self.check_stop(index);
        self.wake();
        self.pump(now);
        Ok(())
    }

    /// Starts reading at a place: at once, or when its offset is known.
    fn go_to(&mut self, index: usize, start: Start, incarnation: u64) {
        let Some(partition) = self.assignment.get_mut(index) else { return };
        let goal = Goal::of(start);
        let offset = goal.err().unwrap_or(-1);
        let delivered = Delivered::new(offset);
        if partition.paused {
            delivered.set_flow(Flow::Paused);
        }
        partition.delivered = Arc::new(delivered);
        self.lookups.remove(index, LookupKind::Start);
        match goal {
            Ok(goal) => {
                partition.state = partition.state.after(Change::Searched);
                self.lookups.start(index, LookupKind::Start, incarnation, goal);
            }
            Err(offset) => {
                partition.state = partition.state.after(Change::Sought);
                partition.position = Position::at(offset);
            }
        }
    }

    pub(crate) fn pause(&mut self, partitions: &[(&str, i32)], now: Now) -> Result<()> {
        for index in self.find_all(partitions)? {
            if let Some(partition) = self.assignment.get_mut(index) {
                partition.paused = true;
                partition.delivered.set_flow(Flow::Paused);
            }
            self.reckon(index);
        }
        self.pump(now);
        Ok(())
    }

    pub(crate) fn resume(&mut self, partitions: &[(&str, i32)], now: Now) -> Result<()> {
        for index in self.find_all(partitions)? {
            if let Some(partition) = self.assignment.get_mut(index) {
                partition.paused = false;
                partition.delivered.set_flow(Flow::Live);
            }
            self.reckon(index);
            self.line_up(index);
        }
        // Who receives may have put batches of these aside.
        self.wake();
        self.pump(now);
        Ok(())
    }

    /// Lets partitions end before an offset.
    pub(crate) fn stop_at(&mut self, stops: &[((&str, i32), i64)], now: Now) -> Result<()> {
        self.check_open()?;
        let indices = stops
            .iter()
            .map(|((topic, partition), offset)| {
                if *offset < 0 {
                    return Err(misuse(topic, *partition, "cannot stop at a negative offset"));
                }
                self.find(topic, *partition).map(|index| (index, *offset))
            })
            .collect::<Result<Vec<_>>>()?;
        for (index, offset) in indices {
            self.lookups.remove(index, LookupKind::End);
            self.stop_partition(index, Some(offset));
        }
        self.pump(now);
        Ok(())
    }

    /// Lets every partition end where its end is now.
    pub(crate) fn until_end(&mut self, now: Now) -> Result<()> {
        self.check_open()?;
        let all: Vec<_> = self.assignment.iter().map(|(index, partition)| (index, partition.incarnation)).collect();
        for (index, incarnation) in all {
            self.lookups.start(index, LookupKind::End, incarnation, Goal::Latest);
        }
        self.pump(now);
        Ok(())
    }

    pub(crate) fn stop_partition(&mut self, index: usize, stop: Option<i64>) {
        let Some(partition) = self.assignment.get_mut(index) else { return };
        partition.stop = stop;
        self.stops |= stop.is_some();
        if stop.is_none_or(|stop| partition.position.offset < stop) {
            partition.state = partition.state.after(Change::StopMoved);
        }
        self.reckon(index);
        self.check_stop(index);
    }

    pub(crate) fn position(&self, topic: &str, partition: i32) -> Option<i64> {
        let index = self.assignment.find(topic, partition)?;
        self.assignment.get(index)?.delivered.position()
    }

    pub(crate) fn statuses(&self) -> Vec<PartitionStatus> {
        self.assignment
            .topics
            .values()
            .flat_map(|topic| topic.partitions.values())
            .filter_map(|index| self.assignment.get(*index))
            .map(|partition| PartitionStatus::of(partition, self.config.isolation_level))
            .collect()
    }

    /// Stops fetching and ends the fetch sessions. `waiter` is told when the brokers know, or after `patience`.
    pub(crate) fn close(&mut self, waiter: Option<Filler<()>>, patience: Duration, now: Now) {
        if !self.is_open() {
            self.events.extend(waiter.map(ConsumerEvent::Closed));
            return;
        }
        let sessions = self.fetchers.iter().filter(|(_, fetcher)| fetcher.session.is_there());
        let brokers: Vec<_> = sessions.map(|(broker, _)| *broker).collect();
        let (mut goodbyes, mut untold) = (BTreeSet::new(), BTreeSet::new());
        for broker in brokers {
            match self.send_goodbye(broker) {
                Some(id) => {
                    goodbyes.insert(id);
                }
                None if patience.is_zero() => {}
                None => {
                    untold.insert(broker);
                    self.want(broker, Lane::Shared);
                }
            }
        }
        let topics: Vec<_> = self.assignment.topics.keys().cloned().collect();
        self.demands.extend(topics.into_iter().map(Demand::Forget));
        self.life = Life::Closing { goodbyes, untold, waiter };
        self.timers.clear();
        self.timers.insert((now.after(patience), Timer::Close));
        self.dirty.clear();
        self.line.clear();
        self.waiting_jobs.clear();
        self.settle_closing();
        self.wake();
    }

    pub(crate) fn on_goodbye(&mut self, id: RequestId) {
        if let Life::Closing { goodbyes, .. } = &mut self.life {
            goodbyes.remove(&id);
        }
        self.settle_closing();
    }

    pub(crate) fn on_link_while_closing(&mut self, link: &Link) {
        let Life::Closing { untold, .. } = &mut self.life else { return };
        if link.lane != Lane::Shared || !untold.remove(&link.broker) {
            return;
        }
        let id = self.send_goodbye(link.broker);
        if let Life::Closing { goodbyes, .. } = &mut self.life {
            goodbyes.extend(id);
        }
        self.settle_closing();
    }

    fn settle_closing(&mut self) {
        let told = |life: &Life| match life {
            Life::Closing { goodbyes, untold, .. } => goodbyes.is_empty() && untold.is_empty(),
            Life::Open | Life::Closed(_) => false,
        };
        if told(&self.life) {
            self.finish_closing();
        }
    }

    pub(crate) fn finish_closing(&mut self) {
        if let Life::Closing { waiter, .. } = &mut self.life {
            self.events.extend(waiter.take().map(ConsumerEvent::Closed));
            self.life = Life::Closed(None);
            self.timers.clear();
            self.wake();
        }
    }

    fn check_open(&self) -> Result<()> {
        if self.is_open() { Ok(()) } else { Err(Error::new(ErrorKind::Closed, "the consumer is closed")) }
    }

    fn find(&self, topic: &str, partition: i32) -> Result<usize> {
        self.assignment.find(topic, partition).ok_or_else(|| misuse(topic, partition, "is not assigned"))
    }

    fn find_all(&self, partitions: &[(&str, i32)]) -> Result<Vec<usize>> {
        self.check_open()?;
        partitions.iter().map(|(topic, partition)| self.find(topic, *partition)).collect()
    }
}

fn misuse(topic: &str, partition: i32, what: &str) -> Error {
    Error::new(ErrorKind::Misuse, format!("partition {partition} of topic {topic} {what}"))
}
