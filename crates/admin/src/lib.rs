//! Kafka administration: cluster and topics
