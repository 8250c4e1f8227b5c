//! Tests of medians and the table.

use serde_json::json;

use super::{Run, median, render};

fn run(records_per_s: f64, cpu_s_per_million: f64) -> Run {
    Run { records_per_s, mb_per_s: 1.0, cpu_s_per_million, max_rss_mb: 10.0, errors: 0.0 }
}

#[test]
fn the_median_is_the_middle_or_between_the_two_in_the_middle() {
    assert_eq!(median(&[1.0, 2.0, 9.0]), 2.0);
    assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), 3.0);
    assert!(median(&[]).is_nan());
}

#[test]
fn other_clients_are_compared_with_the_first() {
    let ours = ("ottla".to_owned(), vec![run(300.0, 0.1), run(100.0, 0.3), run(200.0, 0.2)]);
    let peer = ("peer".to_owned(), vec![run(100.0, 0.8), run(100.0, 0.8)]);
    let table = render("produce", &[ours, peer]);
    let rows: Vec<&str> = table.lines().skip(2).collect();
    assert_eq!(rows[0], "| ottla | 200 | 100 to 300 | 1.0 | 0.200 | 10 | 0 |  |  |");
    assert_eq!(rows[1], "| peer | 100 | 100 to 100 | 1.0 | 0.800 | 10 | 0 | 2.00 | 0.25 |");
}

#[test]
fn a_line_that_lacks_a_figure_is_no_run() {
    let mut line = json!({"records_per_s": 1, "mb_per_s": 2, "cpu_s_per_million": 3, "max_rss_mb": 4, "errors": 0});
    assert!(Run::read(&line).is_some());
    line["errors"] = json!(null);
    assert!(Run::read(&line).is_none());
}
