//! The proxy: a listener for each broker that clients were told of, and what is printed.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ottla_protocol::ApiKey;

use crate::addresses::Address;
use crate::connection;

/// What all connections share.
pub(crate) struct Proxy {
    /// Where every listener listens.
    ip: IpAddr,
    began: Instant,
    fronts: Mutex<BTreeMap<Address, SocketAddr>>,
    out: Mutex<Box<dyn Write + Send>>,
    connections: AtomicU64,
    undecoded: AtomicU64,
    /// Itself, for the threads that it starts.
    own: std::sync::Weak<Self>,
}

/// A request or a response that was read.
pub(crate) struct Traced<'a> {
    /// The connection.
    pub(crate) name: &'a str,
    pub(crate) what: &'a str,
    pub(crate) key: ApiKey,
    pub(crate) version: i16,
    pub(crate) correlation_id: i32,
    pub(crate) json: &'a dyn Display,
    /// How long a response took.
    pub(crate) took: Option<Duration>,
}

impl Proxy {
    /// A proxy that listens on the address' IP only, and prints there.
    pub(crate) fn new(listen: SocketAddr, out: impl Write + Send + 'static) -> Arc<Self> {
        Arc::new_cyclic(|own| Self {
            ip: listen.ip(),
            began: Instant::now(),
            fronts: Mutex::default(),
            out: Mutex::new(Box::new(out)),
            connections: AtomicU64::new(0),
            undecoded: AtomicU64::new(0),
            own: own.clone(),
        })
    }

    /// Listens, and forwards to this broker. Gives the address, which tells the port where none was chosen.
    pub(crate) fn listen(&self, at: SocketAddr, broker: &str) -> io::Result<(SocketAddr, JoinHandle<()>)> {
        let listener = TcpListener::bind(at)?;
        let at = listener.local_addr()?;
        self.print(&format!("{at} is in front of {broker}"));
        let (own, broker) = (self.own.clone(), broker.to_owned());
        let accept = move || {
            for client in listener.incoming().flatten() {
                let Some(proxy) = own.upgrade() else { return };
                let broker = broker.clone();
                std::thread::spawn(move || proxy.serve(client, &broker));
            }
        };
        Ok((at, std::thread::spawn(accept)))
    }

    fn serve(self: Arc<Self>, client: TcpStream, broker: &str) {
        let number = self.connections.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let name = format!("connection {number} to {broker}");
        let relayed = TcpStream::connect(broker).and_then(|broker| connection::relay(&self, &name, client, broker));
        if let Err(error) = relayed {
            self.note(&name, &error.to_string());
        }
    }

    /// Where clients reach this broker through the proxy: a listener is made if there is none yet. None where it cannot be
    /// made.
    pub(crate) fn front_of(&self, broker: &Address) -> Option<SocketAddr> {
        let mut fronts = self.fronts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(front) = fronts.get(broker) {
            return Some(*front);
        }
        let (host, port) = broker;
        let upstream = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        match self.listen(SocketAddr::new(self.ip, 0), &upstream) {
            Ok((front, _)) => {
                fronts.insert(broker.clone(), front);
                Some(front)
            }
            Err(error) => {
                self.print(&format!("no listener for {upstream}: {error}"));
                None
            }
        }
    }

    /// Prints a request or a response.
    pub(crate) fn trace(&self, traced: &Traced<'_>) {
        let Traced { name, what, key, version, correlation_id, json, took } = traced;
        let took = took.map(|took| format!(" after {:.1} ms", took.as_secs_f64() * 1000.0)).unwrap_or_default();
        self.note(name, &format!("{what} {correlation_id}{took}: {key} v{version} {json}"));
    }

    /// Counts a frame that could not be read, and prints why. It is forwarded all the same.
    pub(crate) fn undecoded(&self, name: &str, what: &str, bytes: &[u8], why: &dyn Display) {
        let count = self.undecoded.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let begin: String = bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let length = bytes.len();
        self.note(name, &format!("UNDECODED {what} of {length} bytes ({begin}...), the {count}. in all: {why}"));
    }

    /// Prints something about a connection.
    pub(crate) fn note(&self, name: &str, what: &str) {
        self.print(&format!("{name}: {what}"));
    }

    fn print(&self, line: &str) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody may be reading; clients are served all the same.
        let _ = writeln!(out, "{:9.3} s  {line}", self.began.elapsed().as_secs_f64());
        let _ = out.flush();
    }
}
