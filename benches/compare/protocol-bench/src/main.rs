//! The same bytes through four crates that speak Kafka's protocol, by turns: what each operation costs.
//!
//! Messages and batches are made by ottla, read by every other crate, and what that crate writes of them is compared with
//! what it read: only then is anything timed.

mod input;
mod kacrab;
mod kafka_protocol;
mod krabka;
mod measure;
mod ottla;

use input::Input;
use measure::Rows;

const CRATES: [&str; 4] = ["ottla", "kafka-protocol", "krabka-protocol", "kacrab-protocol"];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let rounds = arguments.next().map_or(9, |rounds| rounds.parse().expect("usage: protocol-bench [ROUNDS [FILTER]]"));
    let filter = arguments.next().unwrap_or_default();
    let mut rows = Rows::new(rounds, filter);
    for input in Input::batches() {
        let [encode, decode, walk] = ["encode", "decode", "walk"].map(|work| format!("{work}, {}", input.name));
        let count = input.count;
        let encoders =
            [ottla::encode(&input), kafka_protocol::encode(&input), krabka::encode(&input), kacrab::encode(&input)];
        let decoders =
            [ottla::decode(&input), kafka_protocol::decode(&input), krabka::decode(&input), kacrab::decode(&input)];
        rows.run(&encode, count, CRATES.into_iter().zip(encoders).collect());
        rows.run(&decode, count, CRATES.into_iter().zip(decoders).collect());
        rows.run(&walk, count, vec![("ottla", ottla::walk(&input)), ("krabka-protocol", krabka::walk(&input))]);
    }
    for input in Input::messages() {
        let all = || {
            [ottla::message(&input), kafka_protocol::message(&input), krabka::message(&input), kacrab::message(&input)]
        };
        let (encoders, decoders): (Vec<_>, Vec<_>) = all().into_iter().unzip();
        let [buffer, send, decode] =
            ["encode into one buffer,", "encode to be sent,", "decode"].map(|work| format!("{work} {}", input.name));
        rows.run(&buffer, input.count, CRATES.into_iter().zip(encoders).collect());
        if input.message != "metadata" {
            // the others have no other form than one buffer
            let mut encoders: Vec<_> = all().into_iter().map(|(encode, _)| encode).collect();
            encoders[0] = ottla::frame(&input);
            rows.run(&send, input.count, CRATES.into_iter().zip(encoders).collect());
        }
        rows.run(&decode, input.count, CRATES.into_iter().zip(decoders).collect());
    }
    rows.print();
}
