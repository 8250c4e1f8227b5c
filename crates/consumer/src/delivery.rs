//! Handing over: the line of partitions that have something ready, taken in turns, and when there is nothing more to come.

use std::sync::Arc;
use std::task::Waker;

use ottla_core::clock::Now;
use ottla_core::error::Error;

use crate::assignment::{Change, PartitionState};
use crate::batch::Batch;
use crate::machine::{ConsumerEvent, ConsumerMachine, Life};
use crate::position::Position;

/// What the machine has for the one who receives.
#[derive(Debug)]
pub(crate) enum Taken {
    Batch(Batch),
    /// A partition stands still, or the consumer is finished.
    Failed(Error),
    /// Nothing yet. The waker, if one was given, is kept.
    Nothing,
    /// Nothing any more.
    End,
}

impl ConsumerMachine {
    /// Puts a partition in line if it has something to hand over.
    pub(crate) fn line_up(&mut self, index: usize) {
        let Some(partition) = self.assignment.get_mut(index) else { return };
        if partition.in_line || partition.paused || !partition.is_deliverable() {
            return;
        }
        partition.in_line = true;
        self.line.push_back(index);
        self.wake();
    }

    /// Hands over what is first in line. `waker` is kept where there is nothing; what it takes the place of comes back, to
    /// be dropped without the lock.
    pub(crate) fn take(&mut self, waker: &mut Option<Waker>, now: Now) -> Taken {
        let taken = self.take_ready();
        if waker.is_some() && matches!(taken, Taken::Nothing | Taken::End) {
            std::mem::swap(&mut self.waker, waker);
        }
        self.pump(now);
        taken
    }

    fn take_ready(&mut self) -> Taken {
        if let Life::Closed(error) = &mut self.life {
            return error.take().map_or(Taken::End, Taken::Failed);
        }
        while let Some(index) = self.line.pop_front() {
            if let Some(taken) = self.take_from(index) {
                return taken;
            }
        }
        if self.is_over() { Taken::End } else { Taken::Nothing }
    }

    fn take_from(&mut self, index: usize) -> Option<Taken> {
        let partition = self.assignment.get_mut(index)?;
        partition.in_line = false;
        if partition.paused {
            return None;
        }
        if partition.parts.is_empty() {
            return partition.untold.take().map(Taken::Failed);
        }
        partition.parts.front()?.chunk.as_ref()?;
        let part = partition.parts.pop_front()?;
        let chunk = part.chunk?;
        partition.held = partition.held.saturating_sub(part.bytes);
        let next_offset = chunk.next_offset;
        let until = partition.stop.unwrap_or(i64::MAX);
        let delivered = Arc::clone(&partition.delivered);
        let batch = Batch::new(chunk, Arc::clone(&delivered), until);
        if batch.is_none() {
            // Control records, aborted transactions, or what compaction left: only the position moves.
            delivered.advance(next_offset.min(until));
        }
        let mut bytes = part.bytes;
        if next_offset > until {
            // What lies behind the stop is fetched again if the stop is moved.
            partition.position = Position::at(until);
            bytes += std::mem::take(&mut partition.held);
            let behind = std::mem::take(&mut partition.parts);
            self.events.push_back(ConsumerEvent::Discard(behind));
        }
        self.release(bytes);
        self.line_up(index);
        self.reckon(index);
        self.check_stop(index);
        batch.map(Taken::Batch)
    }

    /// Gives bytes back to the budget, and another chance to those that went without.
    pub(crate) fn release(&mut self, bytes: usize) {
        self.budget.release(bytes);
        self.feed_starved();
        self.start_jobs();
    }

    /// Ends a partition whose position reached its stop offset.
    pub(crate) fn check_stop(&mut self, index: usize) {
        let Some(partition) = self.assignment.get_mut(index) else { return };
        if partition.parts.is_empty()
            && partition.stop.is_some_and(|stop| partition.position.offset >= stop)
            && partition.state == PartitionState::Fetching
        {
            partition.state = partition.state.after(Change::AtStop);
            self.reckon(index);
            if self.is_over() {
                self.wake();
            }
        }
    }

    /// Whether every partition has ended, or has failed with a stop before it.
    fn is_over(&self) -> bool {
        self.is_open()
            && self.stops
            && self.assignment.len() > 0
            && self.assignment.iter().all(|(_, partition)| {
                partition.state == PartitionState::Ended
                    || (partition.state == PartitionState::Failed
                        && partition.untold.is_none()
                        && partition.stop.is_some())
            })
    }
}
