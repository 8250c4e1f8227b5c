//! One broker: where it listens, and whether it is up.

use ottla_types::BrokerId;

/// A broker of the cluster.
#[derive(Clone, Debug)]
pub(crate) struct Broker {
    pub(crate) id: BrokerId,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) rack: Option<String>,
    pub(crate) up: bool,
}
