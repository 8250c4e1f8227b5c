//! Where consuming starts and ends.

use super::support::{Cluster, cluster, text};
use ottla_mock::MockRecord;

fn numbered(partitions: i32) -> Cluster {
    let cluster = cluster(1);
    cluster.topic("numbers", partitions);
    for partition in 0..partitions {
        let record = |number: i64| MockRecord::value(format!("{partition}-{number}")).at(1_000 * (number + 1));
        let records: Vec<_> = (0..10).map(record).collect();
        cluster.mock.append("numbers", partition, &records).unwrap();
    }
    cluster
}

fn consume(cluster: &Cluster, arguments: &[&str]) -> Vec<String> {
    let output = cluster.output(&[&["consume", "numbers"], arguments].concat(), b"");
    text(&output).lines().map(str::to_owned).collect()
}

#[test]
fn every_start_is_where_it_says() {
    let cluster = numbered(1);
    for (offset, first, count) in [
        ("beginning", "0-0", 10),
        ("7", "0-7", 3),
        ("-2", "0-8", 2),
        ("-200", "0-0", 10),
        ("@6000", "0-5", 5),
        ("@1970-01-01T00:00:05.5Z", "0-5", 5),
    ] {
        let lines = consume(&cluster, &["--offset", offset, "-e"]);
        assert_eq!((lines[0].as_str(), lines.len()), (first, count), "{offset}");
    }
    for offset in ["end", "10", "@99999999"] {
        assert!(consume(&cluster, &["--offset", offset, "-e"]).is_empty(), "{offset}");
    }
}

#[test]
fn only_the_partitions_asked_for_come() {
    let cluster = numbered(4);
    let mut lines = consume(&cluster, &["--partitions", "0,2", "-e", "-o", "8"]);
    lines.sort();
    assert_eq!(lines, ["0-8", "0-9", "2-8", "2-9"]);
    let failed = cluster.ottla(&["consume", "numbers", "--partitions", "0,9"]).end();
    failed.failure(2, &["no partition 9"]);
}

#[test]
fn a_count_ends_it() {
    let cluster = numbered(3);
    assert_eq!(consume(&cluster, &["-n", "7"]).len(), 7);
    assert_eq!(consume(&cluster, &["-n", "0"]).len(), 0);
    assert_eq!(consume(&cluster, &["-n", "100", "-e"]).len(), 30);
}

#[test]
fn what_comes_later_is_followed() {
    let cluster = numbered(1);
    let running = cluster.ottla(&["consume", "numbers", "-o", "end", "-n", "2"]).start();
    // Whatever is appended before the consumer looks for the end is before it; hence again and again.
    for _ in 0..200 {
        std::thread::sleep(std::time::Duration::from_millis(20));
        cluster.mock.append("numbers", 0, &[MockRecord::value("later")]).unwrap();
    }
    let ended = running.end().success();
    assert_eq!(text(&ended.stdout), "later\nlater\n");
}
