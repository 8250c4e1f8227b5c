//! Which broker to ask: a ready one that failed longest ago, else the next one to connect to, else the bootstrap addresses.
//!
//! A round lasts until a broker answers, or until all that may be asked have failed. Then the round has failed, which is told,
//! and the next one starts with the bootstrap addresses (KIP-899), or with the known brokers if it was those that failed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ottla_types::BrokerId;

use crate::cluster::Cluster;
use crate::error::Error;
use crate::io::Demand;
use crate::lane::{Lane, Link, LinkState, Links};
use crate::versions::Versions;

/// How long one connection attempt may take before another broker is tried beside it.
const PATIENCE: Duration = Duration::from_millis(500);

#[derive(Debug, Default)]
pub(super) struct Candidates {
    pub(super) links: Links,
    /// Connections that were asked for and have not come up or failed.
    connecting: BTreeMap<BrokerId, Instant>,
    /// When, in the order of failures, each broker failed last.
    failed: BTreeMap<BrokerId, u64>,
    failures: u64,
    /// Who failed since the last answer.
    round: BTreeSet<BrokerId>,
    bootstrapping: bool,
}

/// What to do about a request that is due.
#[derive(Debug)]
pub(super) enum Choice {
    /// Ask this broker.
    Ask { broker: BrokerId, epoch: u64, versions: Arc<Versions> },
    /// Ask for a connection, and if need be for another at the given time.
    Connect { demand: Demand, patience: Option<Instant> },
    /// Wait for a connection that was asked for; at the given time ask for another.
    Wait(Option<Instant>),
}

impl Candidates {
    fn all(&self, cluster: &Cluster) -> Vec<BrokerId> {
        if self.bootstrapping || cluster.brokers.is_empty() {
            cluster.bootstrap.iter().map(|broker| broker.id).collect()
        } else {
            cluster.brokers.keys().copied().collect()
        }
    }

    /// Who has not failed in this round, or all; first who failed longest ago.
    fn may_ask(&self, cluster: &Cluster) -> Vec<BrokerId> {
        let mut brokers = self.all(cluster);
        if brokers.iter().any(|broker| !self.round.contains(broker)) {
            brokers.retain(|broker| !self.round.contains(broker));
        }
        brokers.sort_by_key(|broker| self.failed.get(broker).copied().unwrap_or(0));
        brokers
    }

    /// Chooses among the brokers of the view.
    pub(super) fn choose(&mut self, cluster: &Cluster, now: Instant) -> Choice {
        let brokers = self.may_ask(cluster);
        for &broker in &brokers {
            if let Some((epoch, versions)) = self.links.ready(broker, Lane::Shared) {
                return Choice::Ask { broker, epoch, versions: Arc::clone(versions) };
            }
        }
        let latest = brokers.iter().filter_map(|broker| self.connecting.get(broker)).max();
        let patient_until = latest.and_then(|asked| asked.checked_add(PATIENCE));
        let others = brokers.iter().filter(|broker| !self.connecting.contains_key(broker)).count();
        if let Some(until) = patient_until
            && until > now
        {
            return Choice::Wait((others > 0).then_some(until));
        }
        for &broker in &brokers {
            if let Some(demand) = self.links.want(broker, Lane::Shared) {
                self.connecting.insert(broker, now);
                return Choice::Connect { demand, patience: (others > 1).then(|| now + PATIENCE) };
            }
        }
        Choice::Wait(None)
    }

    /// Takes news of a connection. An attempt that failed is given back, to be counted if an answer is wanted.
    pub(super) fn on_link(&mut self, link: &Link) -> Option<Error> {
        if !self.links.on_link(link) {
            return None;
        }
        self.connecting.remove(&link.broker);
        match &link.state {
            LinkState::Ready(_) => None,
            LinkState::Down(error) => Some(error.clone()),
        }
    }

    /// Notes a failure. True says that all who may be asked have failed since the last answer.
    pub(super) fn on_failed(&mut self, broker: BrokerId, cluster: &Cluster, rebootstrap: bool) -> bool {
        self.failures += 1;
        self.failed.insert(broker, self.failures);
        self.round.insert(broker);
        if !self.all(cluster).iter().all(|broker| self.round.contains(broker)) {
            return false;
        }
        self.round.clear();
        self.bootstrapping = !self.bootstrapping && rebootstrap && !cluster.brokers.is_empty();
        true
    }

    /// Notes an answer: the round is over.
    pub(super) fn on_success(&mut self, broker: BrokerId) {
        self.failed.remove(&broker);
        self.round.clear();
        self.bootstrapping = false;
    }

    /// A broker said that all that is known of the cluster is to be forgotten (KIP-1102).
    pub(super) fn bootstrap_again(&mut self) {
        self.bootstrapping = true;
        self.round.clear();
    }
}
