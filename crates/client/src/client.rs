//! [`Client`]: the handle on one cluster.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ottla_core::call::Caller;
use ottla_core::cluster::Cluster;
use ottla_core::error::{Error, ErrorKind, Result};
use ottla_core::io::Io;
use ottla_core::properties::Properties;
use ottla_types::Topic;
use tokio::runtime::Handle;

use crate::config::{ClientConfig, parse_bootstrap};
use crate::tokio_io::{Shared, TokioIo};
use crate::transport::Connector;

/// Connections to one Kafka cluster, shared by the producers, consumers and admin clients that are made with it.
///
/// It is cheap to clone. Nothing is connected until something is asked for. Connections and background tasks end when the
/// last clone and everything made with it are dropped, or at [`close`](Self::close).
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    io: Arc<TokioIo>,
    caller: Caller,
}

impl Client {
    /// A client of the cluster that one of the bootstrap servers belongs to: `host:port`, separated by commas
    /// (`bootstrap.servers`). It runs on the current tokio runtime.
    ///
    /// # Errors
    /// `Config`, naming everything that is wrong with the servers or the settings; `Misuse` outside of a tokio runtime,
    /// and in one that was built without its timer.
    pub fn new(bootstrap: &str, config: ClientConfig) -> Result<Self> {
        Self::build(bootstrap, config, None)
    }

    /// A client whose connections are made by `connector` in place of TCP: to a mock cluster within the process, for one.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_connector(bootstrap: &str, config: ClientConfig, connector: Arc<dyn Connector>) -> Result<Self> {
        Self::build(bootstrap, config, Some(connector))
    }

    /// A client as the properties say: `bootstrap.servers` (librdkafka's `metadata.broker.list`) and the settings of
    /// [`ClientConfig`], which are taken out.
    ///
    /// # Errors
    /// As [`new`](Self::new); `Config` also where no bootstrap servers are given.
    pub fn from_properties(properties: &mut Properties) -> Result<Self> {
        let bootstrap = properties.take("bootstrap.servers").or_else(|| properties.take("metadata.broker.list"));
        let bootstrap = bootstrap.ok_or_else(|| Error::new(ErrorKind::Config, "`bootstrap.servers` is not given"))?;
        Self::new(&bootstrap, ClientConfig::from_properties(properties)?)
    }

    fn build(bootstrap: &str, config: ClientConfig, connector: Option<Arc<dyn Connector>>) -> Result<Self> {
        let addresses = parse_bootstrap(bootstrap)?;
        config.check()?;
        let runtime = Handle::try_current().map_err(|_| {
            Error::new(ErrorKind::Misuse, "a client can only be made within a tokio runtime, which it then runs on")
        })?;
        // tokio tells of a missing timer only by a panic.
        if std::panic::catch_unwind(|| drop(tokio::time::sleep(Duration::ZERO))).is_err() {
            return Err(Error::new(ErrorKind::Misuse, "the tokio runtime has no timer: build it with `enable_all`"));
        }
        let addresses: Vec<(Arc<str>, u16)> =
            addresses.into_iter().map(|(host, port)| (Arc::from(host), port)).collect();
        let retry = config.retry_policy();
        let shared = Shared::new(runtime, config, connector, Cluster::bootstrap(addresses.clone()));
        let io = TokioIo::new(shared, addresses);
        let caller = Caller::with_backoff(Arc::<TokioIo>::clone(&io), retry);
        Ok(Self(Arc::new(Inner { io, caller })))
    }

    /// A topic by name. Keep it and clone it: its name is shared.
    pub fn topic(&self, name: &str) -> Topic {
        Topic::from(name)
    }

    /// Ends all connections and background tasks. Whatever still waits on this client's producers, consumers and calls
    /// is resolved with an error first; close those before. Returns when all tasks have ended.
    ///
    /// **Cancel safety**: the client is closed even if the future is dropped, once it was polled.
    ///
    /// # Errors
    /// `Timeout` where tasks are left at the deadline; they end on their own.
    pub async fn close(&self, deadline: Duration) -> Result<()> {
        let shared = &self.0.io.shared;
        shared.close();
        tokio::time::timeout(deadline, shared.shutdown.ended())
            .await
            .map_err(|_| Error::new(ErrorKind::Timeout, "not all of the client's tasks ended in time"))
    }

    /// Resolves when all of the client's tasks have ended. It does not keep them from ending.
    pub(crate) fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        let shared = Arc::clone(&self.0.io.shared);
        async move { shared.shutdown.ended().await }
    }

    pub(crate) fn runtime(&self) -> &Handle {
        self.0.io.shared.runtime()
    }

    pub(crate) fn caller(&self) -> &Caller {
        &self.0.caller
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("client_id", &self.0.io.client_id()).finish_non_exhaustive()
    }
}

pub(crate) mod internal {
    //! What ottla's own crates need of a client.

    use std::sync::Arc;
    use std::time::Duration;

    use ottla_core::call::Caller;
    use ottla_core::cluster::Cluster;
    use ottla_core::io::Io;

    use super::Client;
    use crate::tokio_io::TokioIo;

    /// What the client's objects run on.
    pub fn io(client: &Client) -> Arc<dyn Io> {
        Arc::<TokioIo>::clone(&client.0.io)
    }

    /// The client's caller of one-shot requests.
    pub fn caller(client: &Client) -> Caller {
        client.0.caller.clone()
    }

    /// The present view of the cluster.
    pub fn cluster(client: &Client) -> Arc<Cluster> {
        client.0.io.cluster()
    }

    /// How long the answer to a request may take (`request.timeout.ms`).
    pub fn request_timeout(client: &Client) -> Duration {
        client.0.io.shared.config.request_timeout
    }
}

#[cfg(test)]
mod tests;
