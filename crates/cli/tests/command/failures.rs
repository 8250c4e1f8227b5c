//! What goes wrong ends in time, with a message and an exit status.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use ottla_mock::{ApiKey, Fault, MockConfig};

use super::support::{cluster, cluster_with, ottla};

/// An address where nobody listens.
fn nobody() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// Listens, and does this with each connection.
fn serve(answer: impl Fn(std::net::TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || listener.incoming().flatten().for_each(answer));
    address
}

#[test]
fn a_broker_that_cannot_be_reached_is_named() {
    let address = nobody();
    for arguments in [
        &["produce", "t"][..],
        &["consume", "t"],
        &["topic", "list"],
        &["topic", "create", "t"],
        &["cluster", "info"],
        &["bench", "produce"],
    ] {
        let began = Instant::now();
        let ended =
            ottla(&[arguments, &["--brokers", &address, "--connect-timeout", "1"]].concat()).input(b"x\n").end();
        ended.failure(3, &[&address, "--brokers"]);
        assert!(began.elapsed() < Duration::from_secs(20));
    }
}

#[test]
fn a_web_server_is_no_broker() {
    let address = serve(|mut stream| {
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    });
    let ended = ottla(&["topic", "list", "--brokers", &address, "--connect-timeout", "2"]).end();
    ended.failure(3, &[&address, "HTTP"]);
}

#[test]
fn a_tls_server_is_named_as_such() {
    let address = serve(|mut stream| {
        let _ = stream.read(&mut [0; 1024]);
        // A fatal alert: unexpected message.
        let _ = stream.write_all(&[0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x0a]);
    });
    let ended = ottla(&["topic", "list", "--brokers", &address, "--connect-timeout", "2"]).end();
    ended.failure(3, &[&address, "TLS"]);
}

#[test]
fn a_broker_that_never_answers_is_given_up() {
    let address = serve(std::mem::forget);
    let began = Instant::now();
    let ended = ottla(&["consume", "t", "-e", "--brokers", &address, "--connect-timeout", "2"]).end();
    ended.failure(3, &[&address]);
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn an_answer_of_impossible_length_is_not_waited_for() {
    let address = serve(|mut stream| {
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(&[0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
        std::mem::forget(stream);
    });
    let ended = ottla(&["topic", "list", "--brokers", &address, "--connect-timeout", "2"]).end();
    ended.failure(3, &[&address, "2147483647"]);
}

#[test]
fn a_broker_that_stops_answering_ends_the_consuming() {
    let cluster = cluster(1);
    cluster.topic("t", 1);
    cluster.output(&["produce", "t"], b"a\n");
    cluster.mock.inject(Fault::no_answer().api(ApiKey::FETCH).always());
    let ended = cluster.ottla(&["consume", "t", "-e", "-X", "request.timeout.ms=1000"]).end();
    ended.failure(3, &["nothing came for 2 s", "partition 0", "topic describe"]);
}

#[test]
fn a_damaged_batch_is_told_with_its_place() {
    let cluster = cluster(1);
    cluster.topic("t", 1);
    cluster.output(&["produce", "t"], b"a\n");
    let mut batch = cluster.mock.state().batches("t", 0).unwrap()[0].to_vec();
    *batch.last_mut().unwrap() ^= 1;
    cluster.mock.state().append_batch("t", 0, &batch).unwrap();
    let ended = cluster.ottla(&["consume", "t", "-e"]).end();
    assert_eq!(ended.stdout, b"a\n");
    ended.failure(1, &["t-0", "offset 1", "pass over"]);
}

#[test]
fn a_broker_that_stops_answering_fails_the_records() {
    let cluster = cluster(1);
    cluster.topic("t", 1);
    cluster.mock.inject(Fault::no_answer().api(ApiKey::PRODUCE).always());
    let timeouts = ["-X", "delivery.timeout.ms=2000", "-X", "request.timeout.ms=1000"];
    let ended = cluster.ottla(&[&["produce", "t"], &timeouts[..]].concat()).input(b"a\nb\n").end();
    ended.failure(3, &["0 acknowledged, 2 failed", "may have been written"]);
}

#[test]
fn a_topic_that_is_not_there_is_named() {
    let cluster = cluster_with(MockConfig::new(1).auto_create_topics(false));
    let began = Instant::now();
    cluster
        .ottla(&["consume", "absent", "-e"])
        .end()
        .failure(1, &["absent", "UNKNOWN_TOPIC_OR_PARTITION", "topic list"]);
    let produced = cluster.ottla(&["produce", "absent"]).input(b"x\n").end();
    produced.failure(1, &["absent", "UNKNOWN_TOPIC_OR_PARTITION"]);
    cluster.ottla(&["topic", "describe", "absent"]).end().failure(1, &["absent"]);
    cluster.ottla(&["topic", "delete", "absent"]).end().failure(1, &["absent"]);
    assert!(began.elapsed() < Duration::from_secs(40));
}

#[test]
fn consuming_makes_no_topic() {
    let cluster = cluster(1);
    cluster.ottla(&["consume", "absent", "-e"]).end().failure(1, &["absent"]);
    assert_eq!(cluster.mock.state().topics().count(), 0);
}

#[test]
fn a_record_over_the_limit_fails_and_the_others_do_not() {
    let cluster = cluster(1);
    cluster.topic("t", 1);
    let large = "x".repeat(2 << 20);
    let input = format!("before\n{large}\nafter\n");
    let ended = cluster.ottla(&["produce", "t"]).input(input.as_bytes()).end();
    ended.failure(1, &["2 acknowledged, 1 failed", "record 2 is not acknowledged", "max.request.size"]);
    assert_eq!(cluster.output(&["consume", "t", "-e"], b""), b"before\nafter\n");
}

#[test]
fn a_record_over_the_brokers_limit_fails_and_the_others_do_not() {
    let cluster = cluster_with(MockConfig::new(1).max_message_bytes(10_000));
    cluster.topic("t", 1);
    let large = "x".repeat(20_000);
    let input = format!("before\n{large}\nafter\n");
    // Each record in a batch of its own, which is what the broker measures.
    let ended = cluster.ottla(&["produce", "t", "-X", "batch.size=1"]).input(input.as_bytes()).end();
    ended.failure(1, &["2 acknowledged, 1 failed", "MESSAGE_TOO_LARGE", "max.message.bytes"]);
    assert_eq!(cluster.output(&["consume", "t", "-e"], b""), b"before\nafter\n");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let cluster = cluster(1);
    cluster.ottla(&["produce", "t", "--file", "/no/such/file"]).end().failure(4, &["/no/such/file"]);
    cluster.ottla(&["produce", "t", "--file", "/"]).end().failure(4, &["/ cannot be read"]);
}

#[test]
fn arguments_and_settings_that_are_wrong_are_named() {
    let cluster = cluster(1);
    for (arguments, word) in [
        (&["consume", "t", "--offset", "middle"][..], "beginning, end, N, -N or @TIME"),
        (&["consume", "t", "--format", "%q"], "%q"),
        (&["produce", "t", "--compression", "rar"], "zstd"),
        (&["produce", "t", "-X", "no.such.setting=1"], "no.such.setting"),
        (&["produce", "t", "-X", "acks=7"], "acks"),
        (&["produce", "t", "-X", "linger"], "KEY=VALUE"),
        (&["topic", "create", "t", "--partitions", "0"], "partitions"),
        (&["no-such-command"], "no-such-command"),
    ] {
        cluster.ottla(arguments).input(b"").end().failure(2, &[word]);
    }
    ottla(&["topic", "list"]).end().failure(2, &["OTTLA_BROKERS"]);
    ottla(&["topic", "list", "-b", "host:port:more"]).end().failure(2, &["host:port:more"]);
}

#[test]
fn a_setting_of_another_command_is_mentioned_and_passed_over() {
    let cluster = cluster(1);
    cluster.topic("t", 1);
    let ended = cluster.ottla(&["produce", "t", "-X", "fetch.min.bytes=1"]).input(b"x\n").end().success();
    assert!(ended.stderr.contains("`fetch.min.bytes` has no effect here"), "{}", ended.stderr);
}

#[test]
fn a_partition_that_is_not_there_is_an_error() {
    let cluster = cluster(1);
    cluster.topic("t", 2);
    cluster.ottla(&["produce", "t", "--partition", "2"]).input(b"x\n").end().failure(2, &["no partition 2"]);
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let cluster = cluster(1);
    cluster.topic("t", 1);
    let input: Vec<u8> = (0..200_000).flat_map(|number| format!("line number {number}\n").into_bytes()).collect();
    cluster.output(&["produce", "t"], &input);
    let mut consume = cluster.ottla(&["consume", "t"]);
    let mut child = consume.command.spawn().unwrap();
    let mut first = [0; 14];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"line number 0\n");
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let cluster = cluster(1);
    cluster.topic("t", 1);
    cluster.output(&["produce", "t"], b"some record\n");
    for arguments in [&["consume", "t", "-e"][..], &["topic", "list"], &["completions", "bash"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut run = cluster.ottla(arguments);
        run.command.stdout(Stdio::from(full));
        run.end().failure(4, &["standard output cannot be written", "make room"]);
    }
}

#[test]
fn a_port_in_use_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    ottla(&["mock", "--port", &port]).end().failure(1, &["cannot listen", "--port"]);
}
