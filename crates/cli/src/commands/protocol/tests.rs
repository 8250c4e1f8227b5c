//! Tests of naming APIs.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

use ottla_protocol::ApiKey;

use super::api;

#[test]
fn an_api_is_found_by_key_and_however_its_name_is_written() {
    for text in
        ["22", "InitProducerId", "initproducerid", "INIT_PRODUCER_ID", "InitProducerIdRequest", "init-producer-id"]
    {
        assert_eq!(api(text).unwrap(), ApiKey::INIT_PRODUCER_ID, "{text}");
    }
    for text in ["", "InitProducer", "12345", "-1", "request"] {
        assert!(api(text).is_err(), "{text}");
    }
}
