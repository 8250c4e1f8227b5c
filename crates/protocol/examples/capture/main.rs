//! Prints the Kafka traffic in a capture as JSON, a request or a response a line.
//!
//!     tcpdump -i lo -s 0 -w kafka.pcap port 9092
//!     cargo run -p ottla-protocol --example capture -- kafka.pcap
//!
//! Files in the formats pcap and pcapng are read, and, in place of a file, `-` for standard input. Payloads and secrets
//! are left out; `--show` prints them. Of what Wireshark prints for "Follow TCP Stream" as a hex dump, and of any such
//! dump, `--hex` reads the bytes: those of the broker are in lines that are indented.
//!
//! * `file`: packets out of a file.
//! * `packet`: what a packet has of TCP.
//! * `stream`: the bytes of a connection in their order, whatever order the packets came in.
//! * `conversation`: frames, and which response belongs to which request.
//! * `dump`: the bytes in a hex dump.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is what the program is for")]

mod conversation;
mod dump;
mod file;
mod packet;
mod stream;

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use conversation::{Conversation, Side};
use file::Packets;
use ottla_protocol::walk::Payloads;
use stream::Stream;

const USAGE: &str = "usage: capture [--port 9092] [--show] [--hex] FILE

  --port  the brokers' port
  --show  print payloads and secrets
  --hex   the file is a hex dump of one connection, in which the broker's lines are indented";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (mut port, mut payloads, mut hex, mut path) = (9092, Payloads::Hidden, false, None);
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), path.is_none()) {
            ("--port", _) => match arguments.next().and_then(|port| port.parse().ok()) {
                Some(given) => port = given,
                None => return usage(),
            },
            ("--show", _) => payloads = Payloads::Shown,
            ("--hex", _) => hex = true,
            (given, true) if given == "-" || !given.starts_with('-') => path = Some(argument),
            _ => return usage(),
        }
    }
    let Some(path) = path else { return usage() };
    let mut bytes = Vec::new();
    let read = match path.as_str() {
        "-" => io::stdin().lock().read_to_end(&mut bytes),
        path => std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)),
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let outcome = read.map_err(|error| error.to_string()).and_then(|_| match hex {
        true => dumped(&bytes, payloads, &mut out),
        false => captured(&bytes, port, payloads, &mut out),
    });
    let flushed = out.flush();
    match outcome {
        Ok(told) => {
            eprintln!("{told}");
            // That nobody reads any more is no failure.
            let _ = flushed;
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{path}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}

/// One connection between a client and a broker.
struct Connection {
    conversation: Conversation,
    from_client: Stream,
    from_broker: Stream,
}

impl Connection {
    fn stream(&mut self, side: Side) -> &mut Stream {
        match side {
            Side::Client => &mut self.from_client,
            Side::Broker => &mut self.from_broker,
        }
    }

    /// Prints what there is of one side.
    fn read(&mut self, side: Side, time: f64, out: &mut impl Write) -> io::Result<()> {
        let stream = match side {
            Side::Client => &mut self.from_client,
            Side::Broker => &mut self.from_broker,
        };
        self.conversation.read(side, stream, time, out)
    }

    /// Prints what is left, and adds to what was found.
    fn end(mut self, told: &mut Totals, out: &mut impl Write) -> io::Result<()> {
        self.conversation.end(Side::Client, &mut self.from_client, out)?;
        self.conversation.end(Side::Broker, &mut self.from_broker, out)?;
        told.add(&self.conversation);
        Ok(())
    }
}

/// Prints all that is in a capture; gives a sentence about it.
fn captured(bytes: &[u8], port: u16, payloads: Payloads, out: &mut impl Write) -> Result<String, String> {
    let mut connections: BTreeMap<(SocketAddr, SocketAddr), Connection> = BTreeMap::new();
    let (mut packets, mut segments, mut damage, mut told) = (0_u64, 0_u64, None, Totals::default());
    for packet in Packets::new(bytes)? {
        let packet = match packet {
            Ok(packet) => packet,
            // The end of a capture that was broken off is no reason to forget its beginning.
            Err(error) => {
                damage = Some(error);
                break;
            }
        };
        packets += 1;
        let Some(segment) = packet::tcp(packet.link, packet.bytes) else { continue };
        let (side, client, broker) = match (segment.to.port() == port, segment.from.port() == port) {
            (true, _) => (Side::Client, segment.from, segment.to),
            (false, true) => (Side::Broker, segment.to, segment.from),
            (false, false) => continue,
        };
        segments += 1;
        let place = (client, broker);
        // A new connection, perhaps from a port that was used before.
        if segment.syn
            && side == Side::Client
            && let Some(earlier) = connections.remove(&place)
        {
            earlier.end(&mut told, out).map_err(|error| error.to_string())?;
        }
        let connection = connections.entry(place).or_insert_with(|| Connection {
            conversation: Conversation::new(client.to_string(), broker.to_string(), payloads),
            from_client: Stream::default(),
            from_broker: Stream::default(),
        });
        connection.stream(side).push(&segment);
        connection.read(side, packet.time, out).map_err(|error| error.to_string())?;
    }
    for connection in connections.into_values() {
        connection.end(&mut told, out).map_err(|error| error.to_string())?;
    }
    let damage = damage.map(|damage| format!("; after that {damage}")).unwrap_or_default();
    Ok(format!("{packets} packets, {segments} of them to or from port {port}{damage}; {told}"))
}

/// Prints all that is in the hex dump of one connection.
fn dumped(bytes: &[u8], payloads: Payloads, out: &mut impl Write) -> Result<String, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "this is no hex dump".to_owned())?;
    let mut connection = Connection {
        conversation: Conversation::new("client".to_owned(), "broker".to_owned(), payloads),
        from_client: Stream::default(),
        from_broker: Stream::default(),
    };
    for piece in dump::read(text)? {
        connection.stream(piece.side).append(&piece.bytes);
        connection.read(piece.side, 0.0, out).map_err(|error| error.to_string())?;
    }
    let mut told = Totals::default();
    connection.end(&mut told, out).map_err(|error| error.to_string())?;
    Ok(told.to_string())
}

/// What was found on all connections.
#[derive(Default)]
struct Totals {
    connections: u64,
    requests: u64,
    responses: u64,
    undecoded: u64,
}

impl Totals {
    fn add(&mut self, conversation: &Conversation) {
        self.connections += 1;
        self.requests += conversation.requests;
        self.responses += conversation.responses;
        self.undecoded += conversation.undecoded;
    }
}

impl std::fmt::Display for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { connections, requests, responses, undecoded } = self;
        write!(f, "{connections} connections, {requests} requests, {responses} responses, {undecoded} not read")
    }
}

#[cfg(all(test, feature = "client", feature = "broker"))]
mod tests;
