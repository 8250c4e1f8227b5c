//! Kafka's wire format: every message in every version, and record batches; no I/O
