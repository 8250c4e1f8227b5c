//! The fetch sessions of one broker (KIP-227): which partitions a client fetches, and what it was last told of each.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use ottla_protocol::Utf8Bytes;
use ottla_protocol::messages::fetch::{FetchRequest, PartitionData};
use ottla_types::{ErrorCode, Uuid};

use crate::random::Random;

/// The topic of a fetch, as the request names it: by id from version 13 on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TopicKey {
    Name(Utf8Bytes),
    Id(Uuid),
}

/// One partition that is to be fetched.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) topic: TopicKey,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) max_bytes: i32,
    pub(crate) current_leader_epoch: i32,
    pub(crate) last_fetched_epoch: i32,
}

/// What a request is in terms of sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    /// No session.
    Sessionless,
    /// The first of a new session.
    Full,
    /// The next of this session.
    Incremental(i32),
}

/// The sessions of a broker.
#[derive(Clone, Debug, Default)]
pub(crate) struct FetchSessions {
    sessions: BTreeMap<i32, FetchSession>,
}

#[derive(Clone, Debug)]
struct FetchSession {
    /// What the next request must say.
    epoch: i32,
    by_id: bool,
    partitions: BTreeMap<(TopicKey, i32), Cached>,
    /// With which partition the next answer begins, so that none starves.
    first: Option<(TopicKey, i32)>,
}

/// A partition of a session.
#[derive(Clone, Debug)]
struct Cached {
    wanted: Wanted,
    high_watermark: i64,
    log_start_offset: i64,
}

/// Where a client begins a session, and where it ends one.
const INITIAL_EPOCH: i32 = 0;
const FINAL_EPOCH: i32 = -1;

impl FetchSessions {
    /// Finds out what a request is, and which partitions it fetches.
    pub(crate) fn begin(&mut self, request: &FetchRequest, version: i16) -> Result<(Context, Vec<Wanted>), ErrorCode> {
        if version < 7 {
            return Ok((Context::Sessionless, wanted(request, version)));
        }
        match request.session_epoch {
            FINAL_EPOCH | INITIAL_EPOCH => {
                // Whatever it was, it is over.
                self.sessions.remove(&request.session_id);
                let initial = request.session_epoch == INITIAL_EPOCH;
                Ok((if initial { Context::Full } else { Context::Sessionless }, wanted(request, version)))
            }
            epoch => {
                let id = request.session_id;
                let session = self.sessions.get_mut(&id).ok_or(ErrorCode::FETCH_SESSION_ID_NOT_FOUND)?;
                if session.epoch != epoch {
                    return Err(ErrorCode::INVALID_FETCH_SESSION_EPOCH);
                }
                if session.by_id != (version >= 13) {
                    return Err(ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR);
                }
                session.update(request, version);
                if session.partitions.is_empty() {
                    self.sessions.remove(&id);
                    return Ok((Context::Sessionless, Vec::new()));
                }
                session.epoch = next_epoch(epoch);
                Ok((Context::Incremental(id), session.in_turn()))
            }
        }
    }

    /// Opens a session for a full fetch, given what is answered; 0 where there is no room.
    pub(crate) fn open(
        &mut self,
        wanted: &[Wanted],
        answered: &BTreeMap<(TopicKey, i32), PartitionData>,
        by_id: bool,
        slots: usize,
        random: &mut Random,
    ) -> i32 {
        if self.sessions.len() >= slots {
            return 0;
        }
        let id = loop {
            let id = i32::try_from(random.next() & 0x7fff_ffff).unwrap_or_default();
            if id != 0 && !self.sessions.contains_key(&id) {
                break id;
            }
        };
        let cached = |wanted: &Wanted| {
            let key = (wanted.topic.clone(), wanted.partition);
            let mut cached = Cached { wanted: wanted.clone(), high_watermark: -1, log_start_offset: -1 };
            if let Some(data) = answered.get(&key) {
                cached.told(data);
            }
            (key, cached)
        };
        let partitions = wanted.iter().map(cached).collect();
        self.sessions.insert(id, FetchSession { epoch: next_epoch(INITIAL_EPOCH), by_id, partitions, first: None });
        id
    }

    /// Leaves out what the client knows already, and remembers what it is told now.
    pub(crate) fn reduce(&mut self, id: i32, answered: &mut BTreeMap<(TopicKey, i32), PartitionData>) {
        // Where the session was ended meanwhile, everything is told.
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let mut last_with_records = None;
        answered.retain(|key, data| {
            let Some(cached) = session.partitions.get_mut(key) else { return true };
            let records = data.records.as_ref().is_some_and(|records| !records.is_empty());
            if records {
                last_with_records = Some(key.clone());
            }
            let news = records
                || !data.error_code.is_ok()
                || data.diverging_epoch.epoch >= 0
                || cached.high_watermark != data.high_watermark
                || cached.log_start_offset != data.log_start_offset;
            if news {
                cached.told(data);
            }
            news
        });
        if let Some(last) = last_with_records {
            session.first = Some(last);
        }
    }

    /// Forgets all sessions, as a broker that was restarted.
    pub(crate) fn clear(&mut self) {
        self.sessions.clear();
    }

    /// The number of sessions.
    pub(crate) fn len(&self) -> usize {
        self.sessions.len()
    }

    /// The partitions of a session, for faults that concern one.
    pub(crate) fn partitions(&self, id: i32) -> impl Iterator<Item = &(TopicKey, i32)> {
        self.sessions.get(&id).into_iter().flat_map(|session| session.partitions.keys())
    }
}

impl FetchSession {
    fn update(&mut self, request: &FetchRequest, version: i16) {
        for wanted in wanted(request, version) {
            let key = (wanted.topic.clone(), wanted.partition);
            match self.partitions.get_mut(&key) {
                Some(cached) => cached.wanted = wanted,
                None => {
                    self.partitions.insert(key, Cached { wanted, high_watermark: -1, log_start_offset: -1 });
                }
            }
        }
        for topic in &request.forgotten_topics_data {
            let key = topic_key(version, &topic.topic, topic.topic_id);
            for partition in &topic.partitions {
                self.partitions.remove(&(key.clone(), *partition));
            }
        }
    }

    /// The partitions, beginning after the one that had records last.
    fn in_turn(&self) -> Vec<Wanted> {
        let Some(first) = &self.first else {
            return self.partitions.values().map(|cached| cached.wanted.clone()).collect();
        };
        let after = self.partitions.range((std::ops::Bound::Excluded(first), std::ops::Bound::Unbounded));
        let before = self.partitions.range(..=first);
        after.chain(before).map(|(_, cached)| cached.wanted.clone()).collect()
    }
}

impl Cached {
    fn told(&mut self, data: &PartitionData) {
        // After an error everything is news.
        self.high_watermark = if data.error_code.is_ok() { data.high_watermark } else { -1 };
        self.log_start_offset = data.log_start_offset;
    }
}

/// Session epochs go from 1 to the largest number and on to 1.
fn next_epoch(epoch: i32) -> i32 {
    epoch.checked_add(1).unwrap_or(1)
}

pub(crate) fn topic_key(version: i16, name: &Utf8Bytes, id: Uuid) -> TopicKey {
    if version >= 13 { TopicKey::Id(id) } else { TopicKey::Name(name.clone()) }
}

/// The partitions that a request names.
fn wanted(request: &FetchRequest, version: i16) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    for topic in &request.topics {
        let key = topic_key(version, &topic.topic, topic.topic_id);
        wanted.extend(topic.partitions.iter().map(|partition| Wanted {
            topic: key.clone(),
            partition: partition.partition,
            offset: partition.fetch_offset,
            max_bytes: partition.partition_max_bytes,
            current_leader_epoch: partition.current_leader_epoch,
            last_fetched_epoch: partition.last_fetched_epoch,
        }));
    }
    wanted
}
