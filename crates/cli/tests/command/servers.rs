//! `quickstart`, `mock` and `completions`.

use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use super::support::{ottla, text};

#[test]
fn the_quick_start_shows_records_going_in_and_out_and_ends_by_itself() {
    let began = Instant::now();
    let ended = ottla(&["quickstart"]).end().success();
    assert!(began.elapsed() < Duration::from_secs(10));
    let shown = text(&ended.stdout);
    assert!(ended.stderr.is_empty(), "{}", ended.stderr);
    for (word, times) in [("started an embedded cluster", 1), ("created topic", 1), ("produced ", 9), ("consumed ", 9)]
    {
        assert_eq!(shown.matches(word).count(), times, "{word:?} in {shown}");
    }
}

#[cfg(unix)]
#[test]
fn the_mock_cluster_says_where_it_listens_and_ends_by_sigterm() {
    let mut command = ottla(&["mock", "--brokers", "3", "--partitions", "5"]).command;
    let mut mock = command.spawn().unwrap();
    let mut first = String::new();
    let mut stdout = BufReader::new(mock.stdout.take().unwrap());
    stdout.read_line(&mut first).unwrap();
    let bootstrap = first.trim_end();
    assert_eq!(bootstrap.split(',').count(), 3);

    let produced = ottla(&["produce", "asked-for", "-b", bootstrap]).input(b"x\n").end().success();
    assert!(produced.stderr.contains("1 acknowledged"), "{}", produced.stderr);
    let listed = ottla(&["topic", "list", "--long", "-b", bootstrap]).end().success();
    assert!(text(&listed.stdout).lines().any(|line| line.split_whitespace().eq(["asked-for", "5", "3"])));

    let status = std::process::Command::new("kill").arg(mock.id().to_string()).status().unwrap();
    assert!(status.success());
    let output = mock.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn ports_follow_the_first() {
    // Two free ports in a row are looked for, and may be taken before they are used: hence some tries.
    for _ in 0..20 {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if port > u16::MAX - 2 {
            continue;
        }
        let mut command = ottla(&["mock", "--brokers", "2", "--port", &port.to_string()]).command;
        let mut mock = command.spawn().unwrap();
        let mut first = String::new();
        BufReader::new(mock.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let _ = mock.kill();
        let _ = mock.wait();
        if !first.is_empty() {
            assert_eq!(first.trim_end(), format!("127.0.0.1:{port},127.0.0.1:{}", port + 1));
            return;
        }
    }
    panic!("no two free ports in a row were found");
}

#[test]
fn completions_are_printed() {
    for shell in ["bash", "zsh", "fish"] {
        let ended = ottla(&["completions", shell]).end().success();
        assert!(text(&ended.stdout).contains("quickstart"), "{shell}");
    }
}
