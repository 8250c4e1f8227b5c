//! The way in: which records are taken, into which batch, and when a batch closes.

use std::sync::Arc;
use std::time::Instant;

use ottla_core::clock::Now;
use ottla_core::error::{Error, ErrorKind};
use ottla_core::io::Demand;
use ottla_core::lane::Lane;
use ottla_core::machine::Work;
use ottla_core::slot::Waiting;
use ottla_protocol::records::{BatchBuilder, BatchHeader};
use ottla_types::Topic;

use crate::accumulator::{Answer, Want};
use crate::batch::{Batch, Closing, Encode, Encoding, OpenBatch, Stage};
use crate::machine::{Outstanding, ProducerMachine};
use crate::partitioner::chooser::{Choices, Chooser, Route};
use crate::partitioner::custom::InvalidPartition;
use crate::partitioner::foreign::{Asked, Choice};
use crate::partitioner::load::Queues;
use crate::receipt::BatchSlot;
use crate::record::{NewRecord, TopicName};
use crate::topics::Standing;

/// Batches up to this size that need no compression are encoded where they stand: their CRC costs less than taking
/// the lock a second time.
const ENCODED_IN_PLACE: usize = 8 * 1024;

/// What the caller of a record is ready for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// The ticket that was granted to this record before.
    pub(crate) ticket: Option<u64>,
    /// Whether the caller awaits the outcome right away.
    pub(crate) awaited: bool,
    /// Whether the caller waits for memory and topic, and until when if that was settled before.
    pub(crate) waits: Option<Option<Instant>>,
    /// What a user's partitioner chose for the record.
    pub(crate) choice: Option<Choice>,
}

impl Terms {
    /// Neither waits nor awaits.
    pub(crate) const AT_ONCE: Self = Self { ticket: None, awaited: false, waits: None, choice: None };
}

/// What a record takes of the buffer memory beside its place in a batch.
pub(crate) trait Beside: Copy {
    fn bytes(self) -> usize;
}

/// Nothing: no code is made for it.
impl Beside for () {
    #[inline]
    fn bytes(self) -> usize {
        0
    }
}

/// So many bytes, until its delivery is read.
impl Beside for usize {
    fn bytes(self) -> usize {
        self
    }
}

/// What became of a record that was handed in.
#[derive(Debug)]
pub(crate) enum Admission<R> {
    /// It is in a batch.
    Queued(R),
    /// It has to wait for its turn.
    Waits {
        /// Names the wait.
        ticket: u64,
        /// Resolves when it is the record's turn.
        waiting: Waiting<Answer>,
        /// Until when it waits.
        deadline: Instant,
    },
    /// A user's partitioner is to choose, without the lock. A ticket that the record had is still good.
    Asks(Asked),
    /// It is not taken.
    Refused(Error),
}

impl ProducerMachine {
    /// Takes one record. `keep` is given its batch's slot, its index in the batch and its timestamp.
    ///
    /// To be followed by [`finish`](Self::finish) before the lock is released.
    #[inline]
    pub(crate) fn append<R>(
        &mut self,
        now: Now,
        record: &NewRecord<'_>,
        terms: Terms,
        keep: impl FnOnce(&Arc<BatchSlot>, u32, i64) -> R,
    ) -> Admission<R> {
        self.append_beside(now, record, terms, (), keep)
    }

    /// As [`append`](Self::append), of a record that is also kept `beside` the batch.
    #[inline]
    pub(crate) fn append_beside<R>(
        &mut self,
        now: Now,
        record: &NewRecord<'_>,
        terms: Terms,
        beside: impl Beside,
        keep: impl FnOnce(&Arc<BatchSlot>, u32, i64) -> R,
    ) -> Admission<R> {
        // What was reserved for the record is free again, and the record takes it before anybody else can.
        let reserved = terms.ticket.map(|ticket| (ticket, self.accumulator.redeem(ticket)));
        let has_room = reserved.is_some_and(|(_, bytes)| bytes > 0);
        let admission = self.place(now, record, terms, has_room, beside, keep);
        if let Some((ticket, bytes)) = reserved {
            self.on_redeemed(ticket, bytes, &admission);
        }
        admission
    }

    /// A ticket was redeemed, and this came of it.
    #[cold]
    fn on_redeemed<R>(&mut self, ticket: u64, bytes: usize, admission: &Admission<R>) {
        match admission {
            Admission::Queued(_) => {}
            Admission::Asks(_) => self.accumulator.take_back(ticket, bytes),
            Admission::Waits { .. } | Admission::Refused(_) => {
                let mut answers = Vec::new();
                self.accumulator.release(0, &mut answers);
                self.tell(answers);
            }
        }
    }

    /// Puts a record into a batch. Whether it `has_room` was settled before, or is to be asked.
    // In one place, for every record: as a call of its own it takes 8 % more instructions.
    #[inline(always)]
    fn place<R>(
        &mut self,
        now: Now,
        record: &NewRecord<'_>,
        terms: Terms,
        has_room: bool,
        beside: impl Beside,
        keep: impl FnOnce(&Arc<BatchSlot>, u32, i64) -> R,
    ) -> Admission<R> {
        let largest = record.largest_len();
        let needed = largest.saturating_add(beside.bytes());
        if let Some(ended) = self.life.ended() {
            return Admission::Refused(ended.clone());
        }
        if largest > self.settings.max_request_size || needed > self.settings.buffer_memory {
            return Admission::Refused(self.too_large(largest, needed));
        }
        let Some(topic) = self.topics.find(&record.topic).or_else(|| self.add_topic(now, &record.topic)) else {
            return Admission::Refused(Error::new(ErrorKind::Internal, "a topic was lost"));
        };
        let Some(mut entry) = self.topics.get_mut(topic) else {
            return Admission::Refused(Error::new(ErrorKind::Internal, "a topic was lost"));
        };
        match entry.standing {
            Standing::Known => {}
            Standing::Unknown(_) => return self.wait(now, terms, Want::Topic(topic)),
            Standing::Refused(code) => {
                let context = format!("topic `{}` cannot be written to", entry.topic);
                return Admission::Refused(Error::broker(code, context));
            }
        }
        if !has_room && !self.accumulator.admits(needed) {
            return self.wait(now, terms, Want::Memory(needed));
        }

        let timestamp = record.timestamp.unwrap_or(now.wall_ms);
        let (key, value) = (record.key_bytes(), record.value_bytes());
        let usual = record.partition.map(Route::To);
        let route = match usual.or_else(|| Chooser::usual(&self.settings.partitioner, key, entry.count())) {
            Some(route) => route,
            None => {
                let choices = Choices { count: entry.count(), available: &entry.available };
                entry.chooser.route(&self.settings.partitioner, key, value, choices, &mut self.random)
            }
        };
        let mut settled = true;
        let route = match route {
            Route::To(_) | Route::Sticky => route,
            Route::Foreign => match terms.choice.filter(|choice| choice.view == entry.view_number()) {
                Some(choice) => {
                    settled = choice.settled;
                    Route::To(choice.partition)
                }
                None => return Admission::Asks(Asked { view: entry.view(), beginning: None }),
            },
            Route::Unnamed => return Admission::Refused(unnamed(&entry.topic)),
        };
        loop {
            let present =
                if let Route::To(partition) = route { Some(partition) } else { entry.chooser.sticky.current() };
            let chosen = match present {
                Some(partition) => partition,
                None => {
                    let queues = self.settings.adaptive_partitioning.then(|| {
                        let queues = Queues::new(&self.partitions, &entry.partitions, &self.outstanding);
                        queues.without_silent(&self.brokers, now.mono, self.settings.partitioner_availability_timeout)
                    });
                    let choices = Choices { count: entry.count(), available: &entry.available };
                    entry.chooser.sticky.choose(choices, queues.as_ref(), &mut self.random)
                }
            };
            let place = usize::try_from(chosen).ok().and_then(|chosen| entry.partitions.get(chosen));
            let Some(index) = place.copied() else {
                let (name, count) = (entry.topic.clone(), entry.count());
                self.demand_stale(topic);
                self.unsettled = true;
                return Admission::Refused(InvalidPartition { topic: name, choice: chosen, count }.error(""));
            };
            let Some(partition) = self.partitions.get_mut(index) else {
                return Admission::Refused(Error::new(ErrorKind::Internal, "a partition was lost"));
            };
            let Some(open) = &mut partition.open else {
                if !settled {
                    return Admission::Asks(Asked { view: entry.view(), beginning: Some(chosen) });
                }
                self.open(now, index);
                // Opening never fails for a partition that is there; the borrow of the topic is taken up again.
                match self.topics.get_mut(topic) {
                    Some(again) => entry = again,
                    None => return Admission::Refused(Error::new(ErrorKind::Internal, "a topic was lost")),
                }
                continue;
            };
            let before = open.builder.len();
            let fits = open.builder.is_empty()
                || before.saturating_add(largest).saturating_sub(BatchHeader::LEN) <= self.settings.batch_size;
            if !fits {
                self.maybe_close(now, index, None, Closing { full: true, ..Closing::default() });
                match self.topics.get_mut(topic) {
                    Some(again) => entry = again,
                    None => return Admission::Refused(Error::new(ErrorKind::Internal, "a topic was lost")),
                }
                continue;
            }
            let offset = match open.builder.append(timestamp, key, value, record.header_bytes()) {
                Ok(offset) => offset,
                Err(_) => return Admission::Refused(self.too_large(largest, needed)),
            };
            let added = open.builder.len().saturating_sub(before);
            open.charged = open.charged.saturating_add(added);
            open.kept = open.kept.saturating_add(beside.bytes());
            self.accumulator.charge(added.saturating_add(beside.bytes()));
            if route == Route::Sticky {
                entry.chooser.sticky.add(added);
            }
            let kept = keep(&open.slot, offset.unsigned_abs(), timestamp);
            let full = open.builder.len() >= self.settings.batch_size;
            if terms.awaited && !open.awaited {
                open.awaited = true;
                self.hurry(index);
            }
            let pressed = terms.ticket.is_some() && self.accumulator.is_short();
            if full || pressed {
                self.maybe_close(now, index, None, Closing { full, pressed, ..Closing::default() });
            }
            return Admission::Queued(kept);
        }
    }

    /// Puts the outputs together after records were appended.
    #[inline]
    pub(crate) fn finish(&mut self, now: Now) {
        if self.unsettled {
            self.settle(now);
        }
    }

    #[cold]
    fn too_large(&self, largest: usize, needed: usize) -> Error {
        let (taken, key, limit) = if largest > self.settings.max_request_size {
            (largest, "max.request.size", self.settings.max_request_size)
        } else {
            (needed, "buffer.memory", self.settings.buffer_memory)
        };
        Error::new(ErrorKind::Misuse, format!("the record takes {taken} bytes, more than `{key}` = {limit}"))
    }

    #[cold]
    fn add_topic(&mut self, now: Now, name: &TopicName<'_>) -> Option<usize> {
        let topic = name.to_topic();
        let index = self.topics.add(topic.clone());
        self.out.demands.push_back(Demand::Topic { topic, create: true });
        let cluster = Arc::clone(&self.cluster);
        self.on_topic_view(now, &cluster, index);
        self.unsettled = true;
        Some(index)
    }

    #[cold]
    fn wait<R>(&mut self, now: Now, terms: Terms, want: Want) -> Admission<R> {
        self.unsettled = true;
        let Some(until) = terms.waits else {
            return Admission::Refused(match want {
                Want::Memory(bytes) => {
                    let unread = self.accumulator.unread_in_the_way_of(bytes);
                    no_room("now", self.settings.buffer_memory, unread)
                }
                Want::Topic(topic) => {
                    let name = self.topics.get(topic).map_or("", |entry| entry.topic.name());
                    Error::new(ErrorKind::Timeout, format!("topic `{name}` is not known yet"))
                }
            });
        };
        let deadline = until.unwrap_or_else(|| now.after(self.settings.max_block));
        let (ticket, waiting) = self.accumulator.wait(want, deadline);
        match want {
            Want::Memory(_) => self.close_all(now, Closing { pressed: true, ..Closing::default() }),
            Want::Topic(topic) => self.ask_again(now, topic),
        }
        Admission::Waits { ticket, waiting, deadline }
    }

    /// Somebody waits for a topic that was not there: it is asked for again.
    fn ask_again(&mut self, now: Now, topic: usize) {
        let Some(entry) = self.topics.get_mut(topic) else { return };
        if matches!(entry.standing, Standing::Unknown(Some(_))) && !std::mem::replace(&mut entry.asking, true) {
            self.topic_pauses.insert((now.mono, topic));
        }
    }

    /// Gives up a wait whose caller is gone.
    pub(crate) fn abandon(&mut self, now: Now, ticket: u64) {
        let mut answers = Vec::new();
        self.accumulator.abandon(ticket, &mut answers);
        self.tell(answers);
        self.settle(now);
    }

    fn open(&mut self, now: Now, index: usize) {
        self.newest_batch += 1;
        let number = self.newest_batch;
        let Some(partition) = self.partitions.get_mut(index) else { return };
        let Some(entry) = self.topics.get(partition.topic) else { return };
        let charged = BatchHeader::LEN;
        self.accumulator.charge(charged);
        partition.open = Some(OpenBatch {
            number,
            builder: BatchBuilder::new(self.buffers.take()),
            slot: BatchSlot::new(entry.topic.clone(), partition.index, index),
            charged,
            kept: 0,
            awaited: false,
        });
        let (leader, paused) = (partition.leader, partition.retry_at.is_some());
        match leader {
            Some(leader) => {
                let idle = self.links.ready(leader, Lane::Produce).is_none() || self.idempotence.should_ask();
                if idle {
                    self.broker(leader).expecting = true;
                    self.dirty.insert(leader);
                }
            }
            None if !paused => self.pause(now, index),
            None => {}
        }
        let deadline = now.after(self.settings.delivery_timeout);
        self.outstanding.insert(number, Outstanding { partition: index, deadline });
        if self.settings.linger.is_zero() {
            self.hurry(index);
        } else {
            self.lingering.push_back((now.after(self.settings.linger), number, index));
        }
        self.unsettled = true;
    }

    /// The outcomes of these batches are awaited: those that are still open do not wait out their linger.
    pub(crate) fn on_awaited(&mut self, slots: &[Arc<BatchSlot>]) {
        for slot in slots {
            let index = slot.place();
            let open = self.partitions.get_mut(index).and_then(|partition| partition.open.as_mut());
            if let Some(open) = open.filter(|open| Arc::ptr_eq(&open.slot, slot) && !open.awaited) {
                open.awaited = true;
                self.hurry(index);
            }
        }
    }

    /// The open batch of a partition is to leave as soon as its leader has answered what is on its way now.
    fn hurry(&mut self, index: usize) {
        self.unsettled = true;
        let newest = self.newest_request;
        let Some(partition) = self.partitions.get_mut(index) else { return };
        if partition.hurried_after.is_some() {
            return;
        }
        partition.hurried_after = Some(newest);
        if let Some(leader) = partition.leader {
            self.broker(leader).hurried.push_back(index);
            self.dirty.insert(leader);
        }
    }

    /// Closes the open batch of a partition if there is reason to; only the batch `number`, where one is named.
    pub(crate) fn maybe_close(&mut self, now: Now, index: usize, number: Option<u64>, closing: Closing) {
        let Some(partition) = self.partitions.get_mut(index) else { return };
        let named = |open: &OpenBatch| number.is_none_or(|number| number == open.number);
        if !closing.now() || !partition.open.as_ref().is_some_and(named) {
            return;
        }
        let identity = self.idempotence.identity();
        let stamped = partition.foreseen(identity);
        let Some(open) = partition.open.take() else { return };
        partition.hurried_after = None;
        let leader = partition.leader;
        self.unsettled = true;
        if let Some(entry) = self.topics.get_mut(partition.topic) {
            entry.chooser.sticky.on_closed(partition.index);
        }
        let in_place = self.settings.compression.is_none() && open.builder.len() <= ENCODED_IN_PLACE;
        partition.batches.push_back(Batch {
            number: open.number,
            slot: open.slot,
            stage: Stage::Encoding,
            closed_at: now.mono,
            bytes: bytes::Bytes::new(),
            count: open.builder.count(),
            charged: open.charged,
            kept: open.kept,
            awaited: open.awaited,
            stamped,
            sequence: None,
            maybe_written: false,
            failures: 0,
            abandoned: false,
            last_error: None,
        });
        // Full batches come one after another and leave as they come; others close together and leave together.
        let gathered = if closing.full { None } else { leader };
        let mut job = Encode {
            partition: index,
            number: open.number,
            gathered,
            compression: self.settings.compression,
            producer: stamped,
            buffers: self.buffers.clone(),
            state: Encoding::Todo(open.builder),
        };
        if let Some(leader) = gathered {
            self.broker(leader).gathering += 1;
        }
        if in_place {
            job.run();
            self.on_encoded(now, job);
        } else {
            self.out.jobs.push_back(job);
        }
    }

    /// Closes all open batches for a reason.
    pub(crate) fn close_all(&mut self, now: Now, closing: Closing) {
        for index in 0..self.partitions.len() {
            self.maybe_close(now, index, None, closing);
        }
    }

    /// A job came back.
    pub(crate) fn on_encoded(&mut self, now: Now, job: Encode) {
        if let Some(leader) = job.gathered {
            let broker = self.broker(leader);
            broker.gathering = broker.gathering.saturating_sub(1);
            self.dirty.insert(leader);
        }
        let Some(partition) = self.partitions.get_mut(job.partition) else { return };
        let Some(position) = partition.position(job.number) else { return };
        match job.state {
            Encoding::Done(Ok(bytes)) => {
                let Some(batch) = partition.batches.get_mut(position) else { return };
                let saved = batch.charged.saturating_sub(bytes.len());
                batch.charged = batch.charged.saturating_sub(saved);
                batch.bytes = bytes;
                batch.stage = Stage::Ready;
                self.list(job.partition);
                let mut answers = Vec::new();
                self.accumulator.release(saved, &mut answers);
                self.tell(answers);
            }
            Encoding::Done(Err(error)) => self.drop_batch(now, job.partition, position, &error),
            Encoding::Todo(_) => {}
        }
    }
}

#[cold]
fn unnamed(topic: &Topic) -> Error {
    let context = format!("the record for topic `{topic}` names no partition, as a manual partitioner needs it");
    Error::new(ErrorKind::Misuse, context)
}

/// There is no room for a record. `unread` bytes of deliveries that nobody reads are all that is in its way, where they are.
#[cold]
pub(crate) fn no_room(when: &str, limit: usize, unread: Option<usize>) -> Error {
    let cause = match unread {
        Some(unread) => format!(
            "deliveries are not being read: {unread} bytes of records whose outcome is known wait in the deliveries \
             stream, of `buffer.memory` = {limit}"
        ),
        None => format!("`buffer.memory` = {limit} is in use"),
    };
    Error::new(ErrorKind::Timeout, format!("no room for the record {when}: {cause}"))
}
