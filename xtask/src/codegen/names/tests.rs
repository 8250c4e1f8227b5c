//! Names of Kafka as Rust writes them.

use super::*;

#[test]
fn names_of_kafka_are_taken_apart_by_their_capitals() {
    for (kafka, rust) in [
        ("ListOffsetsRequest", "list_offsets_request"),
        ("timeoutMs", "timeout_ms"),
        ("V3AndBelowTopics", "v3_and_below_topics"),
        ("isKRaftController", "is_kraft_controller"),
        ("Enable2Pc", "enable_2pc"),
        ("V0Host", "v0_host"),
    ] {
        assert_eq!(snake_case(kafka), rust);
    }
    assert_eq!(field_name("Type"), "r#type");
}
