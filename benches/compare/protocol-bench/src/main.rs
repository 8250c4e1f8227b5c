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

fn main() {
    let mut arguments = std::env::args().skip(1);
    let rounds = arguments.next().map_or(9, |rounds| rounds.parse().expect("usage: protocol-bench [ROUNDS [FILTER]]"));
    let filter = arguments.next().unwrap_or_default();
    let mut rows = Rows::new(rounds, filter);
    for input in Input::batches() {
        let [encode, decode, walk] = ["encode", "decode", "walk"].map(|work| format!("{work}, {}", input.name));
        let count = input.count;
        let mut encoders = vec![("ottla", ottla::encode(&input))];
        let mut decoders = vec![("ottla", ottla::decode(&input))];
        encoders.push(("kafka-protocol", kafka_protocol::encode(&input)));
        decoders.push(("kafka-protocol", kafka_protocol::decode(&input)));
        encoders.push(("krabka-protocol", krabka::encode(&input)));
        decoders.push(("krabka-protocol", krabka::decode(&input)));
        encoders.push(("kacrab-protocol", kacrab::encode(&input)));
        decoders.push(("kacrab-protocol", kacrab::decode(&input)));
        rows.run(&encode, count, encoders);
        rows.run(&decode, count, decoders);
        rows.run(&walk, count, vec![("ottla", ottla::walk(&input)), ("krabka-protocol", krabka::walk(&input))]);
    }
    for input in Input::messages() {
        let [encode, decode] = ["encode", "decode"].map(|work| format!("{work} {}", input.name));
        let (ours, theirs) = (ottla::message(&input), kafka_protocol::message(&input));
        let (krabka, kacrab) = (krabka::message(&input), kacrab::message(&input));
        let names = ["ottla", "kafka-protocol", "krabka-protocol", "kacrab-protocol"];
        let (encoders, decoders): (Vec<_>, Vec<_>) = [ours, theirs, krabka, kacrab].into_iter().unzip();
        rows.run(&encode, input.count, names.into_iter().zip(encoders).collect());
        rows.run(&decode, input.count, names.into_iter().zip(decoders).collect());
    }
    rows.print();
}
