//! Buffer memory: what is in use, and who waits for it or for a topic to become known, first come, first served.
//!
//! | a ticket | on | becomes |
//! |---|---|---|
//! | waits for memory | memory free and no earlier ticket waits | granted, its bytes reserved |
//! | waits for a topic | the topic becomes known | granted, nothing reserved |
//! | waits | its deadline, or the end of the producer | refused |
//! | granted | its caller comes back | gone, the reservation used |
//! | any | its caller drops it | gone, the reservation passed on |

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use ottla_core::error::Error;
use ottla_core::slot::{Filler, Waiting, slot};

/// What a ticket's caller is told.
pub(crate) type Answer = Result<(), Error>;

/// A ticket's answer on its way to its caller.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) filler: Filler<Answer>,
    pub(crate) answer: Answer,
}

/// What a ticket waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// So many bytes of memory.
    Memory(usize),
    /// The topic with this index to become known.
    Topic(usize),
}

#[derive(Debug)]
struct Ticket {
    want: Want,
    deadline: Instant,
    filler: Filler<Answer>,
}

/// The buffer memory of one producer and its tickets.
#[derive(Debug)]
pub(crate) struct Accumulator {
    limit: usize,
    used: usize,
    /// What of `used` is records whose outcome is known, and waits to be read.
    unread: usize,
    reserved: usize,
    last_ticket: u64,
    tickets: BTreeMap<u64, Ticket>,
    /// Those of `tickets` that wait for memory.
    queue: BTreeSet<u64>,
    deadlines: BTreeSet<(Instant, u64)>,
    granted: BTreeMap<u64, usize>,
}

impl Accumulator {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            used: 0,
            unread: 0,
            reserved: 0,
            last_ticket: 0,
            tickets: BTreeMap::new(),
            queue: BTreeSet::new(),
            deadlines: BTreeSet::new(),
            granted: BTreeMap::new(),
        }
    }

    /// The bytes in use.
    pub(crate) fn used(&self) -> usize {
        self.used
    }

    /// Whether a newcomer with so many bytes may go ahead: they are free, and nobody waits for memory.
    #[inline]
    pub(crate) fn admits(&self, bytes: usize) -> bool {
        self.queue.is_empty() && self.fits(bytes)
    }

    #[inline]
    fn fits(&self, bytes: usize) -> bool {
        self.used.saturating_add(self.reserved).saturating_add(bytes) <= self.limit
    }

    /// Whether somebody waits for memory.
    pub(crate) fn is_short(&self) -> bool {
        !self.queue.is_empty()
    }

    #[inline]
    pub(crate) fn charge(&mut self, bytes: usize) {
        self.used = self.used.saturating_add(bytes);
    }

    /// Gives memory back and grants what now fits.
    pub(crate) fn release(&mut self, bytes: usize, answers: &mut Vec<Answered>) {
        self.used = self.used.saturating_sub(bytes);
        self.grant(answers);
    }

    /// So many of the bytes in use wait for nothing but to be read.
    pub(crate) fn keep_unread(&mut self, bytes: usize) {
        self.unread = self.unread.saturating_add(bytes);
    }

    /// What waited to be read was read, or is no longer wanted.
    pub(crate) fn on_read(&mut self, bytes: usize, answers: &mut Vec<Answered>) {
        self.unread = self.unread.saturating_sub(bytes);
        self.release(bytes, answers);
    }

    /// The bytes that wait to be read, where without them there would be room for `bytes` more.
    pub(crate) fn unread_in_the_way_of(&self, bytes: usize) -> Option<usize> {
        let others = self.used.saturating_sub(self.unread).saturating_add(bytes);
        (self.unread > 0 && others <= self.limit).then_some(self.unread)
    }

    fn grant(&mut self, answers: &mut Vec<Answered>) {
        while let Some(number) = self.queue.first().copied() {
            let Some(Want::Memory(bytes)) = self.tickets.get(&number).map(|ticket| ticket.want) else {
                self.queue.remove(&number);
                continue;
            };
            if !self.fits(bytes) {
                return;
            }
            self.reserved = self.reserved.saturating_add(bytes);
            self.granted.insert(number, bytes);
            self.answer(number, Ok(()), answers);
        }
    }

    fn answer(&mut self, number: u64, answer: Answer, answers: &mut Vec<Answered>) {
        if let Some(ticket) = self.take(number) {
            answers.push(Answered { filler: ticket.filler, answer });
        }
    }

    fn take(&mut self, number: u64) -> Option<Ticket> {
        let ticket = self.tickets.remove(&number)?;
        self.queue.remove(&number);
        self.deadlines.remove(&(ticket.deadline, number));
        Some(ticket)
    }

    /// Draws a ticket.
    pub(crate) fn wait(&mut self, want: Want, deadline: Instant) -> (u64, Waiting<Answer>) {
        self.last_ticket += 1;
        let number = self.last_ticket;
        let (filler, waiting) = slot();
        if matches!(want, Want::Memory(_)) {
            self.queue.insert(number);
        }
        self.deadlines.insert((deadline, number));
        self.tickets.insert(number, Ticket { want, deadline, filler });
        (number, waiting)
    }

    /// Ends a ticket whose caller came back: says how many bytes were reserved for it, which are free from now on.
    pub(crate) fn redeem(&mut self, number: u64) -> usize {
        let bytes = self.granted.remove(&number).unwrap_or(0);
        self.reserved = self.reserved.saturating_sub(bytes);
        bytes
    }

    /// Takes back that a ticket was redeemed: its caller comes again, and so many bytes are reserved for it as before.
    pub(crate) fn take_back(&mut self, number: u64, bytes: usize) {
        self.reserved = self.reserved.saturating_add(bytes);
        self.granted.insert(number, bytes);
    }

    /// Ends a ticket whose caller is gone: what was reserved for it is passed on.
    pub(crate) fn abandon(&mut self, number: u64, answers: &mut Vec<Answered>) {
        self.take(number);
        self.redeem(number);
        self.grant(answers);
    }

    /// Answers all who wait for a topic.
    pub(crate) fn on_topic(&mut self, topic: usize, answer: &Answer, answers: &mut Vec<Answered>) {
        let waiting: Vec<u64> = self.waiting_for(topic).collect();
        for number in waiting {
            self.answer(number, answer.clone(), answers);
        }
    }

    fn waiting_for(&self, topic: usize) -> impl Iterator<Item = u64> {
        let all = self.tickets.iter();
        all.filter(move |(_, ticket)| ticket.want == Want::Topic(topic)).map(|(number, _)| *number)
    }

    /// Whether somebody waits for a topic.
    pub(crate) fn is_awaited(&self, topic: usize) -> bool {
        self.waiting_for(topic).next().is_some()
    }

    /// When the next ticket is over.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// Answers tickets whose time is over with what `refusal` says of them.
    pub(crate) fn on_time(
        &mut self,
        now: Instant,
        mut refusal: impl FnMut(&Self, Want) -> Error,
        answers: &mut Vec<Answered>,
    ) {
        while let Some((at, number)) = self.deadlines.first().copied()
            && at <= now
        {
            let Some(want) = self.tickets.get(&number).map(|ticket| ticket.want) else {
                self.deadlines.remove(&(at, number));
                continue;
            };
            let error = refusal(self, want);
            self.answer(number, Err(error), answers);
        }
        self.grant(answers);
    }

    /// Answers all tickets.
    pub(crate) fn refuse_all(&mut self, error: &Error, answers: &mut Vec<Answered>) {
        for (_, ticket) in std::mem::take(&mut self.tickets) {
            answers.push(Answered { filler: ticket.filler, answer: Err(error.clone()) });
        }
        self.queue.clear();
        self.deadlines.clear();
    }
}

#[cfg(test)]
mod tests;
