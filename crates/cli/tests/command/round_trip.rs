//! What goes in comes out, byte for byte.

use super::support::{cluster, text};

#[test]
fn lines_come_out_as_they_went_in() {
    let cluster = cluster(3);
    cluster.topic("lines", 1);
    let input = b"first\n\nthird after an empty one\r\n\xff\xfe\x00 not text\n  spaces  \nlast\n";
    let produced = cluster.ottla(&["produce", "lines"]).input(input).end().success();
    assert!(produced.stdout.is_empty());
    assert!(produced.stderr.contains("6 acknowledged, 0 failed"), "{}", produced.stderr);
    assert_eq!(cluster.output(&["consume", "lines", "-e"], b""), input);
}

#[test]
fn a_last_line_without_an_end_is_a_record_too() {
    let cluster = cluster(1);
    cluster.topic("lines", 1);
    cluster.output(&["produce", "lines"], b"a\nb");
    assert_eq!(cluster.output(&["consume", "lines", "-e"], b""), b"a\nb\n");
}

#[test]
fn no_input_is_no_record() {
    let cluster = cluster(1);
    let produced = cluster.ottla(&["produce", "lines"]).input(b"").end().success();
    assert!(produced.stderr.contains("0 acknowledged, 0 failed"), "{}", produced.stderr);
    assert!(cluster.output(&["consume", "lines", "-e"], b"").is_empty());
}

#[test]
fn many_lines_keep_their_order() {
    let cluster = cluster(3);
    cluster.topic("lines", 1);
    let input: Vec<u8> = (0..50_000).flat_map(|number| format!("line number {number}\n").into_bytes()).collect();
    let file = std::env::temp_dir().join(format!("ottla-test-{}-lines", std::process::id()));
    std::fs::write(&file, &input).unwrap();
    let produced = cluster.ottla(&["produce", "lines", "--file", file.to_str().unwrap()]).end().success();
    std::fs::remove_file(&file).unwrap();
    assert!(produced.stderr.contains("50000 acknowledged, 0 failed"), "{}", produced.stderr);
    assert!(cluster.output(&["consume", "lines", "--exit-at-end"], b"") == input);
}

#[test]
fn the_whole_input_can_be_one_record() {
    let cluster = cluster(1);
    cluster.topic("whole", 1);
    let input: Vec<u8> = (0..=255_u8).cycle().take(300_000).collect();
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        cluster.output(&["produce", "whole", "--whole", "--compression", codec], &input);
        let output = cluster.output(&["consume", "whole", "-o", "-1", "-n", "1", "--format", "%s"], b"");
        assert!(output == input, "{codec}");
    }
}

#[test]
fn keys_are_split_off_and_printed() {
    let cluster = cluster(1);
    cluster.topic("keys", 1);
    cluster.output(&["produce", "keys", "--key-delimiter", r"\t"], b"k1\tv1\nno key\n\tempty key\nk4\ta\tb\n");
    let output = cluster.output(&["consume", "keys", "-e", "-f", r"%o %K %k=%s %S\n"], b"");
    assert_eq!(text(&output), "0 2 k1=v1 2\n1 -1 =no key 6\n2 0 =empty key 9\n3 2 k4=a\tb 3\n");
}

#[test]
fn one_record_can_be_given_whole() {
    let cluster = cluster(1);
    cluster.topic("one", 3);
    let arguments = ["produce", "one", "--key", "k", "--value", "v", "--partition", "2", "--header", "a=1"];
    cluster.output(&[&arguments[..], &["--header", "a=", "--header", "b"]].concat(), b"");
    let output = cluster.output(&["consume", "one", "-e", "-f", r"%t/%p/%o %k=%s [%h]\n"], b"");
    assert_eq!(text(&output), "one/2/0 k=v [a=1,a=,b=NULL]\n");
    let json = cluster.output(&["consume", "one", "-n", "1", "--output", "json"], b"");
    let json = text(&json);
    assert!(json.starts_with(r#"{"topic":"one","partition":2,"offset":0,"timestamp":"#), "{json}");
    let headers = r#""headers":[{"name":"a","value":"1"},{"name":"a","value":""},{"name":"b","value":null}]}"#;
    assert!(json.ends_with(&format!("\"key\":\"k\",\"value\":\"v\",{headers}\n")), "{json}");
}

#[test]
fn null_and_empty_are_told_apart() {
    let cluster = cluster(1);
    cluster.topic("nulls", 1);
    cluster.output(&["produce", "nulls"], b"\n");
    cluster.output(&["produce", "nulls", "--null", "--key-delimiter", ":"], b"k:\n:v\n");
    let records = cluster.mock.records("nulls", 0).unwrap();
    assert_eq!((records[0].key.as_deref(), records[0].value.as_deref()), (None, Some(&b""[..])));
    assert_eq!((records[1].key.as_deref(), records[1].value.as_deref()), (Some(&b"k"[..]), None));
    assert_eq!((records[2].key.as_deref(), records[2].value.as_deref()), (None, Some(&b"v"[..])));
    let output = cluster.output(&["consume", "nulls", "-e", "-f", r"%K %S\n"], b"");
    assert_eq!(text(&output), "-1 0\n1 -1\n-1 1\n");
}
