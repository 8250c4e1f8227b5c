//! Which versions a release brought, by a small table.

use super::super::table::{Versions, parse};
use super::{Releases, text};

#[test]
fn versions_of_the_first_release_are_as_old_or_older_and_those_above_the_last_are_in_none() {
    let releases = Releases::parse("0 2:0.10.0 3:0.11.0 5:1.0\n1 0:4.3\n").expect("readable");
    let message = |versions: &str| {
        let table = format!("request DemoRequest versions {versions} key 0\n");
        parse(&table).expect("readable").remove(0)
    };
    let all = message("0-6");
    assert_eq!(text(&releases.of(&all), all.versions), "0-2: 0.10.0, 3: 0.11.0, 4-5: 1.0, 6: in no release");
    let some = message("3-4");
    assert_eq!(text(&releases.of(&some), some.versions), "3: 0.11.0, 4: 1.0");
    let none = Versions { low: 0, high: 1 };
    assert_eq!(text(&[], none), "0-1: in no release");
}

#[test]
fn a_table_whose_versions_do_not_rise_is_refused() {
    assert!(Releases::parse("0 2:0.10.0 2:0.11.0").is_err());
    assert!(Releases::parse("0 two:0.10.0").is_err());
}
