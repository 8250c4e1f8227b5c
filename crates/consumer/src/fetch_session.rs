//! One broker's fetch session (KIP-227): after the first, full fetch only what changed is sent.

use std::collections::BTreeMap;

/// What the broker remembers of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// The partition's incarnation when it was sent.
    pub(crate) incarnation: u64,
    /// The offset to fetch from.
    pub(crate) offset: i64,
    /// The leader's epoch.
    pub(crate) leader_epoch: i32,
    /// The most bytes.
    pub(crate) max_bytes: i32,
}

/// The client's half of a session. What is sent counts as known to the broker at once; when a fetch fails the session is
/// begun anew, so that both halves agree again.
#[derive(Debug, Default)]
pub(crate) struct FetchSession {
    /// 0 while the broker has given no session.
    id: i32,
    /// 0 asks for a new session, in place of `id` if there is one.
    epoch: i32,
    members: BTreeMap<usize, Sent>,
    /// Whether the session names topics by their ids.
    by_id: bool,
}

impl FetchSession {
    /// The session's id and epoch for the next request.
    pub(crate) fn next(&self) -> (i32, i32) {
        (self.id, self.epoch)
    }

    /// Whether the broker keeps a session.
    pub(crate) fn is_there(&self) -> bool {
        self.id != 0
    }

    /// Whether the next request must name every partition.
    pub(crate) fn is_full(&self) -> bool {
        self.epoch == 0
    }

    /// Prepares for a request that names topics by id or not: a session cannot change that.
    pub(crate) fn name_topics(&mut self, by_id: bool) {
        if self.by_id != by_id {
            self.by_id = by_id;
            self.restart();
        }
    }

    /// What the broker remembers of a partition.
    pub(crate) fn sent(&self, index: usize) -> Option<Sent> {
        self.members.get(&index).copied()
    }

    /// Notes what is sent of a partition. Says whether the broker does not know it yet.
    pub(crate) fn send(&mut self, index: usize, sent: Sent) -> bool {
        self.members.insert(index, sent) != Some(sent)
    }

    /// Notes that the broker is told to forget a partition. Says whether it knows it.
    pub(crate) fn forget(&mut self, index: usize) -> bool {
        self.members.remove(&index).is_some()
    }

    /// Takes a good response: the session that it names goes on.
    pub(crate) fn on_response(&mut self, session_id: i32) {
        if session_id == 0 {
            // The broker keeps no session for this consumer, so that every fetch is a full one.
            self.id = 0;
            self.epoch = 0;
        } else {
            self.id = session_id;
            self.epoch = if self.epoch == i32::MAX { 1 } else { self.epoch + 1 };
        }
    }

    /// Begins anew with the next request, which ends the old session on the broker.
    pub(crate) fn restart(&mut self) {
        self.epoch = 0;
        self.members.clear();
    }

    /// Begins anew: the broker has forgotten the old session.
    pub(crate) fn lost(&mut self) {
        self.id = 0;
        self.restart();
    }
}

#[cfg(test)]
mod tests;
