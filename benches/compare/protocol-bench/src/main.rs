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
        let all =
            [ottla::message(&input), kafka_protocol::message(&input), krabka::message(&input), kacrab::message(&input)];
        let (mut buffer, mut send, mut decode) = (Vec::new(), Vec::new(), Vec::new());
        for (name, (into_buffer, to_be_sent, decoded)) in CRATES.into_iter().zip(all) {
            buffer.push((name, into_buffer));
            send.push((name, to_be_sent));
            decode.push((name, decoded));
        }
        let Input { name, count, .. } = &input;
        rows.run(&format!("encode into a buffer that is there, {name}"), *count, buffer);
        rows.run(&format!("encode to be sent, {name}"), *count, send);
        rows.run(&format!("decode, {name}"), *count, decode);
    }
    rows.print();
}
