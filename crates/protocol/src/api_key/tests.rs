//! The table of APIs and the versions of headers.

use super::*;

#[test]
fn the_table_is_in_the_order_of_the_keys_and_has_all_of_them() {
    assert!(ApiKey::TABLE.is_sorted_by(|one, two| one.key < two.key));
    assert_eq!(ApiKey::TABLE.iter().map(|info| info.key).collect::<Vec<_>>(), ApiKey::ALL);
}

#[test]
fn an_api_is_known_by_its_key() {
    assert_eq!(ApiKey(1), ApiKey::FETCH);
    assert_eq!(ApiKey::FETCH.to_string(), "Fetch");
    assert_eq!(ApiKey(1234).to_string(), "ApiKey(1234)");
    assert_eq!(ApiKey::PRODUCE.versions(), Some(VersionRange::new(0, 13)));
    assert_eq!(ApiKey(1234).versions(), None);
    // Valid up to 6, of which the last is not stable yet.
    assert_eq!(ApiKey::INIT_PRODUCER_ID.versions(), Some(VersionRange::new(0, 6)));
    assert_eq!(ApiKey::INIT_PRODUCER_ID.latest_stable(), Some(5));
}

#[test]
fn headers_follow_the_version_but_for_two_exceptions() {
    let headers = |key: ApiKey, version| (key.request_header_version(version), key.response_header_version(version));
    assert_eq!(headers(ApiKey::METADATA, 8), (1, 0));
    assert_eq!(headers(ApiKey::METADATA, 9), (2, 1));
    assert_eq!(headers(ApiKey::SASL_HANDSHAKE, 1), (1, 0));
    assert_eq!(headers(ApiKey::API_VERSIONS, 3), (2, 0));
    assert_eq!(headers(ApiKey::CONTROLLED_SHUTDOWN, 0), (0, 0));
    assert_eq!(headers(ApiKey::CONTROLLED_SHUTDOWN, 3), (2, 1));
}
