//! Lists of brokers.

use ottla_types::BrokerId;
use smallvec::SmallVec;

/// The ids of brokers in a message: replicas, mostly. Four or fewer take no memory of their own, so that the metadata of a
/// large cluster is not read into two or three allocations for each partition.
///
/// It is a slice wherever one is wanted, collects from an iterator, and comes from a `Vec` with `into()`.
///
/// ```
/// use ottla_protocol::{BrokerId, BrokerIds};
///
/// let replicas: BrokerIds = vec![BrokerId(1), BrokerId(3)].into();
/// assert!(replicas.contains(&BrokerId(3)));
/// ```
pub type BrokerIds = SmallVec<[BrokerId; 4]>;
