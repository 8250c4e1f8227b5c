//! Sending fetches: one session with each broker, and beside it fetches for partitions that cannot wait for a parked one.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use ottla_core::clock::Now;
use ottla_core::error::{Error, Result};
use ottla_core::lane::Lane;
use ottla_core::machine::RequestId;
use ottla_core::versions::Versions;
use ottla_protocol::Utf8Bytes;
use ottla_protocol::messages::fetch::{FetchPartition, FetchRequest, FetchTopic, ForgottenTopic};
use ottla_types::{BrokerId, Topic, Uuid};

use crate::assignment::Partition;
use crate::fetch_session::{FetchSession, Sent};
use crate::isolation::IsolationLevel;
use crate::machine::{ConsumerMachine, Purpose, Timer};

/// A fetch that takes this long is taken to be parked at the broker.
const PARKED_AFTER: Duration = Duration::from_millis(5);
/// How long a fetch outside of the session may be parked: so long may a partition that becomes fetchable meanwhile wait.
const ASIDE_WAIT: Duration = Duration::from_millis(50);

/// What one broker is asked for.
#[derive(Debug, Default)]
pub(crate) struct Fetcher {
    pub(crate) session: FetchSession,
    /// Partitions to fetch.
    pub(crate) wanted: BTreeSet<usize>,
    /// Partitions that changed since the session's last fetch was sent.
    pub(crate) touched: BTreeSet<usize>,
    /// Partitions that left the assignment and that the session still has.
    pub(crate) leaving: Vec<(Topic, Uuid, i32)>,
    /// The session's fetch under way.
    pub(crate) flight: Option<Flight>,
    /// The fetch outside of the session under way.
    pub(crate) aside: Option<Aside>,
    /// Not asked before: after failures, or when the broker throttles.
    pub(crate) not_before: Option<Instant>,
    pub(crate) failures: u32,
    /// Whether the broker had no room for a session when it was last asked.
    pub(crate) refuses_sessions: bool,
    /// Counts full fetches, so that each begins with another partition.
    turn: usize,
}

/// A session's fetch under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flight {
    pub(crate) sent_at: Instant,
    pub(crate) reserved: usize,
    /// Whether every partition in it was at its end, so that the broker will park it.
    pub(crate) caught_up: bool,
}

/// A fetch outside of the session under way.
#[derive(Debug)]
pub(crate) struct Aside {
    pub(crate) reserved: usize,
    /// Index, incarnation and offset of its partitions.
    pub(crate) entries: Vec<(usize, u64, i64)>,
}

impl Fetcher {
    pub(crate) fn set_wanted(&mut self, index: usize, wanted: bool) {
        if wanted {
            self.wanted.insert(index);
        } else {
            self.wanted.remove(&index);
        }
        self.touched.insert(index);
    }

    /// Forgets a partition that leaves the assignment.
    pub(crate) fn drop_partition(&mut self, index: usize, partition: &Partition) {
        self.wanted.remove(&index);
        self.touched.remove(&index);
        if self.session.forget(index) {
            self.leaving.push((partition.topic.clone(), partition.topic_id, partition.partition));
        }
    }
}

/// Puts a partition under its topic, where that is the one before.
fn push_entry(topics: &mut Vec<FetchTopic>, name: &Utf8Bytes, id: Uuid, entry: FetchPartition) {
    match topics.last_mut().filter(|topic| topic.topic == *name && topic.topic_id == id) {
        Some(topic) => topic.partitions.push(entry),
        None => {
            topics.push(FetchTopic { topic: name.clone(), topic_id: id, partitions: vec![entry], ..Default::default() })
        }
    }
}

fn push_forgotten(topics: &mut Vec<ForgottenTopic>, name: &Utf8Bytes, id: Uuid, partition: i32) {
    match topics.last_mut().filter(|topic| topic.topic == *name && topic.topic_id == id) {
        Some(topic) => topic.partitions.push(partition),
        None => topics.push(ForgottenTopic {
            topic: name.clone(),
            topic_id: id,
            partitions: vec![partition],
            ..Default::default()
        }),
    }
}

impl ConsumerMachine {
    pub(crate) fn pump_broker(&mut self, broker: BrokerId, now: Now) {
        let Some(fetcher) = self.fetchers.get_mut(&broker) else { return };
        if fetcher.wanted.is_empty() {
            return;
        }
        if let Some(at) = fetcher.not_before {
            if at > now.mono {
                self.timers.insert((at, Timer::Broker(broker)));
                return;
            }
            fetcher.not_before = None;
        }
        let sent = if fetcher.flight.is_none() {
            self.send_fetch(broker, now)
        } else if fetcher.aside.is_none() {
            self.send_aside(broker, now)
        } else {
            return;
        };
        if let Err(error) = sent {
            let there: Vec<usize> =
                self.fetchers.get(&broker).into_iter().flat_map(|fetcher| fetcher.wanted.iter().copied()).collect();
            for index in there {
                self.fail(index, error.clone());
            }
            self.dirty.remove(&broker);
        }
    }

    /// The bytes to reserve for a fetch of so many partitions.
    fn reserve(&mut self, partitions: usize) -> Option<usize> {
        let each = self.config.max_partition_fetch_bytes;
        // A sixteenth of the budget, 4 MiB by default: a smaller response is checked and read while it is still in the caches;
        // 16 MiB cost a fifth more CPU. All brokers together take half of it, so that no parked fetch keeps another waiting.
        let limit = self.budget.limit();
        let share = (limit / 16).max(each).min(limit / 2 / self.fetchers.len().max(1)).max(1);
        let most = self.config.fetch_max_bytes.min(share);
        let granted = self.budget.reserve(partitions.saturating_mul(each).min(most), each.min(most));
        self.starved |= granted.is_none();
        granted
    }

    /// Gives a reservation back, and another chance to those that went without.
    pub(crate) fn settle(&mut self, reserved: usize) {
        self.budget.settle(reserved);
        self.feed_starved();
    }

    /// Lets the fetchers that went without budget try again.
    pub(crate) fn feed_starved(&mut self) {
        if std::mem::take(&mut self.starved) {
            self.dirty.extend(self.fetchers.keys().copied());
        }
    }

    fn fetch_version(&self, versions: &Versions, by_id: bool) -> Result<i16, Error> {
        let least = if self.config.isolation_level == IsolationLevel::ReadCommitted { 4 } else { 0 };
        versions.pick_within::<FetchRequest>(least, if by_id { 17 } else { 12 })
    }

    fn fetch_request(&self, max_wait: Duration, max_bytes: usize) -> FetchRequest {
        FetchRequest {
            max_wait_ms: i32::try_from(max_wait.as_millis()).unwrap_or(i32::MAX),
            min_bytes: self.config.fetch_min_bytes,
            max_bytes: i32::try_from(max_bytes).unwrap_or(i32::MAX),
            isolation_level: self.config.isolation_level.code(),
            rack_id: self.config.client_rack.as_deref().map(Utf8Bytes::copy_from).unwrap_or_default(),
            ..Default::default()
        }
    }

    /// What is asked for of a partition, with its topic's name and id.
    fn entry(&self, index: usize, version: i16) -> Option<(Sent, FetchPartition, Utf8Bytes, Uuid)> {
        let partition = self.assignment.get(index)?;
        let name = self.assignment.topics.get(&partition.topic)?.wire.clone();
        let max_bytes = i32::try_from(partition.max_bytes).unwrap_or(i32::MAX);
        let (offset, leader_epoch) = (partition.position.offset, partition.leader_epoch());
        let entry = FetchPartition {
            partition: partition.partition,
            current_leader_epoch: leader_epoch,
            fetch_offset: offset,
            last_fetched_epoch: if version >= 12 { partition.position.leader_epoch } else { -1 },
            partition_max_bytes: max_bytes,
            ..Default::default()
        };
        let sent = Sent { incarnation: partition.incarnation, offset, leader_epoch, max_bytes };
        Some((sent, entry, name, if version >= 13 { partition.topic_id } else { Uuid::NIL }))
    }

    /// Sends the session's next fetch.
    fn send_fetch(&mut self, broker: BrokerId, now: Now) -> Result<()> {
        let lane = self.fetch_lane();
        let Some((epoch, versions)) = self.ready(broker, lane) else {
            self.want(broker, lane);
            return Ok(());
        };
        let by_id = self.nameless.is_empty();
        let version = self.fetch_version(versions, by_id)?;
        let wanted = self.fetchers.get(&broker).map_or(0, |fetcher| fetcher.wanted.len());
        let Some(reserved) = self.reserve(wanted) else { return Ok(()) };
        let Some(mut fetcher) = self.fetchers.remove(&broker) else { return Ok(()) };
        fetcher.session.name_topics(version >= 13);
        if version < 7 {
            fetcher.session.lost();
        }
        // The first fetch of a session does not wait, so that the session and the partitions' ends are known soon.
        let begins = fetcher.session.is_full() && !fetcher.refuses_sessions && version >= 7;
        let wait = if begins { Duration::ZERO } else { self.config.fetch_max_wait };
        let mut request = self.fetch_request(wait, reserved);
        let mut caught_up = true;
        let mut add = |this: &Self, session: &mut FetchSession, index: usize, wanted: bool| {
            let Some((sent, entry, name, id)) = this.entry(index, version) else { return };
            if !wanted {
                if session.forget(index) {
                    push_forgotten(&mut request.forgotten_topics_data, &name, id, entry.partition);
                }
            } else if session.send(index, sent) {
                caught_up &= this.is_caught_up(index);
                push_entry(&mut request.topics, &name, id, entry);
            }
        };
        if fetcher.session.is_full() {
            let first = fetcher.turn % fetcher.wanted.len().max(1);
            fetcher.turn = fetcher.turn.wrapping_add(1);
            for &index in fetcher.wanted.iter().skip(first).chain(fetcher.wanted.iter().take(first)) {
                add(self, &mut fetcher.session, index, true);
            }
            fetcher.leaving.clear();
        } else {
            for &index in &fetcher.touched {
                add(self, &mut fetcher.session, index, fetcher.wanted.contains(&index));
            }
            for (topic, id, partition) in std::mem::take(&mut fetcher.leaving) {
                let back = self.assignment.find(topic.name(), partition);
                if back.is_none_or(|index| fetcher.session.sent(index).is_none()) {
                    let (name, id) = (Utf8Bytes::copy_from(topic.name()), if version >= 13 { id } else { Uuid::NIL });
                    push_forgotten(&mut request.forgotten_topics_data, &name, id, partition);
                }
            }
        }
        fetcher.touched.clear();
        if version >= 7 {
            (request.session_id, request.session_epoch) = fetcher.session.next();
        }
        let timeout = self.config.request_timeout.saturating_add(self.config.fetch_max_wait);
        let sent = self.send((broker, lane, epoch), version, &request, timeout, Purpose::Fetch(broker));
        match sent {
            Ok(_) => fetcher.flight = Some(Flight { sent_at: now.mono, reserved, caught_up }),
            Err(_) => {
                self.budget.settle(reserved);
                fetcher.session.restart();
            }
        }
        self.fetchers.insert(broker, fetcher);
        sent.map(|_| ())
    }

    fn is_caught_up(&self, index: usize) -> bool {
        let committed = self.config.isolation_level == IsolationLevel::ReadCommitted;
        self.assignment.get(index).is_some_and(|partition| partition.is_caught_up(committed))
    }

    /// Sends a fetch outside of the session for what became fetchable while the session's fetch is parked at the broker.
    fn send_aside(&mut self, broker: BrokerId, now: Now) -> Result<()> {
        let Some(fetcher) = self.fetchers.get(&broker) else { return Ok(()) };
        let Some(flight) = fetcher.flight else { return Ok(()) };
        let covered = |index: usize| {
            let now = self.assignment.get(index).map(|partition| (partition.incarnation, partition.position.offset));
            fetcher.session.sent(index).map(|sent| (sent.incarnation, sent.offset)) == now
        };
        let left: Vec<usize> =
            fetcher.touched.intersection(&fetcher.wanted).copied().filter(|i| !covered(*i)).collect();
        if left.is_empty() {
            return Ok(());
        }
        let parked_at = flight.sent_at.checked_add(PARKED_AFTER).unwrap_or(flight.sent_at);
        if !flight.caught_up && now.mono < parked_at {
            self.timers.insert((parked_at, Timer::Broker(broker)));
            return Ok(());
        }
        let waited = now.mono.saturating_duration_since(flight.sent_at);
        let remaining = self.config.fetch_max_wait.saturating_sub(waited);
        // What has records is answered at once; what is at its end waits as long as the session's own fetch, but not so long
        // that others are kept waiting.
        let at_end = left.iter().all(|index| self.is_caught_up(*index));
        let mut lane = self.aside_lane();
        if self.ready(broker, lane).is_none() {
            self.want(broker, lane);
            if at_end {
                return Ok(());
            }
            // What is answered at once need not wait for a connection of its own.
            lane = Lane::Shared;
        }
        let Some((epoch, versions)) = self.ready(broker, lane) else { return Ok(()) };
        let version = self.fetch_version(versions, self.nameless.is_empty())?;
        let Some(reserved) = self.reserve(left.len()) else { return Ok(()) };
        let wait = if at_end { remaining.clamp(Duration::from_millis(1), ASIDE_WAIT) } else { Duration::ZERO };
        let mut request = self.fetch_request(wait, reserved);
        let mut entries = Vec::with_capacity(left.len());
        for index in left {
            let Some((sent, entry, name, id)) = self.entry(index, version) else { continue };
            push_entry(&mut request.topics, &name, id, entry);
            entries.push((index, sent.incarnation, sent.offset));
        }
        let timeout = self.config.request_timeout.saturating_add(self.config.fetch_max_wait);
        if let Err(error) = self.send((broker, lane, epoch), version, &request, timeout, Purpose::FetchAside(broker)) {
            self.budget.settle(reserved);
            return Err(error);
        }
        for &(index, _, _) in &entries {
            if let Some(partition) = self.assignment.get_mut(index) {
                partition.fetched_aside = true;
            }
            self.reckon(index);
        }
        if let Some(fetcher) = self.fetchers.get_mut(&broker) {
            fetcher.aside = Some(Aside { reserved, entries });
        }
        self.dirty.remove(&broker);
        Ok(())
    }

    /// Ends a broker's session as far as a connection allows it. Says which request does.
    pub(crate) fn send_goodbye(&mut self, broker: BrokerId) -> Option<RequestId> {
        let fetcher = self.fetchers.get(&broker)?;
        let (session_id, _) = fetcher.session.next();
        // Behind a parked fetch the goodbye would wait as long as that does.
        let parked = fetcher.flight.is_some();
        let lanes = [self.aside_lane(), Lane::Shared, self.fetch_lane()];
        let lane =
            lanes.into_iter().take(if parked { 2 } else { 3 }).find(|lane| self.ready(broker, *lane).is_some())?;
        let (epoch, versions) = self.ready(broker, lane)?;
        let version = self.fetch_version(versions, true).ok()?;
        let mut request = self.fetch_request(Duration::ZERO, 0);
        (request.session_id, request.session_epoch) = (session_id, -1);
        self.send((broker, lane, epoch), version, &request, self.config.request_timeout, Purpose::Goodbye).ok()
    }
}
