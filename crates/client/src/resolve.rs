//! From a host and port to a connected socket: every address of the name is tried in turn.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::config::ClientConfig;

/// When the operating system begins to probe a silent connection.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(60);

/// Connects to the first address of the host that takes the connection. Each has `per_address` to do so.
pub(crate) async fn connect(
    host: &str,
    port: u16,
    per_address: Duration,
    config: &ClientConfig,
) -> io::Result<TcpStream> {
    let addresses = match timeout(per_address, lookup_host((host, port))).await {
        Ok(found) => {
            found.map_err(|error| io::Error::new(error.kind(), format!("the name cannot be resolved: {error}")))?
        }
        Err(_) => return Err(io::Error::new(io::ErrorKind::TimedOut, "the name could not be resolved in time")),
    };
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        match timeout(per_address, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                prepare(&stream, config);
                return Ok(stream);
            }
            Ok(Err(error)) => last = io::Error::new(error.kind(), format!("{address}: {error}")),
            Err(_) => {
                let millis = per_address.as_millis();
                last = io::Error::new(io::ErrorKind::TimedOut, format!("{address}: not connected within {millis} ms"));
            }
        }
    }
    Err(last)
}

/// Options that cannot be set leave a working socket, so that failures are only noted.
fn prepare(stream: &TcpStream, config: &ClientConfig) {
    let socket = SockRef::from(stream);
    let mut failed = stream.set_nodelay(true).err();
    if config.socket_keepalive {
        failed = failed.or(socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE_AFTER)).err());
    }
    if let Some(size) = usize::try_from(config.send_buffer_bytes).ok().filter(|size| *size > 0) {
        failed = failed.or(socket.set_send_buffer_size(size).err());
    }
    if let Some(size) = usize::try_from(config.receive_buffer_bytes).ok().filter(|size| *size > 0) {
        failed = failed.or(socket.set_recv_buffer_size(size).err());
    }
    if let Some(error) = failed {
        tracing::warn!(%error, "a socket option could not be set");
    }
}
