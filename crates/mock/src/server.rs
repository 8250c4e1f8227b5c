//! The cluster in front of clients: on loopback sockets, or in memory.

mod front;
mod listener;
mod shared;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use ottla_types::{BrokerId, Uuid};
use tokio::io::DuplexStream;
use tokio::net::TcpListener;

use crate::{ClusterState, Fault, FaultId, MockConfig, MockError, MockRecord, StoredRecord};
use front::Front;
use shared::{Inner, Shared};

/// The bytes that the in-memory transport holds in each direction.
const IN_MEMORY_BYTES: usize = 256 * 1024;

/// A cluster that clients can talk to. Cheap to clone; the cluster ends with [`MockCluster::shutdown`], with the last
/// clone, or with the tokio runtime that it was started on.
///
/// On sockets, for any client:
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let cluster = ottla_mock::MockCluster::start(3).await?;
/// cluster.create_topic("events", 12)?;
/// println!("{}", cluster.bootstrap_servers());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// In memory, for a client that lets its transport be replaced: see [`MockCluster::in_memory`].
#[derive(Clone)]
pub struct MockCluster {
    shared: Arc<Owned>,
}

/// Ends the cluster when the last handle goes.
struct Owned(Arc<Shared>);

impl Drop for Owned {
    fn drop(&mut self) {
        self.0.shut_down();
    }
}

impl MockCluster {
    /// Starts a cluster of `brokers` brokers, ids 1 to `brokers`, on ports of 127.0.0.1 that are free.
    ///
    /// Must be called on a tokio runtime with I/O and time; all tasks of the cluster run there.
    ///
    /// # Errors
    ///
    /// When a socket cannot be bound.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, it leaves nothing behind.
    pub async fn start(brokers: u16) -> io::Result<Self> {
        Self::start_with(MockConfig::new(brokers), 0).await
    }

    /// As [`MockCluster::start`], with settings, and on the ports from `port` on, one a broker; 0 takes any that are free.
    ///
    /// # Errors
    ///
    /// When a socket cannot be bound, or there are not that many ports above `port`.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, it leaves nothing behind.
    pub async fn start_with(config: MockConfig, port: u16) -> io::Result<Self> {
        let mut state = ClusterState::new(present(config));
        let mut listeners = Vec::new();
        for (id, above) in state.brokers().collect::<Vec<_>>().into_iter().zip(0_u16..) {
            let port = match port {
                0 => 0,
                port => port.checked_add(above).ok_or_else(|| io::Error::other("no port left above the first"))?,
            };
            let listener = TcpListener::bind(("127.0.0.1", port)).await?;
            state.set_address(id, "127.0.0.1", listener.local_addr()?.port()).map_err(io::Error::other)?;
            listeners.push((id, listener));
        }
        let cluster = Self::begin(state);
        for (id, listener) in listeners {
            listener::spawn(&cluster.shared.0, id, listener)?;
        }
        Ok(cluster)
    }

    /// A cluster without sockets: clients come in by [`MockCluster::connect`]. Broker `i` is at `mock-i:9092`. Its time is
    /// tokio's, so under a paused clock no wait takes any.
    ///
    /// Must be called on a tokio runtime with time.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?.block_on(async {
    /// use ottla_mock::{MockCluster, MockConfig};
    ///
    /// let cluster = MockCluster::in_memory(MockConfig::new(3));
    /// assert_eq!(cluster.bootstrap_servers(), "mock-1:9092,mock-2:9092,mock-3:9092");
    /// // What a client's transport does instead of opening a socket:
    /// let stream = cluster.connect("mock-2", 9092)?;
    /// # drop(stream);
    /// # Ok::<(), std::io::Error>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn in_memory(config: MockConfig) -> Self {
        Self::begin(ClusterState::new(config))
    }

    fn begin(state: ClusterState) -> Self {
        let up = state.brokers().map(|id| (id, tokio::sync::watch::channel(true).0)).collect::<BTreeMap<_, _>>();
        let shared = Shared::new(state, up);
        shared::spawn_timer(&shared);
        Self { shared: Arc::new(Owned(shared)) }
    }

    /// Opens a connection to the broker that listens there, without a socket: a stream that speaks Kafka's protocol at the
    /// other end. Works for clusters on sockets too.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::ConnectionRefused`] when no broker listens there, it is down, or the cluster was shut down.
    pub fn connect(&self, host: &str, port: u16) -> io::Result<DuplexStream> {
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let broker = self.state().broker_at(host, port).ok_or_else(refused)?;
        let id = self.shared.0.connect(broker).ok_or_else(refused)?;
        let (client, server) = tokio::io::duplex(IN_MEMORY_BYTES);
        tokio::spawn(Front::new(self.shared.0.clone(), id, server));
        Ok(client)
    }

    /// `host:port` of every broker, with commas between: `bootstrap.servers`.
    pub fn bootstrap_servers(&self) -> String {
        let state = self.state();
        let addresses = state.brokers().filter_map(|id| state.address(id));
        addresses.map(|(host, port)| format!("{host}:{port}")).collect::<Vec<_>>().join(",")
    }

    /// The cluster's state, brought to the present: whatever [`ClusterState`] can do can be done here. It is locked until
    /// the guard is dropped, which sends what became due; so keep it for a moment, and not over an await.
    pub fn state(&self) -> StateGuard<'_> {
        StateGuard { shared: &self.shared.0, inner: Some(self.shared.0.lock()) }
    }

    /// [`ClusterState::create_topic`].
    ///
    /// # Errors
    ///
    /// When it exists, or cannot have this name.
    pub fn create_topic(&self, name: &str, partitions: i32) -> Result<Uuid, MockError> {
        self.state().create_topic(name, partitions)
    }

    /// [`ClusterState::append`].
    ///
    /// # Errors
    ///
    /// When there is no such partition, or no record.
    pub fn append(&self, topic: &str, partition: i32, records: &[MockRecord]) -> Result<i64, MockError> {
        self.state().append(topic, partition, records)
    }

    /// [`ClusterState::records`], decoded outside of the lock.
    ///
    /// # Errors
    ///
    /// When there is no such partition.
    pub fn records(&self, topic: &str, partition: i32) -> Result<Vec<StoredRecord>, MockError> {
        let state = self.state();
        let start = state.partition(topic, partition)?.log_start_offset;
        let batches: Vec<Bytes> = state.batches(topic, partition)?;
        drop(state);
        let records = batches.iter().flat_map(StoredRecord::all_of);
        Ok(records.filter(|record| record.offset >= start).collect())
    }

    /// [`ClusterState::inject`].
    pub fn inject(&self, fault: Fault) -> FaultId {
        self.state().inject(fault)
    }

    /// [`ClusterState::stop_broker`].
    ///
    /// # Errors
    ///
    /// When there is no such broker.
    pub fn stop_broker(&self, broker: BrokerId) -> Result<(), MockError> {
        self.state().stop_broker(broker)
    }

    /// [`ClusterState::start_broker`].
    ///
    /// # Errors
    ///
    /// When there is no such broker.
    pub fn start_broker(&self, broker: BrokerId) -> Result<(), MockError> {
        self.state().start_broker(broker)
    }

    /// [`ClusterState::move_leader`].
    ///
    /// # Errors
    ///
    /// When there is no such partition, or it has no replica on that broker, or that broker is down.
    pub fn move_leader(&self, topic: &str, partition: i32, to: BrokerId) -> Result<i32, MockError> {
        self.state().move_leader(topic, partition, to)
    }

    /// Ends the cluster: every connection and every socket. Does not wait for it.
    pub fn shutdown(&self) {
        self.shared.0.shut_down();
    }
}

impl fmt::Debug for MockCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockCluster").field("bootstrap_servers", &self.bootstrap_servers()).finish_non_exhaustive()
    }
}

/// The state of a running cluster, locked: see [`MockCluster::state`].
pub struct StateGuard<'a> {
    shared: &'a Arc<Shared>,
    inner: Option<MutexGuard<'a, Inner>>,
}

impl Deref for StateGuard<'_> {
    type Target = ClusterState;

    fn deref(&self) -> &ClusterState {
        match &self.inner {
            Some(inner) => &inner.state,
            None => unreachable!("only drop takes it"),
        }
    }
}

impl DerefMut for StateGuard<'_> {
    fn deref_mut(&mut self) -> &mut ClusterState {
        match &mut self.inner {
            Some(inner) => &mut inner.state,
            None => unreachable!("only drop takes it"),
        }
    }
}

impl Drop for StateGuard<'_> {
    fn drop(&mut self) {
        if let Some(inner) = self.inner.take() {
            self.shared.release(inner);
        }
    }
}

impl fmt::Debug for StateGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// A cluster on sockets is one of today.
fn present(config: MockConfig) -> MockConfig {
    if config.start_ms.is_some() {
        return config;
    }
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    config.start_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
