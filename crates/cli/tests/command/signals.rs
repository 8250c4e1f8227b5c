//! SIGINT and SIGTERM.
#![cfg(unix)]

use std::io::Write;
use std::time::{Duration, Instant};

use ottla_mock::ApiKey;

use super::support::{cluster, text};

/// Until the condition holds.
fn wait_for(condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < Duration::from_secs(30), "it does not come");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn consuming_ends_cleanly_with_all_that_was_there() {
    let cluster = cluster(1);
    cluster.topic("t", 1);
    cluster.output(&["produce", "t"], b"a\nb\n");
    for signal in ["INT", "TERM"] {
        let fetches = || cluster.mock.state().requests().count(ApiKey::FETCH);
        let before = fetches();
        let running = cluster.ottla(&["consume", "t"]).start();
        wait_for(|| fetches() > before + 1);
        std::thread::sleep(Duration::from_millis(300));
        running.signal(signal);
        let ended = running.end().success();
        assert_eq!(text(&ended.stdout), "a\nb\n");
    }
}

#[test]
fn producing_delivers_what_was_read_and_says_how_much() {
    let cluster = cluster(1);
    cluster.topic("t", 1);
    for signal in ["INT", "TERM"] {
        let before = cluster.mock.records("t", 0).unwrap().len();
        let mut running = cluster.ottla(&["produce", "t"]).start();
        let stdin = running.child.stdin.as_mut().unwrap();
        stdin.write_all(b"a\nb\nbegun but not en").unwrap();
        stdin.flush().unwrap();
        wait_for(|| cluster.mock.records("t", 0).unwrap().len() == before + 2);
        running.signal(signal);
        let ended = running.end().success();
        assert!(ended.stderr.contains("2 acknowledged, 0 failed"), "{}", ended.stderr);
        assert!(ended.stderr.contains(&format!("SIG{signal}")), "{}", ended.stderr);
    }
}
