//! Tests of templates.

use super::*;

fn print(template: &str, record: &View<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    Template::parse(template).unwrap().write(record, &mut out);
    out
}

fn record() -> View<'static> {
    View {
        topic: "orders",
        partition: 3,
        offset: 42,
        timestamp: 1_700_000_000_123,
        key: Some(b"k"),
        value: Some(b"\xff\x00v"),
        headers: &[(b"a", Some(b"1")), (b"a", None), (b"", Some(b""))],
    }
}

#[test]
fn every_token_prints_its_part() {
    assert_eq!(print("%t|%p|%o|%k|%s|%T", &record()), b"orders|3|42|k|\xff\x00v|1700000000123");
    assert_eq!(print("%h", &record()), b"a=1,a=NULL,=");
    assert_eq!(print("%S %K %D", &record()), b"3 1 2023-11-14T22:13:20.123Z");
    assert_eq!(print("%R", &record()), [0, 0, 0, 3]);
}

#[test]
fn escapes_and_percent_signs_are_literal() {
    assert_eq!(print(r"100%%\t\x41\\%p\n", &record()), b"100%\tA\\3\n");
}

#[test]
fn nulls_print_as_nothing_and_have_length_minus_one() {
    let record = View { key: None, value: None, timestamp: -1, headers: &[], ..record() };
    assert_eq!(print("[%k][%s][%K][%S][%T][%D][%h]", &record), b"[][][-1][-1][-1][-][]");
}

#[test]
fn the_default_is_the_value_and_a_line_end() {
    let mut out = Vec::new();
    Template::value_lines().write(&record(), &mut out);
    assert_eq!(out, print(r"%s\n", &record()));
    assert_eq!(Template::value_lines(), Template::parse(r"%s\n").unwrap());
}

#[test]
fn what_is_not_known_is_named() {
    assert!(Template::parse("%s %q").unwrap_err().contains("%q"));
    assert!(Template::parse("100%").unwrap_err().contains("%%"));
    assert!(Template::parse(r"a\qb").unwrap_err().contains(r"\qb"));
}

#[test]
fn only_a_template_with_headers_asks_for_them() {
    assert!(Template::parse("%h").unwrap().wants_headers());
    assert!(!Template::parse("%s%%h").unwrap().wants_headers());
}
