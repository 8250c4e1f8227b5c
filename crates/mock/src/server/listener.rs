//! One broker's socket: open while the broker is up.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::time::Duration;

use ottla_types::BrokerId;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::front::Front;
use super::shared::Shared;

/// How long to wait when the port of a broker that comes up again is taken, or a connection cannot be accepted.
const RETRY: Duration = Duration::from_millis(20);

/// Starts accepting connections.
pub(super) fn spawn(shared: &Arc<Shared>, broker: BrokerId, listener: TcpListener) -> io::Result<()> {
    let up = shared.watch(broker).ok_or_else(|| io::Error::other("no such broker"))?;
    tokio::spawn(listen(Arc::downgrade(shared), broker, listener, up));
    Ok(())
}

async fn listen(shared: Weak<Shared>, broker: BrokerId, listener: TcpListener, mut up: watch::Receiver<bool>) {
    let Ok(address) = listener.local_addr() else { return };
    let mut listener = Some(listener);
    loop {
        // A broker that is down has no socket: its connections are refused.
        while !*up.borrow_and_update() {
            listener = None;
            if shared.upgrade().is_none_or(|shared| shared.is_shut_down()) || up.changed().await.is_err() {
                return;
            }
        }
        let open = match listener.take() {
            Some(open) => open,
            None => match TcpListener::bind(address).await {
                Ok(open) => open,
                Err(_) => {
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            },
        };
        match accept(&open, &mut up).await {
            None => {}
            Some(Ok(stream)) => {
                let Some(shared) = shared.upgrade() else { return };
                // Without it small responses wait for the acknowledgement of the one before.
                let _ = stream.set_nodelay(true);
                if let Some(id) = shared.connect(broker) {
                    tokio::spawn(Front::new(shared, id, stream));
                }
            }
            // Out of descriptors, for one: it may pass.
            Some(Err(_)) => tokio::time::sleep(RETRY).await,
        }
        listener = Some(open);
    }
}

/// The next connection, or none when the broker goes down or comes up.
async fn accept(listener: &TcpListener, up: &mut watch::Receiver<bool>) -> Option<io::Result<TcpStream>> {
    let mut changed = pin!(up.changed());
    poll_fn(|context| {
        if changed.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        listener.poll_accept(context).map(|accepted| Some(accepted.map(|(stream, _)| stream)))
    })
    .await
}
