//! The console tools of Kafka itself.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::mock::{Mock, run};

const RECORDS: usize = 2_000;

/// One of Kafka's tools, with the mock cluster's address.
fn tool(mock: &Mock, class: &str, arguments: &[&str]) -> Command {
    let java = std::env::var_os("OTTLA_JAVA").expect("OTTLA_JAVA names Java, see docs/testing.md");
    let libs = std::env::var_os("OTTLA_KAFKA_LIBS").expect("OTTLA_KAFKA_LIBS names Kafka's jars, see docs/testing.md");
    let mut command = Command::new(java);
    command.args(["-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp"]).arg(PathBuf::from(libs).join("*"));
    command.arg(class).args(["--bootstrap-server", &mock.bootstrap]).args(arguments);
    command
}

fn console_producer_to_console_consumer(compression: &str) {
    let mock = Mock::start();
    mock.create_topic("orders");
    let lines: Vec<String> = (0..RECORDS).map(|n| format!("key-{}:value number {n}", n % 7)).collect();

    let arguments = [
        "--topic",
        "orders",
        "--compression-codec",
        compression,
        "--reader-property",
        "parse.key=true",
        "--reader-property",
        "key.separator=:",
    ];
    let mut producer = tool(&mock, "org.apache.kafka.tools.ConsoleProducer", &arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("Java starts");
    let mut input = producer.stdin.take().expect("its input is piped");
    input.write_all(format!("{}\n", lines.join("\n")).as_bytes()).expect("it reads its input");
    drop(input);
    assert!(producer.wait().expect("it ends").success());

    // Without a group, the tool reads one partition at a time.
    let mut got = Vec::new();
    for partition in ["0", "1", "2"] {
        let arguments = [
            "--topic",
            "orders",
            "--partition",
            partition,
            "--offset",
            "earliest",
            "--timeout-ms",
            // Long enough for a JVM that starts on a busy machine.
            "10000",
            "--formatter-property",
            "print.key=true",
            "--formatter-property",
            "key.separator=:",
        ];
        let printed = run(&mut tool(&mock, "org.apache.kafka.tools.consumer.ConsoleConsumer", &arguments));
        // What else the tool prints there is its own log.
        let lines: Vec<String> = printed.lines().filter(|line| line.starts_with("key-")).map(str::to_owned).collect();
        for key in 0..7 {
            let prefix = format!("key-{key}:");
            let numbers: Vec<usize> =
                lines.iter().filter(|line| line.starts_with(&prefix)).map(|line| number(line)).collect();
            assert!(numbers.is_sorted(), "records of key {key} are out of order in partition {partition}");
        }
        got.extend(lines);
    }
    got.sort_by_key(|line| number(line));
    assert_eq!(got, lines);
}

fn number(line: &str) -> usize {
    line.rsplit(' ').next().and_then(|number| number.parse().ok()).expect("a line ends with its number")
}

#[test]
fn console_consumer_reads_what_console_producer_wrote() {
    console_producer_to_console_consumer("none");
}

#[test]
fn console_consumer_reads_what_console_producer_wrote_as_zstd() {
    console_producer_to_console_consumer("zstd");
}

#[test]
fn topic_command_lists_and_describes_topics() {
    let mock = Mock::start();
    mock.create_topic("orders");
    let listed = run(&mut tool(&mock, "org.apache.kafka.tools.TopicCommand", &["--list"]));
    assert_eq!(listed.lines().collect::<Vec<_>>(), ["orders"]);
}
