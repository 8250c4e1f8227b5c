//! The settings that concern connections and the view of the cluster.

use std::time::Duration;

use ottla_core::backoff::BackoffPolicy;
use ottla_core::config::Violations;
use ottla_core::error::{Error, ErrorKind, Result};
use ottla_core::metadata::MetadataConfig;
use ottla_core::properties::PropertyValue;

/// The port that a bootstrap address without one has.
const DEFAULT_PORT: u16 = 9092;

ottla_core::settings! {
    /// Settings of a [`Client`](crate::Client).
    pub struct ClientConfig {
        /// What requests name this client as, in the brokers' logs, metrics and quotas.
        client_id: String = "ottla".to_owned(), "client.id";
        /// How long the view of the cluster is used before it is refreshed although nothing seems wrong.
        metadata_max_age: Duration = Duration::from_secs(300), "metadata.max.age.ms";
        /// How long the answer to a request may take; past it the connection is closed and the request fails.
        request_timeout: Duration = Duration::from_secs(30), "request.timeout.ms" | "socket.timeout.ms";
        /// How long it may take until a connection to one address is ready: connecting and the first exchange.
        connection_setup_timeout: Duration = Duration::from_secs(10), "socket.connection.setup.timeout.ms";
        /// The pause before a broker is connected to again after a failure; it doubles with every further one.
        reconnect_backoff: Duration = Duration::from_millis(50), "reconnect.backoff.ms";
        /// The longest pause before a broker is connected to again.
        reconnect_backoff_max: Duration = Duration::from_secs(1), "reconnect.backoff.max.ms";
        /// The pause before a failed request is repeated; it doubles with every further failure.
        retry_backoff: Duration = Duration::from_millis(100), "retry.backoff.ms";
        /// The longest pause before a failed request is repeated.
        retry_backoff_max: Duration = Duration::from_secs(1), "retry.backoff.max.ms";
        /// How long a connection may be unused before it is closed.
        connections_max_idle: Duration = Duration::from_secs(540), "connections.max.idle.ms";
        /// How host names become addresses.
        dns_lookup: DnsLookup = DnsLookup::UseAllDnsIps, "client.dns.lookup";
        /// Whether brokers may create a topic that is asked for and missing. They have a setting of their own as well
        /// (`auto.create.topics.enable`), and consumers ask for it only where they are told to.
        allow_auto_create_topics: bool = true, "allow.auto.create.topics";
        /// What to do when none of the known brokers can be reached (KIP-899).
        metadata_recovery: MetadataRecovery = MetadataRecovery::Rebootstrap, "metadata.recovery.strategy";
        /// The socket's send buffer in bytes; negative or 0 leaves it to the operating system.
        send_buffer_bytes: i32 = -1, "send.buffer.bytes" | "socket.send.buffer.bytes";
        /// The socket's receive buffer in bytes; negative or 0 leaves it to the operating system.
        receive_buffer_bytes: i32 = -1, "receive.buffer.bytes" | "socket.receive.buffer.bytes";
        /// Whether the operating system probes connections that are silent.
        socket_keepalive: bool = true, "socket.keepalive.enable";
        /// The largest response that is taken, in bytes. It must exceed what a fetch may bring (`fetch.max.bytes`).
        receive_message_max_bytes: usize = 100 * 1024 * 1024, "receive.message.max.bytes";
    }
}

impl ClientConfig {
    pub(crate) fn check(&self) -> Result<()> {
        let mut violations = Violations::new();
        for (key, value) in [
            ("request.timeout.ms", self.request_timeout),
            ("socket.connection.setup.timeout.ms", self.connection_setup_timeout),
            ("connections.max.idle.ms", self.connections_max_idle),
        ] {
            violations.require(!value.is_zero(), key, value.as_millis(), "must be greater than 0");
        }
        violations.require(
            self.client_id.len() <= i16::MAX as usize,
            "client.id",
            format_args!("{} bytes", self.client_id.len()),
            "must be at most 32767 bytes long",
        );
        violations.require(
            (1000..=i32::MAX as usize).contains(&self.receive_message_max_bytes),
            "receive.message.max.bytes",
            self.receive_message_max_bytes,
            "must be from 1000 to 2147483647",
        );
        violations.finish()
    }

    pub(crate) fn metadata(&self) -> MetadataConfig {
        MetadataConfig {
            max_age: self.metadata_max_age.max(Duration::from_millis(1)),
            backoff: self.retry_policy(),
            request_timeout: self.request_timeout,
            rebootstrap: self.metadata_recovery == MetadataRecovery::Rebootstrap,
        }
    }

    pub(crate) fn retry_policy(&self) -> BackoffPolicy {
        BackoffPolicy { initial: self.retry_backoff, max: self.retry_backoff_max.max(self.retry_backoff) }
    }

    pub(crate) fn reconnect_policy(&self) -> BackoffPolicy {
        BackoffPolicy { initial: self.reconnect_backoff, max: self.reconnect_backoff_max.max(self.reconnect_backoff) }
    }
}

/// How host names become addresses (`client.dns.lookup`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DnsLookup {
    /// Every address of a name is tried in turn, until one connects (`use_all_dns_ips`).
    UseAllDnsIps,
}

impl PropertyValue for DnsLookup {
    fn parse(_key: &str, text: &str) -> std::result::Result<Self, String> {
        match text {
            "use_all_dns_ips" => Ok(Self::UseAllDnsIps),
            _ => Err("must be use_all_dns_ips".to_owned()),
        }
    }
}

/// What to do when none of the known brokers can be reached (`metadata.recovery.strategy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataRecovery {
    /// Start again from the bootstrap servers.
    Rebootstrap,
    /// Go on trying the known brokers.
    None,
}

impl PropertyValue for MetadataRecovery {
    fn parse(_key: &str, text: &str) -> std::result::Result<Self, String> {
        match text {
            "rebootstrap" => Ok(Self::Rebootstrap),
            "none" => Ok(Self::None),
            _ => Err("must be rebootstrap or none".to_owned()),
        }
    }
}

/// Reads `host:port,host:port`: names, IPv4 addresses, IPv6 addresses in brackets; the port may be left out.
pub(crate) fn parse_bootstrap(text: &str) -> Result<Vec<(String, u16)>> {
    let mut violations = Violations::new();
    let mut addresses = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        match parse_address(part) {
            Some(address) => addresses.push(address),
            None => violations.add("bootstrap.servers", part, "must be host:port, with an IPv6 address in brackets"),
        }
    }
    violations.finish()?;
    if addresses.is_empty() {
        return Err(Error::new(ErrorKind::Config, "`bootstrap.servers` names no server"));
    }
    Ok(addresses)
}

fn parse_address(text: &str) -> Option<(String, u16)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            (host, if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = port.map_or(Some(DEFAULT_PORT), |port| port.parse().ok().filter(|port| *port != 0))?;
    let plain = !host.is_empty() && !host.contains(char::is_whitespace) && !host.contains('/');
    plain.then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests;
