//! Tests of command templates.

use super::Client;
use crate::util::display;

#[test]
fn placeholders_are_filled_in() {
    let client = Client::custom("mine=prog {mode} --to {brokers}").expect("a client");
    let command = client.command(&[("mode", "produce".into()), ("brokers", "127.0.0.1:9092".into())]);
    assert_eq!(client.name, "mine");
    assert_eq!(display(&command), "prog produce --to 127.0.0.1:9092");
}

#[test]
fn a_client_without_a_command_is_refused() {
    assert!(Client::custom("mine").is_err());
}
