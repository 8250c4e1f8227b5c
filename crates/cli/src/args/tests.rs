//! Tests of the command line.

use clap::CommandFactory as _;

use super::{Arguments, Command, header};
use clap::Parser as _;

#[test]
fn the_definition_is_sound() {
    Arguments::command().debug_assert();
}

#[test]
fn settings_may_stand_before_and_after_the_command() {
    let line = [
        "ottla",
        "-X",
        "linger.ms=5",
        "-X",
        "retries=1",
        "-b",
        "outer:1",
        "produce",
        "t",
        "-b",
        "h:1",
        "-X",
        "linger.ms = 9",
    ];
    let arguments = Arguments::try_parse_from(line).unwrap();
    let Command::Produce(produce) = arguments.command else { panic!("{arguments:?}") };
    let connection = produce.connection.within(&arguments.connection);
    assert_eq!(connection.brokers.as_deref(), Some("h:1"));
    // The last of a name counts.
    let properties: Vec<_> = connection.properties.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(properties, [("linger.ms", "5"), ("retries", "1"), ("linger.ms", "9")]);
}

#[test]
fn negative_offsets_are_no_flags() {
    let arguments = Arguments::try_parse_from(["ottla", "consume", "t", "--offset", "-5", "-e", "-n", "3"]).unwrap();
    let Command::Consume(consume) = arguments.command else { panic!("{arguments:?}") };
    assert_eq!(consume.offset, crate::offsets::From::Tail(5));
    assert!(consume.exit_at_end);
}

#[test]
fn a_header_without_a_value_is_null() {
    assert_eq!(header("a=b=c"), Ok(("a".to_owned(), Some("b=c".to_owned()))));
    assert_eq!(header("a="), Ok(("a".to_owned(), Some(String::new()))));
    assert_eq!(header("a"), Ok(("a".to_owned(), None)));
    assert!(header("").is_err());
}
