//! `bench` prints one line of JSON.

use super::support::{cluster, text};

#[test]
fn producing_and_consuming_are_measured() {
    let cluster = cluster(1);
    let arguments = ["--topic", "b", "--n", "20000", "--size", "50", "--partitions", "3"];
    let produce = cluster
        .output(&[&["bench", "produce", "--linger-ms", "2", "--compression", "lz4"], &arguments[..]].concat(), b"");
    let consume = cluster.output(&[&["bench", "consume"], &arguments[..]].concat(), b"");
    for (output, mode) in [(produce, "produce"), (consume, "consume")] {
        let output = text(&output);
        assert_eq!(output.lines().count(), 1);
        let line: serde_json::Value = serde_json::from_str(&output).unwrap();
        assert_eq!((line["client"].as_str(), line["mode"].as_str()), (Some("ottla"), Some(mode)));
        assert_eq!((&line["records"], &line["size"], &line["errors"]), (&20_000.into(), &50.into(), &0.into()));
        for key in ["seconds", "records_per_s", "mb_per_s", "cpu_s_per_million", "max_rss_mb"] {
            assert!(line[key].as_f64().is_some_and(|number| number > 0.0), "{key} in {output}");
        }
        assert_eq!(line["first_ms"].as_f64().is_some(), mode == "consume");
    }
    // The record that warms up is there as well.
    let partitions = 0..3;
    let total: usize = partitions.map(|partition| cluster.mock.records("b", partition).unwrap().len()).sum();
    assert_eq!(total, 20_001);
}
