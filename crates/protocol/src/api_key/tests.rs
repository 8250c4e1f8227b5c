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

#[test]
fn every_stable_version_came_with_a_release_and_later_ones_not_earlier() {
    let number =
        |release: &str| -> Vec<u32> { release.split('.').map(|part| part.parse().expect("a number")).collect() };
    for key in ApiKey::ALL {
        let versions = key.versions().expect("known");
        let stable = key.latest_stable().expect("known");
        let releases: Vec<_> = (versions.min..=versions.max).map(|version| key.since(version)).collect();
        for (version, release) in (versions.min..).zip(&releases) {
            assert_eq!(release.is_some(), version <= stable, "{key} version {version}: {release:?}");
        }
        let numbers: Vec<_> = releases.iter().flatten().map(|release| number(release)).collect();
        assert!(numbers.is_sorted(), "{key}: {releases:?}");
        assert_eq!((key.since(versions.min - 1), key.since(versions.max + 1)), (None, None));
    }
    assert_eq!(ApiKey(999).since(0), None);
    // As Kafka's release notes have it: KIP-98, KIP-110, KIP-848.
    assert_eq!(ApiKey::PRODUCE.since(3), Some("0.11.0"));
    assert_eq!(ApiKey::PRODUCE.since(7), Some("2.1"));
    assert_eq!(ApiKey::CONSUMER_GROUP_HEARTBEAT.since(0), Some("3.7"));
}
