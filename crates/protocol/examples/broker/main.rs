//! A broker of a few hundred lines: one topic of one partition, in memory, for tests of clients and as a beginning.
//!
//!     cargo run -p ottla-protocol --example broker -- 127.0.0.1:9092
//!     kafka-console-producer.sh --bootstrap-server 127.0.0.1:9092 --topic stub
//!     kafka-console-consumer.sh --bootstrap-server 127.0.0.1:9092 --topic stub --partition 0 --offset earliest
//!
//! * `log`: what was produced, as batches one after the other.
//! * `answers`: what is answered to each request.
//! * here: sockets, frames, and which versions there are.
//!
//! It takes a producer's sequences as they come, and has no groups and no transactions.
#![allow(clippy::print_stderr, reason = "that is where a program says what goes wrong")]

mod answers;
mod log;

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use answers::Broker;
use bytes::Bytes;
use ottla_protocol::frame::{self, decode_request_header};

/// A request above this is refused: it could only fill the memory.
const LARGEST: usize = 100 << 20;

fn main() -> ExitCode {
    let listen = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9092".to_owned());
    match start(&listen) {
        Ok((at, listener)) => {
            eprintln!("topic {} at {at}", answers::TOPIC);
            // It ends when it is killed.
            let _ = listener.join();
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("cannot listen at {listen}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Listens, and serves each client in a thread of its own.
fn start(listen: &str) -> io::Result<(SocketAddr, thread::JoinHandle<()>)> {
    let listener = TcpListener::bind(listen)?;
    let at = listener.local_addr()?;
    let broker = Arc::new(Broker::new(at));
    let accept = move || {
        for client in listener.incoming().flatten() {
            let broker = Arc::clone(&broker);
            thread::spawn(move || {
                if let Err(error) = serve(&broker, client) {
                    eprintln!("a client is gone: {error}");
                }
            });
        }
    };
    Ok((at, thread::spawn(accept)))
}

/// Answers the requests of one client, in their order, as Kafka does.
fn serve(broker: &Broker, mut client: TcpStream) -> io::Result<()> {
    client.set_nodelay(true)?;
    while let Some(frame) = read_frame(&mut client)? {
        // What is no request at all can be answered by nothing but closing the connection; so do brokers.
        let (header, body) = decode_request_header(&frame).map_err(invalid)?;
        for chunk in broker.answer(&header, &body).map_err(invalid)? {
            client.write_all(&chunk)?;
        }
    }
    Ok(())
}

/// A frame without its length, or nothing at the end of the connection.
fn read_frame(client: &mut TcpStream) -> io::Result<Option<Bytes>> {
    let mut length = [0; 4];
    match client.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = frame::length(length, LARGEST).map_err(invalid)?;
    let mut frame = Vec::new();
    // Memory is taken for what comes, not for what is announced.
    if client.take(length as u64).read_to_end(&mut frame)? < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(frame.into()))
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(all(test, feature = "client"))]
mod tests;
