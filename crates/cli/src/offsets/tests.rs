//! Tests of the offset grammar.

use super::*;

#[test]
fn every_form_is_read() {
    assert_eq!(parse("beginning"), Ok(From::Beginning));
    assert_eq!(parse("end"), Ok(From::End));
    assert_eq!(parse("0"), Ok(From::Offset(0)));
    assert_eq!(parse("42"), Ok(From::Offset(42)));
    assert_eq!(parse("-10"), Ok(From::Tail(10)));
    assert_eq!(parse("-0"), Ok(From::End));
    assert_eq!(parse("@1700000000123"), Ok(From::Timestamp(1_700_000_000_123)));
    assert_eq!(parse("@2023-11-14T22:13:20.123Z"), Ok(From::Timestamp(1_700_000_000_123)));
    assert_eq!(parse("@2023-11-14T23:13:20.123+01:00"), Ok(From::Timestamp(1_700_000_000_123)));
}

#[test]
fn what_is_none_of_them_is_told_the_forms() {
    for text in ["", "middle", "1.5", "--1", "-", "+4", "- 1", "@", "@tomorrow", "@-5", "99999999999999999999"] {
        let error = parse(text).unwrap_err();
        assert!(error.contains('@'), "{text}: {error}");
    }
}
