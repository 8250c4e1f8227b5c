//! Runs the command, and never for ever.
#![allow(dead_code, reason = "not every test target needs all of it")]

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Anything that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(180);

/// The command, not told of any cluster.
pub(crate) fn ottla(arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ottla"));
    command.args(arguments).env_remove("OTTLA_BROKERS");
    program(command)
}

/// Some program.
pub(crate) fn program(mut command: Command) -> Run {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Run { command, input: None }
}

/// A command that is about to run.
pub(crate) struct Run {
    pub(crate) command: Command,
    input: Option<Vec<u8>>,
}

impl Run {
    /// What it reads on standard input.
    pub(crate) fn input(mut self, input: &[u8]) -> Self {
        self.input = Some(input.to_vec());
        self
    }

    /// Runs it to its end.
    pub(crate) fn end(self) -> Ended {
        self.start().end()
    }

    /// Starts it. Without input given, standard input is open to be written to.
    pub(crate) fn start(mut self) -> Running {
        self.command.stdin(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        if let Some(input) = self.input {
            let mut stdin = child.stdin.take().unwrap();
            // The command may end before it has read all.
            std::thread::spawn(move || drop(stdin.write_all(&input)));
        }
        Running { stdout: gather(child.stdout.take()), stderr: gather(child.stderr.take()), child }
    }
}

fn gather(from: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut from) = from {
            from.read_to_end(&mut bytes).unwrap();
        }
        bytes
    })
}

/// A command that runs.
pub(crate) struct Running {
    pub(crate) child: Child,
    stdout: JoinHandle<Vec<u8>>,
    stderr: JoinHandle<Vec<u8>>,
}

impl Running {
    /// Sends a signal by its name.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Ended {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if began.elapsed() > PATIENCE {
                let _ = self.child.kill();
                let stderr = self.stderr.join().unwrap();
                panic!("it does not end: {}", String::from_utf8_lossy(&stderr));
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        Ended { status: status.code(), stdout: self.stdout.join().unwrap(), stderr: text(&self.stderr.join().unwrap()) }
    }
}

/// A command that ran.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Ended {
    /// Expects the exit status of success.
    pub(crate) fn success(self) -> Self {
        assert_eq!(self.status, Some(0), "{}", self.stderr);
        self
    }

    /// Expects an exit status, and words on standard error.
    pub(crate) fn failure(self, status: i32, words: &[&str]) -> Self {
        assert_eq!(self.status, Some(status), "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in: {}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }
}

/// Bytes as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
