//! The processes of brokers and of ZooKeeper: started so that they outlive this command, and signalled only after making sure that the process
//! behind an id is still the server it was.

use std::fmt;
use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{State, java};
use crate::util::{self, Result};

/// For how long a process may be without a command line, on a loaded machine.
const STARTING: Duration = Duration::from_secs(2);

/// A server that a cluster is made of: a broker, or ZooKeeper.
pub trait Server {
    /// What errors call it.
    fn name(&self) -> String;
    /// The process that ran it last.
    fn pid(&self) -> u32;
    /// The Java class that it is.
    fn class(&self) -> &'static str;
    /// Its properties file.
    fn config(&self) -> &Path;
    /// What it printed.
    fn log(&self) -> &Path;
}

/// What a server's process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    Running,
    Paused,
    Ended,
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Ended => "ended",
        })
    }
}

/// Starts a server and hands back its process id. Its output is appended to its log file.
pub fn spawn(cluster: &State, server: &impl Server) -> Result<u32> {
    let log = OpenOptions::new().create(true).append(true).open(server.log())?;
    let mut command = java::command(&cluster.java, &cluster.libs, cluster.heap_mib);
    command.arg("-Xms64m").args(cluster.logging_arguments("INFO")).arg(server.class()).arg(server.config());
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    // A process group of its own: Ctrl-C on the terminal of `up` or of a test run is not meant for brokers.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    Ok(command.spawn().map_err(|error| format!("cannot start {}: {error}", server.name()))?.id())
}

/// What the server's process does now. A process of another program that has since got the same id counts as ended.
pub fn look(server: &impl Server) -> Life {
    let deadline = Instant::now() + STARTING;
    let (state, command) = loop {
        match state_and_command(server.pid()) {
            // It is being started: the kernel has not yet given it its command line.
            Some((state, command))
                if command.is_empty() && !state.starts_with(['Z', 'X']) && Instant::now() < deadline =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            Some(found) => break found,
            None => return Life::Ended,
        }
    };
    if !command.contains(&*server.config().to_string_lossy()) || state.starts_with(['Z', 'X']) {
        Life::Ended
    } else if state.starts_with(['T', 't']) {
        Life::Paused
    } else {
        Life::Running
    }
}

/// Sends a signal, by name, to the server's process; fails if that has ended.
pub fn signal(server: &impl Server, signal: &str) -> Result<()> {
    if look(server) == Life::Ended {
        return Err(format!("{} does not run (process {})", server.name(), server.pid()).into());
    }
    util::output(Command::new("kill").arg(format!("-{signal}")).arg(server.pid().to_string()))?;
    Ok(())
}

/// Waits until the server's process has ended.
pub fn wait_for_end(server: &impl Server, patience: Duration) -> Result<()> {
    let deadline = Instant::now() + patience;
    while look(server) != Life::Ended {
        if Instant::now() > deadline {
            return Err(format!("{} still runs after {patience:?} (process {})", server.name(), server.pid()).into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// The process's state letter and its command line.
fn state_and_command(pid: u32) -> Option<(String, String)> {
    let proc = Path::new("/proc").join(pid.to_string());
    if Path::new("/proc/self").exists() {
        let stat = std::fs::read_to_string(proc.join("stat")).ok()?;
        // The second field is the program's name in parentheses, and may itself hold some.
        let state = stat.rsplit_once(')')?.1.trim_start().to_owned();
        let command = std::fs::read(proc.join("cmdline")).unwrap_or_default();
        // A zombie's command line is empty; its state says enough.
        return Some((state, String::from_utf8_lossy(&command).into_owned()));
    }
    let mut ps = Command::new("ps");
    ps.args(["-ww", "-o", "stat=,command=", "-p"]).arg(pid.to_string());
    let line = util::output(&mut ps).ok()?;
    let (state, command) = line.trim().split_once(' ')?;
    Some((state.to_owned(), command.to_owned()))
}
