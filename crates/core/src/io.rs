//! What production and simulation differ in: [`Io`], and how it reaches the objects that use it.

use std::convert::Infallible;
use std::sync::{Arc, Weak};
use std::time::Instant;

use ottla_types::{BrokerId, Topic};

use crate::clock::Now;
use crate::cluster::Cluster;
use crate::lane::Lane;
use crate::machine::{Input, Outbound, RequestId};

/// Names an object to its [`Io`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerId(pub u64);

/// An object as its [`Io`] sees it.
pub trait Owner: Send + Sync {
    /// Feeds one input. Called without any lock held.
    fn input(&self, input: Input<Infallible>);
}

/// The world beneath the machines. `client` implements it on tokio, `simulation` on virtual time.
///
/// `queue`, `cancel` and `arm` are called under an object's lock: they may take leaf locks only, never write, wake or call
/// back. All others are called without a lock. Failures always come back as a later input.
pub trait Io: Send + Sync + 'static {
    /// Makes an object known and names it. From now on it is told of every new view of the cluster.
    fn register(&self, owner: Weak<dyn Owner>) -> OwnerId;
    /// Forgets an object: its timers, demands and interest in topics end.
    fn unregister(&self, owner: OwnerId);
    /// The exact time.
    fn now(&self) -> Now;
    /// The time, at most one millisecond old, for calls made once per record.
    fn coarse_now(&self) -> Now;
    /// The newest view of the cluster.
    fn cluster(&self) -> Arc<Cluster>;
    /// Puts a request into its connection's outbox. Where that connection is gone, the failure comes by [`Input::Response`].
    fn queue(&self, owner: OwnerId, outbound: Outbound);
    /// Withdraws a request that has not been written.
    fn cancel(&self, owner: OwnerId, id: RequestId);
    /// Asks for [`Input::Timeout`] at a time; replaces what was asked before.
    fn arm(&self, owner: OwnerId, at: Instant);
    /// Writes what is queued for a connection, unless another thread is at it.
    fn flush(&self, broker: BrokerId, lane: Lane);
    /// Passes on what a machine needs.
    fn demand(&self, owner: OwnerId, demand: Demand);
    /// Whether work of this cost is done where it stands.
    fn runs_inline(&self, cost: usize) -> bool;
    /// Does work elsewhere.
    fn spawn(&self, work: Box<dyn FnOnce() + Send>);
    /// Gives [`Input::Yielded`] to the object after the tasks that are ready now had a turn.
    fn yield_then(&self, owner: OwnerId);
    /// What requests name this client as (`client.id`).
    fn client_id(&self) -> Arc<str>;
    /// A seed for an object's generator of random numbers.
    fn seed(&self) -> u64;
}

/// What a machine needs of the cluster's owner.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Demand {
    /// Hold this topic in the view of the cluster, and look it up if it is not there. Held until [`Demand::Forget`].
    Topic {
        /// The topic.
        topic: Topic,
        /// Whether the broker may create it (`allow.auto.create.topics`).
        create: bool,
    },
    /// This object no longer needs the topic.
    Forget(Topic),
    /// What the machine saw at this revision of the topic was wrong: look it up again.
    Stale {
        /// The topic.
        topic: Topic,
        /// The [`TopicView::revision`](crate::cluster::TopicView) that was acted on; a later one satisfies the demand.
        revision: u64,
    },
    /// Hold every topic of the cluster in the view.
    AllTopics,
    /// Refresh brokers and controller.
    Brokers,
    /// Look up, or look up again after `wrong` was refused, a coordinator.
    Coordinator {
        /// What it coordinates.
        kind: CoordinatorKind,
        /// The group id or transactional id.
        key: Arc<str>,
        /// The broker that turned out not to be it.
        wrong: Option<BrokerId>,
    },
    /// This object no longer needs to know the coordinator.
    ForgetCoordinator {
        /// What it coordinates.
        kind: CoordinatorKind,
        /// The group id or transactional id.
        key: Arc<str>,
    },
    /// Open the connection, or say that it is ready. Answered by one [`Input::Link`], after the backoff that is due.
    Connect {
        /// The broker.
        broker: BrokerId,
        /// The lane.
        lane: Lane,
    },
    /// A response named the partition's new leader (KIP-951).
    LeaderHint {
        /// The topic.
        topic: Topic,
        /// The partition.
        partition: i32,
        /// The leader.
        leader: BrokerId,
        /// Its epoch: an older one than known is ignored.
        leader_epoch: i32,
        /// Its address, where the response told: host, port, rack.
        endpoint: Option<(Arc<str>, u16, Option<Arc<str>>)>,
    },
}

/// What a coordinator coordinates; the numbers are FindCoordinator's key types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CoordinatorKind {
    /// Consumer groups (0).
    Group,
    /// Transactions (1).
    Transaction,
}

impl CoordinatorKind {
    /// The number on the wire.
    pub fn key_type(self) -> i8 {
        match self {
            Self::Group => 0,
            Self::Transaction => 1,
        }
    }
}
