//! Whether a broker is ready: it says, over its own port, that all the brokers are there that should be.

use std::collections::BTreeSet;
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::process::{self, Life};
use super::state::Broker;

/// Which request is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Knows which brokers are registered and not fenced.
    DescribeCluster,
    /// For brokers that do not know the other. That which it tells a broker has from a controller.
    Metadata,
}

/// DescribeCluster version 0 with header version 2: key 60, version 0, correlation id 7, client id null, no tagged
/// fields; then no authorized operations, no tagged fields. After its length.
const DESCRIBE_CLUSTER: [u8; 17] = [0, 0, 0, 13, 0, 60, 0, 0, 0, 0, 0, 7, 0xff, 0xff, 0, 0, 0];

/// Metadata version 1 with header version 1: key 3, version 1, correlation id 7, client id null; then no topics.
const METADATA: [u8; 18] = [0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 7, 0xff, 0xff, 0, 0, 0, 0];

/// Waits until the broker at each port of `ask` sees all of `expected` registered. Ends early when a broker's process
/// does.
pub fn wait(
    question: Question,
    ask: &[Broker],
    expected: &BTreeSet<i32>,
    patience: Duration,
) -> crate::util::Result<()> {
    let deadline = Instant::now() + patience;
    for broker in ask {
        loop {
            let seen = registered_brokers(question, broker.port);
            if seen.as_ref().is_ok_and(|ids| ids.is_superset(expected)) {
                break;
            }
            let problem = if process::look(broker) == Life::Ended {
                "ended while starting".to_owned()
            } else if Instant::now() > deadline {
                format!("was not ready within {patience:?} (last answer: {seen:?}, wanted {expected:?})")
            } else {
                std::thread::sleep(Duration::from_millis(50));
                continue;
            };
            return Err(format!(
                "broker {} {problem}; the end of {}:\n{}",
                broker.id,
                broker.log.display(),
                tail(&broker.log)
            )
            .into());
        }
    }
    Ok(())
}

/// The ids of the brokers that the broker at this port knows.
pub fn registered_brokers(question: Question, port: u16) -> Result<BTreeSet<i32>> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    stream.write_all(match question {
        Question::DescribeCluster => &DESCRIBE_CLUSTER,
        Question::Metadata => &METADATA,
    })?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut answer = vec![0; u32::from_be_bytes(length).min(1 << 20) as usize];
    stream.read_exact(&mut answer)?;
    let ids = match question {
        Question::DescribeCluster => described_brokers(&answer),
        Question::Metadata => metadata_brokers(&answer),
    };
    ids.ok_or_else(|| Error::new(ErrorKind::InvalidData, format!("no answer to {question:?}")))
}

/// Reads an answer to DescribeCluster: correlation id and tagged fields of the header, throttle time, error code and message, cluster
/// id, controller id, then the brokers.
fn described_brokers(answer: &[u8]) -> Option<BTreeSet<i32>> {
    let mut rest = answer;
    skip(&mut rest, 4 + 1 + 4)?;
    if skip(&mut rest, 2)? != [0, 0] {
        return None;
    }
    skip_string(&mut rest)?;
    skip_string(&mut rest)?;
    skip(&mut rest, 4)?;
    let count = varint(&mut rest)?.checked_sub(1)?;
    let mut ids = BTreeSet::new();
    for _ in 0..count {
        ids.insert(i32::from_be_bytes(skip(&mut rest, 4)?.try_into().ok()?));
        skip_string(&mut rest)?;
        skip(&mut rest, 4)?;
        skip_string(&mut rest)?;
        skip(&mut rest, 1)?;
    }
    Some(ids)
}

/// Reads an answer to Metadata: correlation id, then the brokers.
fn metadata_brokers(answer: &[u8]) -> Option<BTreeSet<i32>> {
    let mut rest = answer;
    skip(&mut rest, 4)?;
    let count = i32::from_be_bytes(skip(&mut rest, 4)?.try_into().ok()?);
    let mut ids = BTreeSet::new();
    for _ in 0..count {
        ids.insert(i32::from_be_bytes(skip(&mut rest, 4)?.try_into().ok()?));
        skip_classic_string(&mut rest)?;
        skip(&mut rest, 4)?;
        skip_classic_string(&mut rest)?;
    }
    Some(ids)
}

fn skip<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(count)?;
    *rest = tail;
    Some(head)
}

/// A compact nullable string: its length plus one, 0 for null.
fn skip_string(rest: &mut &[u8]) -> Option<()> {
    let length = varint(rest)?.saturating_sub(1);
    skip(rest, length).map(|_| ())
}

/// A nullable string with a length of two bytes.
fn skip_classic_string(rest: &mut &[u8]) -> Option<()> {
    let length = i16::from_be_bytes(skip(rest, 2)?.try_into().ok()?);
    skip(rest, usize::try_from(length).unwrap_or(0)).map(|_| ())
}

fn varint(rest: &mut &[u8]) -> Option<usize> {
    let mut value = 0;
    for shift in [0, 7, 14, 21] {
        let byte = skip(rest, 1)?[0];
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// The last lines of a log.
pub fn tail(log: &std::path::Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
