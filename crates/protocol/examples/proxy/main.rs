//! A TCP proxy between Kafka clients and their brokers, which prints every request and response.
//!
//!     cargo run -p ottla-protocol --example proxy -- 127.0.0.1:19092 127.0.0.1:9092
//!
//! Clients are told to use 127.0.0.1:19092 for their bootstrap server. What they ask and are answered is printed as JSON,
//! without payloads and secrets. Wherever an answer has the address of a broker, the proxy puts one of its own in its
//! place, behind which it forwards to that broker: so clients never leave it.
//!
//! * `addresses`: finds the addresses in a response, and puts others in their places.
//! * `connection`: forwards frames both ways, and knows which response belongs to which request.
//! * `proxy`: the listeners, one for each broker, and what is printed.
#![allow(clippy::print_stderr, reason = "that is where a program says what was wrong with its arguments")]

mod addresses;
mod connection;
mod proxy;

use std::process::ExitCode;

use proxy::Proxy;

const USAGE: &str = "usage: proxy LISTEN BROKER

  LISTEN  where to listen, such as 127.0.0.1:19092; for each broker that a client is told of, another port is taken
  BROKER  the bootstrap server, such as 127.0.0.1:9092";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [listen, broker] = arguments.as_slice() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let Ok(listen) = listen.parse() else {
        eprintln!("{listen} is no address with a port\n\n{USAGE}");
        return ExitCode::from(2);
    };
    let proxy = Proxy::new(listen, std::io::stdout());
    match proxy.listen(listen, broker) {
        Ok((_, listener)) => {
            // It ends when it is killed.
            let _ = listener.join();
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("cannot listen on {listen}: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(all(test, feature = "client", feature = "broker"))]
mod tests;
