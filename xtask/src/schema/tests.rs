//! Taking definitions apart, merging them, and writing tables.

use super::*;

fn message(json: &str) -> Message {
    serde_json::from_str(&without_comments(json)).expect("a definition")
}

fn table(message: &Message) -> String {
    let mut out = String::new();
    message.write(&mut out).expect("a table");
    out
}

#[test]
fn comments_are_taken_out_and_strings_left_alone() {
    assert_eq!(without_comments("// all\n\"a//b\", \"\\\"//\" // c"), "\n\"a//b\", \"\\\"//\" \n");
}

#[test]
fn facts_are_written_and_prose_is_not() {
    let message = message(
        r#"{ "apiKey": 3, "type": "request", "name": "XRequest", "validVersions": "0-4", "flexibleVersions": "2+",
             "listeners": ["broker"], "fields": [ // a comment
               { "name": "A", "type": "string", "versions": "1+", "nullableVersions": "2+", "tag": "7",
                 "taggedVersions": "1+", "default": "null", "ignorable": true, "about": "Prose." },
               { "name": "B", "type": "[]Part", "versions": "0-3", "fields": [
                 { "name": "C", "type": "int32", "versions": "0+", "mapKey": true, "default": -1 },
                 { "name": "D", "type": "int8", "versions": "5+" } ] } ] }"#,
    );
    assert_eq!(
        table(&message),
        "request XRequest versions 0-4 key 3 flexible 2+ listeners broker\n  \
         A string 1+ null 2+ tag 7 ignorable default null\n  \
         B []Part 0-3\n    \
         C int32 0+ key default -1\n"
    );
}

#[test]
fn the_older_definition_brings_back_versions_and_fields_where_they_were() {
    let mut new = message(
        r#"{ "type": "data", "name": "X", "validVersions": "2-4", "fields": [
             { "name": "A", "type": "int32", "versions": "0+" }, { "name": "C", "type": "int32", "versions": "3+" } ] }"#,
    );
    let old = message(
        r#"{ "type": "data", "name": "X", "validVersions": "0-3", "fields": [
             { "name": "A", "type": "int32", "versions": "0+" }, { "name": "B", "type": "int64", "versions": "1" },
             { "name": "C", "type": "int32", "versions": "3+" } ] }"#,
    );
    new.widen(old).expect("they agree");
    assert_eq!(table(&new), "data X versions 0-4\n  A int32 0+\n  B int64 1\n  C int32 3+\n");
}

#[test]
fn definitions_that_disagree_on_a_dropped_version_are_refused() {
    let mut new = message(
        r#"{ "type": "data", "name": "X", "validVersions": "2", "fields": [
             { "name": "A", "type": "int32", "versions": "0+" } ] }"#,
    );
    let old = message(
        r#"{ "type": "data", "name": "X", "validVersions": "0-2", "fields": [
             { "name": "A", "type": "int64", "versions": "0+" } ] }"#,
    );
    assert!(new.widen(old).is_err());
}

#[test]
fn a_message_without_versions_is_taken_whole_from_the_older_definition() {
    let mut new = message(r#"{ "type": "data", "name": "X", "validVersions": "none" }"#);
    let old = message(
        r#"{ "type": "data", "name": "X", "validVersions": "0-2", "fields": [
             { "name": "A", "type": "int64", "versions": "0+" } ] }"#,
    );
    new.widen(old).expect("nothing to disagree on");
    assert_eq!(table(&new), "data X versions 0-2\n  A int64 0+\n");
}
