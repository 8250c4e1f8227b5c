//! An `ottla mock` for as long as a value lives.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Partitions of each topic.
pub(crate) const PARTITIONS: u32 = 3;

/// How long a client may take for its few records: some wait for ever for a broker that does not do as they expect.
const PATIENCE: Duration = Duration::from_secs(60);

/// A mock cluster of three brokers in a process of its own.
#[derive(Debug)]
pub(crate) struct Mock {
    process: Child,
    pub(crate) bootstrap: String,
}

impl Mock {
    /// Starts one, and waits until it says where it listens.
    pub(crate) fn start() -> Self {
        let port = three_free_ports();
        let mut process = Command::new(env!("CARGO_BIN_EXE_ottla"))
            .args(["mock", "--brokers", "3", "--port", &port.to_string(), "--partitions", &PARTITIONS.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("ottla starts");
        let stdout = process.stdout.take().expect("its output is piped");
        let mut bootstrap = String::new();
        BufReader::new(stdout).read_line(&mut bootstrap).expect("its output can be read");
        assert!(bootstrap.contains(&port.to_string()), "the first line names the bootstrap servers: {bootstrap:?}");
        Self { process, bootstrap: bootstrap.trim().to_owned() }
    }

    /// Creates a topic.
    pub(crate) fn create_topic(&self, topic: &str) {
        let partitions = PARTITIONS.to_string();
        let mut create = Command::new(env!("CARGO_BIN_EXE_ottla"));
        create.args(["topic", "create", topic, "--partitions", &partitions, "--replication-factor", "3"]);
        run(create.args(["--brokers", &self.bootstrap]));
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs a command to its end and hands back what it printed; panics, with what it said, if it fails or does not end.
pub(crate) fn run(command: &mut Command) -> String {
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let printed = read_aside(process.stdout.take().expect("its output is piped"));
    let said = read_aside(process.stderr.take().expect("its errors are piped"));
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = process.try_wait().expect("it can be waited for") {
            break Some(status);
        }
        if Instant::now() > deadline {
            let _ = process.kill();
            let _ = process.wait();
            break None;
        }
        thread::sleep(Duration::from_millis(20));
    };
    let (printed, said) = (printed.join().expect("it prints text"), said.join().expect("it says text"));
    let Some(status) = status else { panic!("{command:?} did not end within {PATIENCE:?}\n{said}") };
    assert!(status.success(), "{command:?}: {status}\n{said}");
    printed
}

/// Reads while the program runs: it would stop when a pipe is full.
fn read_aside(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).expect("text");
        text
    })
}

/// The first of three free ports in a row, below those that the system gives to outgoing connections.
fn three_free_ports() -> u16 {
    // Each test in this process starts looking elsewhere, and so do processes that run at the same time.
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let skip = NEXT.fetch_add(1, Ordering::Relaxed) * 16;
    let start = std::process::id().wrapping_mul(37).wrapping_add(skip) % 9_000;
    let mut ports = (0..9_000).map(|step| 10_000 + u16::try_from((start + step) % 9_000).expect("below 9,000"));
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    ports.find(|port| (0..3).all(|offset| free(port + offset))).expect("three free ports")
}
