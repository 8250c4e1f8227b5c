//! Lanes: connections to one broker that are kept apart because a broker answers one request of a connection at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use ottla_types::BrokerId;

use crate::error::Error;
use crate::io::Demand;
use crate::versions::Versions;

/// What a connection is for. (broker, lane) names one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Lane {
    /// Metadata, commits, admin calls: what is answered soon.
    Shared,
    /// Produce requests.
    Produce,
    /// The fetch session of one consumer.
    Fetch(u32),
    /// Fetches of one consumer outside of its session, while a long poll is parked on the other lane.
    FetchNow(u32),
    /// JoinGroup and SyncGroup of one member, which are parked for as long as a rebalance takes.
    Join(u32),
    /// Heartbeats of one member.
    Heartbeat(u32),
}

/// What became of a connection.
#[derive(Clone, Debug)]
pub struct Link {
    /// The broker.
    pub broker: BrokerId,
    /// The lane.
    pub lane: Lane,
    /// Counts the connections of this broker and lane; larger is later. A failed attempt takes a number too.
    pub epoch: u64,
    /// Ready or down.
    pub state: LinkState,
}

/// The state of a connection as told to machines.
#[derive(Clone, Debug)]
pub enum LinkState {
    /// Connected, versions negotiated and authenticated.
    Ready(Arc<Versions>),
    /// The connection ended, or could not be made. Every request on it has been answered with an error before this.
    Down(Error),
}

/// What one machine knows of its connections: which are ready, which it has asked for.
#[derive(Debug, Default)]
pub struct Links {
    links: BTreeMap<(BrokerId, Lane), Known>,
}

#[derive(Debug)]
enum Known {
    Asked,
    Ready { epoch: u64, versions: Arc<Versions> },
    Down { epoch: u64, error: Error, asked: bool },
}

impl Links {
    /// Takes a change. Says whether it is news: an older epoch's word is ignored.
    pub fn on_link(&mut self, link: &Link) -> bool {
        let key = (link.broker, link.lane);
        let seen = match self.links.get(&key) {
            Some(Known::Ready { epoch, .. }) => match link.state {
                LinkState::Ready(_) => epoch.saturating_add(1),
                LinkState::Down(_) => *epoch,
            },
            Some(Known::Down { epoch, .. }) => epoch.saturating_add(1),
            Some(Known::Asked) | None => 0,
        };
        if link.epoch < seen {
            return false;
        }
        let known = match &link.state {
            LinkState::Ready(versions) => Known::Ready { epoch: link.epoch, versions: Arc::clone(versions) },
            LinkState::Down(error) => Known::Down { epoch: link.epoch, error: error.clone(), asked: false },
        };
        self.links.insert(key, known);
        true
    }

    /// The epoch and versions of a connection that is ready.
    pub fn ready(&self, broker: BrokerId, lane: Lane) -> Option<(u64, &Arc<Versions>)> {
        match self.links.get(&(broker, lane)) {
            Some(Known::Ready { epoch, versions }) => Some((*epoch, versions)),
            _ => None,
        }
    }

    /// Why a connection is down, if the last that was heard of it is that.
    pub fn down(&self, broker: BrokerId, lane: Lane) -> Option<&Error> {
        match self.links.get(&(broker, lane)) {
            Some(Known::Down { error, .. }) => Some(error),
            _ => None,
        }
    }

    /// The demand to make for a connection that is needed, unless it is ready or has been asked for already. The
    /// connection's owner waits out its own backoff, so that asking again at once after a failure is right.
    pub fn want(&mut self, broker: BrokerId, lane: Lane) -> Option<Demand> {
        match self.links.get_mut(&(broker, lane)) {
            Some(Known::Ready { .. } | Known::Asked) => return None,
            Some(Known::Down { asked, .. }) => {
                if *asked {
                    return None;
                }
                *asked = true;
            }
            None => {
                self.links.insert((broker, lane), Known::Asked);
            }
        }
        Some(Demand::Connect { broker, lane })
    }

    /// The connections that are ready.
    pub fn all_ready(&self) -> impl Iterator<Item = (BrokerId, Lane)> {
        self.links.iter().filter(|(_, known)| matches!(known, Known::Ready { .. })).map(|(key, _)| *key)
    }
}

#[cfg(test)]
mod tests;
