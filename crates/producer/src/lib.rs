//! Kafka producer: batching, partitioning, idempotence
